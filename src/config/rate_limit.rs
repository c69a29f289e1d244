//! Settings of rate limits.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::schema::Bounded;

/// Rate limits.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RateLimit {
    /// Use of rate limits. `false` is for load tests, and for servers behind a proxy that limits.
    pub enabled: bool,
    /// Tries a minute to sign in to one account from one address, or on one device that signed in to
    /// it within 30 days. An account takes ten times as many failures from all unfamiliar addresses
    /// together.
    pub login_per_minute: Bounded<1, 10_000>,
    /// Calls a minute of all limited routes together from one address (IPv6: from one /64).
    pub address_per_minute: Bounded<1, 1_000_000>,
    /// Calls a minute of the routes under `/v1` from one user, cached or not.
    pub llm_per_minute: Bounded<1, 1_000_000>,
    /// Limits while Redis is unavailable.
    pub fail_mode: FailMode,
}

impl Default for RateLimit {
    fn default() -> Self {
        Self {
            enabled: true,
            login_per_minute: Bounded::of::<10>(),
            address_per_minute: Bounded::of::<60>(),
            llm_per_minute: Bounded::of::<60>(),
            fail_mode: FailMode::default(),
        }
    }
}

/// Limits while Redis is unavailable.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FailMode {
    /// Stricter limits, counted in each process.
    #[default]
    Local,
    /// No limits.
    Open,
    /// Limited routes answer 503.
    Closed,
}
