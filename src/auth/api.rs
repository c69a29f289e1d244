//! The JSON routes under `/auth`; thin.

use poem_openapi::param::{Path, Query};
use poem_openapi::{ApiResponse, OpenApi, Tags};
use secrecy::ExposeSecret;
use uuid::Uuid;

use super::account::{Account, ProfileChange, RegistrationBody};
use super::bodies::{
    Confirmation, Credentials, PasswordChange, PasswordReset, RefreshRequest, SessionPage,
    TokenPairBody, default_sessions,
};
use super::sessions::Page;
use super::tokens::TokenPair;
use super::wiring::Auth;
use crate::http::refused::{BEARER, BODY, DATABASE, HASHING, LIMITED, route_codes};
use crate::http::security::BearerToken;
use crate::http::{Code, Context, Input, Refused};

/// Groups of routes in the document.
#[derive(Tags)]
pub enum Group {
    /// Make, change and delete an account.
    Accounts,
    /// Sign in, stay in, sign out.
    Tokens,
    /// See and end sessions.
    Sessions,
    /// For other services and for gateways.
    Services,
}

route_codes! {
    /// Of `POST /auth/register`.
    Register: Problem = [BODY, LIMITED, HASHING, DATABASE, &[Code::EmailTaken, Code::RegistrationClosed]];
    /// Of `POST /auth/login`.
    Login: Problem = [BODY, LIMITED, HASHING, DATABASE, &[Code::InvalidCredentials, Code::PasswordChangeRequired, Code::TokensUnavailable]];
    /// Of `POST /auth/refresh`.
    Refresh: Problem = [BODY, LIMITED, DATABASE, &[Code::InvalidRefreshToken, Code::RefreshTokenReused, Code::TokensUnavailable]];
    /// Of routes that need nothing but a caller.
    Bearer: Problem = [BEARER, DATABASE];
    /// Of `PATCH /auth/me`.
    ChangeMe: Problem = [BODY, BEARER, LIMITED, DATABASE];
    /// Of routes at which the caller shows the password again.
    Confirmed: Problem = [BODY, BEARER, LIMITED, HASHING, DATABASE, &[Code::WrongPassword, Code::LastAdministrator]];
    /// Of `POST /auth/password/reset`.
    Reset: Problem = [BODY, LIMITED, HASHING, DATABASE, &[Code::InvalidResetToken, Code::TokensUnavailable]];
    /// Of `GET /auth/sessions`.
    ListSessions: Problem = [BEARER, DATABASE, &[Code::InvalidParameter]];
    /// Of `DELETE /auth/sessions/{id}`.
    EndSession: Problem = [BEARER, DATABASE, &[Code::SessionNotFound, Code::InvalidParameter]];
}

/// A new account.
#[derive(ApiResponse)]
pub enum Created {
    /// The account.
    #[oai(status = 201)]
    User(poem_openapi::payload::Json<Account>),
}

/// Done; there is nothing to say.
#[derive(ApiResponse)]
pub enum Done {
    /// Done.
    #[oai(status = 204)]
    NoContent,
}

/// Tokens, which no cache may keep.
#[derive(ApiResponse)]
pub enum Issued {
    /// The tokens.
    #[oai(status = 200)]
    Pair(
        poem_openapi::payload::Json<TokenPairBody>,
        /// Always `no-store`.
        #[oai(header = "Cache-Control")]
        String,
        /// After a sign-in by password: send it as the request header of the same name at the next
        /// one, within 30 days, and strangers who use up the limits of the account do not keep this
        /// client out. A secret; it opens nothing.
        #[oai(header = "Aura-Device")]
        Option<String>,
    ),
}

impl From<TokenPair> for Issued {
    fn from(mut pair: TokenPair) -> Self {
        let device = pair.device.take();
        Self::Pair(
            poem_openapi::payload::Json(pair.into()),
            "no-store".to_owned(),
            device.map(|proof| proof.expose_secret().to_owned()),
        )
    }
}

/// The routes.
pub struct AuthApi {
    /// Accounts, tokens and sessions.
    pub auth: Auth,
}

type Answer<T, C> = Result<T, Refused<C>>;

#[OpenApi(prefix_path = "/auth")]
impl AuthApi {
    /// Make an account
    ///
    /// Closed with `AUTH_REGISTRATION=closed`; then `aura user create` makes accounts.
    #[oai(
        path = "/register",
        method = "post",
        tag = "Group::Accounts",
        operation_id = "register"
    )]
    async fn register(
        &self,
        context: Context,
        body: Input<RegistrationBody>,
    ) -> Answer<Created, Register> {
        self.auth.limits.admit(&context).await?;
        let new = body.read().await?.into();
        let user = self.auth.accounts.register(&context, new).await?;
        Ok(Created::User(poem_openapi::payload::Json(user.into())))
    }

    /// Sign in
    #[oai(
        path = "/login",
        method = "post",
        tag = "Group::Tokens",
        operation_id = "login"
    )]
    async fn login(&self, context: Context, body: Input<Credentials>) -> Answer<Issued, Login> {
        self.auth.limits.admit(&context).await?;
        let Credentials { email, password } = body.read().await?;
        let outcome = self.auth.tokens.login(&context, &email, password.into());
        Ok(outcome.await?.session()?.into())
    }

    /// Exchange a refresh token for a new pair
    ///
    /// Requests of one client that race within `JWT_REFRESH_GRACE_SECONDS` all get the same pair. A
    /// token that is used again later, or by another client, ends the session.
    #[oai(
        path = "/refresh",
        method = "post",
        tag = "Group::Tokens",
        operation_id = "refresh"
    )]
    async fn refresh(
        &self,
        context: Context,
        body: Input<RefreshRequest>,
    ) -> Answer<Issued, Refresh> {
        self.auth.limits.admit(&context).await?;
        let token = body.read().await?.refresh_token;
        Ok(self.auth.tokens.refresh(&context, &token).await?.into())
    }

    /// Sign out
    ///
    /// Both tokens of the session end at once. Signing out twice is no fault.
    #[oai(
        path = "/logout",
        method = "post",
        tag = "Group::Tokens",
        operation_id = "logout"
    )]
    async fn logout(&self, context: Context, token: BearerToken) -> Answer<Done, Bearer> {
        self.auth.tokens.logout(&context, token.as_str()).await?;
        Ok(Done::NoContent)
    }

    /// Sign out everywhere
    #[oai(
        path = "/logout-all",
        method = "post",
        tag = "Group::Tokens",
        operation_id = "logout_all"
    )]
    async fn logout_all(&self, context: Context, token: BearerToken) -> Answer<Done, Bearer> {
        self.auth
            .tokens
            .logout_all(&context, token.as_str())
            .await?;
        Ok(Done::NoContent)
    }

    /// Get my account
    #[oai(
        path = "/me",
        method = "get",
        tag = "Group::Accounts",
        operation_id = "me"
    )]
    async fn me(&self, token: BearerToken) -> Answer<poem_openapi::payload::Json<Account>, Bearer> {
        let caller = self.auth.tokens.authenticate(token.as_str()).await?;
        Ok(poem_openapi::payload::Json(
            self.auth.accounts.user(&caller).await?.into(),
        ))
    }

    /// Change my account
    ///
    /// Members that are left out stay as they are.
    #[oai(
        path = "/me",
        method = "patch",
        tag = "Group::Accounts",
        operation_id = "change_me"
    )]
    async fn change_me(
        &self,
        context: Context,
        token: BearerToken,
        body: Input<ProfileChange>,
    ) -> Answer<poem_openapi::payload::Json<Account>, ChangeMe> {
        let caller = self.auth.tokens.authenticate(token.as_str()).await?;
        self.auth.limits.admit(&context).await?;
        let name = body.read().await?.display_name;
        let user = self
            .auth
            .accounts
            .change_profile(&context, &caller, name)
            .await?;
        Ok(poem_openapi::payload::Json(user.into()))
    }

    /// Delete my account
    ///
    /// The account and everything it holds are gone at once.
    #[oai(
        path = "/me",
        method = "delete",
        tag = "Group::Accounts",
        operation_id = "delete_me"
    )]
    async fn delete_me(
        &self,
        context: Context,
        token: BearerToken,
        body: Input<Confirmation>,
    ) -> Answer<Done, Confirmed> {
        let caller = self.auth.tokens.authenticate(token.as_str()).await?;
        self.auth.limits.admit(&context).await?;
        let password = body.read().await?.current_password.into();
        self.auth
            .accounts
            .delete(&context, &caller, password)
            .await?;
        Ok(Done::NoContent)
    }

    /// Change my password
    ///
    /// Every other session ends.
    #[oai(
        path = "/password",
        method = "post",
        tag = "Group::Accounts",
        operation_id = "change_password"
    )]
    async fn change_password(
        &self,
        context: Context,
        token: BearerToken,
        body: Input<PasswordChange>,
    ) -> Answer<Done, Confirmed> {
        let caller = self.auth.tokens.authenticate(token.as_str()).await?;
        self.auth.limits.admit(&context).await?;
        let PasswordChange {
            current_password,
            new_password,
        } = body.read().await?;
        self.auth
            .accounts
            .change_password(
                &context,
                &caller,
                current_password.into(),
                new_password.into(),
            )
            .await?;
        Ok(Done::NoContent)
    }

    /// Set a password by a reset token
    ///
    /// An administrator makes the token on the dashboard or with `aura user reset-link`. It works once.
    #[oai(
        path = "/password/reset",
        method = "post",
        tag = "Group::Accounts",
        operation_id = "reset_password"
    )]
    async fn reset_password(
        &self,
        context: Context,
        body: Input<PasswordReset>,
    ) -> Answer<Done, Reset> {
        self.auth.limits.admit(&context).await?;
        let PasswordReset {
            reset_token,
            new_password,
        } = body.read().await?;
        self.auth
            .resets
            .reset(&context, &reset_token, new_password.into())
            .await?;
        Ok(Done::NoContent)
    }

    /// List my sessions
    ///
    /// An account has 1000 sessions at most; where there are more than one page holds, the header
    /// `Link` names the next one.
    #[oai(
        path = "/sessions",
        method = "get",
        tag = "Group::Sessions",
        operation_id = "sessions"
    )]
    async fn sessions(
        &self,
        token: BearerToken,
        /// Number of sessions to skip; the header `Link` of the previous page holds it.
        #[oai(default, validator(maximum(value = "1000")))]
        offset: Query<usize>,
        /// Maximum number of sessions, beside the caller's own on the first page.
        #[oai(
            default = "default_sessions",
            validator(minimum(value = "1"), maximum(value = "100"))
        )]
        limit: Query<usize>,
    ) -> Answer<SessionPage, ListSessions> {
        let caller = self.auth.tokens.authenticate(token.as_str()).await?;
        let (own, page) = (&caller.session, Page::new(offset.0, limit.0));
        let listed = self.auth.live.list(Some(own), caller.user(), page).await?;
        let id = own.id.uuid();
        Ok(SessionPage::new(listed, page, "/auth/sessions", id))
    }

    /// End one of my sessions
    #[oai(
        path = "/sessions/:id",
        method = "delete",
        tag = "Group::Sessions",
        operation_id = "end_session"
    )]
    async fn end_session(
        &self,
        context: Context,
        token: BearerToken,
        id: Path<Uuid>,
    ) -> Answer<Done, EndSession> {
        let caller = self.auth.tokens.authenticate(token.as_str()).await?;
        self.auth
            .live
            .end_one(&context, &caller, id.0.into())
            .await?;
        Ok(Done::NoContent)
    }
}
