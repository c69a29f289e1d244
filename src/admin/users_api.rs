//! The routes under `/admin/users`; thin.

use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, OpenApi};
use uuid::Uuid;

use super::bodies::{AccountPage, Group, MAX_COUNT, ResetToken, Roles, cut, default_limit};
use crate::auth::account::NewUserBody;
use crate::auth::bodies::{SessionPage, default_sessions};
use crate::auth::reset::LIFETIME_SECONDS;
use crate::auth::sessions::Page;
use crate::auth::users::{ADMIN, User, UserFilter, UserOrder, UserState};
use crate::auth::{Account, ActingAs, Auth, Error};
use crate::http::refused::{BEARER, BODY, DATABASE, HASHING, route_codes};
use crate::http::security::BearerToken;
use crate::http::{Code, Context, Input, Problem, Refused};
use crate::identity::UserId;

/// Codes of every route for one account.
const ONE: &[Code] = &[Code::Forbidden, Code::InvalidParameter, Code::UserNotFound];

route_codes! {
    /// Of `GET /admin/users`.
    List: Problem = [BEARER, DATABASE, &[Code::Forbidden, Code::InvalidParameter]];
    /// Of `POST /admin/users`.
    Create: Problem = [BODY, BEARER, HASHING, DATABASE, &[Code::Forbidden, Code::EmailTaken]];
    /// Of routes for one account.
    One: Problem = [BEARER, DATABASE, ONE];
    /// Of routes that could take the last administrator away.
    Guarded: Problem = [BEARER, DATABASE, ONE, &[Code::LastAdministrator]];
    /// Of `PUT /admin/users/{id}/roles`.
    SetRoles: Problem = [BODY, BEARER, DATABASE, ONE, &[Code::LastAdministrator]];
}

/// A new account.
#[derive(ApiResponse)]
pub enum Created {
    /// The account.
    #[oai(status = 201)]
    User(Json<Account>),
}

/// Done; there is nothing to say.
#[derive(ApiResponse)]
pub enum Done {
    /// Done.
    #[oai(status = 204)]
    NoContent,
}

/// A token, which no cache may keep.
#[derive(ApiResponse)]
pub enum Token {
    /// The token.
    #[oai(status = 200)]
    Reset(
        Json<ResetToken>,
        /// Always `no-store`.
        #[oai(header = "Cache-Control")]
        String,
    ),
}

/// The routes.
pub struct UsersApi {
    /// Accounts and sessions.
    pub auth: Auth,
}

type Answer<T, C> = Result<T, Refused<C>>;

#[OpenApi(prefix_path = "/admin/users", tag = "Group::Admin")]
impl UsersApi {
    /// Find accounts
    ///
    /// For the role `admin`, as are all of these. A page at a time; an account must fit every filter
    /// that is given.
    #[oai(path = "/", method = "get", operation_id = "admin_users")]
    #[expect(
        clippy::too_many_arguments,
        reason = "each is a parameter of the address"
    )]
    async fn list(
        &self,
        token: BearerToken,
        /// Part of the e-mail, or the whole id; left out, all accounts are meant.
        q: Query<Option<String>>,
        /// State of the account.
        state: Query<Option<UserState>>,
        /// Role that the account has.
        role: Query<Option<String>>,
        /// Order of the list: by e-mail, the newest account first, or the latest sign-in first.
        #[oai(default)]
        order: Query<UserOrder>,
        /// Position to go on from: `next` of the page before, in the same order.
        after: Query<Option<String>>,
        /// Maximum number of accounts.
        #[oai(
            default = "default_limit",
            validator(minimum(value = "1"), maximum(value = "500"))
        )]
        limit: Query<i64>,
    ) -> Answer<Json<AccountPage>, List> {
        self.auth.tokens.authorize(token.as_str(), ADMIN).await?;
        let after = after.0.unwrap_or_default();
        let filter = UserFilter {
            text: q.0.unwrap_or_default(),
            state: state.0,
            role: role.0.filter(|role| !role.is_empty()),
        };
        let role = filter.role.as_deref().unwrap_or_default();
        refuse_nul(&[&filter.text, role, &after])?;
        let order = order.0;
        let after = order
            .position(&after)
            .map_err(|bad| Problem::new(Code::InvalidParameter, format!("after: {bad}")))?;
        let users = &self.auth.users;
        let page = users
            .page(&filter, order, after.as_ref(), limit.0 + 1)
            .await;
        let mut page = page.map_err(Error::from)?;
        let total = users.count(&filter, MAX_COUNT).await.map_err(Error::from)?;
        let next = cut(&mut page, limit.0).map(|user| order.position_of(user));
        Ok(Json(AccountPage {
            total,
            next,
            users: page.into_iter().map(Account::from).collect(),
        }))
    }

    /// Make an account
    ///
    /// Also where registration is closed.
    #[oai(path = "/", method = "post", operation_id = "admin_create_user")]
    async fn create(
        &self,
        context: Context,
        token: BearerToken,
        body: Input<NewUserBody>,
    ) -> Answer<Created, Create> {
        // Before the body is read: that of a stranger must not take memory.
        let by = self.admin(&context, &token).await?;
        let user = self
            .auth
            .administration
            .create(body.read().await?.into(), &by)
            .await?;
        Ok(Created::User(Json(user.into())))
    }

    /// See an account
    #[oai(path = "/:id", method = "get", operation_id = "admin_user")]
    async fn show(&self, token: BearerToken, id: Path<Uuid>) -> Answer<Json<Account>, One> {
        self.auth.tokens.authorize(token.as_str(), ADMIN).await?;
        Ok(Json(self.user(id).await?.into()))
    }

    /// Delete or erase an account
    ///
    /// The account and everything it holds are gone at once; the audit trail keeps its e-mail. With
    /// `erase=true` the person is erased from the audit trail, too: it keeps the ids, and loses the
    /// e-mail, the addresses and the user agents. That also erases an account that was deleted before.
    #[oai(path = "/:id", method = "delete", operation_id = "admin_delete_user")]
    async fn delete(
        &self,
        context: Context,
        token: BearerToken,
        id: Path<Uuid>,
        /// Erase the person from the audit trail as well.
        #[oai(default)]
        erase: Query<bool>,
    ) -> Answer<Done, Guarded> {
        let by = self.admin(&context, &token).await?;
        if erase.0 {
            // By the id alone: the account may be gone already, and the events that name its person are
            // not.
            self.auth
                .changes
                .erase_account(UserId::from(id.0), &by)
                .await?;
            return Ok(Done::NoContent);
        }
        let user = self.user(id).await?;
        self.auth.administration.delete(&user, &by).await?;
        Ok(Done::NoContent)
    }

    /// Replace the roles of an account
    ///
    /// They hold from its next request on.
    #[oai(path = "/:id/roles", method = "put", operation_id = "admin_set_roles")]
    async fn set_roles(
        &self,
        context: Context,
        token: BearerToken,
        id: Path<Uuid>,
        body: Input<Roles>,
    ) -> Answer<Json<Account>, SetRoles> {
        let by = self.admin(&context, &token).await?;
        let roles = body.read().await?.roles;
        let mut user = self.user(id).await?;
        user.roles = self
            .auth
            .administration
            .set_roles(&user, &roles, &by)
            .await?;
        Ok(Json(user.into()))
    }

    /// Keep an account from signing in
    ///
    /// Its sessions end at once. A second call changes nothing.
    #[oai(
        path = "/:id/disable",
        method = "post",
        operation_id = "admin_disable_user"
    )]
    async fn disable(
        &self,
        context: Context,
        token: BearerToken,
        id: Path<Uuid>,
    ) -> Answer<Done, Guarded> {
        let by = self.admin(&context, &token).await?;
        let user = self.user(id).await?;
        self.auth
            .administration
            .set_disabled(&user, true, &by)
            .await?;
        Ok(Done::NoContent)
    }

    /// Let a disabled account sign in again
    ///
    /// A second call changes nothing.
    #[oai(
        path = "/:id/enable",
        method = "post",
        operation_id = "admin_enable_user"
    )]
    async fn enable(
        &self,
        context: Context,
        token: BearerToken,
        id: Path<Uuid>,
    ) -> Answer<Done, One> {
        let by = self.admin(&context, &token).await?;
        let user = self.user(id).await?;
        self.auth
            .administration
            .set_disabled(&user, false, &by)
            .await?;
        Ok(Done::NoContent)
    }

    /// Require a new password at the next sign-in
    ///
    /// The sessions of the account end, and its password opens nothing but the form for a new one:
    /// anyone who knows the password can choose the new one. Where a stranger may know it, reset it
    /// instead.
    #[oai(
        path = "/:id/require-password-change",
        method = "post",
        operation_id = "admin_require_password_change"
    )]
    async fn require_password_change(
        &self,
        context: Context,
        token: BearerToken,
        id: Path<Uuid>,
    ) -> Answer<Done, One> {
        let by = self.admin(&context, &token).await?;
        let user = self.user(id).await?;
        self.auth
            .administration
            .require_password_change(&user, &by)
            .await?;
        Ok(Done::NoContent)
    }

    /// Close the password until it is reset
    ///
    /// The sessions of the account end, and its password opens nothing at all. The token is the only
    /// way back in: with it the owner chooses a new password, at `/auth/password/reset` or on the
    /// page `/reset?token=...`. It works once, and for as long as nothing else about the account
    /// changes; those that were made before no longer work.
    #[oai(
        path = "/:id/reset",
        method = "post",
        operation_id = "admin_require_reset"
    )]
    async fn require_reset(
        &self,
        context: Context,
        token: BearerToken,
        id: Path<Uuid>,
    ) -> Answer<Token, One> {
        let by = self.admin(&context, &token).await?;
        let user = self.user(id).await?;
        let body = ResetToken {
            reset_token: self.auth.administration.require_reset(&user, &by).await?,
            expires_in: LIFETIME_SECONDS,
        };
        Ok(Token::Reset(Json(body), "no-store".to_owned()))
    }

    /// List the sessions of an account
    ///
    /// An account has 1000 sessions at most; where there are more than one page holds, the header
    /// `Link` names the next one.
    #[oai(
        path = "/:id/sessions",
        method = "get",
        operation_id = "admin_user_sessions"
    )]
    async fn sessions(
        &self,
        token: BearerToken,
        id: Path<Uuid>,
        /// Number of sessions to skip; the header `Link` of the previous page holds it.
        #[oai(default, validator(maximum(value = "1000")))]
        offset: Query<usize>,
        /// Maximum number of sessions.
        #[oai(
            default = "default_sessions",
            validator(minimum(value = "1"), maximum(value = "100"))
        )]
        limit: Query<usize>,
    ) -> Answer<SessionPage, One> {
        let caller = self.auth.tokens.authorize(token.as_str(), ADMIN).await?;
        let user = self.user(id).await?;
        let (own, page) = (&caller.session, Page::new(offset.0, limit.0));
        let listed = self.auth.live.list(Some(own), user.id, page).await?;
        let path = format!("/admin/users/{}/sessions", user.id);
        Ok(SessionPage::new(listed, page, &path, own.id.uuid()))
    }

    /// End all sessions of an account
    #[oai(
        path = "/:id/sessions",
        method = "delete",
        operation_id = "admin_end_user_sessions"
    )]
    async fn end_sessions(
        &self,
        context: Context,
        token: BearerToken,
        id: Path<Uuid>,
    ) -> Answer<Done, One> {
        let by = self.admin(&context, &token).await?;
        let user = self.user(id).await?;
        self.auth.administration.sign_out(&user, &by).await?;
        Ok(Done::NoContent)
    }
}

impl UsersApi {
    /// The administrator who asks.
    async fn admin(&self, context: &Context, token: &BearerToken) -> Result<ActingAs, Error> {
        let caller = self.auth.tokens.authorize(token.as_str(), ADMIN).await?;
        Ok(self.auth.administration.administrator(context, &caller))
    }

    async fn user(&self, id: Path<Uuid>) -> Result<User, Error> {
        self.auth.administration.find(UserId::from(id.0)).await
    }
}

/// Refuses U+0000 in values that are compared with stored ones: Postgres takes none in a text, and its
/// error would be answered with 500.
pub(super) fn refuse_nul(values: &[&str]) -> Result<(), Problem> {
    if values.iter().any(|value| value.contains('\0')) {
        let detail = "a parameter holds the character U+0000";
        return Err(Problem::new(Code::InvalidParameter, detail));
    }
    Ok(())
}
