//! Lifetimes of sessions.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::schema::Bounded;

/// Lifetimes of sessions.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Session {
    /// Days after the sign-in at which every session ends, of browsers and of applications, however
    /// much it is used; 0 for none. `SESSION_MAX_HOURS` is added.
    pub max_days: Bounded<0, 3_650>,
    /// Hours that are added to `SESSION_MAX_DAYS`: with 0 days and 12 hours, a session ends 12 hours
    /// after the sign-in.
    pub max_hours: Bounded<0, 23>,
    /// Minutes without use after which the session of a browser ends; 0 for none, which leaves it
    /// `JWT_REFRESH_TOKEN_EXPIRE_DAYS`. Sessions of applications, which refresh tokens, always have those
    /// days.
    pub idle_minutes: Bounded<0, 525_600>,
}

impl Default for Session {
    fn default() -> Self {
        Self {
            max_days: Bounded::of::<0>(),
            max_hours: Bounded::of::<0>(),
            idle_minutes: Bounded::of::<0>(),
        }
    }
}
