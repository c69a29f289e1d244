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

use super::api::{Group, Issued};
use super::error::Error;
use super::forward::{Forward, demanded_roles};
use super::gateway::Verified;
use super::introspection::{Introspected, Introspection, Revoked, TokenForm};
use super::server_metadata::ServerMetadata;
use super::service_client::ShownCredentials;
use super::wiring::Auth;
use crate::http::refused::{BEARER, BODY, DATABASE, HASHING, LIMITED, route_codes};
use crate::http::security::{AnyToken, ClientCredentials};
use crate::http::{Code, Context, FieldError, FormFields, FormInput, FromForm, Problem, Refused};

route_codes! {
    /// Of `POST /auth/token`.
    Token: OAuth = [BODY, LIMITED, HASHING, DATABASE, &[
        Code::InvalidCredentials, Code::PasswordChangeRequired, Code::InvalidRefreshToken,
        Code::RefreshTokenReused,
        Code::UnsupportedGrantType, Code::TokensUnavailable,
    ]];
    /// Of introspection and revocation.
    Service: OAuth = [BODY, LIMITED, DATABASE, &[Code::InvalidClient, Code::InvalidRequest, Code::TokensUnavailable]];
    /// Of the description of this server.
    Discovery: Problem = [&[Code::NotFound]];
    /// Of forward-auth.
    Gate: Problem = [BEARER, DATABASE, &[Code::Forbidden]];
}

/// Grant of the request.
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
                return Err(Code::UnsupportedGrantType.into());
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

/// Public keys, which clients may keep for a while.
#[derive(ApiResponse)]
pub enum KeySet {
    /// A JWK set.
    #[oai(status = 200)]
    Keys(
        Json<Value>,
        /// Time for which caches may keep it.
        #[oai(header = "Cache-Control")]
        String,
    ),
}

/// The metadata of this server, which caches may keep for a while.
#[derive(ApiResponse)]
pub enum Described {
    /// The server.
    #[oai(status = 200)]
    Server(
        Json<ServerMetadata>,
        /// Time for which caches may keep it.
        #[oai(header = "Cache-Control")]
        String,
    ),
}

/// The routes.
pub struct OAuthApi {
    /// Accounts, tokens and sessions.
    pub auth: Auth,
    /// Settings of forward-auth.
    pub forward: Forward,
}

type Answer<T, C> = Result<T, Refused<C>>;

impl OAuthApi {
    /// The token that a service asks about, once its credentials are checked: those of the head before
    /// the body is read, and one way only (RFC 6749 section 2.3).
    async fn token_of(
        &self,
        context: &Context,
        client: &ClientCredentials,
        body: FormInput<TokenForm>,
    ) -> Result<String, Problem> {
        let form = if let ClientCredentials::Basic(shown) = client {
            let shown = ShownCredentials {
                id: &shown.0.username,
                secret: &shown.0.password,
                encoded: true,
            };
            self.auth
                .services
                .authenticate(context, Some(shown))
                .await?;
            let form = body.read().await?;
            if form.client_secret.is_some() {
                let detail = "the client's secret is sent twice: in the head and in the body";
                return Err(Problem::new(Code::InvalidRequest, detail));
            }
            form
        } else {
            self.auth.services.admit(context).await?;
            let form = body.read().await?;
            let shown = form.client_id.as_deref().zip(form.client_secret.as_deref());
            let shown = shown.map(|(id, secret)| ShownCredentials {
                id,
                secret,
                encoded: false,
            });
            self.auth.services.authenticate(context, shown).await?;
            form
        };
        if form.token.is_empty() {
            let message = "the parameter token is required";
            let missing = FieldError::new("token", "missing", message);
            return Err(Problem::invalid(vec![missing]));
        }
        Ok(form.token)
    }
}

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
    ) -> Answer<Issued, Token> {
        self.auth.limits.admit(&context).await?;
        let request = body.read().await?;
        let pair = match request.grant.ok_or(Error::Internal)? {
            Grant::Password { username, password } => {
                let outcome = self.auth.tokens.login(&context, &username, password.into());
                outcome.await?.session()?
            }
            Grant::RefreshToken(token) => self.auth.tokens.refresh(&context, &token).await?,
        };
        Ok(pair.into())
    }

    /// Introspect a token
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
        let token = self.token_of(&context, &client, body).await?;
        let active = self.auth.services.introspect(&token).await?;
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
        let token = self.token_of(&context, &client, body).await?;
        self.auth.services.revoke(&context, &token).await?;
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
        KeySet::Keys(
            Json(self.auth.keyring.jwks()),
            "public, max-age=300".to_owned(),
        )
    }

    /// Describe this server to OAuth clients (RFC 8414)
    ///
    /// There is something to tell where `JWT_ISSUER` is the address of this server, as clients compare the
    /// two; otherwise the answer is 404, with the reason.
    #[oai(
        path = "/.well-known/oauth-authorization-server",
        method = "get",
        tag = "Group::Services",
        operation_id = "server_metadata"
    )]
    async fn server_metadata(&self) -> Answer<Described, Discovery> {
        let metadata = self.auth.keyring.metadata()?.clone();
        Ok(Described::Server(
            Json(metadata),
            "public, max-age=300".to_owned(),
        ))
    }
}
