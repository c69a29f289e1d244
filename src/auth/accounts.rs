//! Accounts as their owners make, change and delete them.

use std::net::IpAddr;

use secrecy::{ExposeSecret, SecretString};

use super::email::Email;
use super::error::Error;
use super::ids::UserId;
use super::manage::By;
use super::password;
use super::session_sync::END_ALL;
use super::sign_in::refuse_nul;
use super::users::{Change, SessionSync, User};
use super::{Auth, Caller};
use crate::audit::Action;
use crate::config::Registration;
use crate::http::{Context, FieldError};

impl Auth {
    /// Makes an account for whoever asks.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every fault, [`Error::EmailTaken`], [`Error::RegistrationClosed`],
    /// [`Error::Limited`], [`Error::Busy`], or an outage.
    pub async fn register(
        &self,
        context: &Context,
        email: &str,
        password: SecretString,
    ) -> Result<User, Error> {
        self.0.limits.call(context).await?;
        if self.0.registration == Registration::Closed {
            return Err(Error::RegistrationClosed);
        }
        let user = self
            .prepare(context.client, email, password, Vec::new())
            .await?;
        let event = By::owner(context, &user).did(Action::UserRegistered, &user, "");
        self.add(user, None, &event).await
    }

    /// An account that could be added: its e-mail and password follow the rules. Whether the e-mail
    /// is taken is asked after the hash, by the insert itself, so that the answer takes as long
    /// either way.
    pub(super) async fn prepare(
        &self,
        client: IpAddr,
        email: &str,
        password: SecretString,
        roles: Vec<String>,
    ) -> Result<User, Error> {
        refuse_nul(&[("email", email)])?;
        let parsed = Email::try_from(email);
        // A stand-in lets the password's faults be told together with the e-mail's.
        let for_rules = parsed
            .clone()
            .or_else(|_| Email::try_from("nobody@invalid.invalid"));
        let for_rules = for_rules.map_err(|_| Error::Internal)?;
        let checked = self.check_new_password(&password, &for_rules, "password");
        let email = match (parsed, checked) {
            (Ok(email), Ok(())) => email,
            (Ok(_), Err(error)) => return Err(error),
            (Err(bad), checked) => {
                let mut faults = vec![FieldError::new("email", "invalid_email", bad.to_string())];
                match checked {
                    Err(Error::Invalid(more)) => faults.extend(more),
                    Err(error) => return Err(error),
                    Ok(()) => {}
                }
                return Err(Error::Invalid(faults));
            }
        };
        Ok(User {
            id: UserId::random(),
            email,
            password_hash: self.0.hasher.hash(client, password).await?,
            roles,
            created_at: self.0.clock.now(),
            disabled_at: None,
            signed_out_at: None,
            password_change_required_at: None,
            reset_required_at: None,
            version: 0,
        })
    }

    /// Refuses a new password that breaks the rules of [`password::faults`]; `field` is the input's
    /// name for it. Runs on the spot: it is as cheap as parsing the request was, and must not wait
    /// behind hashes.
    ///
    /// # Errors
    /// [`Error::Invalid`] with the faults.
    pub(super) fn check_new_password(
        &self,
        password: &SecretString,
        email: &Email,
        field: &str,
    ) -> Result<(), Error> {
        let min_chars = self.0.min_password;
        let faults = password::faults(password.expose_secret(), email, min_chars, field);
        if faults.is_empty() {
            Ok(())
        } else {
            Err(Error::Invalid(faults))
        }
    }

    /// Replaces the caller's password and ends every other session.
    ///
    /// # Errors
    /// [`Error::WrongPassword`], [`Error::Invalid`], [`Error::Limited`], [`Error::Busy`], or an
    /// outage.
    pub async fn change_password(
        &self,
        context: &Context,
        caller: &Caller,
        current: SecretString,
        new: SecretString,
    ) -> Result<(), Error> {
        let user = self.confirm(context, caller, &current).await?;
        self.check_new_password(&new, &user.email, "new_password")?;
        let change = Change::OwnPassword {
            old: user.password_hash.clone(),
            new: self.0.hasher.hash(context.client, new).await?,
        };
        let event = By::owner(context, &user).did(Action::UserPasswordChanged, &user, "");
        let keep = Some(caller.session.id);
        // Before as well as after: when the sessions cannot be ended, nothing was changed yet.
        self.0.sessions.end_all(user.id, keep).await?;
        let told = SessionSync::End { keep };
        match self.alter(user.id, change, None, event, Some(told)).await {
            // Somebody else changed it a moment ago, so what was shown is right no longer.
            Ok(None) | Err(Error::UserNotFound) => Err(Error::WrongPassword),
            done => done.map(drop),
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
        current: SecretString,
    ) -> Result<(), Error> {
        let user = self.confirm(context, caller, &current).await?;
        let change = Change::DeleteOwn(user.password_hash.clone());
        let event = By::owner(context, &user).did(Action::UserDeleted, &user, "");
        match self.alter(user.id, change, None, event, END_ALL).await {
            Ok(None) => Err(Error::WrongPassword),
            Err(Error::UserNotFound) => Ok(()),
            done => done.map(drop),
        }
    }

    /// The caller's account, if `password` is its password.
    async fn confirm(
        &self,
        context: &Context,
        caller: &Caller,
        password: &SecretString,
    ) -> Result<User, Error> {
        let email = caller.session.owner.email.as_str();
        self.0.limits.password_try(context, email).await?;
        refuse_nul(&[("current_password", password.expose_secret())])?;
        let user = self.user(caller).await?;
        let refused = By::owner(context, &user).did(Action::UserPasswordRefused, &user, "");
        let user = self
            .check_password(context.client, Some(user), password)
            .await?;
        let limits = &self.0.limits;
        let judged = limits.password_judged(context, email, user.is_some()).await;
        if user.is_none() {
            self.note(&refused).await;
        }
        judged?;
        user.ok_or(Error::WrongPassword)
    }
}
