//! Accounts in SQL. One set of queries for SQLite and Postgres: `$1` placeholders, text ids,
//! bigint milliseconds.

use sqlx::Row;
use sqlx::any::AnyRow;

use super::email::Email;
use super::ids::UserId;
use super::password::PasswordHash;
use crate::clock::Timestamp;
use crate::storage::{Sql, SqlError};

/// An account.
#[derive(Clone, Debug)]
pub struct User {
    /// Its id.
    pub id: UserId,
    /// Its name to sign in with.
    pub email: Email,
    /// The hash of its password.
    pub password_hash: PasswordHash,
    /// What it may do.
    pub roles: Vec<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Since when it cannot sign in.
    pub disabled_at: Option<Timestamp>,
    /// Sessions that began before this moment have ended.
    pub signed_out_at: Option<Timestamp>,
}

const COLUMNS: &str = "id, email, password_hash, roles, created_at, disabled_at, signed_out_at";

/// The table of accounts.
#[derive(Clone, Debug)]
pub struct Users(Sql);

type Result<T> = std::result::Result<T, SqlError>;

impl Users {
    /// The table in `sql`.
    #[must_use]
    pub const fn new(sql: Sql) -> Self {
        Self(sql)
    }

    /// Adds an account; false when its e-mail is taken.
    pub async fn add(&self, user: &User) -> Result<bool> {
        let insert = sqlx::query(
            "INSERT INTO users (id, email, password_hash, roles, created_at) \
             VALUES ($1, $2, $3, $4, $5) ON CONFLICT (email) DO NOTHING",
        )
        .bind(user.id.to_string())
        .bind(user.email.as_str().to_owned())
        .bind(user.password_hash.expose().to_owned())
        .bind(user.roles.join(" "))
        .bind(user.created_at.millis());
        let done = self.0.run(async |pool| insert.execute(&pool).await).await?;
        Ok(done.rows_affected() == 1)
    }

    /// The account with an id.
    pub async fn find(&self, id: UserId) -> Result<Option<User>> {
        self.find_one("SELECT {} FROM users WHERE id = $1", id.to_string())
            .await
    }

    /// The account with an e-mail.
    pub async fn find_by_email(&self, email: &Email) -> Result<Option<User>> {
        self.find_one(
            "SELECT {} FROM users WHERE email = $1",
            email.as_str().to_owned(),
        )
        .await
    }

    async fn find_one(&self, query: &str, key: String) -> Result<Option<User>> {
        let query = query.replace("{}", COLUMNS);
        let row = self
            .0
            .run(async |pool| {
                sqlx::query(sqlx::AssertSqlSafe(query))
                    .bind(key)
                    .fetch_optional(&pool)
                    .await
            })
            .await?;
        row.as_ref()
            .map(user)
            .transpose()
            .map_err(SqlError::Refused)
    }

    /// Up to `limit` accounts in the order of their e-mails, from the first after `after`.
    pub async fn list(&self, after: &str, limit: i64) -> Result<Vec<User>> {
        let query = format!("SELECT {COLUMNS} FROM users WHERE email > $1 ORDER BY email LIMIT $2");
        let after = after.to_owned();
        let rows = self
            .0
            .run(async |pool| {
                let query = sqlx::query(sqlx::AssertSqlSafe(query))
                    .bind(after)
                    .bind(limit);
                query.fetch_all(&pool).await
            })
            .await?;
        rows.iter()
            .map(user)
            .collect::<std::result::Result<_, _>>()
            .map_err(SqlError::Refused)
    }

    /// Replaces the password's hash, provided that it is still `old`; false when it is not.
    pub async fn set_password(
        &self,
        id: UserId,
        old: &PasswordHash,
        new: &PasswordHash,
    ) -> Result<bool> {
        let update =
            sqlx::query("UPDATE users SET password_hash = $1 WHERE id = $2 AND password_hash = $3")
                .bind(new.expose().to_owned())
                .bind(id.to_string())
                .bind(old.expose().to_owned());
        let done = self.0.run(async |pool| update.execute(&pool).await).await?;
        Ok(done.rows_affected() == 1)
    }

    /// Sets the roles.
    pub async fn set_roles(&self, id: UserId, roles: &[String]) -> Result<bool> {
        let update = sqlx::query("UPDATE users SET roles = $1 WHERE id = $2")
            .bind(roles.join(" "))
            .bind(id.to_string());
        let done = self.0.run(async |pool| update.execute(&pool).await).await?;
        Ok(done.rows_affected() == 1)
    }

    /// Disables the account since `at`, or enables it.
    pub async fn set_disabled(&self, id: UserId, at: Option<Timestamp>) -> Result<bool> {
        let update = sqlx::query("UPDATE users SET disabled_at = $1 WHERE id = $2")
            .bind(at.map(Timestamp::millis))
            .bind(id.to_string());
        let done = self.0.run(async |pool| update.execute(&pool).await).await?;
        Ok(done.rows_affected() == 1)
    }

    /// Notes that every session that began before `at` has ended.
    pub async fn set_signed_out(&self, id: UserId, at: Timestamp) -> Result<bool> {
        let update = sqlx::query("UPDATE users SET signed_out_at = $1 WHERE id = $2")
            .bind(at.millis())
            .bind(id.to_string());
        let done = self.0.run(async |pool| update.execute(&pool).await).await?;
        Ok(done.rows_affected() == 1)
    }

    /// Deletes the account; false when there was none.
    pub async fn delete(&self, id: UserId) -> Result<bool> {
        let delete = sqlx::query("DELETE FROM users WHERE id = $1").bind(id.to_string());
        let done = self.0.run(async |pool| delete.execute(&pool).await).await?;
        Ok(done.rows_affected() == 1)
    }
}

fn user(row: &AnyRow) -> std::result::Result<User, sqlx::Error> {
    let broken = |column: &str| sqlx::Error::ColumnNotFound(format!("a valid {column}"));
    let moment = |column: &str| -> std::result::Result<Option<Timestamp>, sqlx::Error> {
        Ok(row
            .try_get::<Option<i64>, _>(column)?
            .map(Timestamp::from_millis))
    };
    let roles: String = row.try_get("roles")?;
    Ok(User {
        id: row
            .try_get::<String, _>("id")?
            .parse()
            .map_err(|_| broken("id"))?,
        email: Email::try_from(&*row.try_get::<String, _>("email")?)
            .map_err(|_| broken("email"))?,
        password_hash: PasswordHash::from_stored(row.try_get("password_hash")?),
        roles: roles.split_whitespace().map(str::to_owned).collect(),
        created_at: moment("created_at")?.ok_or_else(|| broken("created_at"))?,
        disabled_at: moment("disabled_at")?,
        signed_out_at: moment("signed_out_at")?,
    })
}
