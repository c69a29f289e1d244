//! [`Accounts`]: accounts as their owners make, see, change and delete them.

use std::net::IpAddr;
use std::sync::Arc;

use poem_openapi::types::MaybeUndefined;
use secrecy::SecretString;

use super::account::NewAccount;
use super::account_changes::{AccountChanges, END_ALL};
use super::acting_as::ActingAs;
use super::device::Devices;
use super::error::Error;
use super::limits::Limits;
use super::live_sessions::Caller;
use super::new_accounts::{NewAccounts, bad_display_name, refuse_nul};
use super::password::{Password, PasswordHash};
use super::passwords::Passwords;
use super::sessions::Sessions;
use super::users::{Change, SessionSync, User, Users};
use crate::audit::{Action, Audit, Event};
use crate::config::Registration;
use crate::http::Context;
use crate::identity::DisplayName;

/// Tries of a change that its owner confirmed, each time with the hash that a sign-in has made
/// meanwhile.
const OWN_ATTEMPTS: u32 = 3;

/// Accounts in the hands of their owners.
#[derive(Debug)]
pub struct Accounts {
    pub(super) users: Users,
    pub(super) audit: Audit,
    pub(super) sessions: Sessions,
    pub(super) passwords: Arc<Passwords>,
    pub(super) limits: Arc<Limits>,
    pub(super) devices: Arc<Devices>,
    pub(super) new: Arc<NewAccounts>,
    pub(super) changes: AccountChanges,
    pub(super) registration: Registration,
}

impl Accounts {
    /// Makes an account for a client that registers.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every fault, [`Error::EmailTaken`], [`Error::RegistrationClosed`],
    /// [`Error::Limited`], [`Error::Busy`], or an outage.
    pub async fn register(&self, context: &Context, new: NewAccount) -> Result<User, Error> {
        self.limits.admit(context).await?;
        if self.registration == Registration::Closed {
            return Err(Error::RegistrationClosed);
        }
        let user = self.new.prepare(context.client, new).await?;
        let event = ActingAs::owner(context, &user).event_on(Action::UserRegistered, &user, "");
        self.new.add(user, None, &event).await
    }

    /// The account of `caller`.
    ///
    /// # Errors
    /// [`Error::InvalidToken`] when it was deleted or disabled in the meantime.
    pub async fn user(&self, caller: &Caller) -> Result<User, Error> {
        let user = self.users.find(caller.user()).await?;
        user.filter(|user| user.disabled_at.is_none())
            .ok_or(Error::InvalidToken)
    }

    /// Replaces the caller's password and ends every other session. Gives the proof of the caller's
    /// device anew, because the one before died with the old password.
    ///
    /// # Errors
    /// [`Error::WrongPassword`], [`Error::Invalid`], [`Error::Limited`], [`Error::Busy`], or an
    /// outage.
    pub async fn change_password(
        &self,
        context: &Context,
        caller: &Caller,
        current: Password,
        new: Password,
    ) -> Result<SecretString, Error> {
        let user = self.confirm(context, caller, &current).await?;
        self.passwords
            .check_new(&new, &user.email, "new_password")?;
        let new = self.passwords.hash(context.client, new).await?;
        let event =
            ActingAs::owner(context, &user).event_on(Action::UserPasswordChanged, &user, "");
        let keep = Some(caller.session.id);
        // Before as well as after: when the sessions cannot be ended, nothing was changed yet.
        self.sessions.end_all(user.id, keep).await?;
        let change = |old| Change::OwnPassword {
            old,
            new: new.clone(),
        };
        let told = Some(SessionSync::End { keep });
        let client = context.client;
        let changed = self.alter_own(client, user, &current, change, &event, told);
        match changed.await {
            // Deleted meanwhile: no password is right any more.
            Err(Error::UserNotFound) => Err(Error::WrongPassword),
            done => self.devices.proof(&done?),
        }
    }

    /// Makes the changes that the caller asks for in the own account; gives it as it is then.
    ///
    /// # Errors
    /// [`Error::Invalid`], [`Error::Limited`], [`Error::InvalidToken`] when the account is gone; an outage.
    pub async fn change_profile(
        &self,
        context: &Context,
        caller: &Caller,
        display_name: MaybeUndefined<String>,
    ) -> Result<User, Error> {
        self.limits.admit(context).await?;
        let user = self.user(caller).await?;
        if display_name.is_undefined() {
            return Ok(user);
        }
        let name = display_name.take();
        let name = name.as_deref().map(DisplayName::try_from).transpose();
        let name = name.map_err(|bad| Error::Invalid(vec![bad_display_name(bad)]))?;
        // Neither name is in the event: erasure need not look for them.
        let detail = if name.is_some() {
            "name set"
        } else {
            "name removed"
        };
        let event =
            ActingAs::owner(context, &user).event_on(Action::UserProfileChanged, &user, detail);
        let changed = self
            .changes
            .alter(user.id, Change::DisplayName(name), None, event, None);
        match changed.await {
            Ok(changed) => Ok(changed.unwrap_or(user)),
            Err(Error::UserNotFound) => Err(Error::InvalidToken),
            Err(error) => Err(error),
        }
    }

    /// Deletes the caller's account and all it holds.
    ///
    /// # Errors
    /// [`Error::WrongPassword`], [`Error::LastAdministrator`], [`Error::Limited`],
    /// [`Error::Busy`], or an outage.
    pub async fn delete(
        &self,
        context: &Context,
        caller: &Caller,
        current: Password,
    ) -> Result<(), Error> {
        let user = self.confirm(context, caller, &current).await?;
        let event = ActingAs::owner(context, &user).event_on(Action::UserDeleted, &user, "");
        let (client, change) = (context.client, Change::DeleteOwn);
        let deleted = self.alter_own(client, user, &current, change, &event, END_ALL);
        match deleted.await {
            // Deleted meanwhile by another request, which was to do the same.
            Err(Error::UserNotFound) => Ok(()),
            done => done.map(drop),
        }
    }

    /// Makes a change that its owner confirmed by `password`, provided that it still is the password
    /// of `user` when the change is made. Gives the account as it is then.
    ///
    /// # Errors
    /// [`Error::WrongPassword`] when it is another one; otherwise as [`AccountChanges::alter`].
    async fn alter_own(
        &self,
        client: IpAddr,
        mut user: User,
        password: &Password,
        change: impl Fn(PasswordHash) -> Change,
        event: &Event,
        sync: Option<SessionSync>,
    ) -> Result<User, Error> {
        // Bounded: a client that signs in all the time must not keep the loop going.
        for _ in 0..OWN_ATTEMPTS {
            let old = user.password_hash.clone();
            let changed =
                self.changes
                    .alter(user.id, change(old.clone()), None, event.clone(), sync);
            if let Some(changed) = changed.await? {
                return Ok(changed);
            }
            // Another hash may be one of the same password, which a sign-in made meanwhile.
            let now = self.users.find(user.id).await?;
            let now = now.filter(|now| now.password_hash.expose() != old.expose());
            let now = now.ok_or(Error::WrongPassword)?;
            let checked = self.passwords.check(client, Some(now), password).await?;
            user = checked.ok_or(Error::WrongPassword)?.0;
        }
        Err(Error::WrongPassword)
    }

    /// The caller's account, if `password` is its password.
    async fn confirm(
        &self,
        context: &Context,
        caller: &Caller,
        password: &Password,
    ) -> Result<User, Error> {
        // Charged like a sign-in: a stolen token must not allow more guesses than a stranger has.
        let email = caller.session.owner.email.as_str();
        let device = self.devices.known(context, email).await?;
        let limits = &self.limits;
        limits.password_try(context, email, device.as_ref()).await?;
        refuse_nul(&[("current_password", password.expose())])?;
        let user = self.user(caller).await?;
        let refused =
            ActingAs::owner(context, &user).event_on(Action::UserPasswordRefused, &user, "");
        let checked = self
            .passwords
            .check(context.client, Some(user), password)
            .await?;
        let user = checked.map(|(user, _)| user);
        let judged = limits
            .password_judged(context, email, device.as_ref(), user.is_some())
            .await;
        if user.is_none() {
            self.audit.note(&refused).await;
        }
        judged?;
        user.ok_or(Error::WrongPassword)
    }
}
