//! The SQL pool: one set of queries for SQLite and Postgres, every call bounded in time.

use std::future::Future;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use secrecy::{ExposeSecret, SecretString};
use sqlx::any::AnyPoolOptions;
use sqlx::{AnyConnection, AnyPool};

use super::BadUrl;
use crate::config::{Database, Engine};

/// How long a call waits for a connection. sqlx tries until then, also when it is refused.
const ACQUIRE_LIMIT: Duration = Duration::from_millis(1200);

/// How long a call may take in all, so that a client hears of an outage within two seconds.
const CALL_LIMIT: Duration = Duration::from_millis(1700);

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
    engine: Engine,
    url: SecretString,
    size: u32,
    pools: ArcSwap<Pools>,
    migrated: AtomicBool,
    available: AtomicBool,
    timeouts_in_a_row: AtomicU32,
}

#[derive(Debug)]
struct Pools {
    requests: AnyPool,
    /// Health checks do not wait behind a saturated pool: load must not look like death.
    health: AnyPool,
}

impl Sql {
    pub(super) fn new(config: &Database) -> Result<Self, BadUrl> {
        sqlx::any::install_default_drivers();
        let engine = config.url.expose().engine();
        let url = driver_url(config.url.expose().as_str(), engine);
        let size = config.max_connections.as_u32();
        let pools = Pools::open(&url, engine, size).map_err(|_| BadUrl {
            variable: "DATABASE_URL",
            reason: "the driver cannot parse it; percent-encode special characters of the password"
                .to_owned(),
        })?;
        Ok(Self(Arc::new(Inner {
            engine,
            url: url.into(),
            size,
            pools: ArcSwap::from_pointee(pools),
            migrated: AtomicBool::new(false),
            available: AtomicBool::new(true),
            timeouts_in_a_row: AtomicU32::new(0),
        })))
    }

    /// Which database this is.
    #[must_use]
    pub fn engine(&self) -> Engine {
        self.0.engine
    }

    /// Runs one statement, or one short transaction, on the pool.
    ///
    /// # Errors
    /// [`SqlError::Unavailable`] within two seconds when the database is away or the schema is not
    /// migrated; [`SqlError::Refused`] for what the database says of the statement itself.
    pub async fn run<T, F, Fut>(&self, statement: F) -> Result<T, SqlError>
    where
        F: FnOnce(AnyPool) -> Fut,
        Fut: Future<Output = Result<T, sqlx::Error>>,
    {
        if !self.migrated() {
            return Err(SqlError::Unavailable);
        }
        self.bounded(CALL_LIMIT, statement(self.0.pools.load().requests.clone()))
            .await
    }

    /// Asks the database for a sign of life on a connection of its own.
    ///
    /// # Errors
    /// [`SqlError::Unavailable`] when none comes within `limit`.
    pub async fn ping(&self, limit: Duration) -> Result<Duration, SqlError> {
        let start = Instant::now();
        let ping = async {
            sqlx::query("SELECT 1")
                .execute(&self.health_pool())
                .await
                .map(drop)
        };
        self.bounded(limit, ping).await?;
        Ok(start.elapsed())
    }

    /// Makes the file of an SQLite database that does not exist yet, for its owner alone: it holds
    /// hashes of passwords, and SQLite would let everybody read it. What goes wrong here goes
    /// wrong again, with its reason, when the database is opened.
    pub(super) fn create_private_file(&self) {
        if let Some(path) = self.file()
            && self.0.url.expose_secret().contains("mode=rwc")
        {
            let _ = std::fs::OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(path);
        }
    }

    /// Whether this is an SQLite database whose file nobody has made yet: asking it would.
    #[must_use]
    pub fn is_missing_file(&self) -> bool {
        self.file().is_some_and(|path| !path.exists())
    }

    /// The file of an SQLite database.
    fn file(&self) -> Option<PathBuf> {
        let path = self.0.url.expose_secret().strip_prefix("sqlite:")?;
        let path = path.trim_start_matches("//").split('?').next()?;
        let path = percent_encoding::percent_decode_str(path).decode_utf8_lossy();
        let named = !path.is_empty() && path != ":memory:";
        named.then(|| PathBuf::from(path.as_ref()))
    }

    /// Whether the schema is as this binary needs it.
    #[must_use]
    pub fn migrated(&self) -> bool {
        self.0.migrated.load(Ordering::Acquire)
    }

    pub(super) fn set_migrated(&self) {
        self.0.migrated.store(true, Ordering::Release);
    }

    pub(super) fn health_pool(&self) -> AnyPool {
        self.0.pools.load().health.clone()
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
                if self.0.available.swap(false, Ordering::Relaxed) {
                    tracing::error!(%error, "the database is unavailable");
                }
                Err(SqlError::Unavailable)
            }
            answered => {
                self.0.timeouts_in_a_row.store(0, Ordering::Relaxed);
                if !self.0.available.swap(true, Ordering::Relaxed) {
                    tracing::info!("the database is back");
                }
                answered.map_err(SqlError::Refused)
            }
        }
    }

    /// Throws the connections away when nothing but time-outs came back: a peer that fell silent
    /// never closes them, and each would cost one more request its patience. Under mere load some
    /// calls succeed, and nothing is thrown away.
    fn timed_out(&self) {
        let row = self.0.timeouts_in_a_row.fetch_add(1, Ordering::Relaxed) + 1;
        if row < TIMEOUTS_BEFORE_REOPENING || self.0.engine == Engine::Sqlite {
            return;
        }
        self.0.timeouts_in_a_row.store(0, Ordering::Relaxed);
        // The URL was parsed once, so it parses again.
        if let Ok(pools) = Pools::open(self.0.url.expose_secret(), self.0.engine, self.0.size) {
            self.0.pools.store(Arc::new(pools));
        }
    }

    /// Closes idle connections and lets busy ones finish.
    pub async fn close(&self) {
        let pools = self.0.pools.load_full();
        pools.requests.close().await;
        pools.health.close().await;
    }
}

impl Pools {
    /// Prepares both pools; connects nothing.
    fn open(url: &str, engine: Engine, size: u32) -> Result<Self, sqlx::Error> {
        let open = |size| {
            AnyPoolOptions::new()
                .max_connections(size)
                .acquire_timeout(ACQUIRE_LIMIT)
                .after_connect(move |connection, _| Box::pin(prepare(connection, engine)))
                .connect_lazy(url)
        };
        Ok(Self {
            requests: open(size)?,
            health: open(1)?,
        })
    }
}

/// Whether the database could not be asked, rather than said no.
pub(super) fn is_outage(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => true,
        sqlx::Error::Database(error) => error.code().is_some_and(|code| is_outage_code(&code)),
        _ => false,
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

/// SQLite makes no file unless its URL asks for one.
fn driver_url(url: &str, engine: Engine) -> String {
    if engine == Engine::Sqlite && !url.contains("mode=") {
        let join = if url.contains('?') { '&' } else { '?' };
        return format!("{url}{join}mode=rwc");
    }
    url.to_owned()
}

async fn prepare(connection: &mut AnyConnection, engine: Engine) -> Result<(), sqlx::Error> {
    let statements: &[&'static str] = match engine {
        Engine::Sqlite => &[
            "PRAGMA busy_timeout = 1000",
            "PRAGMA journal_mode = WAL",
            "PRAGMA synchronous = NORMAL",
            "PRAGMA foreign_keys = ON",
        ],
        Engine::Postgres => &[
            // The server gives up on what the client has given up on.
            "SET statement_timeout = '1700ms'",
            // A plan for each set of values: the same statement may ask for one row in a million
            // or for every other one, and a plan for the average suits neither.
            "SET plan_cache_mode = force_custom_plan",
        ],
    };
    for statement in statements {
        sqlx::query(*statement).execute(&mut *connection).await?;
    }
    Ok(())
}
