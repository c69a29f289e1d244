//! [`Bucket`]: one thing that is counted, and the answer to it.

use crate::http::limit_headers::{LimitState, WINDOW_SECONDS};

/// Length of a window.
pub(super) const WINDOW_MILLIS: i64 = WINDOW_SECONDS * 1000;

/// The answer to one bucket: calls counted in this window, milliseconds to its end, refused.
pub(super) type Count = (i64, i64, bool);

/// One thing that is counted: so many calls a minute for this key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// The policy's name, as clients see it.
    pub policy: &'static str,
    /// The account, address or device that is counted. Stands in Redis, so it must hold no e-mail in clear.
    pub key: String,
    /// Calls a window.
    pub limit: i64,
    /// True if this call counts; false if it is only refused when the bucket is full.
    pub charge: bool,
    /// A mark that, where it is set, frees the call from this bucket.
    pub unless_known: Option<String>,
    /// True if clients are told of this bucket before it is full.
    pub public: bool,
}

impl Bucket {
    /// The same with half of the limit: one process sees a part of the calls only, so while it counts
    /// alone it allows half.
    pub(super) fn halved(self) -> Self {
        Self {
            limit: (self.limit / 2).max(1),
            ..self
        }
    }

    /// The state that `count` gives.
    pub(super) fn state(&self, (used, reset_millis, refused): Count) -> LimitState {
        LimitState {
            policy: self.policy,
            limit: self.limit,
            remaining: (self.limit - used).max(0),
            reset_millis,
            window_seconds: WINDOW_SECONDS,
            refused,
            public: self.public,
        }
    }
}
