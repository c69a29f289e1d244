//! Rate-limit headers of an answer, after draft-ietf-httpapi-ratelimit-headers.

use poem::http::{HeaderMap, HeaderValue};

/// Length of a window, in seconds.
pub(super) const WINDOW_SECONDS: i64 = 60;

/// The state of a bucket after a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitState {
    pub(super) policy: &'static str,
    pub(super) limit: i64,
    pub(super) remaining: i64,
    pub(super) reset_millis: i64,
    pub(super) window_seconds: i64,
    pub(super) refused: bool,
    pub(super) public: bool,
}

impl LimitState {
    /// A refusal by the policy `policy`, of which a window of `window_seconds` allows `limit` and
    /// ends in `reset_seconds`.
    #[must_use]
    pub const fn used_up(
        policy: &'static str,
        limit: i64,
        window_seconds: i64,
        reset_seconds: i64,
    ) -> Self {
        Self {
            policy,
            limit,
            remaining: 0,
            reset_millis: reset_seconds * 1000,
            window_seconds,
            refused: true,
            public: true,
        }
    }
}

/// Whole seconds, rounded up, so that a client which waits them out finds a new window.
pub(super) const fn seconds_up(millis: i64) -> i64 {
    (millis + 999).div_euclid(1000)
}

/// Adds `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers, structured
/// fields) to the answer of a limited call.
pub fn write(headers: &mut HeaderMap, limits: &[LimitState]) {
    if limits.is_empty() {
        return;
    }
    let shown = || limits.iter().filter(|limit| limit.public || limit.refused);
    let policies: Vec<String> = shown()
        .map(|v| format!("\"{}\";q={};w={}", v.policy, v.limit, v.window_seconds))
        .collect();
    let states: Vec<String> = shown()
        .map(|v| {
            format!(
                "\"{}\";r={};t={}",
                v.policy,
                v.remaining,
                seconds_up(v.reset_millis)
            )
        })
        .collect();
    for (name, lines) in [("ratelimit-policy", policies), ("ratelimit", states)] {
        if let Ok(value) = HeaderValue::try_from(lines.join(", "))
            && !lines.is_empty()
        {
            headers.insert(name, value);
        }
    }
}
