//! [`RefreshToken`]: `<session id>.<256 bits, base64url>`, opaque to clients, kept only as its
//! SHA-256.
//!
//! The 256 bits are 192 of randomness and a tag of 64 by which aura knows its own tokens: a made-up
//! one is refused before any look-up and, knowing a session's id, nobody can have it ended as
//! "reused". A child's 192 bits are an HMAC of its parent, so that every replica that is shown one
//! token at one moment computes the same child, with nothing kept in clear.
//! `docs/decisions/0001-refresh-tokens.md` has the whole story.

use std::fmt;

use base16ct::HexDisplay;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::clock::random_bytes;
use crate::identity::SessionId;

const RANDOM: usize = 24;
const SECRET: usize = 32;

/// Maximum number of different children of one token, one after the other, while each gets lost on its
/// way; after that the last is handed out again.
pub const CHILDREN: usize = 8;

/// A key that refresh tokens are made with; derived from `JWT_SECRET_KEY`.
#[derive(Clone)]
pub struct RefreshKey([u8; 32]);

impl RefreshKey {
    /// Wraps 32 derived bytes.
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// A tag of `text` that only this key makes, for another use than tokens; `label` tells uses
    /// apart.
    pub(super) fn tag(&self, label: &[u8], text: &[u8]) -> [u8; 32] {
        // Labels of tokens have no dash.
        keyed_hash(&self.0, b"cookie-", &[label, b"\0", text])
    }

    fn mac(&self, label: &[u8], parts: &[&[u8]]) -> [u8; 32] {
        keyed_hash(&self.0, label, parts)
    }
}

impl fmt::Debug for RefreshKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RefreshKey([redacted])")
    }
}

/// HMAC-SHA256 over a label and parts of fixed length.
#[must_use]
pub fn keyed_hash(key: &[u8], label: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    // HMAC takes keys of any length; the error type exists for other MACs.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        return [0; 32];
    };
    mac.update(label);
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// The SHA-256 of a token, as lower-case hex: what is stored and compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenHash(String);

impl TokenHash {
    /// A hash as it was stored.
    #[must_use]
    pub const fn from_stored(hex: String) -> Self {
        Self(hex)
    }

    /// The hash as hex.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A refresh token of ours. Not shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct RefreshToken {
    session: SessionId,
    secret: [u8; SECRET],
}

impl RefreshToken {
    /// The first token of a session.
    #[must_use]
    pub fn first(session: SessionId, key: &RefreshKey) -> Self {
        Self::tagged(session, random_bytes(), key)
    }

    fn tagged(session: SessionId, random: [u8; RANDOM], key: &RefreshKey) -> Self {
        let tag = key.mac(b"tag", &[session.uuid().as_bytes(), &random]);
        let mut secret = [0; SECRET];
        secret[..RANDOM].copy_from_slice(&random);
        secret[RANDOM..].copy_from_slice(&tag[..SECRET - RANDOM]);
        Self { session, secret }
    }

    /// Parses a token and checks that one of `keys` made it. Does no I/O.
    #[must_use]
    pub fn parse(text: &str, keys: &[RefreshKey]) -> Option<Self> {
        let (id, secret) = text.split_once('.')?;
        if id.len() != 36 || secret.len() != 43 {
            return None;
        }
        let session: SessionId = id.parse().ok()?;
        // UUIDs are read in either case; a token has one spelling.
        if session.to_string() != id {
            return None;
        }
        let secret: [u8; SECRET] = URL_SAFE_NO_PAD.decode(secret).ok()?.try_into().ok()?;
        let mut random = [0; RANDOM];
        random.copy_from_slice(&secret[..RANDOM]);
        let ours = keys.iter().any(|key| {
            let expected = Self::tagged(session, random, key);
            bool::from(expected.secret.ct_eq(&secret))
        });
        ours.then_some(Self { session, secret })
    }

    /// The child number `index` (from 0) of this token.
    #[must_use]
    pub fn child(&self, index: u8, key: &RefreshKey) -> Self {
        let mac = key.mac(
            b"child",
            &[self.session.uuid().as_bytes(), &self.secret, &[index]],
        );
        let mut random = [0; RANDOM];
        random.copy_from_slice(&mac[..RANDOM]);
        Self::tagged(self.session, random, key)
    }

    /// The session that the token belongs to.
    #[must_use]
    pub const fn session(&self) -> SessionId {
        self.session
    }

    /// The hash by which the token is stored.
    #[must_use]
    pub fn hash(&self) -> TokenHash {
        let digest = Sha256::digest(self.secret);
        TokenHash(hex(&digest))
    }

    /// The token as the client gets it.
    #[must_use]
    pub fn expose(&self) -> String {
        format!("{}.{}", self.session, URL_SAFE_NO_PAD.encode(self.secret))
    }
}

impl fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RefreshToken({}, [redacted])", self.session)
    }
}

/// Lower-case hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    format!("{:x}", HexDisplay(bytes))
}

#[cfg(test)]
mod tests;
