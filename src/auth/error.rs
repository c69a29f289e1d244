//! Errors of accounts and tokens, in the words of the domain. `problem.rs` translates them for
//! clients.

use crate::http::FieldError;
use crate::http::rate_limit::LimitError;
use crate::storage::{RedisUnavailable, SqlError};

/// A failure of accounts and tokens.
#[derive(Debug)]
pub enum Error {
    /// Some fields cannot be taken.
    Invalid(Vec<FieldError>),
    /// `AUTH_REGISTRATION=closed`.
    RegistrationClosed,
    /// Another account has the e-mail.
    EmailTaken,
    /// Unknown account, wrong password or disabled account.
    InvalidCredentials,
    /// The password is right, and opens nothing but the form for a new one.
    PasswordChangeRequired,
    /// OAuth clients cannot be told of this server, for this reason.
    NotDescribed(String),
    /// There is no such account.
    UserNotFound,
    /// No other administrator could sign in.
    LastAdministrator,
    /// The caller lacks a role.
    Forbidden(String),
    /// Not the caller's password.
    WrongPassword,
    /// No credentials were shown; a browser may sign in at this address and come back.
    Unauthenticated(Option<String>),
    /// A service did not show the credentials of `OAUTH_CLIENT_ID`, for this reason.
    InvalidClient(&'static str),
    /// The roles that a gateway demands cannot be read, for this reason.
    InvalidDemand(&'static str),
    /// Forged, expired, or of a session that has ended.
    InvalidToken,
    /// Unknown, or of a session that has ended.
    InvalidRefreshToken,
    /// Used before; the session has been ended.
    RefreshTokenReused,
    /// Forged, expired or used.
    InvalidResetToken,
    /// The caller has no such session.
    SessionNotFound,
    /// The password workers have more than enough to do.
    Busy,
    /// The token store does not answer.
    TokensUnavailable,
    /// A change is made, and the token store went away before the change reached the sessions.
    SessionsUntold,
    /// The database does not answer.
    DatabaseUnavailable,
    /// The limit `policy` is used up.
    Limited {
        /// The policy's name, as the header `RateLimit` shows it.
        policy: &'static str,
        /// Seconds to the end of the window.
        retry_after: u64,
    },
    /// The store of the rate limits does not answer, and `RATE_LIMIT_FAIL_MODE=closed`.
    LimitsUnavailable,
    /// A fault of ours; the log has the cause.
    Internal,
}

impl From<LimitError> for Error {
    fn from(error: LimitError) -> Self {
        match error {
            LimitError::Exceeded {
                policy,
                retry_after,
            } => Self::Limited {
                policy,
                retry_after,
            },
            LimitError::Unavailable => Self::LimitsUnavailable,
        }
    }
}

impl From<RedisUnavailable> for Error {
    fn from(_: RedisUnavailable) -> Self {
        Self::TokensUnavailable
    }
}

impl From<SqlError> for Error {
    fn from(error: SqlError) -> Self {
        match error {
            SqlError::Unavailable => Self::DatabaseUnavailable,
            SqlError::Refused(cause) => {
                tracing::error!(%cause, "the database refused a statement");
                Self::Internal
            }
        }
    }
}
