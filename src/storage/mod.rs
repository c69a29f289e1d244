//! Connections, opened lazily; no business words.
//!
//! [`Storage::new`] does no I/O: a server whose database or Redis is away starts all the same,
//! answers 503 where it must, and recovers by itself.

mod migrations;
mod redis;
mod sql;

use std::time::Duration;

pub use self::migrations::{Migrations, Schema};
pub use self::redis::{AuthDb, RateLimitDb, RedisDb, RedisUnavailable};
pub use self::sql::{Sql, SqlError};

use crate::config::Config;

/// How long one call to Redis may take before it counts as failed. Two of them and a retry stay
/// under the 500 ms within which a client is told that the tokens are unavailable.
const REDIS_TIMEOUT: Duration = Duration::from_millis(240);

/// Every connection that the server has.
#[derive(Clone, Debug)]
pub struct Storage {
    /// Accounts.
    pub sql: Sql,
    /// Redis, unless `REDIS_ENABLED=false`.
    pub redis: Option<Redis>,
}

/// One handle for each logical Redis database.
#[derive(Clone, Debug)]
pub struct Redis {
    /// Tokens and sessions.
    pub auth: AuthDb,
    /// Counters of the rate limits.
    pub rate_limit: RateLimitDb,
}

/// A connection string that no driver can use. Says which variable, never its value.
#[derive(Debug, thiserror::Error)]
#[error("{variable} cannot be used: {reason}")]
pub struct BadUrl {
    /// The variable that holds the string.
    pub variable: &'static str,
    /// What is wrong with it, without quoting it.
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
            let open = |name, db: i64| RedisDb::new(name, &config.redis, db, REDIS_TIMEOUT);
            Some(Redis {
                auth: AuthDb(open("auth", config.redis.auth_db.get())?),
                rate_limit: RateLimitDb(open("rate_limit", config.redis.rate_limit_db.get())?),
            })
        } else {
            None
        };
        Ok(Self { sql, redis })
    }
}
