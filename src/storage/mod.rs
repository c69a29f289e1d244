//! Connections, opened lazily; no business words.
//!
//! [`Storage::new`] does no I/O: a server whose database or Redis is away starts all the same,
//! answers 503 where it must, and recovers by itself.

mod address;
mod connection;
mod execute;
mod migrations;
mod outage;
mod pool;
mod redis;
mod sql;

use std::time::Duration;

pub use self::connection::{Connection, Transaction};
pub use self::migrations::{MigrationError, Migrations, Schema};
pub use self::outage::Outage;
pub use self::pool::{Lease, Pool};
pub use self::redis::{AuthDb, CacheDb, RateLimitDb, RedisDb, RedisUnavailable};
pub use self::sql::{Sql, SqlError};

use self::redis::{Patience, Probe};
use crate::config::Config;

/// With tokens and limits. Two calls and a retry stay under the 500 ms within which a client is
/// told that the tokens are unavailable.
const PATIENCE: Patience = Patience {
    call: Duration::from_millis(240),
    connect: Duration::from_millis(240),
    rest: Duration::from_millis(150),
};

/// With the cache, which is there to save time: a call that is tried twice, and late twice, stays
/// under 50 ms, and a hung server costs one request in a second that much. A connection, which is made beside the
/// calls, may take longer than one of them.
const CACHE_PATIENCE: Patience = Patience {
    call: Duration::from_millis(20),
    connect: Duration::from_secs(1),
    rest: Duration::from_secs(1),
};

/// Every connection that the server has.
#[derive(Clone, Debug)]
pub struct Storage {
    /// Accounts.
    pub sql: Sql,
    /// Redis, unless `REDIS_ENABLED=false`.
    pub redis: Option<Redis>,
}

/// Calls a method of a store that is an enum of two structs: `Redis`, where the call is a round trip that
/// may fail, and `Memory`, in this process. Both structs keep one contract.
macro_rules! either {
    ($self:ident, $store:ident => $call:expr) => {
        match $self {
            Self::Redis($store) => $call.await,
            Self::Memory($store) => Ok($call),
        }
    };
}
pub(crate) use either;

/// One handle for each logical Redis database.
#[derive(Clone, Debug)]
pub struct Redis {
    /// Tokens and sessions.
    pub auth: AuthDb,
    /// Counters of the rate limits.
    pub rate_limit: RateLimitDb,
    /// Answers of the language model.
    pub cache: CacheDb,
}

/// A connection string that no driver can use. Says which variable, never its value.
#[derive(Debug, thiserror::Error)]
#[error("{variable} cannot be used: {reason}")]
pub struct BadUrl {
    /// The variable that holds the string.
    pub variable: &'static str,
    /// The problem, without a quotation of the value.
    pub reason: String,
}

impl Storage {
    /// Prepares the connections that `config` names. Must be called inside a Tokio runtime.
    ///
    /// # Errors
    /// [`BadUrl`] when a connection string cannot be parsed.
    pub fn new(config: &Config) -> Result<Self, BadUrl> {
        let sql = Sql::new(&config.database)?;
        let redis = if config.redis.enabled {
            let redis = &config.redis;
            let main = ("REDIS_URL", redis.url.expose());
            let open = |name, number| RedisDb::new(name, main, number, PATIENCE, Probe::Store);
            let (cache, number) = (redis.cache(), redis.cache_db.get());
            let cache = RedisDb::new("cache", cache, number, CACHE_PATIENCE, Probe::Delete)?;
            Some(Redis {
                auth: AuthDb(open("auth", redis.auth_db.get())?),
                rate_limit: RateLimitDb(open("rate_limit", redis.rate_limit_db.get())?),
                cache: CacheDb(cache),
            })
        } else {
            None
        };
        Ok(Self { sql, redis })
    }

    /// Goes on with the users and passwords of `new` where they differ from those of `old`. New
    /// connections use them; those that exist finish what they do.
    ///
    /// # Errors
    /// [`BadUrl`] when a connection string cannot be parsed; then nothing has changed.
    pub fn log_in_as(&self, old: &Config, new: &Config) -> Result<(), BadUrl> {
        // Every string is tried before any is used.
        Self::new(new)?;
        if new.database.url.expose() != old.database.url.expose() {
            self.sql.reconnect_to(new.database.url.expose())?;
        }
        let Some(redis) = &self.redis else {
            return Ok(());
        };
        if new.redis.url.expose() != old.redis.url.expose() {
            redis.auth.db().reconnect_to(new.redis.url.expose())?;
            redis.rate_limit.db().reconnect_to(new.redis.url.expose())?;
        }
        let (_, cache) = new.redis.cache();
        if cache != old.redis.cache().1 {
            redis.cache.db().reconnect_to(cache)?;
        }
        Ok(())
    }
}
