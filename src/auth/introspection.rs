//! The bodies of introspection (RFC 7662) and revocation (RFC 7009).

use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object};
use uuid::Uuid;

use super::access_token::{Audience, OWN_CLIENT_ID};
use super::services::Active;
use super::sessions::Session;
use crate::http::{FormFields, FromForm, Problem};

/// A token to ask about or to end.
#[derive(Object)]
pub struct TokenForm {
    /// An access token or a refresh token.
    pub(super) token: String,
    /// `access_token` or `refresh_token`; not needed, both are recognised.
    token_type_hint: Option<String>,
    /// `OAUTH_CLIENT_ID`, where it is not sent by Basic authentication.
    pub(super) client_id: Option<String>,
    /// `OAUTH_CLIENT_SECRET`, where it is not sent by Basic authentication.
    pub(super) client_secret: Option<String>,
}

impl FromForm for TokenForm {
    fn from_form(mut fields: FormFields) -> Result<Self, Problem> {
        let mut take = |name| fields.take(name);
        let token_type_hint = take("token_type_hint");
        let (client_id, client_secret) = (take("client_id"), take("client_secret"));
        Ok(Self {
            // A missing token is reported only to a client that is known.
            token: fields.take("token").unwrap_or_default(),
            token_type_hint,
            client_id,
            client_secret,
        })
    }
}

/// Answer to an introspection (RFC 7662 section 2.2).
#[derive(Object, Default)]
#[oai(skip_serializing_if_is_none)]
pub struct Introspection {
    /// True for a token that is good at this moment; nothing else is said of one that is not.
    active: bool,
    /// `Bearer` for an access token (RFC 6749 section 5.1), `refresh_token` for a refresh token, which
    /// opens nothing but the token endpoint: a service that is shown one must refuse it.
    token_type: Option<String>,
    /// The account's id.
    sub: Option<Uuid>,
    /// The account's e-mail.
    username: Option<String>,
    /// The account's roles, separated by spaces; of an access token only.
    scope: Option<String>,
    /// Seconds since the epoch at which it expires.
    exp: Option<i64>,
    /// Seconds since the epoch at which it was issued.
    iat: Option<i64>,
    /// The issuer.
    iss: Option<String>,
    /// The audience, or a list of them.
    aud: Option<Audience>,
    /// The client that asked for the token: `aura`, by which people sign in to this server itself.
    client_id: Option<String>,
    /// The token's id.
    jti: Option<Uuid>,
    /// The session's id.
    sid: Option<Uuid>,
}

impl Introspection {
    /// The answer about a token; `None` for one that is not active.
    #[must_use]
    pub fn of(active: Option<Active>) -> Self {
        let common = |session: &Session| Self {
            active: true,
            sub: Some(session.owner.user.uuid()),
            username: Some(session.owner.email.as_str().to_owned()),
            sid: Some(session.id.uuid()),
            ..Self::default()
        };
        match active {
            None => Self::default(),
            Some(Active::Access(session, claims)) => Self {
                exp: Some(claims.exp),
                iat: Some(claims.iat),
                iss: Some(claims.iss),
                aud: Some(claims.aud),
                client_id: Some(OWN_CLIENT_ID.to_owned()),
                jti: Some(claims.jti),
                token_type: Some("Bearer".to_owned()),
                scope: Some(session.owner.roles.join(" ")),
                ..common(&session)
            },
            Some(Active::Refresh(session)) => Self {
                exp: Some(session.expires_at.seconds()),
                token_type: Some("refresh_token".to_owned()),
                ..common(&session)
            },
        }
    }
}

/// An answer about a token, which no cache may keep.
#[derive(ApiResponse)]
pub enum Introspected {
    /// The answer.
    #[oai(status = 200)]
    Answer(
        Json<Introspection>,
        /// Always `no-store`.
        #[oai(header = "Cache-Control")]
        String,
    ),
}

/// The token is no longer active.
#[derive(ApiResponse)]
pub enum Revoked {
    /// The token is no longer good, or never was.
    #[oai(status = 200)]
    Done,
}
