//! Rate limits: fixed windows of a minute, counted in Redis by one atomic script on the server's
//! clock, so that any number of replicas allow exactly the limit together.
//!
//! See `docs/decisions/0004-rate-limits.md` for the choice of window and of fail mode.

mod bucket;
mod memory;
mod redis;
mod table;

pub use self::bucket::Bucket;
use self::memory::MemoryCounters;
use self::redis::RedisCounters;
use super::context::Context;
use super::limit_headers::{LimitState, seconds_up};
use crate::clock::Clock;
use crate::config::{FailMode, RateLimit};
use crate::storage::RateLimitDb;

/// Time for which an account knows an address after a sign-in: 30 days.
const KNOWN_MILLIS: i64 = 30 * 24 * 60 * 60 * 1000;

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
    redis: Option<RedisCounters>,
    /// Counts where there is no Redis, and while it is away in fail mode `local`.
    memory: MemoryCounters,
}

/// Bytes that a table of counters, or of marks, takes in this process at most.
pub const TABLE_BYTES: usize = table::MAX_ENTRIES * table::ENTRY_BYTES;

impl RateLimits {
    /// Limits as `config` says, counted in `redis`, or in this process where there is none.
    #[must_use]
    pub fn new(config: &RateLimit, redis: Option<RateLimitDb>, clock: &Clock) -> Self {
        Self {
            enabled: config.enabled,
            fail_mode: config.fail_mode,
            redis: redis.map(RedisCounters::from),
            memory: MemoryCounters::new(clock.clone()),
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
        let shared = match &self.redis {
            None => None,
            Some(redis) => Some(redis.charge(&buckets).await),
        };
        let (buckets, counts) = match (shared, self.fail_mode) {
            (None, _) => {
                let counts = self.memory.charge(&buckets);
                (buckets, counts)
            }
            (Some(Ok(counts)), _) => (buckets, counts),
            (Some(Err(_)), FailMode::Open) => return Ok(()),
            (Some(Err(_)), FailMode::Closed) => return Err(LimitError::Unavailable),
            (Some(Err(_)), FailMode::Local) => {
                let buckets: Vec<_> = buckets.into_iter().map(Bucket::halved).collect();
                let counts = self.memory.charge(&buckets);
                (buckets, counts)
            }
        };
        let states: Vec<LimitState> = buckets
            .iter()
            .zip(counts)
            .map(|(bucket, count)| bucket.state(count))
            .collect();
        // Of several full buckets the one that ends last decides: before that, the call would be
        // refused again.
        let refused = states.iter().filter(|state| state.refused);
        let last = refused.max_by_key(|state| state.reset_millis);
        let outcome = last.map_or(Ok(()), |state| {
            Err(LimitError::Exceeded {
                policy: state.policy,
                retry_after: seconds_up(state.reset_millis).max(1).unsigned_abs(),
            })
        });
        context.note(states);
        outcome
    }

    /// Sets the marks `names` for 30 days. Best effort: without them, a limit is stricter.
    pub async fn remember(&self, names: &[String]) {
        if !self.enabled {
            return;
        }
        // In fail mode `local` also beside Redis: the owner at home must be known during an outage,
        // too.
        if self.redis.is_none() || self.fail_mode == FailMode::Local {
            self.memory.remember(names, KNOWN_MILLIS);
        }
        if let Some(redis) = &self.redis {
            redis.remember(names, KNOWN_MILLIS).await;
        }
    }
}
