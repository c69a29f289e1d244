//! The finding of a check, as `/health` shows it.

use std::collections::BTreeMap;
use std::time::Duration;

use poem_openapi::{Enum, Object};

/// Time limit of a check, so that an answer comes within a second whatever hangs.
pub(super) const LIMIT: Duration = Duration::from_millis(800);

/// State of a dependency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[oai(rename_all = "lowercase")]
pub enum Status {
    /// All of it works.
    Healthy,
    /// Some of it works.
    Degraded,
    /// None of it works.
    Unhealthy,
    /// It is switched off.
    Disabled,
}

/// Reachability of a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[oai(rename_all = "lowercase")]
pub enum Reach {
    /// It answered.
    Connected,
    /// It did not.
    Unavailable,
}

/// One logical Redis database.
#[derive(Clone, Debug, PartialEq, Object)]
#[oai(skip_serializing_if_is_none)]
pub struct RedisDatabase {
    /// Its number.
    pub db: i64,
    /// Its reachability.
    pub status: Reach,
    /// Milliseconds that the answer took.
    pub latency_ms: Option<f64>,
}

/// Finding of one check.
#[derive(Clone, Debug, PartialEq, Object)]
#[oai(skip_serializing_if_is_none)]
pub struct Report {
    /// Its state.
    pub status: Status,
    /// Milliseconds that the answer took.
    pub latency_ms: Option<f64>,
    /// Of Redis: each logical database by its use.
    pub databases: Option<BTreeMap<String, RedisDatabase>>,
    /// Of the LLM cache: true when it answers.
    pub connected: Option<bool>,
    /// Of the LLM cache: its counters.
    pub statistics: Option<CacheStatistics>,
}

impl Report {
    pub(super) const fn new(status: Status) -> Self {
        Self {
            status,
            latency_ms: None,
            databases: None,
            connected: None,
            statistics: None,
        }
    }

    /// The same without figures: all that probes need.
    pub(super) fn state(mut self) -> Self {
        for database in self.databases.iter_mut().flat_map(BTreeMap::values_mut) {
            database.latency_ms = None;
        }
        Self {
            latency_ms: None,
            statistics: None,
            ..self
        }
    }
}

/// Milliseconds with three decimal places.
pub(super) fn millis(latency: Duration) -> f64 {
    (latency.as_secs_f64() * 1_000_000.0).round() / 1000.0
}

/// Counters of the LLM cache; all but `entries` since this process began.
#[derive(Clone, Debug, PartialEq, Object)]
pub struct CacheStatistics {
    /// Requests answered from the cache.
    pub hits: u64,
    /// Requests passed to the upstream whose answer may be kept.
    pub misses: u64,
    /// Hits out of hits and misses, from 0 to 1.
    pub hit_ratio: f64,
    /// Requests that bypass the cache.
    pub bypassed: u64,
    /// Requests answered by a call that another request had begun.
    pub coalesced: u64,
    /// Reads and writes of the cache that failed.
    pub errors: u64,
    /// Answers kept.
    pub stored: u64,
    /// Answers in the cache now, kept by any process; 0 while it does not answer.
    pub entries: u64,
    /// Bytes of the answers kept.
    pub bytes: u64,
    /// Tokens that hits saved.
    pub saved_tokens: u64,
    /// Milliseconds of the upstream that hits saved.
    pub saved_ms: u64,
}
