//! Settings of passwords.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::schema::Bounded;

/// Requirements and hashing of passwords.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Password {
    /// Cost of hashing a password with bcrypt: each step doubles the time it takes here, and the
    /// time it takes to guess. An account's hash is brought up to it at its next sign-in. Where an
    /// account has a dearer hash, every sign-in takes as long as that one, so that the time
    /// does not tell which accounts exist.
    pub bcrypt_cost: Bounded<10, 15>,
    /// Lowers a hash whose cost is above `PASSWORD_BCRYPT_COST` to it at the account's next sign-in:
    /// after the cost was lowered, or for imported accounts.
    pub rehash_down: bool,
    /// Minimum length of a new password in characters. The maximum is 72 bytes, because bcrypt reads
    /// no further.
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
