//! The cache in front of a language model: an OpenAI-compatible server is asked once for what many
//! ask, and what it said is given again while that is what the requests want.
//!
//! [`Llm`] is the whole of it; [`api`] is a thin edge over it. See `docs/llm-cache.md` for what it
//! promises, and `docs/decisions/0009-llm-cache.md` for why it is built this way.

mod access;
mod answer;
pub mod api;
mod ask;
mod body;
mod canonical;
mod complete;
mod entry;
mod error;
mod flight;
mod flights;
mod key;
mod meter;
mod policy;
mod problem;
mod pump;
mod question;
mod redact;
mod sse;
pub mod stats;
mod store;
mod tokens;
mod upstream;
mod usage;

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;

pub use self::key::CacheKey;
pub use self::stats::{CacheStats, Counts};
pub use self::tokens::Today;

use self::access::Access;
use self::error::Error;
use self::flights::Flights;
use self::question::LONG_AT_ONCE;
use self::store::Store;
use self::tokens::Tokens;
use self::upstream::Upstream;
pub use self::upstream::{UPSTREAM_REQUEST_ID, UpstreamKey};
use crate::auth::Caller;
use crate::clock::Clock;
use crate::config::{Config, Llm as LlmConfig};
use crate::http::budget::Budget;
use crate::http::{Bucket, Context, LimitError, RateLimits};
use crate::identity::UserId;
use crate::storage::{BadUrl, RedisUnavailable, Storage};

/// Request bodies of the largest size that may be in memory at once, those of one user and all.
const BODIES_OF_ONE: usize = 2;
const BODIES_OF_ALL: usize = 6;

/// The part of the memory of bodies, and of that of answers, which only those of 64 KiB at most may
/// take: whatever is sent and read slowly, small questions are asked and answered.
const SMALL_BODIES: usize = 16;
const SMALL_ANSWERS: usize = 8;

/// Bytes of answers that may be in memory at once: those under way, and those out of the cache that
/// a client has not read yet. One user may hold a quarter.
const ANSWERS: usize = 32 * 1024 * 1024;

/// Bytes that the entries which are being kept at the same moment may take. One that is longer waits
/// until it is alone.
const BEING_KEPT: usize = 8 * 1024 * 1024;

/// Bytes of memory that requests under `/v1` take at most: their bodies, and their answers.
#[must_use]
pub fn memory(config: &crate::config::Llm) -> (usize, usize) {
    let bodies = config.max_body_bytes.as_usize() * BODIES_OF_ALL;
    let entry = config.cache_max_entry_bytes.as_usize();
    (bodies, ANSWERS.max(entry * 2) + BEING_KEPT.max(entry * 3))
}

/// The cache and what is behind it; clones share everything.
#[derive(Clone, Debug)]
pub struct Llm(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    config: crate::config::Llm,
    clock: Clock,
    upstream: Option<Upstream>,
    store: Store,
    flights: Flights,
    bodies: Budget<UserId>,
    answers: Budget<UserId>,
    /// Turns of reading a long body.
    long: Semaphore,
    /// Bytes of entries on their way into the cache.
    being_kept: Semaphore,
    tracker: TaskTracker,
    access: Access,
    tokens: Tokens,
    limits: RateLimits,
    calls_per_minute: i64,
    stats: CacheStats,
}

impl Llm {
    /// The cache that `config` describes; does no I/O.
    ///
    /// # Errors
    /// [`BadUrl`] when the upstream's URL or key cannot be used.
    pub fn new(config: &Config, storage: &Storage, clock: Clock) -> Result<Self, BadUrl> {
        let redis = storage.redis.as_ref();
        let limits = RateLimits::new(
            &config.rate_limit,
            redis.map(|redis| redis.rate_limit.clone()),
            &clock,
        );
        let cache = config.llm.cache_memory_bytes.as_u64();
        let body = config.llm.max_body_bytes.as_usize();
        let bodies = body * BODIES_OF_ALL;
        let entry = config.llm.cache_max_entry_bytes.as_usize();
        // Those of the longest entry at least, twice.
        let answers = ANSWERS.max(entry * 2);
        Ok(Self(Arc::new(Inner {
            upstream: Upstream::new(&config.llm)?,
            store: Store::new(redis.map(|redis| redis.cache.clone()), cache, &clock),
            flights: Flights::default(),
            bodies: Budget::of_bodies(bodies, body * BODIES_OF_ONE, bodies / SMALL_BODIES),
            answers: Budget::of_answers(answers, entry.max(answers / 4), answers / SMALL_ANSWERS),
            long: Semaphore::new(LONG_AT_ONCE),
            being_kept: Semaphore::new(BEING_KEPT),
            tracker: TaskTracker::new(),
            access: Access::new(&config.llm, config.environment),
            tokens: Tokens::new(
                config.llm.tokens_per_day.get(),
                config.rate_limit.fail_mode,
                redis.map(|redis| redis.rate_limit.clone()),
                clock.clone(),
            ),
            limits,
            calls_per_minute: config.rate_limit.llm_per_minute.get(),
            stats: CacheStats::default(),
            config: config.llm.clone(),
            clock,
        })))
    }

    /// Checks the key of another configuration, to be used later by [`Self::use_key`].
    ///
    /// # Errors
    /// [`BadUrl`] when it cannot be sent.
    pub fn prepare_key(&self, config: &LlmConfig) -> Result<UpstreamKey, BadUrl> {
        UpstreamKey::new(config)
    }

    /// Sends `key` to the upstream from now on.
    pub fn use_key(&self, key: UpstreamKey) {
        if let Some(upstream) = &self.0.upstream {
            upstream.use_key(key);
        }
    }

    /// Checks whether an upstream is configured.
    #[must_use]
    pub fn enabled(&self) -> bool {
        self.0.upstream.is_some()
    }

    /// Largest body of a request, in bytes, and the memory that all of them share.
    fn body_limits(&self) -> (usize, &Budget<UserId>) {
        (self.0.config.max_body_bytes.as_usize(), &self.0.bodies)
    }

    /// The counters.
    #[must_use]
    pub fn stats(&self) -> &CacheStats {
        &self.0.stats
    }

    /// Counts the answers that are kept; also a health check of the store.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn entries(&self) -> Result<u64, RedisUnavailable> {
        self.0.store.entries().await
    }

    /// Forgets every answer, in every process that shares the cache.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn purge(&self) -> Result<(), RedisUnavailable> {
        self.0.store.purge().await
    }

    /// Tokens that each user may have a day; 0: any number.
    #[must_use]
    pub fn tokens_per_day(&self) -> i64 {
        self.0.tokens.limit()
    }

    /// The tokens of the day: of `user`, and of the `top` users.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn tokens_today(&self, user: UserId, top: usize) -> Result<Today, RedisUnavailable> {
        self.0.tokens.today(user, top).await
    }

    /// Charges a call to the user.
    async fn charge(&self, context: &Context, user: UserId) -> Result<(), LimitError> {
        let bucket = Bucket {
            policy: "llm",
            key: user.to_string(),
            limit: self.0.calls_per_minute,
            charge: true,
            unless_known: None,
            public: true,
        };
        self.0.limits.charge(context, vec![bucket]).await
    }

    /// The upstream, if one is configured.
    fn require_upstream(&self) -> Result<&Upstream, Error> {
        self.0.upstream.as_ref().ok_or(Error::Disabled)
    }

    /// Refuses a caller whom `LLM_ALLOWED_ROLES` leaves out.
    fn admit(&self, caller: &Caller) -> Result<(), Error> {
        self.0.access.admit(caller)
    }
}
