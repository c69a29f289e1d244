//! Migrations inside the binary: run once under a lock, however many replicas start together.

use std::collections::HashSet;
use std::time::Duration;

use sqlx::Row;
use sqlx::any::AnyPoolOptions;
use sqlx::error::DatabaseError;
use sqlx::migrate::{MigrateError, Migrator};

use super::Sql;
use super::sql::is_outage;
use crate::config::Engine;

static MIGRATOR: Migrator = sqlx::migrate!("src/storage/migrations");

/// How the database's schema stands to this binary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schema {
    /// Everything is applied.
    Current,
    /// This many migrations are still to run.
    Pending(usize),
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

    /// Applies what is pending. On Postgres an advisory lock lets one process at a time do so;
    /// the others wait and find nothing left.
    ///
    /// # Errors
    /// What the database said. Nothing is half applied: each migration is one transaction.
    pub async fn run(&self) -> Result<(), MigrateError> {
        // The pool's statement limit is for requests; a migration may take its time.
        let mut outcome = self.attempt().await;
        for _ in 0..3 {
            match (&outcome, self.sql.engine()) {
                // SQLite has no advisory lock: the loser of a race fails, and then finds it done.
                (Err(_), Engine::Sqlite) => {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    outcome = self.attempt().await;
                }
                _ => break,
            }
        }
        outcome?;
        self.sql.set_migrated();
        Ok(())
    }

    /// Whether trying again may help: the database could not be asked, rather than said no. A file
    /// that cannot be opened is not such a case, because its path is a setting.
    #[must_use]
    pub fn is_passing(error: &MigrateError) -> bool {
        let (MigrateError::Execute(cause) | MigrateError::ExecuteMigration(cause, _)) = error
        else {
            return false;
        };
        let code = cause.as_database_error().and_then(DatabaseError::code);
        is_outage(cause) && code.as_deref() != Some("14")
    }

    async fn attempt(&self) -> Result<(), MigrateError> {
        self.sql.create_private_file();
        let pool = AnyPoolOptions::new()
            .max_connections(1)
            .acquire_timeout(Duration::from_secs(2))
            .connect_with((*self.sql.health_pool().connect_options()).clone())
            .await?;
        let mut migrator = Migrator {
            migrations: MIGRATOR.migrations.clone(),
            ..Migrator::DEFAULT
        };
        // A newer replica has been here: its additions are not this one's to judge.
        migrator.set_ignore_missing(true);
        let outcome = migrator.run(&pool).await;
        pool.close().await;
        outcome
    }

    /// Compares what is applied with what this binary brings, and opens the pool to requests when
    /// nothing is missing. A database that is ahead of this binary counts as current: that is
    /// what a rolling update looks like from the old replica.
    ///
    /// # Errors
    /// What the database said when it could not be asked.
    pub async fn look(&self) -> Result<Schema, sqlx::Error> {
        self.sql.create_private_file();
        let rows = sqlx::query("SELECT version FROM _sqlx_migrations")
            .fetch_all(&self.sql.health_pool())
            .await;
        let applied: HashSet<i64> = match rows {
            Ok(rows) => rows
                .iter()
                .map(|row| row.try_get(0))
                .collect::<Result<_, _>>()?,
            // The table itself comes with the first migration.
            Err(sqlx::Error::Database(error)) if is_missing_table(&*error) => HashSet::new(),
            Err(error) => return Err(error),
        };
        let pending = MIGRATOR
            .iter()
            .filter(|migration| !applied.contains(&migration.version))
            .count();
        if pending > 0 {
            return Ok(Schema::Pending(pending));
        }
        self.sql.set_migrated();
        Ok(Schema::Current)
    }
}

/// Postgres: 42P01, undefined table. SQLite has one code for all such errors, so its text decides.
fn is_missing_table(error: &dyn DatabaseError) -> bool {
    error.code().is_some_and(|code| code == "42P01") || error.message().contains("no such table")
}
