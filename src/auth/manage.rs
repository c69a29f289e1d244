//! Accounts as administrators and the command line create, change and delete them.

use super::account::NewAccount;
use super::acting_as::ActingAs;
use super::error::Error;
use super::password::Password;
use super::session_sync::{END_ALL, lacks_admin};
use super::users::{ADMIN, Administrator, Change, Deed, First, Outcome, SessionSync, User, named};
use super::{Auth, Caller, roles};
use crate::audit::{Action, Event};
use crate::http::Context;
use crate::identity::UserId;

impl Auth {
    /// An administrator who is signed in as `caller`. Whatever is done in this name is refused, in the
    /// transaction that does it, once the account has lost the role or the session has ended.
    #[must_use]
    pub fn administrator(&self, context: &Context, caller: &Caller) -> ActingAs {
        let session = &caller.session;
        let administrator = Administrator {
            user: session.owner.user,
            session: session.id,
            session_began_at: session.created_at,
            sessions: self.0.sessions.clone(),
        };
        ActingAs {
            administrator: Some(administrator),
            ..ActingAs::session(context, session)
        }
    }

    /// Makes an account.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every fault, [`Error::EmailTaken`], [`Error::Busy`], or an outage.
    pub async fn create(&self, new: NewAccount, by: &ActingAs) -> Result<User, Error> {
        let user = self.prepare(by.client(), new).await?;
        let event = by.event_on(Action::UserCreated, &user, named(&user.roles));
        self.add(user, by.administrator.as_ref(), &event).await
    }

    /// Adds an account that is prepared.
    pub(super) async fn add(
        &self,
        user: User,
        administrator: Option<&Administrator>,
        event: &Event,
    ) -> Result<User, Error> {
        match self.0.users.add(&user, administrator, event).await? {
            Outcome::Done(_) => Ok(user),
            Outcome::NotAdministrator => Err(lacks_admin()),
            Outcome::SessionUnknown => Err(Error::TokensUnavailable),
            _ => Err(Error::EmailTaken),
        }
    }

    /// Makes the account of the first administrator, whatever other accounts there are.
    ///
    /// # Errors
    /// [`Error::RegistrationClosed`] when there is an administrator who can sign in; otherwise as
    /// [`Auth::create`].
    pub async fn create_first_administrator(
        &self,
        context: &Context,
        new: NewAccount,
    ) -> Result<User, Error> {
        self.0.limits.call(context).await?;
        let user = self.prepare(context.client, new.with_role(ADMIN)).await?;
        let event =
            ActingAs::owner(context, &user).event_on(Action::UserFirstAdministrator, &user, "");
        match self.0.users.add_first_administrator(&user, &event).await? {
            First::Added => Ok(user),
            First::AdministratorExists => Err(Error::RegistrationClosed),
            First::EmailTaken => Err(Error::EmailTaken),
        }
    }

    /// The account with an id. Where there is none, sessions that an outage may have left of it end.
    ///
    /// # Errors
    /// [`Error::UserNotFound`]; an outage.
    pub async fn find_user(&self, id: UserId) -> Result<User, Error> {
        if let Some(user) = self.0.users.find(id).await? {
            return Ok(user);
        }
        self.0.sessions.end_all(id, None).await?;
        Err(Error::UserNotFound)
    }

    /// Deletes an account and all it holds. Where it is gone already, sessions that an outage may
    /// have left of it end.
    ///
    /// # Errors
    /// [`Error::Forbidden`], [`Error::LastAdministrator`], or an outage.
    pub async fn delete(&self, user: &User, by: &ActingAs) -> Result<(), Error> {
        let event = by.event_on(Action::UserDeleted, user, "");
        match self.act(user, Change::Delete, by, event, END_ALL).await {
            Err(Error::UserNotFound) => Ok(()),
            done => done.map(drop),
        }
    }

    /// Sets a password without the old one, and ends all sessions.
    ///
    /// # Errors
    /// [`Error::Invalid`], [`Error::Forbidden`], or an outage.
    pub async fn set_password(
        &self,
        user: &User,
        new: Password,
        by: &ActingAs,
    ) -> Result<(), Error> {
        self.0.passwords.check_new(&new, &user.email, "password")?;
        let hash = self.0.passwords.hash(by.client(), new).await?;
        let change = Change::Password(hash, self.0.sessions.now().await?);
        let event = by.event_on(Action::UserPasswordSet, user, "");
        self.act(user, change, by, event, END_ALL).await.map(drop)
    }

    /// Disables an account and ends its sessions, or enables it. What is so already is no fault,
    /// and no event.
    ///
    /// # Errors
    /// [`Error::Forbidden`], [`Error::LastAdministrator`]; an outage.
    pub async fn set_disabled(
        &self,
        user: &User,
        disabled: bool,
        by: &ActingAs,
    ) -> Result<(), Error> {
        let (change, action, sync) = if disabled {
            let change = Change::Disable(self.0.sessions.now().await?);
            (change, Action::UserDisabled, END_ALL)
        } else {
            (Change::Enable, Action::UserEnabled, None)
        };
        let event = by.event_on(action, user, "");
        self.act(user, change, by, event, sync).await.map(drop)
    }

    /// Replaces an account's roles; its sessions have them from their next token on. The same roles
    /// are no change, and no event.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a name that cannot stand in a token; [`Error::Forbidden`],
    /// [`Error::LastAdministrator`]; an outage.
    pub async fn set_roles(
        &self,
        user: &User,
        roles: &[String],
        by: &ActingAs,
    ) -> Result<Vec<String>, Error> {
        let roles = roles::clean(roles)?;
        let event = by.event_on(Action::UserRolesChanged, user, "");
        let change = Change::Roles(roles.clone());
        let sync = Some(SessionSync::Roles);
        self.act(user, change, by, event, sync).await?;
        Ok(roles)
    }

    /// Ends all sessions of an account.
    ///
    /// # Errors
    /// [`Error::Forbidden`]; an outage.
    pub async fn sign_out(&self, user: &User, by: &ActingAs) -> Result<(), Error> {
        let event = by.event_on(Action::SessionsEnded, user, "all");
        let change = Change::SignOut(self.0.sessions.now().await?);
        self.act(user, change, by, event, END_ALL).await.map(drop)
    }

    /// Makes the password of an account open nothing but the form for a new one, and ends all its
    /// sessions. Anyone who knows the password can choose the new one: where a stranger may know it,
    /// use [`Self::require_reset`].
    ///
    /// # Errors
    /// [`Error::Forbidden`]; an outage.
    pub async fn require_password_change(&self, user: &User, by: &ActingAs) -> Result<(), Error> {
        let event = by.event_on(Action::UserPasswordChangeRequired, user, "");
        let change = Change::RequirePasswordChange(self.0.sessions.now().await?);
        self.act(user, change, by, event, END_ALL).await.map(drop)
    }

    /// Makes the password of an account open nothing at all, and ends all its sessions. Gives the
    /// only way back in: a reset token. Earlier tokens no longer work.
    ///
    /// # Errors
    /// [`Error::Forbidden`]; an outage.
    pub async fn require_reset(&self, user: &User, by: &ActingAs) -> Result<String, Error> {
        let event = by.event_on(Action::UserResetRequired, user, "");
        let change = Change::RequireReset(self.0.sessions.now().await?);
        let changed = self.act(user, change, by, event, END_ALL).await?;
        // From the row as it was committed: a token of any other version would not work.
        self.issue_reset_token(&changed.ok_or(Error::UserNotFound)?)
    }

    /// Runs `deed`, which changes no account (emptying a cache, say), and records it. Gives false, and
    /// records nothing, when `deed` gives false.
    ///
    /// # Errors
    /// [`Error::Forbidden`]; an outage.
    pub async fn do_recorded(
        &self,
        by: &ActingAs,
        action: Action,
        detail: impl Into<String>,
        deed: impl Future<Output = bool> + Send,
    ) -> Result<bool, Error> {
        let event = by.event(action, detail);
        let administrator = by.administrator.as_ref();
        match self.0.users.record(administrator, &event, deed).await? {
            Deed::Done => Ok(true),
            Deed::Failed => Ok(false),
            Deed::NotAdministrator => Err(lacks_admin()),
            Deed::SessionUnknown => Err(Error::TokensUnavailable),
        }
    }

    async fn act(
        &self,
        user: &User,
        change: Change,
        by: &ActingAs,
        event: Event,
        sync: Option<SessionSync>,
    ) -> Result<Option<User>, Error> {
        self.alter(user.id, change, by.administrator.clone(), event, sync)
            .await
    }
}
