//! [`User`]: an account, and the row that it is.

use std::sync::atomic::{AtomicBool, Ordering};

use sqlx::any::{AnyArguments, AnyRow};
use sqlx::query::Query;
use sqlx::{Any, Row};

use crate::auth::password::PasswordHash;
use crate::clock::Timestamp;
use crate::identity::{DisplayName, Email, UserId};
use crate::storage::Connection;

pub(super) type Statement = Query<'static, Any, AnyArguments>;

/// An account.
#[derive(Clone, Debug)]
pub struct User {
    /// Its id.
    pub id: UserId,
    /// Its name to sign in with.
    pub email: Email,
    /// Its name for people; none where none was given.
    pub display_name: Option<DisplayName>,
    /// The hash of its password.
    pub password_hash: PasswordHash,
    /// Its roles, in order.
    pub roles: Vec<String>,
    /// Time of its creation.
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
    /// Number of changes of the account. Signing in, rehashing and the name are none.
    pub version: i64,
}

pub(super) const COLUMNS: &str = "id, email, display_name, password_hash, roles, created_at, disabled_at, signed_out_at, \
                       password_change_required_at, reset_required_at, last_sign_in_at, version";

/// The role of those who manage accounts and see everything.
pub const ADMIN: &str = "admin";

impl User {
    /// An account that has never been used.
    #[must_use]
    pub fn new(
        email: Email,
        password_hash: PasswordHash,
        roles: Vec<String>,
        created_at: Timestamp,
    ) -> Self {
        Self {
            id: UserId::random(),
            email,
            display_name: None,
            password_hash,
            roles,
            created_at,
            disabled_at: None,
            signed_out_at: None,
            password_change_required_at: None,
            reset_required_at: None,
            last_sign_in_at: None,
            version: 0,
        }
    }

    /// Checks for the role [`ADMIN`].
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

/// The account with an id, as the transaction of `connection` sees it.
pub(super) async fn find_in(
    connection: &mut Connection,
    id: UserId,
) -> std::result::Result<Option<User>, sqlx::Error> {
    let query = format!("SELECT {COLUMNS} FROM users WHERE id = $1");
    let row = sqlx::query(sqlx::AssertSqlSafe(query))
        .bind(id.to_string())
        .fetch_optional(connection)
        .await?;
    row.as_ref().map(read).transpose()
}

/// The statement that adds `user`, unless the e-mail is taken.
pub(super) fn insert(user: &User) -> Statement {
    sqlx::query(
        "INSERT INTO users (id, email, display_name, password_hash, roles, created_at, \
         password_change_required_at, reset_required_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (email) DO NOTHING",
    )
    .bind(user.id.to_string())
    .bind(user.email.as_str().to_owned())
    .bind(
        user.display_name
            .as_ref()
            .map(|name| name.as_str().to_owned()),
    )
    .bind(user.password_hash.expose().to_owned())
    .bind(user.roles.join(" "))
    .bind(user.created_at.millis())
    .bind(user.password_change_required_at.map(Timestamp::millis))
    .bind(user.reset_required_at.map(Timestamp::millis))
}

/// Reads an account of a list. None for a row whose id is not a UUID as aura writes it, which another
/// program must have written: neither a token nor a session can name it, and it must not hide the
/// accounts beside it. The first one is `told` in the log.
pub(super) fn read_or_skip(
    row: &AnyRow,
    told: &AtomicBool,
) -> std::result::Result<Option<User>, sqlx::Error> {
    let id: String = row.try_get("id")?;
    // Exactly as aura writes it: other spellings of a UUID parse, and no statement finds them again.
    if id.parse::<UserId>().is_ok_and(|own| own.to_string() == id) {
        return read(row).map(Some);
    }
    // Once: whoever looks at a list again must not fill the log.
    if !told.swap(true, Ordering::Relaxed) {
        tracing::warn!(
            id,
            "lists leave out a row of the table users: its id is not a UUID"
        );
    }
    Ok(None)
}

/// Reads an account.
pub(super) fn read(row: &AnyRow) -> std::result::Result<User, sqlx::Error> {
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
        display_name: row
            .try_get::<Option<String>, _>("display_name")?
            .map(DisplayName::from_stored),
        password_hash: PasswordHash::from_stored(row.try_get("password_hash")?),
        roles: roles.split_whitespace().map(str::to_owned).collect(),
        created_at: moment("created_at")?.ok_or_else(|| broken("created_at"))?,
        disabled_at: moment("disabled_at")?,
        signed_out_at: moment("signed_out_at")?,
        password_change_required_at: moment("password_change_required_at")?,
        reset_required_at: moment("reset_required_at")?,
        // Zero rather than null stands for none, so that an index can page through it.
        last_sign_in_at: moment("last_sign_in_at")?.filter(|at| at.millis() > 0),
        version: row.try_get("version")?,
    })
}
