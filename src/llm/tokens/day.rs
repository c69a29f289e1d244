//! The tokens of one day, as both counters tell them.

use crate::identity::UserId;

/// Seconds of a day.
pub(in crate::llm) const DAY: i64 = 86_400;

/// The policy's name, as clients see it.
pub(in crate::llm) const POLICY: &str = "llm-tokens";

/// Tokens reserved (0: refused), used before, seconds to the end of the day, the day.
pub(super) type Granted = (i64, i64, i64, i64);

/// The tokens of one day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Today {
    /// Tokens of the user who asks, those reserved by calls under way included.
    pub used: i64,
    /// Seconds to the end of the day.
    pub resets_in: i64,
    /// The users with the most tokens, in their order.
    pub top: Vec<(UserId, i64)>,
}
