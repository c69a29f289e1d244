//! Lifetimes of sessions: without use, and at most.

use crate::clock::Timestamp;
use crate::config::Config;

/// Longest age of `last_used_at` before a look-up writes it anew, in milliseconds.
const TOUCH_MILLIS: i64 = 60_000;

/// Part of a short life without use that may pass before a look-up writes the use down: a session of 15
/// minutes still ends at most one minute early.
const TOUCH_PART: i64 = 15;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Credential by which a client names its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credential {
    /// Tokens: a refresh prolongs the session.
    Tokens,
    /// The cookie of a browser: every use prolongs the session.
    Cookie,
    /// The same cookie in a request that a page makes by itself, again and again: no person need be
    /// there, so it prolongs nothing.
    PolledCookie,
}

/// Lifetimes of sessions, in milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct Lifetimes {
    /// From one refresh to the next.
    pub refresh_millis: i64,
    /// From one use of a cookie to the next.
    pub cookie_millis: i64,
    /// From the sign-in, whatever the use; 0 where there is no such limit.
    pub max_millis: i64,
}

impl Lifetimes {
    /// The lifetimes that `config` sets.
    #[must_use]
    pub const fn of(config: &Config) -> Self {
        let (session, jwt) = (&config.session, &config.jwt);
        let refresh_millis = jwt.refresh_token_expire_days.get() * DAY;
        let idle_millis = session.idle_minutes.get() * MINUTE;
        Self {
            refresh_millis,
            cookie_millis: if idle_millis == 0 {
                refresh_millis
            } else {
                idle_millis
            },
            max_millis: session.max_days.get() * DAY + session.max_hours.get() * HOUR,
        }
    }

    /// The life of a session without use.
    #[must_use]
    pub const fn without_use(self, credential: Credential) -> i64 {
        match credential {
            Credential::Tokens => self.refresh_millis,
            Credential::Cookie | Credential::PolledCookie => self.cookie_millis,
        }
    }

    /// Longest age of the last use of a session before it is written anew.
    pub(super) const fn touch_millis(self, credential: Credential) -> i64 {
        match credential {
            Credential::Tokens => TOUCH_MILLIS,
            Credential::PolledCookie => i64::MAX,
            Credential::Cookie => {
                let part = self.cookie_millis / TOUCH_PART;
                if part < TOUCH_MILLIS {
                    part
                } else {
                    TOUCH_MILLIS
                }
            }
        }
    }

    /// The end of a session that began at `began` and would otherwise last until `until`.
    #[must_use]
    pub fn end(self, began: Timestamp, until: Timestamp) -> Timestamp {
        if self.max_millis == 0 {
            return until;
        }
        until.min(began.plus_millis(self.max_millis))
    }
}
