//! The SQL pool: one set of queries for SQLite and Postgres, every call bounded in time.

use std::future::Future;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use sqlx::Row;
use tokio_util::task::TaskTracker;

use super::BadUrl;
use super::address::{Address, IS_READ_ONLY, NO_WRITES};
use super::connection::{Connection, ends_connection};
use super::outage::{Availability, Outage, sql as outage};
use super::pool::Pool;
use crate::clock::Timestamp;
use crate::config::{Database, DatabaseUrl, Engine, sqlite_file};

/// Time limit of a call in all: a client hears of an outage within two seconds.
const CALL_LIMIT: Duration = Duration::from_millis(1700);

/// Maximum time to look for the cause of a time-out.
const LOOK_LIMIT: Duration = Duration::from_millis(1200);

/// After this many time-outs with no success between them the connections are replaced.
const TIMEOUTS_BEFORE_REOPENING: u32 = 2;

/// Why a statement gave no result.
#[derive(Debug, thiserror::Error)]
pub enum SqlError {
    /// The database is away, hung, or not migrated yet.
    #[error("the database is unavailable")]
    Unavailable,
    /// The database refused the statement.
    #[error("the database refused a statement: {0}")]
    Refused(#[source] sqlx::Error),
}

/// A pool of connections to the accounts' database; clones share it.
#[derive(Clone, Debug)]
pub struct Sql(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    address: Arc<Address>,
    /// The file of an SQLite database, and whether it may be made.
    file: Option<(PathBuf, bool)>,
    size: u32,
    requests: Pool,
    /// Health checks do not wait behind a saturated pool: load must not look like death.
    health: Pool,
    migrated: AtomicBool,
    availability: Availability,
    /// Looks for the causes of outages.
    tracker: TaskTracker,
    timeouts_in_a_row: AtomicU32,
}

impl Sql {
    pub(super) fn new(config: &Database) -> Result<Self, BadUrl> {
        sqlx::any::install_default_drivers();
        let url = config.url.expose();
        let address = Arc::new(Address::new(url).map_err(|_| bad_url())?);
        let size = config.max_connections.as_u32();
        let pool = |size| Pool::new(Arc::clone(&address), size);
        Ok(Self(Arc::new(Inner {
            file: sqlite_file(url.as_str()).map(|file| {
                let mode = url.as_str().split_once("mode=");
                (file, mode.is_none_or(|(_, mode)| mode.starts_with("rwc")))
            }),
            requests: pool(size),
            health: pool(1),
            size,
            address,
            migrated: AtomicBool::new(false),
            availability: Availability::new(),
            tracker: TaskTracker::new(),
            timeouts_in_a_row: AtomicU32::new(0),
        })))
    }

    /// Connects to `url` from now on, which must be of the same engine: another password, or other
    /// servers. Connections that exist are replaced when what they do has ended.
    ///
    /// # Errors
    /// [`BadUrl`] when no driver can use it; then nothing changes.
    pub fn reconnect_to(&self, url: &DatabaseUrl) -> Result<(), BadUrl> {
        if url.engine() != self.engine() {
            return Err(bad_url());
        }
        self.0.address.replace(url).map_err(|_| bad_url())
    }

    /// Which database this is.
    #[must_use]
    pub fn engine(&self) -> Engine {
        self.0.address.engine()
    }

    /// Runs one statement, or one short transaction, on the pool.
    ///
    /// # Errors
    /// [`SqlError::Unavailable`] within two seconds when the database is away or the schema is not
    /// migrated; [`SqlError::Refused`] for what the database says of the statement itself.
    pub async fn run<T, F, Fut>(&self, statement: F) -> Result<T, SqlError>
    where
        F: FnOnce(Pool) -> Fut,
        Fut: Future<Output = Result<T, sqlx::Error>>,
    {
        if !self.migrated() {
            return Err(SqlError::Unavailable);
        }
        let call = statement(self.0.requests.clone());
        let answer = self.bounded(CALL_LIMIT, call).await;
        // The connections of health checks are others, and prove nothing of these.
        if !matches!(answer, Err(SqlError::Unavailable)) {
            self.0.timeouts_in_a_row.store(0, Ordering::Relaxed);
        }
        answer
    }

    /// The present moment by the clock of the database server; `None` for SQLite, which has no other
    /// clock than this machine's.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub async fn time(&self) -> Result<Option<Timestamp>, SqlError> {
        if self.engine() == Engine::Sqlite {
            return Ok(None);
        }
        let millis = sqlx::query_scalar(
            "SELECT cast(extract(epoch FROM clock_timestamp()) * 1000 AS bigint)",
        );
        let millis = self.run(async |pool| millis.fetch_one(&pool).await).await?;
        Ok(Some(Timestamp::from_millis(millis)))
    }

    /// Asks the database on a connection of its own whether it takes writes.
    ///
    /// # Errors
    /// [`SqlError::Unavailable`] when no answer comes within `limit`, or the answer is no: then the
    /// connections are replaced, since another server may have become the one to write to.
    pub async fn ping(&self, limit: Duration) -> Result<Duration, SqlError> {
        let start = Instant::now();
        let ping = async {
            let generation = self.0.address.generation();
            if self.engine() == Engine::Sqlite {
                return sqlx::query("SELECT 1")
                    .execute(self.health_pool())
                    .await
                    .map(drop);
            }
            let row = sqlx::query(IS_READ_ONLY)
                .fetch_one(self.health_pool())
                .await?;
            if row.try_get::<String, _>(0)? == "on" {
                self.0.address.retire(generation);
                return Err(sqlx::Error::Protocol(NO_WRITES.to_owned()));
            }
            Ok(())
        };
        self.bounded(limit, ping).await?;
        self.answered(true);
        Ok(start.elapsed())
    }

    /// Makes the file of an SQLite database that does not exist yet, for its owner alone: it holds
    /// hashes of passwords, and SQLite would let everybody read it. What goes wrong here goes
    /// wrong again, with its reason, when the database is opened.
    pub(super) fn create_private_file(&self) {
        if let Some((path, true)) = &self.0.file {
            let _ = std::fs::OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(path);
        }
    }

    /// True for an SQLite database whose file does not exist yet: a query would create it.
    #[must_use]
    pub fn is_missing_file(&self) -> bool {
        let file = self.0.file.as_ref();
        file.is_some_and(|(path, _)| !path.exists())
    }

    /// True once the schema is as this binary needs it.
    #[must_use]
    pub fn migrated(&self) -> bool {
        self.0.migrated.load(Ordering::Acquire)
    }

    pub(super) fn set_migrated(&self) {
        self.0.migrated.store(true, Ordering::Release);
    }

    pub(super) fn health_pool(&self) -> &Pool {
        &self.0.health
    }

    /// A connection of its own, whose transactions begin with `begin`.
    pub(super) async fn connect(
        &self,
        limit: Duration,
        begin: &'static str,
    ) -> Result<Connection, sqlx::Error> {
        Connection::make(&self.0.address, limit, Some(begin)).await
    }

    async fn bounded<T>(
        &self,
        limit: Duration,
        statement: impl Future<Output = Result<T, sqlx::Error>>,
    ) -> Result<T, SqlError> {
        let outcome = tokio::time::timeout(limit, statement)
            .await
            .unwrap_or(Err(sqlx::Error::PoolTimedOut));
        match outcome {
            Err(error) if is_outage(&error) => {
                if matches!(error, sqlx::Error::PoolTimedOut) {
                    self.timed_out();
                }
                self.lost(&error);
                Err(SqlError::Unavailable)
            }
            answered => {
                self.answered(false);
                answered.map_err(SqlError::Refused)
            }
        }
    }

    /// Returns true if the last statement was answered; after a refused write, if a probe has been since.
    #[must_use]
    pub fn available(&self) -> bool {
        self.0.availability.is_available()
    }

    /// Hosts and ports, or the file.
    fn address(&self) -> String {
        match &self.0.file {
            Some((path, _)) => path.display().to_string(),
            None => self.0.address.to_string(),
        }
    }

    /// Notes that `error` is an outage, and logs its cause unless the log has it.
    fn lost(&self, error: &sqlx::Error) {
        self.0.availability.lost();
        if !matches!(error, sqlx::Error::PoolTimedOut) {
            self.note(&outage::outage(&self.address(), self.engine(), error));
        } else if self.0.availability.needs_a_look() {
            // The caller has waited long enough.
            let sql = self.clone();
            self.0.tracker.spawn(async move {
                let cause = sql.look_for_cause().await;
                sql.note(&cause);
            });
        }
    }

    /// Notes that the database is unavailable, and logs the cause unless the log has it.
    pub fn note(&self, cause: &Outage) {
        self.0.availability.lost();
        if self.0.availability.explained(cause) {
            let Outage {
                address,
                cause,
                advice,
                ..
            } = cause;
            tracing::error!(address, cause, advice, "the database is unavailable");
        }
    }

    /// Notes that the database answered; a probe alone proves that it takes every statement.
    pub(super) fn answered(&self, probed: bool) {
        if self.0.availability.answered(probed) {
            tracing::info!("the database is back");
        }
    }

    /// Says why `error` came, which takes a look where it was a time-out.
    pub(super) async fn explain(&self, error: &sqlx::Error) -> Outage {
        if matches!(error, sqlx::Error::PoolTimedOut) {
            return self.look_for_cause().await;
        }
        outage::outage(&self.address(), self.engine(), error)
    }

    /// Connects beside the pools, since a time-out may come from the server, from the network, or
    /// from a pool that was busy.
    async fn look_for_cause(&self) -> Outage {
        let connect = Connection::make(&self.0.address, LOOK_LIMIT, None);
        let outcome = tokio::time::timeout(LOOK_LIMIT, connect)
            .await
            .unwrap_or(Err(sqlx::Error::PoolTimedOut));
        match outcome {
            Ok(connection) => {
                connection.close().await;
                outage::saturated(&self.address(), self.0.size)
            }
            Err(error) => outage::outage(&self.address(), self.engine(), &error),
        }
    }

    /// Throws the connections away when nothing but time-outs came back: a peer that fell silent
    /// never closes them, and each would cost one more request its patience. Under mere load some
    /// calls succeed, and nothing is thrown away.
    fn timed_out(&self) {
        let row = self.0.timeouts_in_a_row.fetch_add(1, Ordering::Relaxed) + 1;
        if row < TIMEOUTS_BEFORE_REOPENING || self.engine() == Engine::Sqlite {
            return;
        }
        self.0.timeouts_in_a_row.store(0, Ordering::Relaxed);
        self.0.address.retire(self.0.address.generation());
    }

    /// Closes idle connections and lets busy ones finish.
    pub async fn close(&self) {
        self.0.requests.close().await;
        self.0.health.close().await;
    }
}

fn bad_url() -> BadUrl {
    BadUrl {
        variable: "DATABASE_URL",
        reason: "the driver cannot parse it; percent-encode special characters of the password"
            .to_owned(),
    }
}

/// True where the database could not be asked, rather than refused.
pub(super) fn is_outage(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed => true,
        sqlx::Error::Database(error) => error.code().is_some_and(|code| is_outage_code(&code)),
        error => ends_connection(error),
    }
}

/// Postgres: 08 connection, 53 resources, 57P shutdown and start-up, 57014 cancelled, 55P03 lock
/// not available, 25006 read only, 28 and 3D wrong login or missing database. SQLite, whose extended
/// codes carry the primary one in their lowest byte: 5 busy, 6 locked, 8 read only, 10 I/O, 13 full,
/// 14 cannot open.
fn is_outage_code(code: &str) -> bool {
    const POSTGRES: [&str; 8] = ["08", "53", "57P", "57014", "55P03", "25006", "28", "3D"];
    match code.parse::<u32>() {
        Ok(number) if code.len() < 5 => matches!(number & 0xff, 5 | 6 | 8 | 10 | 13 | 14),
        _ => POSTGRES.iter().any(|class| code.starts_with(class)),
    }
}
