//! [`Keys`]: the key that signs, the keys that verify, and everything derived from the secret.
//!
//! Each key has one algorithm, which its configuration decides and no token can.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::{Jwk, KeyAlgorithm, PublicKeyUse, ThumbprintHash};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header};
use p256::ecdsa::signature::Signer as _;
use p256::pkcs8::DecodePrivateKey;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::error::Error;
use super::refresh_token::{RefreshKey, keyed_hash};
use crate::config::{self, Jwt, PreviousKey};
use crate::schema::Secret;

/// A key that cannot be used. Names the variable, never the key.
#[derive(Debug, thiserror::Error)]
#[error("{variable} {reason}")]
pub struct BadKey {
    /// The variable that holds the key.
    pub variable: &'static str,
    /// The problem and its remedy.
    pub reason: String,
}

/// All keys of the server.
#[derive(Debug)]
pub struct Keys {
    signing: Signing,
    verifying: BTreeMap<String, Verifying>,
    refresh: Vec<RefreshKey>,
    reset: SecretString,
}

#[derive(Debug)]
struct Signing {
    algorithm: Algorithm,
    kid: String,
    key: Signer,
}

enum Signer {
    Library(EncodingKey),
    /// The library signs ES256 with a random nonce; two replicas that answer one refresh must give
    /// the same bytes, so this one follows RFC 6979.
    Deterministic(p256::ecdsa::SigningKey),
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

/// The header of a token as this server writes it. Any other member is refused rather than ignored:
/// `crit`, whatever it holds, and keys that a token brings along.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TokenHeader {
    /// The type of the token.
    pub(super) typ: String,
    /// The key that signed it.
    pub(super) kid: Option<String>,
    #[serde(rename = "alg")]
    _algorithm: Algorithm,
}

impl TokenHeader {
    /// The header of `token`, a JWT; `None` where it is not one of ours.
    #[must_use]
    pub(super) fn of(token: &str) -> Option<Self> {
        let (header, _) = token.split_once('.')?;
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).ok()?).ok()
    }
}

/// A key that verifies tokens of one algorithm.
#[derive(Debug)]
pub struct Verifying {
    /// The only algorithm that it takes.
    pub algorithm: Algorithm,
    /// The key itself.
    pub key: DecodingKey,
    public: Option<Jwk>,
}

impl Keys {
    /// Reads the keys that `config` names; `secret` is `JWT_SECRET_KEY`, or what stands in for it
    /// in development.
    ///
    /// # Errors
    /// [`BadKey`] for a PEM that is none, or not of the kind that the algorithm needs.
    pub fn new(config: &Jwt, secret: &SecretString) -> Result<Self, BadKey> {
        let secret = secret.expose_secret().as_bytes();
        let algorithm = library_algorithm(config.algorithm);
        let mut verifying = BTreeMap::new();
        let signing = if is_hmac(algorithm) {
            let (kid, key) = hmac_key(secret, algorithm);
            verifying.insert(kid.clone(), key);
            Signing {
                algorithm,
                kid,
                key: Signer::Library(EncodingKey::from_secret(secret)),
            }
        } else {
            let pem = config.private_key.as_ref().map(|key| key.expose().as_pem());
            let (signing, key) = private_key(pem.unwrap_or_default(), algorithm)?;
            verifying.insert(signing.kid.clone(), key);
            signing
        };
        let mut refresh = vec![refresh_key(secret)];
        let previous = config.previous_keys.as_ref().map(Secret::expose);
        for key in previous.into_iter().flat_map(|keys| keys.iter()) {
            match key {
                // Today's key stays as it is where it is listed among the previous ones, too.
                PreviousKey::Pem(pem) => {
                    let (kid, key) = public_key(pem)?;
                    verifying.entry(kid).or_insert(key);
                }
                PreviousKey::Secret {
                    key,
                    algorithm: named,
                } => {
                    let secret = key.as_bytes();
                    // A key keeps its algorithm. A server that signs with a private key accepts HMAC
                    // only where the setting names it: an old secret may have leaked since, and
                    // would sign valid tokens for good.
                    let named = named.map(library_algorithm);
                    if let Some(algorithm) = named.or(is_hmac(algorithm).then_some(algorithm)) {
                        let (kid, key) = hmac_key(secret, algorithm);
                        verifying.entry(kid).or_insert(key);
                    }
                    refresh.push(refresh_key(secret));
                }
            }
        }
        // A key of its own for each use: a signature of one kind is none of another.
        let reset = URL_SAFE_NO_PAD.encode(keyed_hash(secret, b"aura/reset/v1", &[]));
        Ok(Self {
            signing,
            verifying,
            refresh,
            reset: reset.into(),
        })
    }

    /// Signs `claims` as a JWT of type `typ`. The same claims give the same bytes.
    ///
    /// # Errors
    /// What the library says; never for a key that [`Keys::new`] took.
    pub fn sign<T: Serialize>(
        &self,
        typ: &str,
        claims: &T,
    ) -> Result<String, jsonwebtoken::errors::Error> {
        let header = Header {
            typ: Some(typ.to_owned()),
            kid: Some(self.signing.kid.clone()),
            ..Header::new(self.signing.algorithm)
        };
        match &self.signing.key {
            Signer::Library(key) => jsonwebtoken::encode(&header, claims, key),
            // RFC 6979: with random nonces, replicas would give one refresh different bytes.
            Signer::Deterministic(key) => {
                let part = |json: Vec<u8>| URL_SAFE_NO_PAD.encode(json);
                let header = part(serde_json::to_vec(&header)?);
                let message = format!("{header}.{}", part(serde_json::to_vec(claims)?));
                let signature: p256::ecdsa::Signature = key.sign(message.as_bytes());
                Ok(format!(
                    "{message}.{}",
                    URL_SAFE_NO_PAD.encode(signature.to_bytes())
                ))
            }
        }
    }

    /// The key that `kid` names.
    #[must_use]
    pub fn verifying(&self, kid: &str) -> Option<&Verifying> {
        self.verifying.get(kid)
    }

    /// The keys of refresh tokens, today's first.
    #[must_use]
    pub fn refresh(&self) -> &[RefreshKey] {
        &self.refresh
    }

    /// The key that refresh tokens are made with.
    ///
    /// # Errors
    /// [`Error::Internal`], never: there always is one.
    pub(super) fn refresh_today(&self) -> Result<&RefreshKey, Error> {
        self.refresh.first().ok_or(Error::Internal)
    }

    /// The key of reset tokens.
    #[must_use]
    pub const fn reset(&self) -> &SecretString {
        &self.reset
    }

    /// The public keys as a JWK set (RFC 7517); empty with HMAC, whose keys have no public part.
    #[must_use]
    pub fn jwks(&self) -> serde_json::Value {
        let keys: Vec<&Jwk> = self
            .verifying
            .values()
            .filter_map(|key| key.public.as_ref())
            .collect();
        serde_json::json!({ "keys": keys })
    }
}

/// Something derived from a secret for another use than signing tokens.
fn refresh_key(secret: &[u8]) -> RefreshKey {
    RefreshKey::new(keyed_hash(secret, b"aura/refresh/v1", &[]))
}

const fn is_hmac(algorithm: Algorithm) -> bool {
    matches!(
        algorithm,
        Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512
    )
}

const fn library_algorithm(algorithm: config::Algorithm) -> Algorithm {
    match algorithm {
        config::Algorithm::Hs256 => Algorithm::HS256,
        config::Algorithm::Hs384 => Algorithm::HS384,
        config::Algorithm::Hs512 => Algorithm::HS512,
        config::Algorithm::Rs256 => Algorithm::RS256,
        config::Algorithm::Es256 => Algorithm::ES256,
        config::Algorithm::EdDsa => Algorithm::EdDSA,
    }
}

/// An HMAC key. Its `kid` is itself an HMAC, so that it tells nothing of the key.
fn hmac_key(secret: &[u8], algorithm: Algorithm) -> (String, Verifying) {
    let digest = keyed_hash(secret, b"aura/kid/v1", &[]);
    let kid = URL_SAFE_NO_PAD.encode(&digest[..12]);
    (
        kid,
        Verifying {
            algorithm,
            key: DecodingKey::from_secret(secret),
            public: None,
        },
    )
}

fn private_key(pem: &str, algorithm: Algorithm) -> Result<(Signing, Verifying), BadKey> {
    let bad = |reason: &str| BadKey {
        variable: "JWT_PRIVATE_KEY",
        reason: reason.to_owned(),
    };
    let wrong = || {
        bad(&format!(
            "is not a private key for {algorithm:?}; `aura key generate --algorithm {algorithm:?}` \
             makes one"
        ))
    };
    let bytes = pem.as_bytes();
    let key = match algorithm {
        Algorithm::RS256 => EncodingKey::from_rsa_pem(bytes),
        Algorithm::ES256 => EncodingKey::from_ec_pem(bytes),
        _ => EncodingKey::from_ed_pem(bytes),
    }
    .map_err(|_| wrong())?;
    let public = Jwk::from_encoding_key(&key, algorithm).map_err(|_| wrong())?;
    let (kid, verifying) = verifying(public, algorithm).ok_or_else(wrong)?;
    let key = if algorithm == Algorithm::ES256 {
        Signer::Deterministic(p256::ecdsa::SigningKey::from_pkcs8_pem(pem).map_err(|_| wrong())?)
    } else {
        Signer::Library(key)
    };
    let signing = Signing {
        algorithm,
        kid,
        key,
    };
    // A key that loads may still not sign (an RSA key that is too short): find out now.
    let probe = Keys {
        signing,
        verifying: BTreeMap::new(),
        refresh: Vec::new(),
        reset: SecretString::default(),
    };
    if probe.sign("probe", &()).is_err() {
        return Err(bad("cannot sign; an RSA key needs 2048 bits at least"));
    }
    Ok((probe.signing, verifying))
}

/// A previous key, private or public, of any kind.
fn public_key(pem: &str) -> Result<(String, Verifying), BadKey> {
    let bytes = pem.as_bytes();
    let private = [
        (EncodingKey::from_rsa_pem(bytes), Algorithm::RS256),
        (EncodingKey::from_ec_pem(bytes), Algorithm::ES256),
        (EncodingKey::from_ed_pem(bytes), Algorithm::EdDSA),
    ];
    let from_private = private.into_iter().find_map(|(key, algorithm)| {
        Some((
            Jwk::from_encoding_key(&key.ok()?, algorithm).ok()?,
            algorithm,
        ))
    });
    let public = [
        (DecodingKey::from_rsa_pem(bytes), Algorithm::RS256),
        (DecodingKey::from_ec_pem(bytes), Algorithm::ES256),
        (DecodingKey::from_ed_pem(bytes), Algorithm::EdDSA),
    ];
    from_private
        .or_else(|| {
            public.into_iter().find_map(|(key, algorithm)| {
                Some((
                    Jwk::from_decoding_key(&key.ok()?, Some(algorithm)).ok()?,
                    algorithm,
                ))
            })
        })
        .and_then(|(jwk, algorithm)| verifying(jwk, algorithm))
        .ok_or_else(|| BadKey {
            variable: "JWT_PREVIOUS_KEYS",
            reason: "holds a PEM block that is no RSA, P-256 or Ed25519 key in PKCS#8 or SPKI form"
                .to_owned(),
        })
}

fn verifying(mut public: Jwk, algorithm: Algorithm) -> Option<(String, Verifying)> {
    let kid = public.thumbprint(ThumbprintHash::SHA256).ok()?;
    public.common.key_id = Some(kid.clone());
    public.common.public_key_use = Some(PublicKeyUse::Signature);
    public.common.key_algorithm = Some(KeyAlgorithm::from(algorithm));
    let key = DecodingKey::from_jwk(&public).ok()?;
    Some((
        kid,
        Verifying {
            algorithm,
            key,
            public: Some(public),
        },
    ))
}
