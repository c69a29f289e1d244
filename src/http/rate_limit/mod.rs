//! Rate limits: fixed windows of a minute, counted in Redis by one atomic script on the server's
//! clock, so that any number of replicas allow exactly the limit together.
//!
//! See `docs/decisions/0004-rate-limits.md` for the choice of window and of fail mode.

mod memory;
mod redis;
mod table;

use self::memory::MemoryCounters;
use self::redis::RedisCounters;
use super::context::Context;
use super::verdict::{Verdict, WINDOW_SECONDS, seconds_up};
use crate::clock::Clock;
use crate::config::{FailMode, RateLimit};
use crate::storage::RateLimitDb;

/// Length of a window.
const WINDOW_MILLIS: i64 = WINDOW_SECONDS * 1000;

/// How long an address is known to an account after it signed in to it: 30 days.
const KNOWN_MILLIS: i64 = 30 * 24 * 60 * 60 * 1000;

/// One thing that is counted: so many calls a minute for this key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// The policy's name, as clients see it.
    pub policy: &'static str,
    /// Who is counted. Stands in Redis, so it must hold no e-mail in clear.
    pub key: String,
    /// Calls a window.
    pub limit: i64,
    /// Whether this call counts, or is only refused when the bucket is full.
    pub charge: bool,
    /// A mark that, where it is set, frees the call from this bucket.
    pub unless_known: Option<String>,
    /// Whether clients are told of this bucket before it is full.
    pub public: bool,
}

/// The reason why a call is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitError {
    /// A limit is used up.
    Exceeded {
        /// The policy of the limit.
        policy: &'static str,
        /// Seconds after which the call would pass.
        retry_after: u64,
    },
    /// The store of the counters does not answer.
    Unavailable,
}

/// Counts calls, in Redis or in this process.
#[derive(Debug)]
pub struct RateLimits {
    enabled: bool,
    fail_mode: FailMode,
    counters: Counters,
    /// Holds while Redis is away, in fail mode `local`.
    fallback: MemoryCounters,
}

#[derive(Debug)]
enum Counters {
    Redis(RedisCounters),
    Memory(MemoryCounters),
}

/// Bytes that a table of counters, or of marks, takes in this process at most.
pub const TABLE_BYTES: usize = table::MAX_ENTRIES * table::ENTRY_BYTES;

/// The answer to one bucket: calls counted in this window, milliseconds to its end, refused.
type Count = (i64, i64, bool);

impl RateLimits {
    /// Limits as `config` says, counted in `redis`, or in this process where there is none.
    #[must_use]
    pub fn new(config: &RateLimit, redis: Option<RateLimitDb>, clock: &Clock) -> Self {
        let memory = || MemoryCounters::new(clock.clone());
        Self {
            enabled: config.enabled,
            fail_mode: config.fail_mode,
            counters: redis.map_or_else(
                || Counters::Memory(memory()),
                |db| Counters::Redis(db.into()),
            ),
            fallback: memory(),
        }
    }

    /// Charges a call to all `buckets` at once: it passes all of them, or counts in none.
    ///
    /// # Errors
    /// [`LimitError`]; `Unavailable` only while Redis is away and the fail mode is `closed`.
    pub async fn charge(&self, context: &Context, buckets: Vec<Bucket>) -> Result<(), LimitError> {
        if !self.enabled || buckets.is_empty() {
            return Ok(());
        }
        let (buckets, counts) = match &self.counters {
            Counters::Memory(memory) => {
                let counts = memory.charge(&buckets);
                (buckets, counts)
            }
            Counters::Redis(redis) => match redis.charge(&buckets).await {
                Ok(counts) => (buckets, counts),
                Err(_) => match self.fail_mode {
                    FailMode::Open => return Ok(()),
                    FailMode::Closed => return Err(LimitError::Unavailable),
                    FailMode::Local => {
                        let buckets: Vec<_> = buckets.into_iter().map(stricter).collect();
                        let counts = self.fallback.charge(&buckets);
                        (buckets, counts)
                    }
                },
            },
        };
        let verdicts: Vec<Verdict> = buckets
            .iter()
            .zip(counts)
            .map(|(bucket, count)| verdict(bucket, count))
            .collect();
        let refused = verdicts.iter().filter(|verdict| verdict.refused);
        let last = refused.max_by_key(|verdict| verdict.reset_millis);
        let outcome = last.map_or(Ok(()), |verdict| {
            Err(LimitError::Exceeded {
                policy: verdict.policy,
                retry_after: seconds_up(verdict.reset_millis).max(1).unsigned_abs(),
            })
        });
        context.note(verdicts);
        outcome
    }

    /// Sets the marks `names` for 30 days. Best effort: without them, a limit is stricter.
    pub async fn remember(&self, names: &[String]) {
        if !self.enabled {
            return;
        }
        match &self.counters {
            Counters::Memory(memory) => memory.remember(names, KNOWN_MILLIS),
            Counters::Redis(redis) => {
                if self.fail_mode == FailMode::Local {
                    self.fallback.remember(names, KNOWN_MILLIS);
                }
                redis.remember(names, KNOWN_MILLIS).await;
            }
        }
    }
}

/// One process sees a part of the calls only, so while it counts alone it allows half.
fn stricter(bucket: Bucket) -> Bucket {
    Bucket {
        limit: (bucket.limit / 2).max(1),
        ..bucket
    }
}

fn verdict(bucket: &Bucket, (used, reset_millis, refused): Count) -> Verdict {
    Verdict {
        policy: bucket.policy,
        limit: bucket.limit,
        remaining: (bucket.limit - used).max(0),
        reset_millis,
        window_seconds: WINDOW_SECONDS,
        refused,
        public: bucket.public,
    }
}
