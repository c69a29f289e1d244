//! Accounts as their owners, and those who run the server, make, change and delete them.

use secrecy::{ExposeSecret, SecretString};

use super::email::Email;
use super::error::Error;
use super::ids::UserId;
use super::sign_in::refuse_nul;
use super::users::User;
use super::{Auth, Caller};
use crate::config::Registration;
use crate::http::{Context, FieldError};

/// Longest name of a role, and most roles of one account: they travel in every token.
const MAX_ROLE_LENGTH: usize = 32;
const MAX_ROLES: usize = 16;

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
        self.create(email, password, &[]).await
    }

    /// Makes an account.
    ///
    /// # Errors
    /// As [`Auth::register`], but for its limits.
    pub async fn create(
        &self,
        email: &str,
        password: SecretString,
        roles: &[String],
    ) -> Result<User, Error> {
        refuse_nul(&[("email", email)])?;
        let roles = clean_roles(roles)?;
        let parsed = Email::try_from(email);
        // A stand-in lets the password's faults be told together with the e-mail's.
        let for_rules = parsed
            .clone()
            .or_else(|_| Email::try_from("nobody@invalid.invalid"));
        let for_rules = for_rules.map_err(|_| Error::Internal)?;
        let checked = self
            .0
            .hasher
            .check(&password, &for_rules, self.0.min_password, "password")
            .await;
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
        // Whether the e-mail is taken is asked after the hash, by the insert itself, so that the
        // answer takes as long either way.
        let user = User {
            id: UserId::random(),
            email,
            password_hash: self.0.hasher.hash(password).await?,
            roles,
            created_at: self.0.clock.now(),
            disabled_at: None,
            signed_out_at: None,
        };
        if self.0.users.add(&user).await? {
            Ok(user)
        } else {
            Err(Error::EmailTaken)
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
        self.0
            .hasher
            .check(&new, &user.email, self.0.min_password, "new_password")
            .await?;
        self.replace_password(&user, new, Some(caller)).await
    }

    /// Sets a password and ends all sessions but the caller's.
    pub(super) async fn replace_password(
        &self,
        user: &User,
        new: SecretString,
        caller: Option<&Caller>,
    ) -> Result<(), Error> {
        let hash = self.0.hasher.hash(new).await?;
        let keep = caller.map(|caller| caller.session.id);
        // Before as well as after: when the sessions cannot be ended, nothing was changed yet.
        self.0.sessions.end_all(user.id, keep).await?;
        let replaced = self
            .0
            .users
            .set_password(user.id, &user.password_hash, &hash)
            .await?;
        if !replaced {
            // Somebody else changed it a moment ago, so what was shown is right no longer.
            return Err(match caller {
                Some(_) => Error::WrongPassword,
                None => Error::InvalidResetToken,
            });
        }
        self.0.sessions.end_all(user.id, keep).await?;
        Ok(())
    }

    /// Deletes the caller's account and all it holds.
    ///
    /// # Errors
    /// [`Error::WrongPassword`], [`Error::Limited`], [`Error::Busy`], or an outage.
    pub async fn delete_account(
        &self,
        context: &Context,
        caller: &Caller,
        current: SecretString,
    ) -> Result<(), Error> {
        let user = self.confirm(context, caller, &current).await?;
        self.delete(&user).await
    }

    /// Deletes an account and all it holds.
    ///
    /// # Errors
    /// An outage; then nothing, or only the sessions, are gone.
    pub async fn delete(&self, user: &User) -> Result<(), Error> {
        self.0.sessions.end_all(user.id, None).await?;
        self.0.users.delete(user.id).await?;
        // A sign-in that was under way may have begun one more.
        self.0.sessions.end_all(user.id, None).await?;
        Ok(())
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
        if let Some(user) = self.check_password(Some(user), password).await? {
            return Ok(user);
        }
        self.0.limits.password_failed(context, email).await;
        Err(Error::WrongPassword)
    }

    /// Sets a password without the old one, and ends all sessions. For the command line.
    ///
    /// # Errors
    /// [`Error::Invalid`], or an outage.
    pub async fn set_password(&self, user: &User, new: SecretString) -> Result<(), Error> {
        self.0
            .hasher
            .check(&new, &user.email, self.0.min_password, "password")
            .await?;
        self.replace_password(user, new, None).await?;
        self.sign_out(user).await.map(drop)
    }

    /// Disables an account and ends its sessions, or enables it.
    ///
    /// # Errors
    /// An outage.
    pub async fn set_disabled(&self, user: &User, disabled: bool) -> Result<(), Error> {
        self.0.sessions.ready().await?;
        let at = disabled.then(|| self.0.clock.now());
        self.0.users.set_disabled(user.id, at).await?;
        if disabled {
            self.sign_out(user).await?;
        }
        Ok(())
    }

    /// Replaces an account's roles; its sessions have them from their next token on.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a name that cannot stand in a token; an outage.
    pub async fn set_roles(&self, user: &User, roles: &[String]) -> Result<Vec<String>, Error> {
        let roles = clean_roles(roles)?;
        self.0.sessions.ready().await?;
        self.0.users.set_roles(user.id, &roles).await?;
        self.0.sessions.set_roles(user.id, &roles).await?;
        Ok(roles)
    }

    /// Ends all sessions of an account; gives how many this process could see.
    ///
    /// # Errors
    /// An outage.
    pub async fn sign_out(&self, user: &User) -> Result<u64, Error> {
        self.0.sessions.ready().await?;
        // The mark in the database reaches servers whose sessions live in their own memory.
        self.0
            .users
            .set_signed_out(user.id, self.0.clock.now())
            .await?;
        Ok(self.0.sessions.end_all(user.id, None).await?)
    }
}

/// Roles in order, each once; letters, digits, `-`, `_`, `.` and `:`.
fn clean_roles(roles: &[String]) -> Result<Vec<String>, Error> {
    let good = |role: &String| {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.:".contains(c);
        (1..=MAX_ROLE_LENGTH).contains(&role.len()) && role.chars().all(allowed)
    };
    if roles.len() > MAX_ROLES || !roles.iter().all(good) {
        let message = format!(
            "a role is 1 to {MAX_ROLE_LENGTH} letters, digits, '-', '_', '.' or ':'; an account \
             has {MAX_ROLES} at most"
        );
        return Err(Error::Invalid(vec![FieldError::new(
            "roles",
            "invalid_role",
            message,
        )]));
    }
    let mut roles = roles.to_vec();
    roles.sort();
    roles.dedup();
    Ok(roles)
}
