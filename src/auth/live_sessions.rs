//! [`LiveSessions`]: sessions as they stand, seen and ended by their owners; and [`Caller`], whose
//! session was found standing.
//!
//! A session that has ended is recorded afterwards: signing out must not wait for a database.

use super::acting_as::ActingAs;
use super::error::Error;
use super::sessions::{Credential, Found, Listed, Owner, Page, Session, Sessions};
use super::users::{User, Users};
use crate::audit::{Action, Audit};
use crate::clock::Timestamp;
use crate::http::Context;
use crate::identity::{SessionId, UserId};

/// An authenticated client: by an access token or a session cookie.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The session that the token belongs to; it stands at this moment. Its times are those of the
    /// pair that an access token was issued with.
    pub session: Session,
}

impl Caller {
    /// The account.
    #[must_use]
    pub const fn user(&self) -> UserId {
        self.session.owner.user
    }

    /// Checks that the caller has `role` at this moment.
    #[must_use]
    pub fn has(&self, role: &str) -> bool {
        self.session.owner.roles.iter().any(|own| own == role)
    }

    /// Refuses a caller without `role`.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub fn demand(&self, role: &str) -> Result<(), Error> {
        if self.has(role) {
            return Ok(());
        }
        Err(Error::Forbidden(role.to_owned()))
    }
}

/// The sessions in the store, held against their accounts.
#[derive(Debug)]
pub struct LiveSessions {
    pub(super) sessions: Sessions,
    pub(super) users: Users,
    pub(super) audit: Audit,
    pub(super) grace_millis: i64,
}

impl LiveSessions {
    /// A page of the sessions of an account, as `viewer` may see them: with the viewer's own beside
    /// those of the first page, if it is one of them.
    ///
    /// # Errors
    /// An outage.
    pub async fn list(
        &self,
        viewer: Option<&Session>,
        user: UserId,
        page: Page,
    ) -> Result<Listed, Error> {
        let mut listed = self.sessions.list(user, self.grace_millis, page).await?;
        // The viewer's own with the times that the viewer's token knows, and always in one place: see
        // `Tokens::caller`.
        if let Some(own) = viewer.filter(|own| own.owner.user == user) {
            listed.sessions.retain(|session| session.id != own.id);
            if page.offset == 0 {
                listed.sessions.push(own.clone());
                listed.sort();
            }
        }
        Ok(listed)
    }

    /// Ends one of the caller's sessions.
    ///
    /// # Errors
    /// [`Error::SessionNotFound`] when the caller has no such session; an outage.
    pub async fn end_one(
        &self,
        context: &Context,
        caller: &Caller,
        id: SessionId,
    ) -> Result<(), Error> {
        let by = ActingAs::session(context, &caller.session);
        if self.end(id, &caller.session.owner, &by).await? {
            return Ok(());
        }
        Err(Error::SessionNotFound)
    }

    /// Ends all sessions of the caller's account but the caller's own; gives how many.
    ///
    /// # Errors
    /// An outage.
    pub async fn end_others(&self, context: &Context, caller: &Caller) -> Result<u64, Error> {
        let session = &caller.session;
        let ended = self
            .sessions
            .end_all(caller.user(), Some(session.id))
            .await?;
        if ended > 0 {
            let by = ActingAs::session(context, session);
            let event = by.event_on_session(Action::SessionsEnded, &session.owner, "all others");
            self.audit.note(&event).await;
        }
        Ok(ended)
    }

    /// Ends the session `id` of `owner`, and records it; false where there was none.
    pub(super) async fn end(
        &self,
        id: SessionId,
        owner: &Owner,
        by: &ActingAs,
    ) -> Result<bool, Error> {
        let ended = self.sessions.end(id, owner.user).await?;
        if ended {
            let event = by.event_on_session(Action::SessionEnded, owner, "");
            self.audit.note(&event).await;
        }
        Ok(ended)
    }

    /// A session that stands, if it does. Where sessions live in this process, the command line cannot
    /// end them; what it did to the account in the database ends them here.
    pub(super) async fn find(&self, id: SessionId, credential: Credential) -> Result<Found, Error> {
        let mut found = self.sessions.look_up(id, credential).await?;
        let Some(session) = found.session.as_mut() else {
            return Ok(found);
        };
        if self.sessions.is_local() {
            let user = self.account(session.owner.user, session.created_at);
            let Some(user) = user.await? else {
                self.sessions.end(id, session.owner.user).await?;
                found.session = None;
                return Ok(found);
            };
            // The command line may have changed them, too.
            session.owner.roles = user.roles;
        }
        Ok(found)
    }

    /// The account of a session that began at `began`; none where it is gone, disabled, or was signed
    /// out since.
    pub(super) async fn account(
        &self,
        user: UserId,
        began: Timestamp,
    ) -> Result<Option<User>, Error> {
        let user = self.users.find(user).await?;
        Ok(user.filter(|user| {
            user.disabled_at.is_none() && user.signed_out_at.is_none_or(|at| began > at)
        }))
    }
}
