//! [`UpstreamError`]: a call that gave no answer, or no more of one, and what clients are told.

use crate::http::{Code, Problem};

/// The reason why there is no answer, or no more of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum UpstreamError {
    /// It was silent for too long.
    #[error("the upstream did not answer in time")]
    Timeout,
    /// It cannot be reached, or broke off.
    #[error("the upstream cannot be reached, or broke off")]
    Unavailable,
    /// It redirects, and is not followed.
    #[error("the upstream redirects to another address")]
    Redirected,
    /// It was not asked: the tokens of the day are used up, for so many seconds.
    #[error("the tokens of the day are used up")]
    Spent(u64),
    /// It was not asked: the tokens of the day cannot be counted.
    #[error("the tokens of the day cannot be counted")]
    Uncounted,
}

impl From<UpstreamError> for Problem {
    fn from(error: UpstreamError) -> Self {
        match error {
            UpstreamError::Timeout => Self::new(
                Code::UpstreamTimeout,
                "the language model's server took too long; try again, or ask for less",
            ),
            UpstreamError::Unavailable => Self::new(
                Code::UpstreamUnavailable,
                "the language model's server cannot be reached, or broke off; try again shortly",
            ),
            UpstreamError::Redirected => Self::new(
                Code::UpstreamUnavailable,
                "the language model's server redirects to another address, which is not followed; \
                 its administrator has to correct LLM_UPSTREAM_URL",
            ),
            UpstreamError::Spent(seconds) => {
                let detail = "your tokens of the day are used up; there are new ones at 00:00 UTC";
                Self::new(Code::RateLimited, detail).retry_after(seconds)
            }
            UpstreamError::Uncounted => Self::new(
                Code::LimitsUnavailable,
                "the tokens of the day cannot be counted; try again shortly",
            ),
        }
    }
}
