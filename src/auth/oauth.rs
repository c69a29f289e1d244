//! The routes that other programs speak by their RFCs: the token endpoint (RFC 6749),
//! introspection (RFC 7662), revocation (RFC 7009), forward-auth for gateways, the key set
//! (RFC 7517).

#![expect(
    clippy::unused_async,
    reason = "a route is async, whether or not it waits"
)]

use poem::Request;
use poem_openapi::param::Query;
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Enum, Object, OpenApi};
use serde_json::Value;
use uuid::Uuid;

use super::api::{Group, Tokens};
use super::forward::{Forward, Passage, demanded_roles};
use super::sessions::Session;
use super::tokens::Active;
use super::{Auth, Error};
use crate::http::refused::{BEARER, BODY, DATABASE, HASHING, LIMITED, route_codes};
use crate::http::security::{AnyToken, ClientCredentials};
use crate::http::{Code, Context, FormFields, FormInput, FromForm, Problem, Refused};

route_codes! {
    /// Of `POST /auth/token`.
    Token: OAuth = [BODY, LIMITED, HASHING, DATABASE, &[
        Code::InvalidCredentials, Code::PasswordChangeRequired, Code::InvalidRefreshToken,
        Code::RefreshTokenReused,
        Code::UnsupportedGrantType, Code::TokensUnavailable,
    ]];
    /// Of introspection and revocation.
    Service: OAuth = [BODY, LIMITED, DATABASE, &[Code::InvalidClient, Code::TokensUnavailable]];
    /// Of forward-auth.
    Gate: Problem = [BEARER, DATABASE, &[Code::Forbidden]];
}

/// How the client wants to get tokens.
#[derive(Enum)]
#[oai(rename_all = "snake_case")]
enum GrantType {
    /// By e-mail and password.
    Password,
    /// By a refresh token.
    RefreshToken,
}

/// A token request, after RFC 6749 sections 4.3.2 and 6.
#[derive(Object)]
pub struct TokenRequest {
    /// `password` or `refresh_token`.
    grant_type: GrantType,
    /// The e-mail, for the grant `password`.
    username: Option<String>,
    /// The password, for the grant `password`.
    password: Option<String>,
    /// The refresh token, for the grant `refresh_token`.
    refresh_token: Option<String>,
    #[oai(skip)]
    grant: Option<Grant>,
}

enum Grant {
    Password { username: String, password: String },
    RefreshToken(String),
}

impl FromForm for TokenRequest {
    fn from_form(mut fields: FormFields) -> Result<Self, Problem> {
        let (grant_type, grant) = match fields.require("grant_type")?.as_str() {
            "password" => {
                let username = fields.require("username")?;
                let password = fields.require("password")?;
                (GrantType::Password, Grant::Password { username, password })
            }
            "refresh_token" => {
                let token = fields.require("refresh_token")?;
                (GrantType::RefreshToken, Grant::RefreshToken(token))
            }
            _ => {
                let detail = "grant_type must be password or refresh_token";
                return Err(Problem::new(Code::UnsupportedGrantType, detail));
            }
        };
        let (username, password, refresh_token) = (None, None, None);
        Ok(Self {
            grant_type,
            username,
            password,
            refresh_token,
            grant: Some(grant),
        })
    }
}

/// A token to ask about or to end.
#[derive(Object)]
pub struct TokenForm {
    /// An access token or a refresh token.
    token: String,
    /// `access_token` or `refresh_token`; not needed, both are recognised.
    token_type_hint: Option<String>,
}

impl FromForm for TokenForm {
    fn from_form(mut fields: FormFields) -> Result<Self, Problem> {
        let token_type_hint = fields.take("token_type_hint");
        Ok(Self {
            token: fields.require("token")?,
            token_type_hint,
        })
    }
}

/// What a token is good for (RFC 7662 section 2.2).
#[derive(Object, Default)]
#[oai(skip_serializing_if_is_none)]
pub struct Introspection {
    /// Whether the token is good at this moment; nothing else is said of one that is not.
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
    /// The audience.
    aud: Option<String>,
    /// The token's id.
    jti: Option<Uuid>,
    /// The session's id.
    sid: Option<Uuid>,
}

impl Introspection {
    fn of(active: Option<Active>) -> Self {
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
    /// What the token is good for.
    #[oai(status = 200)]
    Answer(
        Json<Introspection>,
        /// Always `no-store`.
        #[oai(header = "Cache-Control")]
        String,
    ),
}

/// The token is good for nothing now.
#[derive(ApiResponse)]
pub enum Revoked {
    /// Whether or not it was before.
    #[oai(status = 200)]
    Done,
}

/// What a gateway is to do with the request that it holds.
#[derive(ApiResponse)]
pub enum Verified {
    /// Let it pass. The headers tell the service behind it who sends it.
    #[oai(status = 200)]
    Pass(
        /// The account's id.
        #[oai(header = "X-Auth-User-Id")]
        String,
        /// The account's e-mail.
        #[oai(header = "X-Auth-Email")]
        String,
        /// The account's roles, separated by commas.
        #[oai(header = "X-Auth-Roles")]
        String,
        /// Always `no-store`.
        #[oai(header = "Cache-Control")]
        String,
        /// The session cookie anew, about once an hour; for the browser.
        #[oai(header = "Set-Cookie")]
        Option<String>,
    ),

    /// Give this answer to the browser: it signs in and comes back.
    #[oai(status = 302)]
    SignIn(
        /// The sign-in page, which leads back to the address that was asked for.
        #[oai(header = "Location")]
        String,
        /// Always `no-store`.
        #[oai(header = "Cache-Control")]
        String,
    ),
}

/// Public keys, which clients may keep for a while.
#[derive(ApiResponse)]
pub enum KeySet {
    /// A JWK set.
    #[oai(status = 200)]
    Keys(
        Json<Value>,
        /// How long to keep it.
        #[oai(header = "Cache-Control")]
        String,
    ),
}

/// The routes.
pub struct OAuthApi {
    /// What they stand on.
    pub auth: Auth,
    /// What forward-auth goes by.
    pub forward: Forward,
}

type Answer<T, C> = Result<T, Refused<C>>;

#[OpenApi]
impl OAuthApi {
    /// Get tokens, the OAuth 2 way
    ///
    /// The twin of `/auth/login` and `/auth/refresh` for OAuth clients. Parameters that it does
    /// not know, such as `scope` and `client_id`, are ignored.
    #[oai(
        path = "/auth/token",
        method = "post",
        tag = "Group::Tokens",
        operation_id = "token"
    )]
    async fn token(
        &self,
        context: Context,
        body: FormInput<TokenRequest>,
    ) -> Answer<Tokens, Token> {
        self.auth.admit(&context).await?;
        let request = body.read().await?;
        let pair = match request.grant.ok_or(Error::Internal)? {
            Grant::Password { username, password } => {
                self.auth
                    .login(&context, &username, password.into())
                    .await?
            }
            Grant::RefreshToken(token) => self.auth.refresh(&context, &token).await?,
        };
        Ok(pair.into())
    }

    /// Ask what a token is good for
    #[oai(
        path = "/auth/introspect",
        method = "post",
        tag = "Group::Services",
        operation_id = "introspect"
    )]
    async fn introspect(
        &self,
        context: Context,
        client: ClientCredentials,
        body: FormInput<TokenForm>,
    ) -> Answer<Introspected, Service> {
        self.auth
            .check_client(&context, &client.0.username, &client.0.password)
            .await?;
        let token = body.read().await?.token;
        let active = self.auth.introspect(&token).await?;
        Ok(Introspected::Answer(
            Json(Introspection::of(active)),
            "no-store".to_owned(),
        ))
    }

    /// End a token's session
    #[oai(
        path = "/auth/revoke",
        method = "post",
        tag = "Group::Services",
        operation_id = "revoke"
    )]
    async fn revoke(
        &self,
        context: Context,
        client: ClientCredentials,
        body: FormInput<TokenForm>,
    ) -> Answer<Revoked, Service> {
        self.auth
            .check_client(&context, &client.0.username, &client.0.password)
            .await?;
        let token = body.read().await?.token;
        self.auth.revoke(&context, &token).await?;
        Ok(Revoked::Done)
    }

    /// Let a gateway ask whether a request may pass
    ///
    /// For nginx `auth_request`, Traefik `forwardAuth`, Caddy `forward_auth`: takes a bearer token
    /// or the session cookie. Let the gateway replace what clients send under the `X-Auth-*`
    /// names. A browser that has not signed in gets 302 to the sign-in page, or, where the gateway
    /// sends `X-Original-URL`, 401 with the header `Location`; see `docs/forward-auth.md`. For
    /// Envoy `ext_authz`, any method and any path under `/auth/ext-authz/` is answered alike, but no
    /// role can be demanded there. Any parameter but `role`, a `role` without a name and any other
    /// path under `/auth/verify/` are answered with 403.
    #[oai(
        path = "/auth/verify",
        method = "get",
        tag = "Group::Services",
        operation_id = "verify"
    )]
    async fn verify(
        &self,
        request: &Request,
        _token: AnyToken,
        /// A role that the account must have; several: all of them.
        #[oai(name = "role")]
        _role: Query<Option<Vec<String>>>,
    ) -> Answer<Verified, Gate> {
        // Read here, because the parameter alone would ignore slips beside it.
        let roles = demanded_roles(request.uri().query().unwrap_or_default())?;
        let (method, headers) = (request.method(), request.headers());
        let passage = self.forward.judge(method, headers, &roles).await?;
        Ok(passage.into())
    }

    /// The public keys of access tokens
    ///
    /// Empty while tokens are signed with HS256, HS384 or HS512.
    #[oai(
        path = "/.well-known/jwks.json",
        method = "get",
        tag = "Group::Services",
        operation_id = "jwks"
    )]
    async fn jwks(&self) -> KeySet {
        KeySet::Keys(Json(self.auth.jwks()), "public, max-age=300".to_owned())
    }
}

impl From<Passage> for Verified {
    fn from(passage: Passage) -> Self {
        let no_store = "no-store".to_owned();
        match passage {
            Passage::Pass { session, renewed } => {
                let renewed = renewed.as_ref().and_then(|value| value.to_str().ok());
                Self::Pass(
                    session.owner.user.to_string(),
                    session.owner.email.as_str().to_owned(),
                    session.owner.roles.join(","),
                    no_store,
                    renewed.map(str::to_owned),
                )
            }
            Passage::SignIn(location) => Self::SignIn(location, no_store),
        }
    }
}
