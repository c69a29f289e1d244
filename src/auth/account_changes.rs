//! [`AccountChanges`]: changes and erasures of accounts, each carried over to the sessions once it is
//! committed.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument;

use super::acting_as::ActingAs;
use super::error::Error;
use super::sessions::Sessions;
use super::users::{
    ADMIN, Administrator, Change, Erasure, Notice, Outcome, SessionSync, User, Users,
};
use crate::audit::{Action, Audit, Event};
use crate::identity::{Email, UserId};

/// Pause between two looks for notices, and the age from which a server takes up those of others. A
/// change tells the sessions by itself in milliseconds; what is older was left over.
const PAUSE: Duration = Duration::from_secs(4);
const LEFT_OVER_MILLIS: i64 = 4000;

/// Ends all sessions.
pub(super) const END_ALL: Option<SessionSync> = Some(SessionSync::End { keep: None });

/// Writes to accounts that their sessions must hear of; clones share the tasks.
#[derive(Clone, Debug)]
pub struct AccountChanges {
    pub(super) users: Users,
    pub(super) audit: Audit,
    pub(super) sessions: Sessions,
    /// Tasks that go on when the request which began them is dropped.
    pub(super) tracker: TaskTracker,
}

impl AccountChanges {
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
        let all = self.clone();
        self.run_detached(async move {
            // First, so that nothing is changed while the change cannot reach the sessions.
            all.sessions.ready().await?;
            let now = all.sessions.now().await?;
            // Changes reach sessions in this process at once, or the sessions end with it.
            let lasting = sync.filter(|_| !all.sessions.is_local());
            let notice = lasting.map(|sync| Notice::new(id, sync, now));
            let users = &all.users;
            let changed =
                users.change(id, &change, administrator.as_ref(), &event, notice.as_ref());
            let (done, due) = match changed.await? {
                Outcome::Done(user) => match &notice {
                    Some(notice) => (all.deliver(notice).await.map(|()| Some(*user)), None),
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
                all.tell_sessions(id, due).await?;
            }
            done
        })
        .await
    }

    /// Deletes the account of `email` and takes the person out of the audit trail, which keeps the ids.
    /// An account that was deleted before is erased, too, and so is an e-mail that somebody typed and
    /// that never had one. Goes on to the end when the client hangs up; may be repeated.
    ///
    /// # Errors
    /// [`Error::UserNotFound`] where nothing is kept of the e-mail; [`Error::Forbidden`],
    /// [`Error::LastAdministrator`]; [`Error::SessionsUntold`] when all is done but the token store
    /// went away before the change reached it; any other outage, when the account still stands.
    pub async fn erase(&self, email: &Email, by: &ActingAs) -> Result<(), Error> {
        let (all, email) = (self.clone(), email.clone());
        let event = by.event(Action::UserErased, "");
        let administrator = by.administrator.clone();
        self.run_detached(async move {
            // First, so that nothing is changed while the change cannot reach the sessions.
            all.sessions.ready().await?;
            let now = all.sessions.now().await?;
            let users = &all.users;
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
                (Some(notice), _) => all.deliver(notice).await,
                // The account was deleted before, and its sessions may have outlived it in an outage.
                (None, Some(id)) => {
                    let end = SessionSync::End { keep: None };
                    all.tell_sessions(id, end).await
                }
                (None, None) => Ok(()),
            };
            // Requests that were under way may have recorded the person after the trail was searched.
            users.erase_late_events(&email).await?;
            told
        })
        .await
    }

    /// Erases the person whose account has, or had, the id: see [`Self::erase`].
    ///
    /// # Errors
    /// As [`Self::erase`].
    pub async fn erase_account(&self, id: UserId, by: &ActingAs) -> Result<(), Error> {
        let email = if let Some(user) = self.users.find(id).await? {
            Some(user.email)
        } else {
            self.audit.email_of_deleted(id).await?
        };
        let Some(email) = email else {
            self.sessions.end_all(id, None).await?;
            return Err(Error::UserNotFound);
        };
        self.erase(&email, by).await
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
            let Ok(now) = self.sessions.now().await else {
                continue;
            };
            let until = now.plus_millis(-LEFT_OVER_MILLIS);
            let Ok(notices) = self.users.notices(until).await else {
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
    async fn deliver(&self, notice: &Notice) -> Result<(), Error> {
        if self.tell_sessions(notice.user, notice.sync).await.is_err() {
            tracing::error!(
                user = %notice.user,
                "sessions were not told of a change; it is tried again"
            );
            return Err(Error::SessionsUntold);
        }
        // A notice that is left over is delivered again.
        self.users.forget(notice).await.ok();
        Ok(())
    }

    async fn tell_sessions(&self, id: UserId, sync: SessionSync) -> Result<(), Error> {
        match sync {
            SessionSync::End { keep } => self.sessions.end_all(id, keep).await.map(drop)?,
            SessionSync::Roles => {
                // The roles of the row: another change may have replaced them since.
                if let Some(user) = self.users.find(id).await? {
                    let set = self.sessions.set_roles(id, &user.roles, user.version);
                    set.await?;
                }
            }
        }
        Ok(())
    }

    /// Runs `work` in a task of its own: the server drops a handler whose client hangs up, and a
    /// change that is committed must still reach the sessions.
    async fn run_detached<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> Result<T, Error> {
        let done = self.tracker.spawn(work.in_current_span()).await;
        // The task panicked.
        done.unwrap_or(Err(Error::Internal))
    }
}

/// The error of a caller who lacks the role of administrators.
pub(super) fn lacks_admin() -> Error {
    Error::Forbidden(ADMIN.to_owned())
}
