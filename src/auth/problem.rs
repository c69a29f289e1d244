//! Failures of accounts and tokens as clients and the command line see them: one row of the table of
//! codes each, and a detail of their own where the table cannot know it.

use std::fmt;

use poem::http::{HeaderValue, header};

use super::error::Error;
use crate::http::{Code, Problem};

impl From<&Error> for Problem {
    fn from(error: &Error) -> Self {
        match error {
            Error::Invalid(faults) => Self::invalid(faults.clone()),
            Error::RegistrationClosed => Code::RegistrationClosed.into(),
            Error::EmailTaken => Code::EmailTaken.into(),
            Error::InvalidCredentials => Code::InvalidCredentials.into(),
            Error::PasswordChangeRequired => Code::PasswordChangeRequired.into(),
            Error::NotDescribed(why) => Self::new(Code::NotFound, why),
            Error::UserNotFound => Code::UserNotFound.into(),
            Error::LastAdministrator => Code::LastAdministrator.into(),
            Error::Forbidden(role) => Self::new(
                Code::Forbidden,
                format!("the caller lacks the role {role:?}"),
            ),
            Error::WrongPassword => Code::WrongPassword.into(),
            Error::Unauthenticated(sign_in) => {
                let location = sign_in.as_deref().map(HeaderValue::from_str);
                match location {
                    Some(Ok(value)) => {
                        Self::from(Code::MissingToken).header(header::LOCATION, value)
                    }
                    _ => Code::MissingToken.into(),
                }
            }
            Error::InvalidClient(why) => Self::new(Code::InvalidClient, *why),
            Error::InvalidDemand(why) => Self::new(Code::Forbidden, *why),
            Error::InvalidToken => Code::InvalidToken.into(),
            Error::InvalidRefreshToken => Code::InvalidRefreshToken.into(),
            Error::RefreshTokenReused => Code::RefreshTokenReused.into(),
            Error::InvalidResetToken => Code::InvalidResetToken.into(),
            Error::SessionNotFound => Code::SessionNotFound.into(),
            Error::Busy => Code::Busy.into(),
            Error::TokensUnavailable => Code::TokensUnavailable.into(),
            Error::SessionsUntold => Self::new(
                Code::TokensUnavailable,
                "the account was changed; its sessions follow once a server reaches the token store",
            ),
            Error::DatabaseUnavailable => Code::DatabaseUnavailable.into(),
            Error::Limited { retry_after, .. } => {
                Self::from(Code::RateLimited).retry_after(*retry_after)
            }
            Error::LimitsUnavailable => Code::LimitsUnavailable.into(),
            Error::Internal => Self::internal(),
        }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        Self::from(&error)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&Problem::from(self).detail)
    }
}

impl std::error::Error for Error {}
