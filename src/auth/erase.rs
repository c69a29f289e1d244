//! Erasure of a person: the account and what the audit trail keeps of the person.

use tracing::Instrument;

use super::Auth;
use super::acting_as::ActingAs;
use super::error::Error;
use super::session_sync::lacks_admin;
use super::users::{Erasure, SessionSync};
use crate::audit::Action;
use crate::identity::{Email, UserId};

impl Auth {
    /// Deletes the account of `email` and takes the person out of the audit trail, which keeps the ids.
    /// An account that was deleted before is erased, too, and so is an e-mail that somebody typed and
    /// that never had one. Goes on to the end when the client hangs up; may be repeated.
    ///
    /// # Errors
    /// [`Error::UserNotFound`] where nothing is kept of the e-mail; [`Error::Forbidden`],
    /// [`Error::LastAdministrator`]; [`Error::SessionsUntold`] when all is done but the token store
    /// went away before the change reached it; any other outage, when the account still stands.
    pub async fn erase(&self, email: &Email, by: &ActingAs) -> Result<(), Error> {
        let (auth, email) = (self.clone(), email.clone());
        let event = by.event(Action::UserErased, "");
        let administrator = by.administrator.clone();
        let work = async move {
            // First, so that nothing is changed while the change cannot reach the sessions.
            auth.0.sessions.ready().await?;
            let now = auth.0.sessions.now().await?;
            let users = &auth.0.users;
            let erasure = users
                .erase(&email, administrator.as_ref(), &event, now)
                .await?;
            let (account, notice) = match erasure {
                Erasure::Done { account, notice } => (account, notice),
                Erasure::Unknown => return Err(Error::UserNotFound),
                Erasure::LastAdministrator => return Err(Error::LastAdministrator),
                Erasure::NotAdministrator => return Err(lacks_admin()),
                Erasure::SessionUnknown => return Err(Error::TokensUnavailable),
            };
            let told = match (&notice, account) {
                (Some(notice), _) => auth.deliver(notice).await,
                (None, Some(id)) => {
                    auth.tell_sessions(id, SessionSync::End { keep: None })
                        .await
                }
                (None, None) => Ok(()),
            };
            // Requests that were under way may have recorded the person after the trail was searched.
            users.erase_late_events(&email).await?;
            told
        };
        let done = self.0.tracker.spawn(work.in_current_span()).await;
        done.unwrap_or(Err(Error::Internal))
    }

    /// Erases the person whose account has, or had, the id: see [`Self::erase`].
    ///
    /// # Errors
    /// As [`Self::erase`].
    pub async fn erase_account(&self, id: UserId, by: &ActingAs) -> Result<(), Error> {
        let email = if let Some(user) = self.0.users.find(id).await? {
            Some(user.email)
        } else {
            self.0.audit.email_of_deleted(id).await?
        };
        let Some(email) = email else {
            self.0.sessions.end_all(id, None).await?;
            return Err(Error::UserNotFound);
        };
        self.erase(&email, by).await
    }
}
