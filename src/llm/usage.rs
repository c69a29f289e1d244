//! Bodies of `/llm/usage`: tokens of callers, for them and for administrators.

use poem_openapi::Object;
use poem_openapi::types::Example;
use uuid::Uuid;

/// Tokens of one user on the day (UTC).
#[derive(Object)]
#[oai(example)]
pub(super) struct TokenUsage {
    /// Tokens so far, those that calls under way have reserved included.
    pub(super) used: i64,
    /// Tokens that a user may have a day; 0: any number.
    pub(super) limit: i64,
    /// Seconds to the end of the day.
    pub(super) resets_in: i64,
}

/// Tokens of one user on the day (UTC).
#[derive(Object)]
#[oai(example)]
pub(super) struct UserTokens {
    /// The account.
    pub(super) user_id: Uuid,
    /// Tokens so far.
    pub(super) used: i64,
}

impl Example for TokenUsage {
    fn example() -> Self {
        Self {
            used: 1_234,
            limit: 100_000,
            resets_in: 3_600,
        }
    }
}

impl Example for UserTokens {
    fn example() -> Self {
        Self {
            user_id: Uuid::from_u128(0x0d9f_5c57_8a3c_4a86_b5f1_59d8_a9e8_e8aa),
            used: 1_234,
        }
    }
}
