//! Settings of tokens: algorithm, keys, issuer, audience, lifetimes. The requirements of a key are in
//! `signing_key.rs`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::algorithm::Algorithm;
use super::previous_keys::PreviousKeys;
use super::signing_key::{PrivateKey, SecretKey};
use crate::schema::{Bounded, Secret};

/// Signatures and lifetimes of tokens.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Jwt {
    /// Key of at least 32 bytes that signs HS256, HS384 and HS512 tokens; other keys are derived
    /// from it, so it is needed whatever the algorithm. Make one with `aura key generate`. Staging and
    /// production refuse words, sequences and repeats.
    ///
    /// Required in staging and production. In development a missing one is made up for the life
    /// of the process, which signs everybody out at a restart. A change of its file is taken over
    /// while the server runs.
    #[schemars(extend("x-required-in" = ["staging", "production"]))]
    pub secret_key: Option<Secret<SecretKey>>,
    /// Algorithm that signs access tokens. HS256, HS384 and HS512 use `JWT_SECRET_KEY`; RS256, ES256 and
    /// EdDSA use `JWT_PRIVATE_KEY`, and other services verify with the keys at
    /// `/.well-known/jwks.json`.
    pub algorithm: Algorithm,
    /// Private key in PEM (PKCS #8) that signs RS256, ES256 and EdDSA tokens. Line breaks may be
    /// written as `\n`. Make one with `aura key generate --algorithm ALGORITHM`.
    ///
    /// A change of its file is taken over while the server runs.
    #[schemars(extend("x-required-when" = { "JWT_ALGORITHM": ["RS256", "ES256", "EdDSA"] }))]
    pub private_key: Option<Secret<PrivateKey>>,
    /// Keys that still verify and no longer sign, so that a key can be replaced without signing
    /// anybody out: secret keys separated by commas or white space, and PEM blocks. A secret verifies
    /// tokens of the algorithm before it, such as `HS256:KEY`, or of `JWT_ALGORITHM` where that is
    /// HS256, HS384 or HS512; with another algorithm and no name it verifies refresh tokens alone.
    /// Remove a key once every token it signed has expired.
    ///
    /// A change of its file is taken over while the server runs.
    pub previous_keys: Option<Secret<PreviousKeys>>,
    /// Issuer of the tokens: their `iss` claim, which is required of every token. With the
    /// address of this server, such as `https://auth.example.com`,
    /// `/.well-known/oauth-authorization-server` describes it to OAuth clients.
    pub issuer: String,
    /// Services that the tokens are for, separated by commas: their `aud` claim, of which every token that comes
    /// back must have one. One stands in the claim as text, several as a list.
    pub audience: Vec<String>,
    /// Minutes an access token is valid.
    pub access_token_expire_minutes: Bounded<1, 1_440>,
    /// Days a refresh token is valid; each use of it starts them anew.
    pub refresh_token_expire_days: Bounded<1, 365>,
    /// Seconds after the first use of a refresh token in which using it again gives the same new
    /// tokens rather than ending the session, for clients that refresh twice at once.
    pub refresh_grace_seconds: Bounded<0, 300>,
    /// Clients that get the same new tokens again within these seconds: `client`, only the client that used
    /// the refresh token first, by its address (IPv6: one /64) and user agent, while any other ends
    /// the session; or `anyone` who has the token, which the audit trail records.
    pub refresh_grace_scope: GraceScope,
    /// Seconds for which an access token still passes after it has expired. Servers that share a Redis
    /// need none: they all go by its clock.
    pub leeway_seconds: Bounded<0, 300>,
}

impl Default for Jwt {
    fn default() -> Self {
        Self {
            secret_key: None,
            algorithm: Algorithm::default(),
            private_key: None,
            previous_keys: None,
            issuer: "aura".to_owned(),
            audience: vec!["aura".to_owned()],
            access_token_expire_minutes: Bounded::of::<30>(),
            refresh_token_expire_days: Bounded::of::<7>(),
            refresh_grace_seconds: Bounded::of::<10>(),
            refresh_grace_scope: GraceScope::default(),
            leeway_seconds: Bounded::of::<0>(),
        }
    }
}

/// Clients that share the new tokens of a refresh within the grace.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum GraceScope {
    /// The client that used it first; for any other the session ends.
    #[default]
    Client,
    /// Anyone who has it.
    Anyone,
}
