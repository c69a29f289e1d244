//! Migrations inside the binary: run once under a lock, however many replicas start together.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use sqlx::error::DatabaseError;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::{Executor, Row};

use super::connection::Transaction;
use super::sql::is_outage;
use super::{Outage, Sql};
use crate::config::Engine;

static MIGRATOR: Migrator = sqlx::migrate!("src/storage/migrations");

/// Maximum time to wait for the connection of a migration.
const CONNECT_LIMIT: Duration = Duration::from_secs(2);

/// The limits of requests are not those of a migration, which may take its time. After the lock is
/// held, statements must see what its last holder committed.
const BEGIN_POSTGRES: &str = "BEGIN ISOLATION LEVEL READ COMMITTED; \
                              SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0; \
                              SET LOCAL idle_in_transaction_session_timeout = 0";

/// Takes the lock of writers at once, so that two processes migrate one after the other.
const BEGIN_SQLITE: &str = "BEGIN IMMEDIATE";

/// The table as the migrator of sqlx makes it, which keeps the record of older versions readable.
const TABLE_POSTGRES: &str = "CREATE TABLE IF NOT EXISTS _sqlx_migrations (\
                              version BIGINT PRIMARY KEY, description TEXT NOT NULL, \
                              installed_on TIMESTAMPTZ NOT NULL DEFAULT now(), \
                              success BOOLEAN NOT NULL, checksum BYTEA NOT NULL, \
                              execution_time BIGINT NOT NULL)";
const TABLE_SQLITE: &str = "CREATE TABLE IF NOT EXISTS _sqlx_migrations (\
                            version BIGINT PRIMARY KEY, description TEXT NOT NULL, \
                            installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, \
                            success BOOLEAN NOT NULL, checksum BLOB NOT NULL, \
                            execution_time BIGINT NOT NULL)";

/// State of the database's schema, as this binary needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schema {
    /// Everything is applied.
    Current,
    /// This many migrations are still to run.
    Pending(usize),
}

/// An error of looking at the schema, or of bringing it up to date.
#[derive(Debug, thiserror::Error)]
pub enum MigrationError {
    /// The database could not be asked: trying again may help.
    #[error("{0}")]
    Unavailable(Outage),
    /// The database, or what an earlier version left in it, does not permit it.
    #[error("{0}")]
    Refused(String),
}

/// Runs and counts the migrations of one database.
#[derive(Clone, Debug)]
pub struct Migrations {
    sql: Sql,
}

impl std::fmt::Display for Schema {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Current => f.write_str("the schema is current"),
            Self::Pending(1) => f.write_str("1 migration is pending"),
            Self::Pending(count) => write!(f, "{count} migrations are pending"),
        }
    }
}

impl Migrations {
    /// Those of `sql`; does no I/O.
    #[must_use]
    pub const fn new(sql: Sql) -> Self {
        Self { sql }
    }

    /// Applies what is pending in one transaction, which holds a lock: one process at a time does
    /// so, and the others wait and find nothing left. The lock is the transaction's, not the
    /// session's, so that it works behind a transaction pooler.
    ///
    /// # Errors
    /// [`MigrationError`]. Nothing is half applied.
    pub async fn run(&self) -> Result<(), MigrationError> {
        let mut outcome = self.attempt().await;
        for _ in 0..3 {
            match (&outcome, self.sql.engine()) {
                // SQLite waits for a lock no longer than a request may.
                (Err(_), Engine::Sqlite) => {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    outcome = self.attempt().await;
                }
                _ => break,
            }
        }
        match outcome {
            Ok(()) => {
                self.sql.answered(true);
                self.sql.set_migrated();
                Ok(())
            }
            Err(MigrateError::Execute(cause)) => Err(self.explain(&cause, "").await),
            Err(MigrateError::ExecuteMigration(cause, version)) => {
                let which = format!(" (migration {version})");
                Err(self.explain(&cause, &which).await)
            }
            Err(error) => Err(MigrationError::Refused(error.to_string())),
        }
    }

    /// Sorts errors: a database that could not be asked is another matter than one that said no. A
    /// file that cannot be opened is not such a case, because its path is a setting.
    async fn explain(&self, error: &sqlx::Error, which: &str) -> MigrationError {
        let outage = self.sql.explain(error).await;
        let code = error.as_database_error().and_then(DatabaseError::code);
        if is_outage(error) && code.as_deref() != Some("14") {
            MigrationError::Unavailable(outage)
        } else {
            MigrationError::Refused(format!("{outage}{which}"))
        }
    }

    async fn attempt(&self) -> Result<(), MigrateError> {
        self.sql.create_private_file();
        let (begin, table) = match self.sql.engine() {
            Engine::Sqlite => (BEGIN_SQLITE, TABLE_SQLITE),
            Engine::Postgres => (BEGIN_POSTGRES, TABLE_POSTGRES),
        };
        let mut connection = self.sql.connect(CONNECT_LIMIT, begin).await?;
        let mut transaction = connection.begin().await?;
        if self.sql.engine() == Engine::Postgres {
            lock(&mut transaction).await?;
        }
        sqlx::query(table).execute(&mut *transaction).await?;
        apply(&mut transaction).await?;
        transaction.commit().await?;
        connection.close().await;
        Ok(())
    }

    /// Compares what is applied with what this binary brings, and opens the pool to requests when
    /// nothing is missing. A database that is ahead of this binary counts as current: that is
    /// what a rolling update looks like from the old replica.
    ///
    /// # Errors
    /// [`MigrationError`] when the database could not be asked.
    pub async fn look(&self) -> Result<Schema, MigrationError> {
        let pending = match self.pending().await {
            Ok(pending) => pending,
            Err(error) => return Err(self.explain(&error, "").await),
        };
        self.sql.answered(true);
        if pending > 0 {
            return Ok(Schema::Pending(pending));
        }
        self.sql.set_migrated();
        Ok(Schema::Current)
    }

    /// Counts the migrations that are not applied.
    async fn pending(&self) -> Result<usize, sqlx::Error> {
        self.sql.create_private_file();
        let rows =
            sqlx::query("SELECT version FROM _sqlx_migrations").fetch_all(self.sql.health_pool());
        let rows = tokio::time::timeout(CONNECT_LIMIT, rows)
            .await
            .unwrap_or(Err(sqlx::Error::PoolTimedOut));
        let applied: HashSet<i64> = match rows {
            Ok(rows) => rows
                .iter()
                .map(|row| row.try_get(0))
                .collect::<Result<_, _>>()?,
            // The table itself comes with the first migration.
            Err(sqlx::Error::Database(error)) if is_missing_table(&*error) => HashSet::new(),
            Err(error) => return Err(error),
        };
        Ok(MIGRATOR
            .iter()
            .filter(|migration| !applied.contains(&migration.version))
            .count())
    }
}

/// Postgres: 42P01, undefined table. SQLite has one code for all such errors, so its text decides.
fn is_missing_table(error: &dyn DatabaseError) -> bool {
    error.code().is_some_and(|code| code == "42P01") || error.message().contains("no such table")
}

/// Waits for the lock of all migrators, older versions of this program among them: theirs is of the
/// session and has the same number, which they make of the database's name.
async fn lock(transaction: &mut Transaction<'_>) -> Result<(), sqlx::Error> {
    let name = sqlx::query("SELECT current_database()::text");
    let name: String = name.fetch_one(&mut **transaction).await?.try_get(0)?;
    let number = 0x3d32_ad9e * i64::from(crc32fast::hash(name.as_bytes()));
    sqlx::query("SELECT pg_advisory_xact_lock($1)::text")
        .bind(number)
        .execute(&mut **transaction)
        .await
        .map(drop)
}

/// Applies and records what is pending, after a look at what has been applied. A newer replica may
/// have been here: its additions are not this one's to judge.
async fn apply(transaction: &mut Transaction<'_>) -> Result<(), MigrateError> {
    let broken = sqlx::query("SELECT version FROM _sqlx_migrations WHERE success = false LIMIT 1");
    if let Some(row) = broken.fetch_optional(&mut **transaction).await? {
        return Err(MigrateError::Dirty(row.try_get(0)?));
    }
    let rows = sqlx::query("SELECT version, checksum FROM _sqlx_migrations")
        .fetch_all(&mut **transaction)
        .await?;
    let applied: HashMap<i64, Vec<u8>> = rows
        .iter()
        .map(|row| Ok((row.try_get(0)?, row.try_get(1)?)))
        .collect::<Result<_, sqlx::Error>>()?;
    for migration in MIGRATOR.iter() {
        match applied.get(&migration.version) {
            Some(checksum) if *checksum == *migration.checksum => continue,
            Some(_) => return Err(MigrateError::VersionMismatch(migration.version)),
            None => {}
        }
        let start = Instant::now();
        let applied = transaction.execute(migration.sql.clone()).await;
        applied.map_err(|error| MigrateError::ExecuteMigration(error, migration.version))?;
        let nanos = i64::try_from(start.elapsed().as_nanos()).unwrap_or(i64::MAX);
        sqlx::query(
            "INSERT INTO _sqlx_migrations \
             (version, description, success, checksum, execution_time) \
             VALUES ($1, $2, TRUE, $3, $4)",
        )
        .bind(migration.version)
        .bind(migration.description.to_string())
        .bind(migration.checksum.to_vec())
        .bind(nanos)
        .execute(&mut **transaction)
        .await?;
    }
    Ok(())
}
