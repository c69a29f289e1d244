//! What passwords must be and how they are hashed.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::schema::Bounded;

/// What passwords must be and how they are hashed.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Password {
    /// Cost of hashing a password with bcrypt: each step doubles the time it takes here, and the
    /// time it takes to guess. An account's hash is brought up to it at its next sign-in. Where an
    /// account has a dearer hash, every sign-in takes as long as that one, so that the time tells
    /// nobody who has an account.
    pub bcrypt_cost: Bounded<10, 15>,
    /// Whether a hash that is dearer than `PASSWORD_BCRYPT_COST` is brought down to it at the
    /// account's next sign-in: after the cost was lowered, or for accounts from elsewhere.
    pub rehash_down: bool,
    /// Characters that a new password must have at least. The most it may have is 72 bytes, which
    /// is as far as bcrypt reads.
    pub min_length: Bounded<8, 64>,
}

impl Default for Password {
    fn default() -> Self {
        Self {
            bcrypt_cost: Bounded::of::<12>(),
            rehash_down: false,
            min_length: Bounded::of::<12>(),
        }
    }
}
