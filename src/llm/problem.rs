//! Failures of a question as clients see them: one row of the table of codes each, and a detail of
//! their own where the table cannot know it.

use super::error::{Error, UpstreamError};
use super::tokens::POLICY;
use crate::http::rate_limit::LimitError;
use crate::http::{Code, Problem};

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Disabled => Code::LlmDisabled.into(),
            Error::Forbidden(roles) => {
                let roles = roles.join(", ");
                Self::new(
                    Code::Forbidden,
                    format!("the language model is for accounts with one of these roles: {roles}"),
                )
            }
            Error::Malformed(reason) => Self::new(Code::MalformedBody, reason),
            Error::Invalid(fault) => Self::invalid(vec![fault]),
            Error::ModelNotFound(None) => Code::ModelNotFound.into(),
            Error::ModelNotFound(Some(model)) => Self::new(
                Code::ModelNotFound,
                format!("the model {model:?} does not exist here; see /v1/models"),
            ),
            Error::NotCached => Code::NotCached.into(),
            Error::CacheUnavailable => Code::CacheUnavailable.into(),
            Error::OutOfMemory(error) => error.into(),
            Error::Limited(LimitError::Exceeded {
                policy: POLICY,
                retry_after,
            }) => Self::new(
                Code::RateLimited,
                "your tokens of the day are used up; there are new ones at 00:00 UTC",
            )
            .retry_after(retry_after),
            Error::Limited(LimitError::Exceeded { retry_after, .. }) => {
                Self::from(Code::RateLimited).retry_after(retry_after)
            }
            Error::Limited(LimitError::Unavailable) => Code::LimitsUnavailable.into(),
            Error::Upstream(UpstreamError::Timeout) => Code::UpstreamTimeout.into(),
            Error::Upstream(UpstreamError::Redirected) => Self::new(
                Code::UpstreamUnavailable,
                "the language model's server redirects to another address, which is not followed; \
                 its administrator has to correct LLM_UPSTREAM_URL",
            ),
            Error::Upstream(UpstreamError::Unavailable | UpstreamError::Limited(_)) => {
                Code::UpstreamUnavailable.into()
            }
            Error::Internal => Self::internal(),
        }
    }
}
