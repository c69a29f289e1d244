//! What can go wrong with accounts and tokens, in the words of the domain.

use secrecy::SecretString;

use crate::http::{Code, FieldError, Problem};
use crate::storage::{RedisUnavailable, SqlError};

/// A failure of [`super::Auth`].
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Some fields cannot be taken.
    #[error("the input is not valid")]
    Invalid(Vec<FieldError>),
    /// `AUTH_REGISTRATION=closed`.
    #[error("registration is closed")]
    RegistrationClosed,
    /// Another account has the e-mail.
    #[error("the e-mail is taken")]
    EmailTaken,
    /// Unknown account, wrong password or disabled account.
    #[error("e-mail or password is wrong")]
    InvalidCredentials,
    /// The password is right, and opens nothing but the form for a new one, which takes this reset
    /// token.
    #[error("the password must be changed before signing in")]
    PasswordChangeRequired(SecretString),
    /// OAuth clients cannot be told of this server, for this reason.
    #[error("{0}")]
    NotDescribed(String),
    /// There is no such account.
    #[error("there is no such account")]
    UserNotFound,
    /// Nobody would be left who could manage accounts.
    #[error("this is the last administrator who can sign in; make another one first")]
    LastAdministrator,
    /// The caller lacks a role.
    #[error("the caller lacks the role {0:?}")]
    Forbidden(String),
    /// Not the caller's password.
    #[error("the current password is wrong")]
    WrongPassword,
    /// Forged, expired, or of a session that has ended.
    #[error("the access token is not valid")]
    InvalidToken,
    /// Unknown, or of a session that has ended.
    #[error("the refresh token is not valid")]
    InvalidRefreshToken,
    /// Used before; the session has been ended.
    #[error("the refresh token was used before")]
    RefreshTokenReused,
    /// Forged, expired or used.
    #[error("the reset token is not valid")]
    InvalidResetToken,
    /// The caller has no such session.
    #[error("there is no such session")]
    SessionNotFound,
    /// The password workers have more than enough to do.
    #[error("the hashing queue is full")]
    Busy,
    /// The token store does not answer.
    #[error("the token store is unavailable")]
    TokensUnavailable,
    /// A change is made, and the token store went away before its sessions heard of it.
    #[error(
        "the account is changed; its sessions follow once a server reaches the token store again"
    )]
    SessionsUntold,
    /// The database does not answer.
    #[error("the database is unavailable")]
    DatabaseUnavailable,
    /// A limit, or the store of limits, stands in the way.
    #[error("refused by a rate limit")]
    Limited(Box<Problem>),
    /// A fault of ours; the log has the cause.
    #[error("an internal fault")]
    Internal,
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

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let (code, detail) = match error {
            Error::Invalid(faults) => return Self::invalid(faults),
            Error::Limited(problem) => return *problem,
            Error::Internal => return Self::internal(),
            Error::Forbidden(role) => {
                return Self::new(Code::Forbidden, format!("this needs the role {role}"));
            }
            Error::PasswordChangeRequired(_) => (
                Code::PasswordChangeRequired,
                "choose a new password on this server's page /sign-in, or by a reset link",
            ),
            Error::NotDescribed(why) => return Self::new(Code::NotFound, why),
            Error::UserNotFound => (Code::UserNotFound, "no account has this id"),
            Error::LastAdministrator => (
                Code::LastAdministrator,
                "this is the last administrator who can sign in; make another one first",
            ),
            Error::RegistrationClosed => (
                Code::RegistrationClosed,
                "ask whoever runs this server for an account",
            ),
            Error::EmailTaken => (
                Code::EmailTaken,
                "an account with this e-mail exists; sign in",
            ),
            Error::InvalidCredentials => (
                Code::InvalidCredentials,
                "no account has this e-mail and this password",
            ),
            Error::WrongPassword => (Code::WrongPassword, "current_password is not the caller's"),
            Error::InvalidToken => (
                Code::InvalidToken,
                "the token is malformed, has expired, or its session has ended; refresh or sign in",
            ),
            Error::InvalidRefreshToken => (
                Code::InvalidRefreshToken,
                "the token is unknown or its session ended; sign in",
            ),
            Error::RefreshTokenReused => (
                Code::RefreshTokenReused,
                "this token had been used, perhaps by somebody else; the session was ended, sign in",
            ),
            Error::InvalidResetToken => (
                Code::InvalidResetToken,
                "the token was used or has expired; ask for a new one",
            ),
            Error::SessionNotFound => (Code::SessionNotFound, "the caller has no such session"),
            Error::Busy => (
                Code::Busy,
                "too many sign-ins at this moment; try again shortly",
            ),
            Error::TokensUnavailable => (
                Code::TokensUnavailable,
                "tokens cannot be checked or issued now; try again",
            ),
            Error::SessionsUntold => (
                Code::TokensUnavailable,
                "the account is changed; its sessions follow as soon as the token store is back",
            ),
            Error::DatabaseUnavailable => (
                Code::DatabaseUnavailable,
                "accounts cannot be read or written now; try again",
            ),
        };
        Self::new(code, detail)
    }
}
