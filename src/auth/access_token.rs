//! Access tokens: JWTs of the type `at+jwt` (RFC 9068) and what makes one acceptable.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Validation, decode};
use poem_openapi::Union;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::keys::{Keys, TokenHeader};
use super::refresh_token::{TokenHash, keyed_hash};
use super::sessions::Owner;
use crate::clock::Timestamp;
use crate::config::Jwt;
use crate::identity::{SessionId, UserId};

/// The header's `typ`; a token of any other type is none of these.
const TYPE: &str = "at+jwt";

/// Longer than any token of ours; more is not worth decoding.
const MAX_LENGTH: usize = 8 * 1024;

/// The client of tokens that a person gets by signing in to aura itself: RFC 9068 section 2.2 wants the
/// one that asked for the token, and that is aura's own.
pub const OWN_CLIENT_ID: &str = "aura";

/// The largest `JWT_ACCESS_TOKEN_EXPIRE_MINUTES`, in seconds.
const MAX_LIFETIME_SECONDS: i64 = 1440 * 60;

/// The largest `JWT_LEEWAY_SECONDS`.
const MAX_SKEW_SECONDS: i64 = 300;

/// Seconds by which the clock of this machine may differ from that of the sessions' store before it
/// refuses their tokens.
const MAX_OWN_SKEW_SECONDS: i64 = 3600;

/// Whom a token is for: one audience as text, several as a list (RFC 7519 section 4.1.3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Union)]
#[serde(untagged)]
pub enum Audience {
    /// The only one.
    One(String),
    /// Any number.
    Several(Vec<String>),
}

impl Audience {
    fn of(names: &[String]) -> Self {
        match names {
            [name] => Self::One(name.clone()),
            names => Self::Several(names.to_vec()),
        }
    }
}

/// Claims of an access token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// `JWT_ISSUER`.
    pub iss: String,
    /// `JWT_AUDIENCE`.
    pub aud: Audience,
    /// The account's id.
    pub sub: Uuid,
    /// Seconds since the epoch at which it was issued.
    pub iat: i64,
    /// Seconds since the epoch at which it expires.
    pub exp: i64,
    /// The token's own id, which begins with the millisecond of issue.
    pub jti: Uuid,
    /// The client that asked for it, [`OWN_CLIENT_ID`]; empty in tokens of versions that did not tell.
    #[serde(default)]
    pub client_id: String,
    /// The session's id.
    pub sid: Uuid,
    /// The account's roles when it was issued; missing where there are none, because validators refuse
    /// an empty list.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
}

impl Claims {
    /// The account.
    #[must_use]
    pub fn user(&self) -> UserId {
        self.sub.into()
    }

    /// Checks that some aura server could have written the times, within the largest settings and where
    /// clocks differ by `skew` seconds at most.
    fn are_timely(&self, now: Timestamp, skew: i64) -> bool {
        let lifetime = self.exp.saturating_sub(self.iat);
        let latest = now.seconds().saturating_add(skew);
        (0..=latest).contains(&self.iat) && self.exp >= 0 && lifetime <= MAX_LIFETIME_SECONDS
    }

    /// The session.
    #[must_use]
    pub fn session(&self) -> SessionId {
        self.sid.into()
    }

    /// When it was issued: to the millisecond, by the time in `jti` (RFC 9562 section 5.7); tokens
    /// of versions that made other ids tell the second.
    #[must_use]
    pub(super) fn issued_at(&self) -> Timestamp {
        let precise = Timestamp::from_millis((self.jti.as_u128() >> 80).try_into().unwrap_or(0));
        if self.jti.get_version_num() == 7 && precise.seconds() == self.iat {
            return precise;
        }
        Timestamp::from_millis(self.iat.saturating_mul(1000))
    }
}

/// Facts of a token that is to be issued.
pub(super) struct Grant<'a> {
    /// The account.
    pub(super) owner: &'a Owner,
    /// The session.
    pub(super) session: SessionId,
    /// When it is issued, by the clock of the sessions' store.
    pub(super) issued_at: Timestamp,
    /// Seconds that it lives.
    pub(super) expires_in: i64,
    /// Hash of the refresh token that goes with it.
    pub(super) beside: TokenHash,
}

/// Issues and checks access tokens.
#[derive(Clone, Debug)]
pub(super) struct AccessTokens {
    issuer: String,
    audience: Vec<String>,
    lifetime_seconds: i64,
    leeway_seconds: i64,
}

impl AccessTokens {
    /// Tokens as `config` says.
    #[must_use]
    pub(super) fn new(config: &Jwt) -> Self {
        Self {
            issuer: config.issuer.clone(),
            audience: config.audience.clone(),
            lifetime_seconds: config.access_token_expire_minutes.get() * 60,
            leeway_seconds: config.leeway_seconds.get(),
        }
    }

    /// Lifetime of a token.
    #[must_use]
    pub(super) const fn lifetime_seconds(&self) -> i64 {
        self.lifetime_seconds
    }

    /// Issues the token of `grant`. Whoever issues it, from the same facts, issues the same bytes.
    ///
    /// # Errors
    /// What the signing library says.
    pub(super) fn issue(
        &self,
        keys: &Keys,
        grant: &Grant<'_>,
    ) -> Result<String, jsonwebtoken::errors::Error> {
        let (owner, session, issued_at) = (grant.owner, grant.session, grant.issued_at);
        // Derived from the refresh token beside it: a refresh that is repeated within the grace must give
        // the same bytes.
        let jti = keyed_hash(
            grant.beside.as_str().as_bytes(),
            b"aura/jti/v1",
            &[session.uuid().as_bytes()],
        );
        let mut bytes = [0; 10];
        bytes.copy_from_slice(&jti[..10]);
        let millis = u64::try_from(issued_at.millis()).unwrap_or_default();
        let claims = Claims {
            iss: self.issuer.clone(),
            aud: Audience::of(&self.audience),
            sub: owner.user.uuid(),
            iat: issued_at.seconds(),
            exp: issued_at.seconds() + grant.expires_in,
            jti: uuid::Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid(),
            client_id: OWN_CLIENT_ID.to_owned(),
            sid: session.uuid(),
            roles: owner.roles.clone(),
        };
        keys.sign(TYPE, &claims)
    }

    /// Checks whether `token` says that it was issued here: a JWT with our issuer, or with the id of
    /// one of our keys. Proves nothing of its signature and its times.
    #[must_use]
    pub(super) fn are_issuer_of(&self, keys: &Keys, token: &str) -> bool {
        #[derive(Deserialize)]
        struct Issued {
            iss: String,
        }
        let claims = token
            .split('.')
            .nth(1)
            .filter(|_| token.len() <= MAX_LENGTH);
        let claims = claims.and_then(|claims| URL_SAFE_NO_PAD.decode(claims).ok());
        let issued = claims.and_then(|claims| serde_json::from_slice::<Issued>(&claims).ok());
        let key = TokenHeader::of(token).and_then(|header| header.kid);
        issued.is_some_and(|issued| issued.iss == self.issuer)
            || key.is_some_and(|key| keys.verifying(&key).is_some())
    }

    /// The claims of a token of ours that may not have expired; `None` for everything else. Does no
    /// I/O: whether the session still stands is the caller's question, and whether the token has
    /// expired is that of [`Self::is_fresh`], because `now` is the time of this machine alone.
    #[must_use]
    pub(super) fn verify(&self, keys: &Keys, token: &str, now: Timestamp) -> Option<Claims> {
        // Before any decoding: the header of a request may hold far more than a token of ours.
        if token.len() > MAX_LENGTH {
            return None;
        }
        let header = TokenHeader::of(token)?;
        // RFC 9068 section 4: "at+jwt", with or without "application/". A reset token, which the same
        // secret signs, must never pass for an access token.
        let typ = header.typ.as_str();
        let typ = typ
            .get(..12)
            .filter(|p| p.eq_ignore_ascii_case("application/"))
            .map_or(typ, |_| &typ[12..]);
        if !typ.eq_ignore_ascii_case(TYPE) {
            return None;
        }
        let key = keys.verifying(header.kid.as_deref()?)?;
        // The algorithm of the key, never that of the header (RFC 8725 section 3.1).
        let mut rules = Validation::new(key.algorithm);
        rules.set_issuer(&[&self.issuer]);
        rules.set_audience(&self.audience);
        rules.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        // Against the clock we are given, below.
        rules.validate_exp = false;
        let claims = decode::<Claims>(token, &key.key, &rules).ok()?.claims;
        let last = claims.exp.saturating_add(MAX_OWN_SKEW_SECONDS);
        let timely = now.seconds() < last && claims.are_timely(now, MAX_OWN_SKEW_SECONDS);
        timely.then_some(claims)
    }

    /// Checks that a token has not expired at `now`, by the clock of the store that issued it.
    #[must_use]
    pub(super) fn is_fresh(&self, claims: &Claims, now: Timestamp) -> bool {
        let fresh = now.seconds() < claims.exp.saturating_add(self.leeway_seconds);
        fresh && claims.are_timely(now, MAX_SKEW_SECONDS)
    }
}
