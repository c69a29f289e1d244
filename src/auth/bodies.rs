//! The bodies of the JSON routes: what they take, what they give, and how each is read or made.

use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object};
use time::OffsetDateTime;
use uuid::Uuid;

use super::sessions::{Listed, MAX_PAGE, Page, Session};
use super::tokens::TokenPair;
use crate::http::{Fields, FromFields};

/// An e-mail and a password.
#[derive(Object)]
#[oai(deny_unknown_fields, example)]
pub struct Credentials {
    /// The e-mail address, compared without case and without white space around it. An international
    /// domain may be written in either form, `müller.example` or `xn--mller-kva.example`.
    pub(super) email: String,
    /// The password: 72 bytes at most.
    #[oai(validator(max_length = 72))]
    pub(super) password: String,
}

/// A refresh token.
#[derive(Object)]
#[oai(deny_unknown_fields, example)]
pub struct RefreshRequest {
    /// The newest refresh token that the client has.
    pub(super) refresh_token: String,
}

/// The password, once more.
#[derive(Object)]
#[oai(deny_unknown_fields, example)]
pub struct Confirmation {
    /// The caller's password.
    pub(super) current_password: String,
}

/// The password and the one to replace it.
#[derive(Object)]
#[oai(deny_unknown_fields, example)]
pub struct PasswordChange {
    /// The caller's password.
    pub(super) current_password: String,
    /// The new one: `PASSWORD_MIN_LENGTH` characters at least, 72 bytes at most.
    pub(super) new_password: String,
}

/// A reset token and the password to set.
#[derive(Object)]
#[oai(deny_unknown_fields, example)]
pub struct PasswordReset {
    /// The token out of the link that `aura user reset-link` prints.
    pub(super) reset_token: String,
    /// The new password: `PASSWORD_MIN_LENGTH` characters at least, 72 bytes at most.
    pub(super) new_password: String,
}

/// An access token and the refresh token that follows it.
#[derive(Object)]
#[oai(rename = "TokenPair", example)]
pub struct TokenPairBody {
    /// A JWT; send it as `Authorization: Bearer ...`.
    pub(super) access_token: String,
    /// Always `Bearer`.
    pub(super) token_type: String,
    /// Seconds until the access token expires.
    pub(super) expires_in: i64,
    /// Good for one exchange at `/auth/refresh`.
    pub(super) refresh_token: String,
    /// Seconds until the refresh token expires.
    pub(super) refresh_expires_in: i64,
}

/// One sign-in on one device.
#[derive(Object)]
#[oai(rename = "Session", example)]
pub struct SessionBody {
    /// Its id: `sid` in its tokens.
    pub(super) id: Uuid,
    /// When it began.
    pub(super) created_at: OffsetDateTime,
    /// When one of its tokens was last used, give or take a minute. For the caller's own: when the
    /// access token was issued.
    pub(super) last_used_at: OffsetDateTime,
    /// When it ends, unless it is refreshed or, by a browser, used. For the caller's own: as it was when the access token
    /// was issued.
    pub(super) expires_at: OffsetDateTime,
    /// The address that signed in.
    pub(super) ip: String,
    /// User agent of the client.
    pub(super) user_agent: String,
    /// True for the caller's own.
    pub(super) current: bool,
}

/// Some sessions of an account.
#[derive(ApiResponse)]
pub enum SessionPage {
    /// The sessions, newest first.
    #[oai(status = 200)]
    Sessions(
        Json<Vec<SessionBody>>,
        /// Address of the next page (RFC 8288, `rel="next"`), if there is one.
        #[oai(header = "Link")]
        Option<String>,
    ),
}

impl SessionPage {
    /// The sessions of `listed`, which is `page` of those at `path`, as the owner of the session
    /// `current` sees them.
    #[must_use]
    pub fn new(listed: Listed, page: Page, path: &str, current: Uuid) -> Self {
        let (next, limit) = (page.offset + page.limit, page.limit);
        let link = (next < listed.total)
            .then(|| format!("<{path}?offset={next}&limit={limit}>; rel=\"next\""));
        let sessions = listed.sessions.into_iter();
        let bodies = sessions.map(|session| SessionBody::new(session, current));
        Self::Sessions(Json(bodies.collect()), link)
    }
}

/// Default number of sessions on a page.
#[must_use]
pub const fn default_sessions() -> usize {
    MAX_PAGE
}

impl From<TokenPair> for TokenPairBody {
    fn from(pair: TokenPair) -> Self {
        Self {
            access_token: pair.access_token,
            token_type: "Bearer".to_owned(),
            expires_in: pair.expires_in,
            refresh_token: pair.refresh_token,
            refresh_expires_in: pair.refresh_expires_in,
        }
    }
}

impl SessionBody {
    /// The view of `session` for the owner of the session `current`.
    #[must_use]
    pub fn new(session: Session, current: Uuid) -> Self {
        Self {
            id: session.id.uuid(),
            created_at: session.created_at.to_utc(),
            last_used_at: session.last_used_at.to_utc(),
            expires_at: session.expires_at.to_utc(),
            ip: session.ip.to_string(),
            user_agent: session.user_agent,
            current: session.id.uuid() == current,
        }
    }
}

impl FromFields for Credentials {
    fn from_fields(fields: &mut Fields) -> Self {
        Self {
            email: fields.text("email"),
            password: fields.text("password"),
        }
    }
}

impl FromFields for RefreshRequest {
    fn from_fields(fields: &mut Fields) -> Self {
        Self {
            refresh_token: fields.text("refresh_token"),
        }
    }
}

impl FromFields for Confirmation {
    fn from_fields(fields: &mut Fields) -> Self {
        Self {
            current_password: fields.text("current_password"),
        }
    }
}

impl FromFields for PasswordChange {
    fn from_fields(fields: &mut Fields) -> Self {
        Self {
            current_password: fields.text("current_password"),
            new_password: fields.text("new_password"),
        }
    }
}

impl FromFields for PasswordReset {
    fn from_fields(fields: &mut Fields) -> Self {
        Self {
            reset_token: fields.text("reset_token"),
            new_password: fields.text("new_password"),
        }
    }
}
