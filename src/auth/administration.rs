//! [`Administration`]: accounts as administrators and the command line create, change and delete them.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::account::NewAccount;
use super::account_changes::{AccountChanges, END_ALL, lacks_admin};
use super::acting_as::ActingAs;
use super::error::Error;
use super::limits::Limits;
use super::live_sessions::Caller;
use super::new_accounts::{NewAccounts, clean_roles};
use super::password::Password;
use super::passwords::Passwords;
use super::reset::PasswordResets;
use super::sessions::Sessions;
use super::users::{ADMIN, Administrator, Change, Deed, First, SessionSync, User, Users, named};
use crate::audit::{Action, Event};
use crate::clock::random_bytes;
use crate::http::Context;
use crate::identity::UserId;

/// Accounts in the hands of administrators.
#[derive(Debug)]
pub struct Administration {
    pub(super) users: Users,
    pub(super) sessions: Sessions,
    pub(super) passwords: Arc<Passwords>,
    pub(super) limits: Arc<Limits>,
    pub(super) resets: Arc<PasswordResets>,
    pub(super) new: Arc<NewAccounts>,
    pub(super) changes: AccountChanges,
}

impl Administration {
    /// An administrator who is signed in as `caller`. Whatever is done in this name is refused, in the
    /// transaction that does it, once the account has lost the role or the session has ended.
    #[must_use]
    pub fn administrator(&self, context: &Context, caller: &Caller) -> ActingAs {
        let session = &caller.session;
        let administrator = Administrator {
            user: session.owner.user,
            session: session.id,
            session_began_at: session.created_at,
            sessions: self.sessions.clone(),
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
        let user = self.new.prepare(by.client(), new).await?;
        let event = by.event_on(Action::UserCreated, &user, named(&user.roles));
        self.new.add(user, by.administrator.as_ref(), &event).await
    }

    /// Makes the account of the first administrator, whatever other accounts there are.
    ///
    /// # Errors
    /// [`Error::RegistrationClosed`] when there is an administrator who can sign in; otherwise as
    /// [`Self::create`].
    pub async fn create_first_administrator(
        &self,
        context: &Context,
        new: NewAccount,
    ) -> Result<User, Error> {
        self.limits.admit(context).await?;
        let user = self
            .new
            .prepare(context.client, new.with_role(ADMIN))
            .await?;
        let event =
            ActingAs::owner(context, &user).event_on(Action::UserFirstAdministrator, &user, "");
        match self.users.add_first_administrator(&user, &event).await? {
            First::Added => Ok(user),
            First::AdministratorExists => Err(Error::RegistrationClosed),
            First::EmailTaken => Err(Error::EmailTaken),
        }
    }

    /// Makes the account of the first administrator with a random password, and gives the
    /// token with which its owner chooses one; `None` where there is an administrator who can sign
    /// in. An account that was invited before and has no password yet gets another token. Tokens of
    /// others who were invited before are void.
    ///
    /// # Errors
    /// [`Error::EmailTaken`] for any other account, [`Error::Invalid`], or an outage.
    pub async fn invite_first_administrator(
        &self,
        email: &str,
        by: &ActingAs,
    ) -> Result<Option<String>, Error> {
        let password = URL_SAFE_NO_PAD.encode(random_bytes::<32>());
        let new = NewAccount::new(email, password).with_role(ADMIN);
        let mut user = self.new.prepare(by.client(), new).await?;
        // In the row from the start: an account with a lost password must not pass for an
        // administrator when this process ends here.
        let now = self.sessions.now().await?;
        user.password_change_required_at = Some(now);
        user.reset_required_at = Some(now);
        let event = by.event_on(Action::UserFirstAdministrator, &user, "");
        match self.users.add_first_administrator(&user, &event).await? {
            First::Added => self.resets.issue(&user).map(Some),
            First::AdministratorExists => Ok(None),
            First::EmailTaken => {
                let known = self.users.find_by_email(&user.email).await?;
                let known = known.filter(|known| known.is_admin() && known.needs_reset());
                let known = known.filter(|known| known.disabled_at.is_none());
                let known = known.ok_or(Error::EmailTaken)?;
                self.users.end_invitations(known.id).await?;
                self.require_reset(&known, by).await.map(Some)
            }
        }
    }

    /// The account with an id. Where there is none, sessions that an outage may have left of it end.
    ///
    /// # Errors
    /// [`Error::UserNotFound`]; an outage.
    pub async fn find(&self, id: UserId) -> Result<User, Error> {
        if let Some(user) = self.users.find(id).await? {
            return Ok(user);
        }
        self.sessions.end_all(id, None).await?;
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
        self.passwords.check_new(&new, &user.email, "password")?;
        let hash = self.passwords.hash(by.client(), new).await?;
        // By the clock of the sessions, here and below: sessions that began before this moment end.
        let change = Change::Password(hash, self.sessions.now().await?);
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
            let change = Change::Disable(self.sessions.now().await?);
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
        let roles = clean_roles(roles)?;
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
        let change = Change::SignOut(self.sessions.now().await?);
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
        let change = Change::RequirePasswordChange(self.sessions.now().await?);
        self.act(user, change, by, event, END_ALL).await.map(drop)
    }

    /// Makes the password of an account open nothing at all, and ends all its sessions. Gives the
    /// only way back in: a reset token. Earlier tokens no longer work.
    ///
    /// # Errors
    /// [`Error::Forbidden`]; an outage.
    pub async fn require_reset(&self, user: &User, by: &ActingAs) -> Result<String, Error> {
        let event = by.event_on(Action::UserResetRequired, user, "");
        let change = Change::RequireReset(self.sessions.now().await?);
        let changed = self.act(user, change, by, event, END_ALL).await?;
        // From the row as it was committed: a token of any other version would not work.
        self.resets.issue(&changed.ok_or(Error::UserNotFound)?)
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
        match self.users.record(administrator, &event, deed).await? {
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
        let administrator = by.administrator.clone();
        let altered = self
            .changes
            .alter(user.id, change, administrator, event, sync);
        altered.await
    }
}
