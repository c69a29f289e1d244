//! The algorithms of access tokens.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Signature algorithm of access tokens (RFC 7518, RFC 8037).
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

    /// Checks whether it signs with the secret key, rather than with a private key.
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
