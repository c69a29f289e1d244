//! What changes an account. Each change and its event are one transaction: there is no change that
//! nobody recorded, and no event of a change that did not happen.

use sqlx::any::AnyArguments;
use sqlx::query::Query;
use sqlx::{Any, AnyConnection, Connection};

use super::{ADMIN, Result, User, Users};
use crate::audit::Event;
use crate::auth::ids::UserId;
use crate::auth::password::PasswordHash;
use crate::clock::Timestamp;

type Statement = Query<'static, Any, AnyArguments>;

/// What came of a change that must leave an administrator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guarded {
    /// It is done.
    Done,
    /// There was no such account, or nothing to change.
    Nothing,
    /// It would have left no administrator who can sign in, so it was not done.
    LastAdministrator,
}

impl Users {
    /// Adds an account; false when its e-mail is taken.
    pub async fn add(&self, user: &User, event: &Event) -> Result<bool> {
        self.change(insert(user), Some(event)).await
    }

    /// Adds an account if it is the first; false when there is one already.
    pub async fn add_first(&self, user: &User, event: &Event) -> Result<bool> {
        let insert = insert(user);
        self.sql
            .run(async |pool| {
                let mut connection = pool.acquire().await?;
                let mut transaction = connection.begin().await?;
                lock(&mut transaction).await?;
                let known = sqlx::query("SELECT 1 FROM users LIMIT 1");
                if known.fetch_optional(&mut *transaction).await?.is_some() {
                    return Ok(false);
                }
                insert.execute(&mut *transaction).await?;
                self.audit.insert(&mut transaction, event).await?;
                transaction.commit().await?;
                Ok(true)
            })
            .await
    }

    /// Replaces the password's hash, provided that it is still `old`; false when it is not. Without
    /// an event the password itself is the same.
    pub async fn set_password(
        &self,
        id: UserId,
        old: &PasswordHash,
        new: &PasswordHash,
        event: Option<&Event>,
    ) -> Result<bool> {
        let text = match event {
            Some(_) => {
                "UPDATE users SET password_hash = $1, password_change_required_at = NULL \
                 WHERE id = $2 AND password_hash = $3"
            }
            None => "UPDATE users SET password_hash = $1 WHERE id = $2 AND password_hash = $3",
        };
        let update = sqlx::query(text)
            .bind(new.expose().to_owned())
            .bind(id.to_string())
            .bind(old.expose().to_owned());
        self.change(update, event).await
    }

    /// Sets the roles; the last administrator keeps the role.
    pub async fn set_roles(&self, id: UserId, roles: &[String], event: &Event) -> Result<Guarded> {
        let update = sqlx::query("UPDATE users SET roles = $1 WHERE id = $2")
            .bind(roles.join(" "))
            .bind(id.to_string());
        self.guarded(id, update, event).await
    }

    /// Disables the account since `at`; not the last administrator's.
    pub async fn disable(&self, id: UserId, at: Timestamp, event: &Event) -> Result<Guarded> {
        let update =
            sqlx::query("UPDATE users SET disabled_at = $1 WHERE id = $2 AND disabled_at IS NULL")
                .bind(at.millis())
                .bind(id.to_string());
        self.guarded(id, update, event).await
    }

    /// Enables the account; false when it was not disabled.
    pub async fn enable(&self, id: UserId, event: &Event) -> Result<bool> {
        let update = sqlx::query(
            "UPDATE users SET disabled_at = NULL WHERE id = $1 AND disabled_at IS NOT NULL",
        )
        .bind(id.to_string());
        self.change(update, Some(event)).await
    }

    /// Deletes the account; not the last administrator's.
    pub async fn delete(&self, id: UserId, event: &Event) -> Result<Guarded> {
        let delete = sqlx::query("DELETE FROM users WHERE id = $1").bind(id.to_string());
        self.guarded(id, delete, event).await
    }

    /// From `at` on the password opens nothing but the form for a new one, and every session that
    /// began before has ended.
    pub async fn require_password_change(
        &self,
        id: UserId,
        at: Timestamp,
        event: &Event,
    ) -> Result<bool> {
        let update = sqlx::query(
            "UPDATE users SET password_change_required_at = $1, signed_out_at = $2 WHERE id = $3",
        )
        .bind(at.millis())
        .bind(at.millis())
        .bind(id.to_string());
        self.change(update, Some(event)).await
    }

    /// Notes that every session that began before `at` has ended; without an event where that
    /// follows from another change.
    pub async fn set_signed_out(
        &self,
        id: UserId,
        at: Timestamp,
        event: Option<&Event>,
    ) -> Result<bool> {
        let update = sqlx::query("UPDATE users SET signed_out_at = $1 WHERE id = $2")
            .bind(at.millis())
            .bind(id.to_string());
        self.change(update, event).await
    }

    /// Makes a change and records it, if it is one to be recorded; false, and nothing recorded, when
    /// it changed nothing.
    async fn change(&self, statement: Statement, event: Option<&Event>) -> Result<bool> {
        self.sql
            .run(async |pool| {
                let mut connection = pool.acquire().await?;
                let mut transaction = connection.begin().await?;
                let done = statement.execute(&mut *transaction).await?;
                if done.rows_affected() != 1 {
                    return Ok(false);
                }
                if let Some(event) = event {
                    self.audit.insert(&mut transaction, event).await?;
                }
                transaction.commit().await?;
                Ok(true)
            })
            .await
    }

    /// Makes a change of the account `id` and records it, unless it takes the last administrator
    /// away. Two such changes at once wait for one another, on every replica.
    async fn guarded(&self, id: UserId, statement: Statement, event: &Event) -> Result<Guarded> {
        self.sql
            .run(async |pool| {
                let mut connection = pool.acquire().await?;
                let mut transaction = connection.begin().await?;
                lock(&mut transaction).await?;
                let was_admin = has_admin(&mut transaction, Some(id)).await?;
                let done = statement.execute(&mut *transaction).await?;
                if done.rows_affected() != 1 {
                    return Ok(Guarded::Nothing);
                }
                if was_admin && !has_admin(&mut transaction, None).await? {
                    return Ok(Guarded::LastAdministrator);
                }
                self.audit.insert(&mut transaction, event).await?;
                transaction.commit().await?;
                Ok(Guarded::Done)
            })
            .await
    }
}

/// Holds the lock of such changes to the end of the transaction. A row is a lock on both engines.
async fn lock(connection: &mut AnyConnection) -> std::result::Result<(), sqlx::Error> {
    sqlx::query("UPDATE locks SET taken = taken + 1 WHERE name = 'last_admin'")
        .execute(connection)
        .await
        .map(drop)
}

/// Whether the account `id`, or any, is an administrator's who can sign in.
async fn has_admin(
    connection: &mut AnyConnection,
    id: Option<UserId>,
) -> std::result::Result<bool, sqlx::Error> {
    // LIKE does not tell cases apart on SQLite, and a search for a text has two names.
    let any = "SELECT 1 FROM users WHERE disabled_at IS NULL \
               AND replace(' ' || roles || ' ', $1, '') <> ' ' || roles || ' '";
    let role = format!(" {ADMIN} ");
    let query = match id {
        None => sqlx::query(sqlx::AssertSqlSafe(format!("{any} LIMIT 1"))).bind(role),
        Some(id) => sqlx::query(sqlx::AssertSqlSafe(format!("{any} AND id = $2")))
            .bind(role)
            .bind(id.to_string()),
    };
    Ok(query.fetch_optional(connection).await?.is_some())
}

fn insert(user: &User) -> Statement {
    sqlx::query(
        "INSERT INTO users (id, email, password_hash, roles, created_at) \
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT (email) DO NOTHING",
    )
    .bind(user.id.to_string())
    .bind(user.email.as_str().to_owned())
    .bind(user.password_hash.expose().to_owned())
    .bind(user.roles.join(" "))
    .bind(user.created_at.millis())
}
