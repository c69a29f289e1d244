//! Accounts in SQL. One set of queries for SQLite and Postgres: `$1` placeholders, text ids,
//! bigint milliseconds. [`change`] holds the changes of accounts, [`erase`] their erasure, [`list`]
//! the lists of them, [`notices`] what sessions must hear of changes.

mod change;
mod erase;
mod list;
mod notices;
mod rights;
mod statements;

use sqlx::Row;
use sqlx::any::AnyRow;

use crate::audit::Audit;
use crate::auth::password::{MAX_COST, PasswordHash};
use crate::clock::Timestamp;
use crate::identity::{Email, UserId};
use crate::storage::{Connection, Sql, SqlError};

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
    /// Since when its password opens nothing but the form for a new one.
    pub password_change_required_at: Option<Timestamp>,
    /// Since when its password opens nothing at all; see [`Self::needs_reset`].
    pub reset_required_at: Option<Timestamp>,
    /// Its last sign-in, give or take a minute; none where there was none.
    pub last_sign_in_at: Option<Timestamp>,
    /// Number of changes of the account. Signing in and rehashing are none.
    pub version: i64,
}

const COLUMNS: &str = "id, email, password_hash, roles, created_at, disabled_at, signed_out_at, \
                       password_change_required_at, reset_required_at, last_sign_in_at, version";

/// The role of those who manage accounts and see everything.
pub const ADMIN: &str = "admin";

impl User {
    /// Whether the account has the role [`ADMIN`].
    #[must_use]
    pub fn is_admin(&self) -> bool {
        self.roles.iter().any(|role| role == ADMIN)
    }

    /// True when a reset token alone leads to a new password.
    #[must_use]
    pub const fn needs_reset(&self) -> bool {
        // A server of the version before clears only the first when a password is set.
        self.password_change_required_at.is_some() && self.reset_required_at.is_some()
    }
}

/// The table of accounts.
#[derive(Clone, Debug)]
pub struct Users {
    sql: Sql,
    audit: Audit,
}

use self::rights::has_admin;

pub use self::change::{Change, Deed, First, Outcome};
pub use self::erase::Erasure;
pub use self::list::{BadPosition, Position, UserFilter, UserOrder, UserState};
pub use self::notices::{Notice, SessionSync};
pub use self::rights::Administrator;

type Result<T> = std::result::Result<T, SqlError>;

impl Users {
    /// The table in `sql`; changes are recorded in `audit`, which is in the same database.
    #[must_use]
    pub const fn new(sql: Sql, audit: Audit) -> Self {
        Self { sql, audit }
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
            .map(user)
            .transpose()
            .map_err(SqlError::Refused)
    }
}

/// The account with an id, as the transaction of `connection` sees it.
async fn find_in(
    connection: &mut Connection,
    id: UserId,
) -> std::result::Result<Option<User>, sqlx::Error> {
    let query = format!("SELECT {COLUMNS} FROM users WHERE id = $1");
    let row = sqlx::query(sqlx::AssertSqlSafe(query))
        .bind(id.to_string())
        .fetch_optional(connection)
        .await?;
    row.as_ref().map(user).transpose()
}

/// Roles in words.
pub(super) fn named(roles: &[String]) -> String {
    if roles.is_empty() {
        return "no role".to_owned();
    }
    roles.join(" ")
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
        email: Email::from_stored(row.try_get("email")?),
        password_hash: PasswordHash::from_stored(row.try_get("password_hash")?),
        roles: roles.split_whitespace().map(str::to_owned).collect(),
        created_at: moment("created_at")?.ok_or_else(|| broken("created_at"))?,
        disabled_at: moment("disabled_at")?,
        signed_out_at: moment("signed_out_at")?,
        password_change_required_at: moment("password_change_required_at")?,
        reset_required_at: moment("reset_required_at")?,
        last_sign_in_at: moment("last_sign_in_at")?.filter(|at| at.millis() > 0),
        version: row.try_get("version")?,
    })
}
