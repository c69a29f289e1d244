//! Seeing sessions, and ending them as their owners do.
//!
//! A session that has ended is recorded afterwards: signing out must not wait for a database.

use super::acting_as::ActingAs;
use super::error::Error;
use super::sessions::{Credential, Listed, Page, Session};
use super::{Auth, Caller};
use crate::audit::Action;
use crate::http::Context;
use crate::identity::{SessionId, UserId};

impl Auth {
    /// Ends the session of an access token. Ending it twice is no fault.
    ///
    /// # Errors
    /// [`Error::InvalidToken`] for a token that is not ours or has expired; an outage.
    pub async fn logout(&self, context: &Context, token: &str) -> Result<(), Error> {
        let claims = self.0.keyring.verify(token)?;
        // Whether the account stands is no matter here, and the database may be away.
        let sessions = &self.0.sessions;
        let found = sessions
            .look_up(claims.session(), Credential::Tokens)
            .await?;
        let session = self.session_of(&claims, found)?;
        if self.0.sessions.end(claims.session(), claims.user()).await?
            && let Some(session) = session
        {
            let by = ActingAs::session(context, &session);
            self.note(&by.event_on_session(Action::SessionEnded, &session.owner, ""))
                .await;
        }
        Ok(())
    }

    /// Ends all sessions of an access token's user. A token whose session has ended already ends
    /// nothing more, and that is no fault.
    ///
    /// # Errors
    /// [`Error::InvalidToken`] for a token that is not ours or has expired; an outage.
    pub async fn logout_all(&self, context: &Context, token: &str) -> Result<(), Error> {
        let claims = self.0.keyring.verify(token)?;
        let found = self.find(claims.session(), Credential::Tokens).await?;
        if let Some(session) = self.session_of(&claims, found)? {
            self.0.sessions.end_all(claims.user(), None).await?;
            let by = ActingAs::session(context, &session);
            self.note(&by.event_on_session(Action::SessionsEnded, &session.owner, "all"))
                .await;
        }
        Ok(())
    }

    /// Ends all sessions of the caller's account but the caller's own; gives how many.
    ///
    /// # Errors
    /// An outage.
    pub async fn end_other_sessions(
        &self,
        context: &Context,
        caller: &Caller,
    ) -> Result<u64, Error> {
        let session = &caller.session;
        let ended = self
            .0
            .sessions
            .end_all(caller.user(), Some(session.id))
            .await?;
        if ended > 0 {
            let by = ActingAs::session(context, session);
            self.note(&by.event_on_session(Action::SessionsEnded, &session.owner, "all others"))
                .await;
        }
        Ok(ended)
    }

    /// A page of the sessions of an account, as `viewer` may see them: with the viewer's own beside
    /// those of the first page, if it is one of them.
    ///
    /// # Errors
    /// An outage.
    pub async fn sessions_of(
        &self,
        viewer: Option<&Session>,
        user: UserId,
        page: Page,
    ) -> Result<Listed, Error> {
        let grace = self.0.grace_millis;
        let mut listed = self.0.sessions.list(user, grace, page).await?;
        // The viewer's own with the times that the viewer's token knows, and always in one place: see
        // `Auth::caller`.
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
    pub async fn end_session(
        &self,
        context: &Context,
        caller: &Caller,
        id: SessionId,
    ) -> Result<(), Error> {
        if !self.0.sessions.end(id, caller.user()).await? {
            return Err(Error::SessionNotFound);
        }
        let by = ActingAs::session(context, &caller.session);
        self.note(&by.event_on_session(Action::SessionEnded, &caller.session.owner, ""))
            .await;
        Ok(())
    }
}
