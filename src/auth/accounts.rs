//! Accounts as their owners make, change and delete them.

use std::net::IpAddr;

use poem_openapi::types::MaybeUndefined;
use secrecy::SecretString;

use super::account::NewAccount;
use super::acting_as::ActingAs;
use super::error::Error;
use super::password::{Password, PasswordHash};
use super::session_sync::END_ALL;
use super::users::{Change, SessionSync, User};
use super::{Auth, Caller, roles};
use crate::audit::{Action, Event};
use crate::config::Registration;
use crate::http::{Context, FieldError};
use crate::identity::{BadDisplayName, DisplayName, Email};

/// Tries of a change that its owner confirmed, each time with the hash that a sign-in has made
/// meanwhile.
const OWN_ATTEMPTS: u32 = 3;

impl Auth {
    /// Makes an account for a client that registers.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every fault, [`Error::EmailTaken`], [`Error::RegistrationClosed`],
    /// [`Error::Limited`], [`Error::Busy`], or an outage.
    pub async fn register(&self, context: &Context, new: NewAccount) -> Result<User, Error> {
        self.0.limits.call(context).await?;
        if self.0.registration == Registration::Closed {
            return Err(Error::RegistrationClosed);
        }
        let user = self.prepare(context.client, new).await?;
        let event = ActingAs::owner(context, &user).event_on(Action::UserRegistered, &user, "");
        self.add(user, None, &event).await
    }

    /// Makes an account that could be added: all of it follows the rules. A taken e-mail is found out
    /// after the hash, by the insert itself, so that the answer takes as long either way.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every fault.
    pub(super) async fn prepare(&self, client: IpAddr, new: NewAccount) -> Result<User, Error> {
        refuse_nul(&[("email", &new.email)])?;
        let roles = roles::clean(&new.roles)?;
        let mut faults = Vec::new();
        let email = Email::try_from(&*new.email).unwrap_or_else(|bad| {
            faults.push(FieldError::new("email", "invalid_email", bad.to_string()));
            // A stand-in lets the faults of the password be told together with this one.
            Email::from_stored("nobody@invalid.invalid".to_owned())
        });
        let display_name = new.display_name.as_deref().map(DisplayName::try_from);
        let display_name = display_name.transpose().unwrap_or_else(|bad| {
            faults.push(bad_display_name(bad));
            None
        });
        match self
            .0
            .passwords
            .check_new(&new.password, &email, "password")
        {
            Err(Error::Invalid(more)) => faults.extend(more),
            checked => checked?,
        }
        if !faults.is_empty() {
            return Err(Error::Invalid(faults));
        }
        let hash = self.0.passwords.hash(client, new.password).await?;
        Ok(User {
            display_name,
            ..User::new(email, hash, roles, self.0.clock.now())
        })
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
        self.0
            .passwords
            .check_new(&new, &user.email, "new_password")?;
        let new = self.0.passwords.hash(context.client, new).await?;
        let event =
            ActingAs::owner(context, &user).event_on(Action::UserPasswordChanged, &user, "");
        let keep = Some(caller.session.id);
        // Before as well as after: when the sessions cannot be ended, nothing was changed yet.
        self.0.sessions.end_all(user.id, keep).await?;
        let change = |old| Change::OwnPassword {
            old,
            new: new.clone(),
        };
        let told = Some(SessionSync::End { keep });
        let client = context.client;
        let changed = self.alter_own(client, user, &current, change, &event, told);
        match changed.await {
            Err(Error::UserNotFound) => Err(Error::WrongPassword),
            done => self.device_proof(&done?),
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
        self.0.limits.call(context).await?;
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
        let changed = self.alter(user.id, Change::DisplayName(name), None, event, None);
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
    pub async fn delete_account(
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
            Err(Error::UserNotFound) => Ok(()),
            done => done.map(drop),
        }
    }

    /// Makes a change that its owner confirmed by `password`, provided that it still is the password
    /// of `user` when the change is made. Gives the account as it is then.
    ///
    /// # Errors
    /// [`Error::WrongPassword`] when it is another one; otherwise as [`Auth::alter`].
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
            let changed = self.alter(user.id, change(old.clone()), None, event.clone(), sync);
            if let Some(changed) = changed.await? {
                return Ok(changed);
            }
            // Another hash may be one of the same password, which a sign-in made meanwhile.
            let now = self.0.users.find(user.id).await?;
            let now = now.filter(|now| now.password_hash.expose() != old.expose());
            let now = now.ok_or(Error::WrongPassword)?;
            let checked = self.0.passwords.check(client, Some(now), password).await?;
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
        let email = caller.session.owner.email.as_str();
        let device = self.known_device(context, email).await?;
        let limits = &self.0.limits;
        limits.password_try(context, email, device.as_ref()).await?;
        refuse_nul(&[("current_password", password.expose())])?;
        let user = self.user(caller).await?;
        let refused =
            ActingAs::owner(context, &user).event_on(Action::UserPasswordRefused, &user, "");
        let checked = self
            .0
            .passwords
            .check(context.client, Some(user), password)
            .await?;
        let user = checked.map(|(user, _)| user);
        let judged = limits
            .password_judged(context, email, device.as_ref(), user.is_some())
            .await;
        if user.is_none() {
            self.note(&refused).await;
        }
        judged?;
        user.ok_or(Error::WrongPassword)
    }
}

fn bad_display_name(bad: BadDisplayName) -> FieldError {
    FieldError::new("display_name", "invalid_display_name", bad.to_string())
}

/// The fault of a field that cannot even be compared with anything stored.
fn refuse_nul(fields: &[(&str, &str)]) -> Result<(), Error> {
    let faults: Vec<FieldError> = fields
        .iter()
        .filter(|(_, value)| value.contains('\0'))
        .map(|(name, _)| {
            FieldError::new(*name, "contains_nul", format!("{name} may not hold U+0000"))
        })
        .collect();
    if faults.is_empty() {
        Ok(())
    } else {
        Err(Error::Invalid(faults))
    }
}
