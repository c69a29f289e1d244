//! The ways to show an access token or a client's credentials, as the document describes them.

use poem_openapi::SecurityScheme;
use poem_openapi::auth::{Basic, Bearer};

/// Signs in at `/auth/token`; Swagger UI's Authorize button.
#[derive(SecurityScheme)]
#[oai(
    rename = "oauth2",
    ty = "oauth2",
    flows(password(token_url = "/auth/token", refresh_url = "/auth/token"))
)]
pub struct PasswordFlow(Bearer);

/// An access token that the caller has already.
#[derive(SecurityScheme)]
#[oai(rename = "bearer", ty = "bearer", bearer_format = "JWT")]
pub struct PlainBearer(Bearer);

/// A bearer token out of the `Authorization` header. Not checked yet: the handler's first line
/// does that.
#[derive(SecurityScheme)]
pub enum BearerToken {
    /// Documented as OAuth 2.
    Flow(PasswordFlow),
    /// Documented as plain bearer.
    Plain(PlainBearer),
}

impl BearerToken {
    /// The token as it was sent.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Flow(scheme) => &scheme.0.token,
            Self::Plain(scheme) => &scheme.0.token,
        }
    }
}

/// A bearer token, or none: the session cookie of a browser will do, too. Documentation only; the
/// handler reads the headers.
#[derive(SecurityScheme)]
pub enum AnyToken {
    /// Documented as OAuth 2.
    Flow(PasswordFlow),
    /// Documented as plain bearer.
    Plain(PlainBearer),
    /// There is none.
    #[oai(fallback)]
    None,
}

/// Another service's id and secret (`OAUTH_CLIENT_ID`, `OAUTH_CLIENT_SECRET`) by HTTP Basic, the
/// `client_secret_basic` of RFC 6749 section 2.3.1.
#[derive(SecurityScheme)]
#[oai(rename = "client", ty = "basic")]
pub struct BasicCredentials(pub Basic);

/// The credentials of another service, in the head or, where it has none, in the body.
#[derive(SecurityScheme)]
pub enum ClientCredentials {
    /// In the head.
    Basic(BasicCredentials),
    /// Not in the head.
    #[oai(fallback)]
    None,
}
