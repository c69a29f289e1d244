//! Carries committed changes of accounts over to their sessions.

use std::time::Duration;

use super::Auth;
use super::error::Error;
use super::ids::{SessionId, UserId};
use super::users::{ADMIN, Administrator, Change, Outcome, User};
use crate::audit::Event;

/// Pause between two tries while the token store is away, and their number: two hours.
const RETRY: Duration = Duration::from_secs(2);
const RETRIES: usize = 3600;

/// Effect of a change on the sessions of its account.
#[derive(Clone, Copy, Debug)]
pub(super) enum SessionSync {
    /// They end, all but one.
    End {
        /// The session that stays: the one that asked for the change.
        keep: Option<SessionId>,
    },
    /// They get the roles of the account.
    Roles,
}

/// All sessions end.
pub(super) const END_ALL: Option<SessionSync> = Some(SessionSync::End { keep: None });

impl Auth {
    /// Changes the account `id`, records `event`, and carries the change over to the sessions. Goes
    /// on to the end when the client hangs up. Gives the account as it is now, and nothing where it
    /// was so already or the change was overtaken by another.
    ///
    /// # Errors
    /// [`Error::Forbidden`] when `administrator` is none any more; [`Error::UserNotFound`],
    /// [`Error::LastAdministrator`]; [`Error::SessionsUntold`] when the change is made and the token
    /// store went away before it heard of it; any other outage, when nothing was changed.
    pub(super) async fn alter(
        &self,
        id: UserId,
        change: Change,
        administrator: Option<Administrator>,
        event: Event,
        sync: Option<SessionSync>,
    ) -> Result<Option<User>, Error> {
        let auth = self.clone();
        let work = async move {
            // First, so that nothing is changed while the sessions cannot hear of it.
            auth.0.sessions.ready().await?;
            let users = &auth.0.users;
            let outcome = users.change(id, &change, administrator, &event).await?;
            let (done, due) = match outcome {
                Outcome::Done(user) => (Ok(Some(*user)), sync),
                // The time before may have been cut short: what is due is done again.
                Outcome::Unchanged => (Ok(None), sync),
                Outcome::NoAccount => (Err(Error::UserNotFound), END_ALL),
                Outcome::Overtaken => (Ok(None), None),
                Outcome::LastAdministrator => (Err(Error::LastAdministrator), None),
                Outcome::NotAdministrator => (Err(Error::Forbidden(ADMIN.to_owned())), None),
            };
            if let Some(due) = due {
                // After the row, so that a sign-in that was under way finds the change and ends its
                // own session.
                auth.sync_sessions(id, due).await?;
            }
            done
        };
        let done = self.0.tracker.spawn(work).await;
        done.unwrap_or(Err(Error::Internal))
    }

    /// Tells the sessions of an account of a change that is committed. Where the token store went
    /// away in between, this goes on in the background until it is back.
    async fn sync_sessions(&self, id: UserId, sync: SessionSync) -> Result<(), Error> {
        if self.tell_sessions(id, sync).await.is_ok() {
            return Ok(());
        }
        tracing::error!(user = %id, "sessions were not told of a change; it is tried again");
        let auth = self.clone();
        self.0.tracker.spawn(async move {
            for _ in 0..RETRIES {
                tokio::time::sleep(RETRY).await;
                if auth.tell_sessions(id, sync).await.is_ok() {
                    tracing::info!(user = %id, "the sessions are told of the change");
                    return;
                }
            }
        });
        Err(Error::SessionsUntold)
    }

    async fn tell_sessions(&self, id: UserId, sync: SessionSync) -> Result<(), Error> {
        let sessions = &self.0.sessions;
        match sync {
            SessionSync::End { keep } => sessions.end_all(id, keep).await.map(drop)?,
            SessionSync::Roles => {
                // Those of the row: somebody may have changed them once more.
                if let Some(user) = self.0.users.find(id).await? {
                    sessions.set_roles(id, &user.roles, user.version).await?;
                }
            }
        }
        Ok(())
    }
}
