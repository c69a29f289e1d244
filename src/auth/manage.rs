//! Accounts as those who run the server make, change and delete them, and in whose name.

use secrecy::SecretString;

use super::error::Error;
use super::ids::UserId;
use super::sessions::{Owner, Session};
use super::users::{Guarded, User};
use super::{Auth, roles};
use crate::audit::{Action, Actor, Event, Origin, Subject};
use crate::http::Context;

/// In whose name something is done, and from where.
#[derive(Clone, Debug)]
pub struct By {
    /// Who.
    pub actor: Actor,
    /// From where.
    pub origin: Origin,
}

impl By {
    /// Whoever runs a command on the server's machine.
    #[must_use]
    pub fn command_line() -> Self {
        Self {
            actor: Actor::CommandLine,
            origin: Origin::command_line(),
        }
    }

    /// Whoever is signed in with `session`.
    #[must_use]
    pub fn session(context: &Context, session: &Session) -> Self {
        Self {
            actor: actor(session.owner.user, session.owner.email.as_str()),
            origin: Origin::from(context),
        }
    }

    /// The owner of an account.
    pub(super) fn owner(context: &Context, user: &User) -> Self {
        Self {
            actor: actor(user.id, user.email.as_str()),
            origin: Origin::from(context),
        }
    }

    /// The event of an action on the account of `user`.
    pub(super) fn did(&self, action: Action, user: &User, detail: impl Into<String>) -> Event {
        self.event(action, user.id, user.email.as_str(), detail.into())
    }

    /// The event of an action on a session of `owner`.
    pub(super) fn did_to(&self, action: Action, owner: &Owner, detail: impl Into<String>) -> Event {
        self.event(action, owner.user, owner.email.as_str(), detail.into())
    }

    fn event(&self, action: Action, id: UserId, email: &str, detail: String) -> Event {
        Event {
            action,
            actor: self.actor.clone(),
            subject: Some(Subject {
                id: Some(id.uuid()),
                email: email.to_owned(),
            }),
            origin: self.origin.clone(),
            detail,
        }
    }
}

fn actor(id: UserId, email: &str) -> Actor {
    Actor::User {
        id: id.uuid(),
        email: email.to_owned(),
    }
}

impl Auth {
    /// Makes an account.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every fault, [`Error::EmailTaken`], [`Error::Busy`], or an outage.
    pub async fn create(
        &self,
        email: &str,
        password: SecretString,
        roles: &[String],
        by: &By,
    ) -> Result<User, Error> {
        let roles = roles::clean(roles)?;
        let user = self.prepare(email, password, roles).await?;
        let event = by.did(Action::UserCreated, &user, named(&user.roles));
        if self.0.users.add(&user, &event).await? {
            Ok(user)
        } else {
            Err(Error::EmailTaken)
        }
    }

    /// Makes the first account, an administrator's; refused as soon as there is any.
    ///
    /// # Errors
    /// [`Error::RegistrationClosed`] when there is an account; otherwise as [`Auth::create`].
    pub async fn create_first_administrator(
        &self,
        context: &Context,
        email: &str,
        password: SecretString,
    ) -> Result<User, Error> {
        self.0.limits.call(context).await?;
        let roles = vec![super::users::ADMIN.to_owned()];
        let user = self.prepare(email, password, roles).await?;
        let event = By::owner(context, &user).did(Action::UserFirstAdministrator, &user, "");
        if self.0.users.add_first(&user, &event).await? {
            Ok(user)
        } else {
            Err(Error::RegistrationClosed)
        }
    }

    /// The account with an id.
    ///
    /// # Errors
    /// [`Error::UserNotFound`]; an outage.
    pub async fn find_user(&self, id: UserId) -> Result<User, Error> {
        self.0.users.find(id).await?.ok_or(Error::UserNotFound)
    }

    /// Deletes an account and all it holds.
    ///
    /// # Errors
    /// [`Error::LastAdministrator`]; an outage: then the account stands, and perhaps some of its
    /// sessions have ended.
    pub async fn delete(&self, user: &User, by: &By) -> Result<(), Error> {
        self.0.sessions.ready().await?;
        let event = by.did(Action::UserDeleted, user, "");
        guard(self.0.users.delete(user.id, &event).await?)?;
        // After the row, so that a sign-in that was under way finds none and ends its own session.
        self.0.sessions.end_all(user.id, None).await?;
        Ok(())
    }

    /// Sets a password without the old one, and ends all sessions.
    ///
    /// # Errors
    /// [`Error::Invalid`], or an outage.
    pub async fn set_password(&self, user: &User, new: SecretString, by: &By) -> Result<(), Error> {
        self.0
            .hasher
            .check(&new, &user.email, self.0.min_password, "password")
            .await?;
        let event = by.did(Action::UserPasswordSet, user, "");
        self.replace_password(user, new, None, &event).await?;
        self.forget_sessions(user).await.map(drop)
    }

    /// Disables an account and ends its sessions, or enables it. What is so already is no fault,
    /// and no event.
    ///
    /// # Errors
    /// [`Error::LastAdministrator`]; an outage.
    pub async fn set_disabled(&self, user: &User, disabled: bool, by: &By) -> Result<(), Error> {
        self.0.sessions.ready().await?;
        if !disabled {
            let event = by.did(Action::UserEnabled, user, "");
            self.0.users.enable(user.id, &event).await?;
            return Ok(());
        }
        let event = by.did(Action::UserDisabled, user, "");
        let now = self.0.clock.now();
        guard(self.0.users.disable(user.id, now, &event).await?)?;
        self.forget_sessions(user).await.map(drop)
    }

    /// Replaces an account's roles; its sessions have them from their next token on.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a name that cannot stand in a token; [`Error::LastAdministrator`];
    /// an outage.
    pub async fn set_roles(
        &self,
        user: &User,
        roles: &[String],
        by: &By,
    ) -> Result<Vec<String>, Error> {
        let roles = roles::clean(roles)?;
        self.0.sessions.ready().await?;
        let detail = format!("from {} to {}", named(&user.roles), named(&roles));
        let event = by.did(Action::UserRolesChanged, user, detail);
        guard(self.0.users.set_roles(user.id, &roles, &event).await?)?;
        self.0.sessions.set_roles(user.id, &roles).await?;
        Ok(roles)
    }

    /// Ends all sessions of an account; gives how many this process could see.
    ///
    /// # Errors
    /// An outage.
    pub async fn sign_out(&self, user: &User, by: &By) -> Result<u64, Error> {
        self.0.sessions.ready().await?;
        let now = self.0.clock.now();
        let event = by.did(Action::SessionsEnded, user, "all");
        self.0
            .users
            .set_signed_out(user.id, now, Some(&event))
            .await?;
        Ok(self.0.sessions.end_all(user.id, None).await?)
    }

    /// Makes the old password of an account good for nothing but choosing a new one, and ends all
    /// its sessions. Gives a token by which the owner can choose one without the old password.
    ///
    /// # Errors
    /// An outage.
    pub async fn require_password_change(&self, user: &User, by: &By) -> Result<String, Error> {
        self.0.sessions.ready().await?;
        let token = self.issue_reset_token(user)?;
        let event = by.did(Action::UserPasswordChangeRequired, user, "");
        let now = self.0.clock.now();
        self.0
            .users
            .require_password_change(user.id, now, &event)
            .await?;
        self.0.sessions.end_all(user.id, None).await?;
        Ok(token)
    }

    /// The sessions of an account, newest first.
    ///
    /// # Errors
    /// An outage.
    pub async fn sessions_of(&self, user: UserId) -> Result<Vec<Session>, Error> {
        Ok(self.0.sessions.list(user, self.0.clock.now()).await?)
    }

    /// Ends all sessions of an account as a part of something else.
    async fn forget_sessions(&self, user: &User) -> Result<u64, Error> {
        // The mark in the database reaches servers whose sessions live in their own memory.
        let now = self.0.clock.now();
        self.0.users.set_signed_out(user.id, now, None).await?;
        Ok(self.0.sessions.end_all(user.id, None).await?)
    }
}

fn guard(outcome: Guarded) -> Result<(), Error> {
    match outcome {
        Guarded::Done | Guarded::Nothing => Ok(()),
        Guarded::LastAdministrator => Err(Error::LastAdministrator),
    }
}

/// Roles in words.
fn named(roles: &[String]) -> String {
    if roles.is_empty() {
        return "no role".to_owned();
    }
    roles.join(" ")
}
