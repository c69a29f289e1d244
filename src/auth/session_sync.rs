//! Carries committed changes of accounts over to their sessions.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::Auth;
use super::error::Error;
use super::users::{ADMIN, Administrator, Change, Notice, Outcome, SessionSync, User};
use crate::audit::Event;
use crate::identity::UserId;

/// Pause between two looks for notices, and the age from which a server takes up those of others. A
/// change tells the sessions by itself in milliseconds; what is older was left over.
const PAUSE: Duration = Duration::from_secs(4);
const LEFT_OVER_MILLIS: i64 = 4000;

/// Ends all sessions.
pub(super) const END_ALL: Option<SessionSync> = Some(SessionSync::End { keep: None });

impl Auth {
    /// Changes the account `id`, records `event`, and carries the change over to the sessions. Goes
    /// on to the end when the client hangs up. Gives the account as it is now, and nothing where it
    /// was so already or the change was overtaken by another.
    ///
    /// # Errors
    /// [`Error::Forbidden`] when `administrator` no longer is one; [`Error::UserNotFound`],
    /// [`Error::LastAdministrator`]; [`Error::SessionsUntold`] when the change is made and the token
    /// store went away before the change reached it; any other outage, when nothing was changed.
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
            // First, so that nothing is changed while the change cannot reach the sessions.
            auth.0.sessions.ready().await?;
            let now = auth.0.sessions.now().await?;
            // Changes reach sessions in this process at once, or the sessions end with it.
            let lasting = sync.filter(|_| !auth.0.sessions.is_local());
            let notice = lasting.map(|sync| Notice::new(id, sync, now));
            let users = &auth.0.users;
            let changed =
                users.change(id, &change, administrator.as_ref(), &event, notice.as_ref());
            let (done, due) = match changed.await? {
                Outcome::Done(user) => match &notice {
                    Some(notice) => (auth.deliver(notice).await.map(|()| Some(*user)), None),
                    None => (Ok(Some(*user)), sync),
                },
                // The first attempt may have been cut short before the sessions heard: tell them again.
                Outcome::Unchanged => (Ok(None), sync),
                Outcome::NoAccount => (Err(Error::UserNotFound), END_ALL),
                Outcome::Overtaken => (Ok(None), None),
                Outcome::LastAdministrator => (Err(Error::LastAdministrator), None),
                Outcome::NotAdministrator => (Err(lacks_admin()), None),
                Outcome::SessionUnknown => (Err(Error::TokensUnavailable), None),
            };
            if let Some(due) = due {
                auth.tell_sessions(id, due).await?;
            }
            done
        };
        let done = self.0.tracker.spawn(work.in_current_span()).await;
        done.unwrap_or(Err(Error::Internal))
    }

    /// Delivers changes that have not reached the sessions, until `stop`: those that were made while
    /// the token store went away, by this server, another one, or the command line.
    pub async fn deliver_notices(self, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(PAUSE) => {}
            }
            // The pools have logged what is wrong.
            let Ok(now) = self.0.sessions.now().await else {
                continue;
            };
            let until = now.plus_millis(-LEFT_OVER_MILLIS);
            let Ok(notices) = self.0.users.notices(until).await else {
                continue;
            };
            for notice in notices {
                if self.deliver(&notice).await.is_err() {
                    break;
                }
                tracing::info!(user = %notice.user, "the sessions are told of the change");
            }
        }
    }

    /// Tells the sessions of an account of a change that is committed. After the row, so that a
    /// sign-in that was under way finds the change and ends its own session.
    pub(super) async fn deliver(&self, notice: &Notice) -> Result<(), Error> {
        if self.tell_sessions(notice.user, notice.sync).await.is_err() {
            tracing::error!(
                user = %notice.user,
                "sessions were not told of a change; it is tried again"
            );
            return Err(Error::SessionsUntold);
        }
        // A notice that is left over is delivered again.
        self.0.users.forget(notice).await.ok();
        Ok(())
    }

    pub(super) async fn tell_sessions(&self, id: UserId, sync: SessionSync) -> Result<(), Error> {
        let sessions = &self.0.sessions;
        match sync {
            SessionSync::End { keep } => sessions.end_all(id, keep).await.map(drop)?,
            SessionSync::Roles => {
                // The roles of the row: another change may have replaced them since.
                if let Some(user) = self.0.users.find(id).await? {
                    sessions.set_roles(id, &user.roles, user.version).await?;
                }
            }
        }
        Ok(())
    }
}

/// The error of a caller who lacks the role of administrators.
pub(super) fn lacks_admin() -> Error {
    Error::Forbidden(ADMIN.to_owned())
}
