//! How tokens are signed and how long they live. What a key must look like is in
//! `signing_key.rs`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::signing_key::{PreviousKeys, PrivateKey, SecretKey};
use crate::schema::{Bounded, Secret};

/// How tokens are signed and how long they live.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Jwt {
    /// Key of at least 32 bytes that signs HS256, HS384 and HS512 tokens; other keys are derived
    /// from it, so it is needed whatever the algorithm. Make one with `aura key generate`.
    ///
    /// Required in staging and production. In development a missing one is made up for the life
    /// of the process, which signs everybody out at a restart.
    #[schemars(extend("x-required-in" = ["staging", "production"]))]
    pub secret_key: Option<Secret<SecretKey>>,
    /// How access tokens are signed. HS256, HS384 and HS512 use `JWT_SECRET_KEY`; RS256, ES256 and
    /// EdDSA use `JWT_PRIVATE_KEY`, and other services verify with the keys at
    /// `/.well-known/jwks.json`.
    pub algorithm: Algorithm,
    /// Private key in PEM (PKCS #8) that signs RS256, ES256 and EdDSA tokens. Line breaks may be
    /// written as `\n`. Make one with `aura key generate --algorithm ES256`.
    pub private_key: Option<Secret<PrivateKey>>,
    /// Keys that still verify and no longer sign, so that a key can be replaced without signing
    /// anybody out: secret keys separated by commas or white space, and PEM blocks. Remove a key
    /// once every token it signed has expired.
    pub previous_keys: Option<Secret<PreviousKeys>>,
    /// Who issues the tokens: their `iss` claim, and required of every token that comes back.
    pub issuer: String,
    /// Whom the tokens are for: their `aud` claim, and required of every token that comes back.
    pub audience: String,
    /// Minutes an access token is valid.
    pub access_token_expire_minutes: Bounded<1, 1_440>,
    /// Days a refresh token is valid; each use of it starts them anew.
    pub refresh_token_expire_days: Bounded<1, 365>,
    /// Seconds after the first use of a refresh token in which using it again gives the same new
    /// tokens rather than ending the session, for clients that refresh twice at once.
    pub refresh_grace_seconds: Bounded<0, 300>,
    /// Seconds by which the clocks of two machines may differ when a token's times are checked.
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
            audience: "aura".to_owned(),
            access_token_expire_minutes: Bounded::of::<30>(),
            refresh_token_expire_days: Bounded::of::<7>(),
            refresh_grace_seconds: Bounded::of::<10>(),
            leeway_seconds: Bounded::of::<0>(),
        }
    }
}

/// How access tokens are signed (RFC 7518, RFC 8037).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Algorithm {
    /// HMAC with SHA-256 and the secret key.
    #[default]
    #[serde(rename = "HS256")]
    Hs256,
    /// HMAC with SHA-384 and the secret key.
    #[serde(rename = "HS384")]
    Hs384,
    /// HMAC with SHA-512 and the secret key.
    #[serde(rename = "HS512")]
    Hs512,
    /// RSA (PKCS #1 v1.5) with SHA-256 and the private key.
    #[serde(rename = "RS256")]
    Rs256,
    /// ECDSA on P-256 with SHA-256 and the private key.
    #[serde(rename = "ES256")]
    Es256,
    /// Ed25519 with the private key.
    #[serde(rename = "EdDSA")]
    EdDsa,
}

impl Algorithm {
    /// Every algorithm, in the order of the docs.
    pub const ALL: [Self; 6] = [
        Self::Hs256,
        Self::Hs384,
        Self::Hs512,
        Self::Rs256,
        Self::Es256,
        Self::EdDsa,
    ];

    /// The name in `JWT_ALGORITHM` and in the head of a token.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hs256 => "HS256",
            Self::Hs384 => "HS384",
            Self::Hs512 => "HS512",
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
        }
    }

    /// Whether it signs with the secret key, rather than with a private key.
    #[must_use]
    pub const fn is_symmetric(self) -> bool {
        matches!(self, Self::Hs256 | Self::Hs384 | Self::Hs512)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn algorithms_are_named_as_tokens_name_them() {
        for algorithm in Algorithm::ALL {
            let json = serde_json::to_value(algorithm).unwrap();
            assert_eq!(json, algorithm.as_str());
        }
    }
}
