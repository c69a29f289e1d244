//! One logical Redis database: bounded calls, quick failure, recovery by itself.
//!
//! Knows nothing of what is stored. See `docs/decisions/0003-redis-connections.md` for why the
//! connection is thrown away after three time-outs in a row.

mod link;
mod probe;

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use arc_swap::{ArcSwap, ArcSwapOption};
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{
    ConnectionAddr, ErrorKind, FromRedisValue, RedisError, RedisResult, Script, ScriptInvocation,
    ServerErrorKind,
};

use self::link::Link;
pub(super) use self::probe::Probe;
use super::BadUrl;
use super::outage::{Availability, Outage, redis as outage};
use crate::clock::Timestamp;
use crate::config::RedisUrl;

/// After this many time-outs in a row the connection is thought half-open and is replaced.
const TIMEOUTS_BEFORE_RECONNECT: u32 = 3;

/// A timer that rings this much later than it should tells of a busy process, not of a slow Redis.
const LATE: Duration = Duration::from_millis(4);

/// Time limits of a database.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// One call, before it counts as failed.
    pub(super) call: Duration,
    /// Making a connection.
    pub(super) connect: Duration,
    /// Time for which calls fail at once after one that timed out, so that a hung Redis costs one client
    /// its patience and not all of them.
    pub(super) rest: Duration,
}

/// Redis did not answer as it should. The cause is in the log, not in here: it may name hosts.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
#[error("the Redis database for {0} is unavailable")]
pub struct RedisUnavailable(pub &'static str);

/// The database of tokens and sessions (`REDIS_AUTH_DB`).
#[derive(Clone, Debug)]
pub struct AuthDb(pub(super) RedisDb);

/// The database of rate-limit counters (`REDIS_RATE_LIMIT_DB`).
#[derive(Clone, Debug)]
pub struct RateLimitDb(pub(super) RedisDb);

/// The database of the LLM cache (`REDIS_CACHE_DB`).
#[derive(Clone, Debug)]
pub struct CacheDb(pub(super) RedisDb);

impl AuthDb {
    /// The connection itself.
    #[must_use]
    pub const fn db(&self) -> &RedisDb {
        &self.0
    }
}

impl RateLimitDb {
    /// The connection itself.
    #[must_use]
    pub const fn db(&self) -> &RedisDb {
        &self.0
    }
}

impl CacheDb {
    /// The connection itself.
    #[must_use]
    pub const fn db(&self) -> &RedisDb {
        &self.0
    }
}

/// A connection to one logical database; clones share it.
#[derive(Clone, Debug)]
pub struct RedisDb(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    name: &'static str,
    number: i64,
    variable: &'static str,
    link: ArcSwap<Link>,
    patience: Patience,
    probe: Probe,
    probe_script: Script,
    timeouts_in_a_row: AtomicU32,
    resting_since: ArcSwapOption<Instant>,
    availability: Availability,
    reached: AtomicBool,
}

impl RedisDb {
    pub(super) fn new(
        name: &'static str,
        (variable, url): (&'static str, &RedisUrl),
        number: i64,
        patience: Patience,
        probe: Probe,
    ) -> Result<Self, BadUrl> {
        let link = Link::new(variable, url, number)?;
        Ok(Self(Arc::new(Inner {
            name,
            number,
            variable,
            link: ArcSwap::from_pointee(link),
            patience,
            probe,
            probe_script: Script::new(probe::STORE),
            timeouts_in_a_row: AtomicU32::new(0),
            resting_since: ArcSwapOption::empty(),
            availability: Availability::new(),
            reached: AtomicBool::new(false),
        })))
    }

    /// Connects to `url` from now on: another password, or another server. Calls that are under way
    /// end where they began.
    ///
    /// # Errors
    /// [`BadUrl`] when the driver cannot use it; then nothing changes.
    pub fn reconnect_to(&self, url: &RedisUrl) -> Result<(), BadUrl> {
        let link = Link::new(self.0.variable, url, self.0.number)?;
        self.0.link.store(Arc::new(link));
        Ok(())
    }

    /// Uses another connection from now on, to the same address.
    fn renew(&self) {
        self.0.link.rcu(|link| link.anew());
    }

    /// Purpose of this database: `auth`, `rate_limit`, `cache`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.0.name
    }

    /// Its number on the Redis server.
    #[must_use]
    pub fn number(&self) -> i64 {
        self.0.number
    }

    /// Runs a script in one round trip (two the first time a server sees it).
    ///
    /// The script must be safe to repeat: a call whose connection broke is tried once more.
    ///
    /// # Errors
    /// [`RedisUnavailable`] within twice the call limit, whatever happened.
    pub async fn invoke<T: FromRedisValue>(
        &self,
        script: &ScriptInvocation<'_>,
    ) -> Result<T, RedisUnavailable> {
        if self.resting() {
            return Err(RedisUnavailable(self.0.name));
        }
        self.call(self.0.patience.call, async |mut connection| {
            script.invoke_async(&mut connection).await
        })
        .await
    }

    /// The same for a caller that prefers waiting to an error: as long as a connection may take
    /// to be made, also while other calls are failed at once.
    ///
    /// # Errors
    /// [`RedisUnavailable`] within twice that time.
    pub async fn invoke_patiently<T: FromRedisValue>(
        &self,
        script: &ScriptInvocation<'_>,
    ) -> Result<T, RedisUnavailable> {
        self.call(self.0.patience.connect, async |mut connection| {
            script.invoke_async(&mut connection).await
        })
        .await
    }

    /// The present moment by the clock of the server.
    ///
    /// # Errors
    /// [`RedisUnavailable`] when Redis is away.
    pub async fn time(&self) -> Result<Timestamp, RedisUnavailable> {
        let (seconds, micros): (i64, i64) = self
            .call(self.0.patience.call, async |mut connection| {
                redis::cmd("TIME").query_async(&mut connection).await
            })
            .await?;
        Ok(Timestamp::from_millis(seconds * 1000 + micros / 1000))
    }

    /// Returns true if the last call was answered; after a refused write, if a probe has been since.
    #[must_use]
    pub fn available(&self) -> bool {
        self.0.availability.is_available()
    }

    /// Notes that Redis answered; a write of a probe alone proves that it takes every command.
    fn answered(&self, wrote: bool) {
        if self.0.availability.answered(wrote) {
            tracing::info!(
                database = self.0.name,
                address = %self.0.link.load().info().addr(),
                "Redis is back"
            );
        }
    }

    fn resting(&self) -> bool {
        self.0
            .resting_since
            .load()
            .as_ref()
            .is_some_and(|since| since.elapsed() < self.0.patience.rest)
    }

    async fn call<T, F, Fut>(&self, limit: Duration, operation: F) -> Result<T, RedisUnavailable>
    where
        F: Fn(ConnectionManager) -> Fut,
        Fut: Future<Output = RedisResult<T>>,
    {
        let mut outcome = self.attempt(limit, &operation).await;
        // A restart between two calls is only seen by the next one, which fails at once.
        if matches!(&outcome, Err(error) if error.is_connection_dropped() && !error.is_timeout()) {
            outcome = self.attempt(limit, &operation).await;
        }
        match outcome {
            Ok(value) => {
                self.0.timeouts_in_a_row.store(0, Ordering::Relaxed);
                self.0.resting_since.store(None);
                self.answered(false);
                Ok(value)
            }
            Err(error) => Err(self.failed(&error)),
        }
    }

    async fn attempt<T, F, Fut>(&self, limit: Duration, operation: &F) -> RedisResult<T>
    where
        F: Fn(ConnectionManager) -> Fut,
        Fut: Future<Output = RedisResult<T>>,
    {
        let mut operation = std::pin::pin!(operation(self.manager()?));
        let deadline = Instant::now() + limit;
        if let Ok(outcome) = tokio::time::timeout(limit, operation.as_mut()).await {
            return outcome;
        }
        // A process that is late itself may have the answer, and not have looked at it yet; that
        // takes no more than a glance.
        if deadline.elapsed() > LATE
            && let Ok(outcome) = tokio::time::timeout(limit / 5, operation).await
        {
            return outcome;
        }
        Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into())
    }

    fn manager(&self) -> RedisResult<ConnectionManager> {
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(self.0.patience.connect))
            // Calls have limits of their own.
            .set_response_timeout(Some(self.0.patience.connect.max(self.0.patience.call)))
            // `call` repeats what broke, within the limit of the caller.
            .set_number_of_retries(0)
            .set_max_delay(Duration::from_secs(1));
        self.0.link.load().manager(config)
    }

    fn failed(&self, error: &RedisError) -> RedisUnavailable {
        if error.is_timeout() {
            self.0.resting_since.store(Some(Arc::new(Instant::now())));
            let row = self.0.timeouts_in_a_row.fetch_add(1, Ordering::Relaxed) + 1;
            if row >= TIMEOUTS_BEFORE_RECONNECT {
                self.0.timeouts_in_a_row.store(0, Ordering::Relaxed);
                self.renew();
            }
        }
        // The certificates may have been replaced since they were read.
        if error.is_io_error() && self.0.link.load().has_files() {
            self.renew();
        }
        // After a failover the old primary answers, and refuses every write: ask for the address of
        // the new one.
        let demoted = [ServerErrorKind::ReadOnly, ServerErrorKind::MasterDown];
        if demoted
            .iter()
            .any(|kind| error.kind() == ErrorKind::Server(*kind))
        {
            self.renew();
        }
        let link = self.0.link.load();
        let (address, settings) = (link.info().addr(), link.info().redis_settings());
        let is_tls = matches!(address, ConnectionAddr::TcpTls { .. });
        let outage = outage::outage(&address.to_string(), is_tls, settings.password(), error);
        self.0.availability.lost();
        if self.0.availability.explained(&outage) {
            let Outage {
                address,
                cause,
                advice,
                ..
            } = outage;
            tracing::error!(
                database = self.0.name,
                address,
                cause,
                advice,
                "Redis is unavailable"
            );
        }
        RedisUnavailable(self.0.name)
    }
}
