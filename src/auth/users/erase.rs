//! Erasure of a person: the account is deleted, and the audit trail loses the e-mail, the addresses and the
//! user agents. Ids stay, so that the trail remains whole.

use sqlx::Row;

use super::notices::{self, Notice, SessionSync};
use super::rights::{Administrator, Refusal, has_admin, permit};
use super::row::{User, find_in};
use super::{Result, Users};
use crate::audit::{Actor, Erased, Event, Origin, Subject};
use crate::clock::Timestamp;
use crate::identity::{Email, UserId};
use crate::storage::Connection;

/// Events that one transaction takes the person out of: few enough to be done long before a call's
/// limit.
const BATCH: i64 = 500;

/// Outcome of an erasure.
#[derive(Debug)]
pub enum Erasure {
    /// Done.
    Done {
        /// The account, also one that was deleted before; none where the trail knew only the e-mail.
        account: Option<UserId>,
        /// The notice that was left for the sessions of the account.
        notice: Option<Notice>,
    },
    /// Nothing is kept of the e-mail.
    Unknown,
    /// Refused: no administrator who can sign in would be left.
    LastAdministrator,
    /// Refused: the caller is no longer an administrator, or their session has ended.
    NotAdministrator,
    /// Refused: the token store is away, so the session of the request could not be checked.
    SessionUnknown,
}

impl Users {
    /// Deletes the account of `email`, if there is one, takes the person out of the audit trail, and
    /// records `event`, in the name of `administrator`, if any.
    ///
    /// A long trail takes several transactions. The account goes in the last one, so that an erasure
    /// which an outage cuts short is repeated under the same address. Each of them checks the rights of
    /// the administrator and that another administrator would be left.
    pub async fn erase(
        &self,
        email: &Email,
        administrator: Option<&Administrator>,
        event: &Event,
        now: Timestamp,
    ) -> Result<Erasure> {
        let mut erased = Erased::default();
        // Known by its e-mail alone where the account is gone, and only until that is taken out.
        let mut former = None;
        while self
            .sql
            .run(async |pool| {
                let mut connection = pool.acquire().await?;
                let mut transaction = connection.begin().await?;
                if refusal(&mut transaction, email, administrator)
                    .await?
                    .is_some()
                {
                    // The last transaction tells it.
                    transaction.rollback().await?;
                    return Ok(false);
                }
                let audit = &self.audit;
                if former.is_none() {
                    former = audit.last_account_of(&mut transaction, email).await?;
                }
                let more = audit.erase(&mut transaction, email, BATCH, &mut erased);
                let more = more.await?;
                transaction.commit().await?;
                Ok(more)
            })
            .await?
        {}
        self.sql
            .run(async |pool| {
                let mut connection = pool.acquire().await?;
                let mut transaction = connection.begin().await?;
                if let Some(refusal) = refusal(&mut transaction, email, administrator).await? {
                    transaction.rollback().await?;
                    return Ok(refusal);
                }
                let user = by_email(&mut transaction, email).await?;
                let account = user.as_ref().map(|user| user.id);
                let account = account.or(former);
                if let Some(user) = &user {
                    let delete = sqlx::query("DELETE FROM users WHERE id = $1");
                    let delete = delete.bind(user.id.to_string());
                    delete.execute(&mut *transaction).await?;
                }
                // After the row: a sign-in that was under way holds it until its event is recorded.
                self.erase_trail(&mut transaction, email, &mut erased)
                    .await?;
                if user.is_none() && erased.events == 0 {
                    transaction.rollback().await?;
                    return Ok(Erasure::Unknown);
                }
                let event = describe(event, email, account, user.is_some(), erased.events);
                self.audit.insert(&mut transaction, &event).await?;
                let end = SessionSync::End { keep: None };
                let notice = user.map(|user| Notice::new(user.id, end, now));
                if let Some(notice) = &notice {
                    notices::write(&mut transaction, notice).await?;
                }
                transaction.commit().await?;
                Ok(Erasure::Done { account, notice })
            })
            .await
    }

    /// Takes the person out of all that is left of the trail.
    async fn erase_trail(
        &self,
        connection: &mut Connection,
        email: &Email,
        erased: &mut Erased,
    ) -> std::result::Result<(), sqlx::Error> {
        while self.audit.erase(connection, email, BATCH, erased).await? {}
        self.audit.erase_exports(connection, email, erased).await
    }

    /// Takes out of the trail what requests recorded that were under way during an erasure.
    pub async fn erase_late_events(&self, email: &Email) -> Result<()> {
        self.sql
            .run(async |pool| {
                let mut connection = pool.acquire().await?;
                let mut transaction = connection.begin().await?;
                let mut erased = Erased::default();
                self.erase_trail(&mut transaction, email, &mut erased)
                    .await?;
                transaction.commit().await
            })
            .await
    }
}

/// Why the erasure must not go on, if it must not. Takes the lock of all changes.
async fn refusal(
    connection: &mut Connection,
    email: &Email,
    administrator: Option<&Administrator>,
) -> std::result::Result<Option<Erasure>, sqlx::Error> {
    match permit(connection, administrator).await? {
        Ok(()) => {}
        Err(Refusal::NotAdministrator) => return Ok(Some(Erasure::NotAdministrator)),
        Err(Refusal::SessionUnknown) => return Ok(Some(Erasure::SessionUnknown)),
    }
    let user = by_email(connection, email).await?;
    let Some(user) = user.filter(|user| user.is_admin() && user.disabled_at.is_none()) else {
        return Ok(None);
    };
    let others = has_admin(connection, Some(user.id)).await?;
    Ok((!others).then_some(Erasure::LastAdministrator))
}

async fn by_email(
    connection: &mut Connection,
    email: &Email,
) -> std::result::Result<Option<User>, sqlx::Error> {
    let query = sqlx::query("SELECT id FROM users WHERE email = $1");
    let row = query
        .bind(email.as_str().to_owned())
        .fetch_optional(&mut *connection)
        .await?;
    let Some(row) = row else {
        return Ok(None);
    };
    let id: String = row.try_get("id")?;
    match id.parse() {
        Ok(id) => find_in(connection, id).await,
        Err(_) => Ok(None),
    }
}

/// The event without any trace of the person, who may be the administrator who asked.
fn describe(
    event: &Event,
    email: &Email,
    account: Option<UserId>,
    existed: bool,
    events: u64,
) -> Event {
    let mut event = event.clone();
    event.subject = account.map(|id| Subject {
        id: Some(id),
        email: None,
    });
    if let Actor::User { email: own, .. } = &mut event.actor
        && own.as_ref() == Some(email)
    {
        *own = None;
        event.origin = Origin {
            ip: String::new(),
            user_agent: String::new(),
            request_id: event.origin.request_id,
        };
    }
    let account = if existed { "the account" } else { "no account" };
    event.detail = format!("{account} and {events} events");
    event
}
