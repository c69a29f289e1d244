//! Accounts as those who run the server make, change and delete them, and in whose name.

use std::time::Duration;

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

    /// The event of an action that is on nobody's account.
    #[must_use]
    pub fn did_something(&self, action: Action, detail: impl Into<String>) -> Event {
        Event {
            action,
            actor: self.actor.clone(),
            subject: None,
            origin: self.origin.clone(),
            detail: detail.into(),
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

    /// Deletes an account and all it holds.
    ///
    /// # Errors
    /// [`Error::LastAdministrator`]; an outage. One of the token store that begins in the middle
    /// leaves sessions of an account that is gone; they are ended as soon as the store is back.
    pub async fn delete(&self, user: &User, by: &By) -> Result<(), Error> {
        let (auth, id, event) = (self.clone(), user.id, by.did(Action::UserDeleted, user, ""));
        self.to_the_end(async move {
            auth.0.sessions.ready().await?;
            guard(auth.0.users.delete(id, &event).await?)?;
            // After the row, so that a sign-in that was under way finds none and ends its session.
            auth.carry_over(id, Carry::End).await.map(drop)
        })
        .await
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
        let action = if disabled {
            Action::UserDisabled
        } else {
            Action::UserEnabled
        };
        let (auth, user, event) = (self.clone(), user.clone(), by.did(action, user, ""));
        self.to_the_end(async move {
            auth.0.sessions.ready().await?;
            if !disabled {
                return Ok(auth.0.users.enable(user.id, &event).await.map(drop)?);
            }
            let now = auth.0.clock.now();
            guard(auth.0.users.disable(user.id, now, &event).await?)?;
            auth.forget_sessions(&user).await.map(drop)
        })
        .await
    }

    /// Replaces an account's roles; its sessions have them from their next token on. The same roles
    /// are no change, and no event.
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
        let detail = format!("from {} to {}", named(&user.roles), named(&roles));
        let event = by.did(Action::UserRolesChanged, user, detail);
        let (auth, id, same) = (self.clone(), user.id, user.roles == roles);
        self.to_the_end(async move {
            auth.0.sessions.ready().await?;
            if !same {
                guard(auth.0.users.set_roles(id, &roles, &event).await?)?;
            }
            auth.carry_over(id, Carry::Roles).await?;
            Ok(roles)
        })
        .await
    }

    /// Ends all sessions of an account; gives how many this process could see.
    ///
    /// # Errors
    /// An outage.
    pub async fn sign_out(&self, user: &User, by: &By) -> Result<u64, Error> {
        let event = by.did(Action::SessionsEnded, user, "all");
        let (auth, id) = (self.clone(), user.id);
        self.to_the_end(async move {
            auth.0.sessions.ready().await?;
            let now = auth.0.clock.now();
            auth.0.users.set_signed_out(id, now, Some(&event)).await?;
            auth.carry_over(id, Carry::End).await
        })
        .await
    }

    /// Makes the old password of an account good for nothing but choosing a new one, and ends all
    /// its sessions. Gives a token by which the owner can choose one without the old password; those
    /// that were made before are good for nothing now.
    ///
    /// # Errors
    /// An outage.
    pub async fn require_password_change(&self, user: &User, by: &By) -> Result<String, Error> {
        let event = by.did(Action::UserPasswordChangeRequired, user, "");
        let now = self.0.clock.now();
        let required = User {
            password_change_required_at: Some(now),
            ..user.clone()
        };
        let token = self.issue_reset_token(&required)?;
        let auth = self.clone();
        self.to_the_end(async move {
            auth.0.sessions.ready().await?;
            let users = &auth.0.users;
            users
                .require_password_change(required.id, now, &event)
                .await?;
            auth.carry_over(required.id, Carry::End).await
        })
        .await?;
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
        self.carry_over(user.id, Carry::End).await
    }

    /// Does `work` to its end, also when whoever asked for it has gone: a change that is committed
    /// must reach the sessions.
    async fn to_the_end<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> Result<T, Error> {
        let done = self.0.tracker.spawn(work).await;
        done.unwrap_or(Err(Error::Internal))
    }

    /// Tells the sessions of an account of a change that is committed. Where the token store went
    /// away in between, this goes on in the background until it is back.
    async fn carry_over(&self, id: UserId, carry: Carry) -> Result<u64, Error> {
        let told = self.tell_sessions(id, carry).await;
        if told.is_err() {
            tracing::error!(user = %id, "sessions were not told of a change; it is tried again");
            let auth = self.clone();
            self.0.tracker.spawn(async move {
                for _ in 0..RETRIES {
                    tokio::time::sleep(RETRY).await;
                    if auth.tell_sessions(id, carry).await.is_ok() {
                        tracing::info!(user = %id, "the sessions are told of the change");
                        return;
                    }
                }
            });
        }
        told
    }

    async fn tell_sessions(&self, id: UserId, carry: Carry) -> Result<u64, Error> {
        match carry {
            Carry::End => Ok(self.0.sessions.end_all(id, None).await?),
            Carry::Roles => {
                // Those of the row: somebody may have changed them once more.
                if let Some(user) = self.0.users.find(id).await? {
                    self.0.sessions.set_roles(id, &user.roles).await?;
                }
                Ok(0)
            }
        }
    }
}

/// How long until a token store that was away is tried again, and how often.
const RETRY: Duration = Duration::from_secs(2);
const RETRIES: usize = 1800;

/// What a change of an account means for its sessions.
#[derive(Clone, Copy, Debug)]
enum Carry {
    /// They end.
    End,
    /// They have the account's roles.
    Roles,
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
