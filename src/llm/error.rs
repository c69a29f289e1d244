//! Failures of a question to the language model, in the words of the domain. `problem.rs` translates
//! them for clients.

use crate::http::FieldError;
use crate::http::budget::BudgetError;
use crate::http::rate_limit::LimitError;

/// A failure of [`super::Llm`].
#[derive(Debug)]
pub enum Error {
    /// `LLM_UPSTREAM_URL` is not set.
    Disabled,
    /// The caller has none of these roles.
    Forbidden(Vec<String>),
    /// The body is not JSON that can be read, for this reason.
    Malformed(String),
    /// The body is JSON, and asks for something that is not offered.
    Invalid(FieldError),
    /// The model is not in `LLM_MODELS`, or the body names none.
    ModelNotFound(Option<String>),
    /// The client wants an answer from the cache only, and there is none.
    NotCached,
    /// The cache does not answer.
    CacheUnavailable,
    /// Answers take all the memory that they may.
    OutOfMemory(BudgetError),
    /// A limit on calls or on tokens is used up, or cannot be counted.
    Limited(LimitError),
    /// The upstream gave no answer.
    Upstream(UpstreamError),
    /// A fault of ours; the log has the cause.
    Internal,
}

/// The reason why there is no answer, or no more of it; every request that waits for one call gets a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UpstreamError {
    /// It was silent for too long.
    #[error("the upstream did not answer in time")]
    Timeout,
    /// It cannot be reached, or broke off.
    #[error("the upstream cannot be reached, or broke off")]
    Unavailable,
    /// It redirects, and is not followed.
    #[error("the upstream redirects to another address")]
    Redirected,
    /// It was not asked: the tokens of the day are used up, or cannot be counted.
    #[error("the tokens of the day are used up, or cannot be counted")]
    Limited(LimitError),
}

impl From<BudgetError> for Error {
    fn from(error: BudgetError) -> Self {
        Self::OutOfMemory(error)
    }
}

impl From<LimitError> for Error {
    fn from(error: LimitError) -> Self {
        Self::Limited(error)
    }
}

impl From<UpstreamError> for Error {
    fn from(error: UpstreamError) -> Self {
        match error {
            UpstreamError::Limited(limit) => Self::Limited(limit),
            other => Self::Upstream(other),
        }
    }
}
