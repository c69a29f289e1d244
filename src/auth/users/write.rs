//! Writes of accounts. Each change and its event are one transaction: there is no change without its
//! record, and no record of a change that did not happen. The rights of the administrator who asks
//! are read inside the same transaction.

use super::change::Change;
use super::notices::{self, Notice};
use super::rights::{Administrator, Refusal, begin, end_invitations, has_admin, lock};
use super::row::{User, find_in, insert};
use super::{Result, Users};
use crate::audit::Event;
use crate::auth::password::PasswordHash;
use crate::clock::Timestamp;
use crate::identity::UserId;

/// The outcome of a change.
#[derive(Debug)]
pub enum Outcome {
    /// Done: the account as it is now; a deleted one, as it was.
    Done(Box<User>),
    /// The account was so already.
    Unchanged,
    /// The account changed since the caller read it, and the change depends on what was read.
    Overtaken,
    /// There is no such account.
    NoAccount,
    /// Refused: no administrator who can sign in would be left.
    LastAdministrator,
    /// Refused: the caller is no longer an administrator, or their session has ended.
    NotAdministrator,
    /// Refused: the token store is away, so the session of the request could not be checked.
    SessionUnknown,
}

/// The outcome of adding the first administrator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum First {
    /// Added and recorded.
    Added,
    /// Refused: there is an administrator who can sign in.
    AdministratorExists,
    /// Refused: an account has the e-mail.
    EmailTaken,
}

/// The outcome of an administrative act that changes no account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Done and recorded.
    Done,
    /// It failed; nothing was recorded.
    Failed,
    /// Refused: the caller is no longer an administrator, or their session has ended.
    NotAdministrator,
    /// Refused: the token store is away, so the session of the request could not be checked.
    SessionUnknown,
}

impl Users {
    /// Adds an account; [`Outcome::Unchanged`] when its e-mail is taken.
    pub async fn add(
        &self,
        user: &User,
        administrator: Option<&Administrator>,
        event: &Event,
    ) -> Result<Outcome> {
        let insert = insert(user);
        self.sql
            .run(async |pool| {
                let mut connection = pool.acquire().await?;
                // Registrations need no lock: they neither use nor change anyone's rights.
                let begun = match administrator {
                    None => Ok(connection.begin().await?),
                    some => begin(&mut connection, some).await?,
                };
                let mut transaction = match begun {
                    Ok(transaction) => transaction,
                    Err(refusal) => return Ok(refusal.into()),
                };
                let done = insert.execute(&mut *transaction).await?;
                if done.rows_affected() != 1 {
                    transaction.rollback().await?;
                    return Ok(Outcome::Unchanged);
                }
                self.audit.insert(&mut transaction, event).await?;
                transaction.commit().await?;
                Ok(Outcome::Done(Box::new(user.clone())))
            })
            .await
    }

    /// Adds an administrator, unless there is one who can sign in. Reset tokens of others, who were
    /// invited before, are void: there is one first administrator.
    pub async fn add_first_administrator(&self, user: &User, event: &Event) -> Result<First> {
        let insert = insert(user);
        self.sql
            .run(async |pool| {
                let mut connection = pool.acquire().await?;
                let mut transaction = connection.begin().await?;
                lock(&mut transaction).await?;
                if has_admin(&mut transaction, None).await? {
                    transaction.rollback().await?;
                    return Ok(First::AdministratorExists);
                }
                let done = insert.execute(&mut *transaction).await?;
                if done.rows_affected() != 1 {
                    transaction.rollback().await?;
                    return Ok(First::EmailTaken);
                }
                end_invitations(&mut transaction, user.id).await?;
                self.audit.insert(&mut transaction, event).await?;
                transaction.commit().await?;
                Ok(First::Added)
            })
            .await
    }

    /// Makes void the reset tokens of all administrators but `besides` who have not used them.
    pub async fn end_invitations(&self, besides: UserId) -> Result<()> {
        self.sql
            .run(async |pool| end_invitations(&mut *pool.acquire().await?, besides).await)
            .await
    }

    /// Replaces the hash of an unchanged password, provided that the account is still as in `user`;
    /// false when it is not. A reset token that was made meanwhile is bound to the hash.
    pub async fn rehash(&self, user: &User, new: &PasswordHash) -> Result<bool> {
        let text = "UPDATE users SET password_hash = $1 \
                    WHERE id = $2 AND password_hash = $3 AND version = $4";
        let update = sqlx::query(text)
            .bind(new.expose().to_owned())
            .bind(user.id.to_string())
            .bind(user.password_hash.expose().to_owned())
            .bind(user.version);
        let done = self.sql.run(async |pool| update.execute(&pool).await);
        Ok(done.await?.rows_affected() == 1)
    }

    /// Records `event`, a sign-in at `at`, and when it was; false, and nothing recorded, when the account
    /// is gone. One transaction, so that no sign-in is recorded after an account was erased.
    pub async fn record_sign_in(&self, id: UserId, at: Timestamp, event: &Event) -> Result<bool> {
        // To the minute: an account that signs in all the time leaves its indexes alone.
        let update = sqlx::query(
            "UPDATE users SET last_sign_in_at = CASE WHEN last_sign_in_at > $1 - 60000 \
             THEN last_sign_in_at ELSE $1 END WHERE id = $2",
        );
        let update = update.bind(at.millis()).bind(id.to_string());
        self.sql
            .run(async |pool| {
                let mut connection = pool.acquire().await?;
                let mut transaction = connection.begin().await?;
                if update.execute(&mut *transaction).await?.rows_affected() != 1 {
                    transaction.rollback().await?;
                    return Ok(false);
                }
                self.audit.insert(&mut transaction, event).await?;
                transaction.commit().await?;
                Ok(true)
            })
            .await
    }

    /// Changes the account `id` in the name of `administrator`, if any, records `event`, and leaves
    /// `notice` for the sessions. Changes run one after another across all replicas, so that each
    /// sees the rights that the one before left.
    pub async fn change(
        &self,
        id: UserId,
        change: &Change,
        administrator: Option<&Administrator>,
        event: &Event,
        notice: Option<&Notice>,
    ) -> Result<Outcome> {
        let statement = change.statement(id);
        self.sql
            .run(async |pool| {
                let mut connection = pool.acquire().await?;
                let mut transaction = match begin(&mut connection, administrator).await? {
                    Ok(transaction) => transaction,
                    Err(refusal) => return Ok(refusal.into()),
                };
                let Some(before) = find_in(&mut transaction, id).await? else {
                    transaction.rollback().await?;
                    return Ok(Outcome::NoAccount);
                };
                let done = statement.execute(&mut *transaction).await?;
                if done.rows_affected() != 1 {
                    transaction.rollback().await?;
                    return Ok(if change.depends_on_read() {
                        Outcome::Overtaken
                    } else {
                        Outcome::Unchanged
                    });
                }
                // A reset is the way back in for the last one who forgot the password.
                let counted = before.is_admin()
                    && before.disabled_at.is_none()
                    && !matches!(change, Change::RequireReset(_));
                // Looked at after the change, in its transaction: two administrators who disable each other
                // at once wait for one lock, and the second is refused.
                if counted && !has_admin(&mut transaction, None).await? {
                    transaction.rollback().await?;
                    return Ok(Outcome::LastAdministrator);
                }
                let after = find_in(&mut transaction, id).await?;
                let event = change.describe(&before, event);
                self.audit.insert(&mut transaction, &event).await?;
                if let Some(notice) = notice {
                    notices::write(&mut transaction, notice).await?;
                }
                transaction.commit().await?;
                Ok(Outcome::Done(Box::new(after.unwrap_or(before))))
            })
            .await
    }

    /// Runs `deed` in the name of `administrator`, if any, and records `event`; records nothing when
    /// the deed gives false. All changes of accounts wait for it, and the whole must end within the
    /// time limit of [`Sql::run`](crate::storage::Sql::run).
    pub async fn record(
        &self,
        administrator: Option<&Administrator>,
        event: &Event,
        deed: impl Future<Output = bool> + Send,
    ) -> Result<Deed> {
        self.sql
            .run(async |pool| {
                let mut connection = pool.acquire().await?;
                let mut transaction = match begin(&mut connection, administrator).await? {
                    Ok(transaction) => transaction,
                    Err(refusal) => return Ok(refusal.into()),
                };
                // Before the deed: a record can be taken back, and a deed cannot.
                self.audit.insert(&mut transaction, event).await?;
                if !deed.await {
                    transaction.rollback().await?;
                    return Ok(Deed::Failed);
                }
                transaction.commit().await?;
                Ok(Deed::Done)
            })
            .await
    }
}

impl From<Refusal> for Deed {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NotAdministrator => Self::NotAdministrator,
            Refusal::SessionUnknown => Self::SessionUnknown,
        }
    }
}

impl From<Refusal> for Outcome {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NotAdministrator => Self::NotAdministrator,
            Refusal::SessionUnknown => Self::SessionUnknown,
        }
    }
}
