//! Accounts in SQL. One set of queries for SQLite and Postgres: `$1` placeholders, text ids,
//! bigint milliseconds. [`change`] holds the changes of accounts, [`erase`] their erasure, [`list`]
//! the lists of them, [`notices`] the changes that must reach sessions.

mod change;
mod erase;
mod list;
mod notices;
mod rights;
mod row;
mod state;
mod write;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use sqlx::Row;

use crate::audit::Audit;
use crate::auth::password::MAX_COST;
use crate::identity::{Email, UserId};
use crate::storage::{Sql, SqlError};

/// The table of accounts.
#[derive(Clone, Debug)]
pub struct Users {
    sql: Sql,
    audit: Audit,
    /// True once the log has told of a row that lists leave out.
    odd_row_told: Arc<AtomicBool>,
}

use self::rights::has_admin;
use self::row::{COLUMNS, read};

pub use self::change::Change;
pub use self::erase::Erasure;
pub use self::list::{BadPosition, Position, UserFilter, UserOrder};
pub use self::notices::{Notice, SessionSync};
pub use self::rights::Administrator;
pub use self::row::{ADMIN, User};
pub use self::state::UserState;
pub use self::write::{Deed, First, Outcome};

pub(super) use self::change::named;

type Result<T> = std::result::Result<T, SqlError>;

impl Users {
    /// The table in `sql`; changes are recorded in `audit`, which is in the same database.
    #[must_use]
    pub fn new(sql: Sql, audit: Audit) -> Self {
        Self {
            sql,
            audit,
            odd_row_told: Arc::default(),
        }
    }

    /// Checks for an administrator who can sign in.
    pub async fn any_administrator(&self) -> Result<bool> {
        self.sql
            .run(async |pool| {
                let mut connection = pool.acquire().await?;
                has_admin(&mut connection, None).await
            })
            .await
    }

    /// The account with an id.
    pub async fn find(&self, id: UserId) -> Result<Option<User>> {
        self.find_one("SELECT {} FROM users WHERE id = $1", id.to_string())
            .await
    }

    /// The account with an e-mail.
    pub async fn find_by_email(&self, email: &Email) -> Result<Option<User>> {
        // Postgres takes no U+0000, and nothing stored has one.
        if email.as_str().contains('\0') {
            return Ok(None);
        }
        self.find_one(
            "SELECT {} FROM users WHERE email = $1",
            email.as_str().to_owned(),
        )
        .await
    }

    /// The cost of the dearest bcrypt hash in the table, of those that are compared at all; `None`
    /// where there is none. One look into an index.
    pub async fn dearest_cost(&self) -> Result<Option<u32>> {
        // The expression stands in the same words in the index.
        let query = format!(
            "SELECT substr(password_hash, 5, 2) AS cost FROM users \
             WHERE substr(password_hash, 5, 2) BETWEEN '04' AND '{MAX_COST}' \
             ORDER BY substr(password_hash, 5, 2) DESC LIMIT 1"
        );
        let query = sqlx::query(sqlx::AssertSqlSafe(query));
        let row = self.sql.run(async |pool| query.fetch_optional(&pool).await);
        let cost = row.await?.map(|row| row.try_get::<String, _>("cost"));
        let cost = cost.transpose().map_err(SqlError::Refused)?;
        Ok(cost.and_then(|cost| cost.parse().ok()))
    }

    async fn find_one(&self, query: &str, key: String) -> Result<Option<User>> {
        let query = query.replace("{}", COLUMNS);
        let row = self
            .sql
            .run(async |pool| {
                sqlx::query(sqlx::AssertSqlSafe(query))
                    .bind(key)
                    .fetch_optional(&pool)
                    .await
            })
            .await?;
        row.as_ref()
            .map(read)
            .transpose()
            .map_err(SqlError::Refused)
    }
}
