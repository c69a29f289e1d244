//! The cache in front of a language model: an OpenAI-compatible server is asked once for what many
//! ask, and what it said is given again while that is what the requests want.
//!
//! [`Llm`] is the whole of it; [`api`] is a thin edge over it. See `docs/llm-cache.md` for what it
//! promises, and `docs/decisions/0009-llm-cache.md` for why it is built this way.

mod access;
mod answer;
pub mod api;
mod body;
mod budget;
mod canonical;
mod complete;
mod entry;
mod error;
mod flight;
mod flights;
mod key;
mod meter;
mod policy;
mod pump;
mod question;
mod redact;
mod sse;
pub mod stats;
mod store;
mod tokens;
mod upstream;

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;

pub use self::key::CacheKey;
pub use self::stats::{CacheStats, Counts};
pub use self::tokens::Today;

use self::access::Access;
use self::answer::{Answer, Source};
use self::budget::{Budget, Hold};
use self::entry::Entry;
use self::flight::{Reader, Settled};
use self::flights::{Flights, Place};
use self::meter::BYTES_A_TOKEN;
use self::policy::Policy;
use self::pump::{BEING_KEPT, Keep};
use self::question::{LONG_AT_ONCE, Question};
use self::store::Store;
use self::tokens::{DAY, Tokens};
pub use self::upstream::UpstreamKey;
use self::upstream::{Call, Route, Upstream};
use crate::auth::Caller;
use crate::auth::ids::UserId;
use crate::clock::Clock;
use crate::config::{CacheScope, Config, Llm as LlmConfig};
use crate::http::{Bucket, Code, Context, Problem, RateLimits, Verdict};
use crate::storage::{BadUrl, RedisUnavailable, Storage};

/// Request bodies of the largest size that may be in memory at once, those of one user and all.
const BODIES_OF_ONE: usize = 2;
const BODIES_OF_ALL: usize = 6;

/// Bytes of answers that may be in memory at once: those under way, and those out of the cache that
/// a client has not read yet. One user may hold a quarter.
const ANSWERS: usize = 32 * 1024 * 1024;

/// Bytes of memory that requests under `/v1` take at most: their bodies, and their answers.
#[must_use]
pub fn memory(config: &crate::config::Llm) -> (usize, usize) {
    let bodies = config.max_body_bytes.as_usize() * BODIES_OF_ALL;
    let entry = config.cache_max_entry_bytes.as_usize();
    (bodies, ANSWERS.max(entry * 2) + BEING_KEPT.max(entry * 3))
}

/// Tokens of an answer to a question that sets no end.
const USUAL_TOKENS: u64 = 4_096;

/// Longest list of models that is filtered, in bytes.
const MAX_LIST: usize = 1024 * 1024;

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
    bodies: Budget,
    answers: Budget,
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
        let bytes = config.llm.cache_memory_bytes.as_u64();
        let body = config.llm.max_body_bytes.as_usize();
        let entry = config.llm.cache_max_entry_bytes.as_usize();
        // Those of the longest entry at least, twice.
        let answers = ANSWERS.max(entry * 2);
        Ok(Self(Arc::new(Inner {
            upstream: Upstream::new(&config.llm)?,
            store: Store::new(redis.map(|redis| redis.cache.clone()), bytes, &clock),
            flights: Flights::default(),
            bodies: Budget::new(body * BODIES_OF_ALL, body * BODIES_OF_ONE),
            answers: Budget::new(answers, entry.max(answers / 4)),
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

    /// Whether there is an upstream to ask.
    #[must_use]
    pub fn enabled(&self) -> bool {
        self.0.upstream.is_some()
    }

    /// Largest body of a request, in bytes, and the memory that all of them share.
    fn body_limits(&self) -> (usize, &Budget) {
        (self.0.config.max_body_bytes.as_usize(), &self.0.bodies)
    }

    /// What is counted.
    #[must_use]
    pub fn stats(&self) -> &CacheStats {
        &self.0.stats
    }

    /// How many answers are kept; a sign of life, too.
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

    /// The verdict on a call that was refused because the tokens of the day are used up.
    fn spent(&self, seconds: u64) -> Verdict {
        let seconds = i64::try_from(seconds).unwrap_or(DAY);
        Verdict::used_up("llm-tokens", self.0.tokens.limit(), DAY, seconds)
    }

    /// Charges a call to the user.
    async fn charge(&self, context: &Context, user: UserId) -> Result<(), Problem> {
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

    /// Whether there is anybody to ask.
    fn require_upstream(&self) -> Result<&Upstream, Problem> {
        self.0.upstream.as_ref().ok_or_else(|| {
            let detail = "this server stands before no language model: LLM_UPSTREAM_URL is not set";
            Problem::new(Code::LlmDisabled, detail)
        })
    }

    /// Refuses a caller whom `LLM_ALLOWED_ROLES` leaves out.
    fn admit(&self, caller: &Caller) -> Result<(), Problem> {
        self.0.access.admit(caller)
    }

    /// Answers a question, from the cache where that will do.
    async fn answer(&self, question: Question<'_>) -> Result<Answer, Problem> {
        let access = &self.0.access;
        let filters = question.route == Route::Models && access.filters();
        let answer = self.find(question).await?;
        if !filters {
            return Ok(answer);
        }
        answer.changed(MAX_LIST, |list| access.filter(list)).await
    }

    /// Finds the whole answer to a question.
    async fn find(&self, question: Question<'_>) -> Result<Answer, Problem> {
        let base = self.require_upstream()?.base().to_owned();
        let asked = question.read(&self.0.long).await?;
        if question.route != Route::Models {
            self.0.access.check(&asked)?;
        }
        let Question {
            route,
            body,
            headers,
            user,
            request_id,
        } = question;
        let scope = match self.0.config.cache_scope {
            CacheScope::User => format!("user:{user}"),
            CacheScope::Shared => "shared".to_owned(),
        };
        let key = CacheKey::new(route, &base, &scope, &asked.digest);
        let deterministic = asked.deterministic || route == Route::Embeddings;
        let policy = Policy::of(headers, deterministic, self.0.config.cache_requests);
        let prompt = body.len() as u64 / BYTES_A_TOKEN + 1;
        let answer = match route {
            Route::Embeddings | Route::Models => 0,
            _ => asked.max_tokens.unwrap_or(USUAL_TOKENS),
        };
        let choices = asked.choices.unwrap_or(1).max(1);
        let call = Call {
            user,
            route,
            body,
            stream: asked.stream,
            prompt,
            most: prompt.saturating_add(answer.saturating_mul(choices)),
            request_id,
        };
        if !policy.keep || !asked.exact {
            return self.pass_on(call, policy).await;
        }
        let (generation, kept) = self.look_up(&key, &policy, user).await?;
        if let Some(answer) = kept {
            return Ok(answer);
        }
        if policy.only_kept {
            return Err(not_kept());
        }
        let keep = Keep { key, generation };
        self.ask_with_others(call, keep, &policy).await
    }

    /// The cache's generation, where it is known, and what is kept, where that will do.
    async fn look_up(
        &self,
        key: &CacheKey,
        policy: &Policy,
        user: UserId,
    ) -> Result<(Option<String>, Option<Answer>), Problem> {
        let Ok(found) = self.0.store.look_up(key, self.0.config.cache_ttl()).await else {
            self.0.stats.errors.inc();
            return Ok((None, None));
        };
        let entry = found.entry.as_ref().and_then(Entry::decode);
        let aged = entry.map(|entry| (entry.age_millis(self.0.clock.now()), entry));
        let Some((age, entry)) = aged.filter(|(age, _)| policy.takes(*age)) else {
            return Ok((Some(found.generation), None));
        };
        let hold = self.0.answers.hold(user, entry.body.len())?;
        Ok((Some(found.generation), Some(self.hit(entry, age, hold))))
    }

    /// Gives what is kept, in memory of `hold` until it is sent.
    fn hit(&self, mut entry: Entry, age_millis: i64, hold: Hold) -> Answer {
        entry.body = hold.over(entry.body);
        let stats = &self.0.stats;
        stats.hits.inc();
        stats.saved_tokens.inc_by(entry.head.tokens);
        stats.saved_ms.inc_by(entry.head.took);
        Answer::kept(entry, age_millis / 1000)
    }

    /// Asks the upstream alone, and keeps nothing.
    async fn pass_on(&self, call: Call, policy: Policy) -> Result<Answer, Problem> {
        if policy.only_kept {
            return Err(not_kept());
        }
        self.0.stats.bypassed.inc();
        let reader = self.start(call, None);
        live(reader, Source::Bypass).await
    }

    /// Asks the upstream, or waits with those who have asked it the same: unless this request wants
    /// no answer but its own.
    async fn ask_with_others(
        &self,
        call: Call,
        keep: Keep,
        policy: &Policy,
    ) -> Result<Answer, Problem> {
        if !policy.read {
            return self.ask_alone(call, keep).await;
        }
        let max_bytes = self.0.config.cache_max_entry_bytes.as_usize();
        let user = call.user;
        let hold = self.0.answers.holder(user);
        match self.0.flights.join_or_begin(&keep, max_bytes, hold) {
            Place::First(flight, reader) => {
                self.0.stats.misses.inc();
                self.spawn(flight, call, Some(keep));
                live(reader, Source::Miss).await
            }
            Place::Follower(reader) => {
                if reader.settled().await == Settled::Take {
                    self.0.stats.coalesced.inc();
                    return live(reader, Source::Coalesced).await;
                }
                drop(reader);
                self.ask_alone(call, keep).await
            }
            Place::Kept => {
                let (_, kept) = self.look_up(&keep.key, policy, user).await?;
                match kept {
                    Some(answer) => Ok(answer),
                    None => self.ask_alone(call, keep).await,
                }
            }
        }
    }

    /// Asks the upstream for this request only, and keeps what it says.
    async fn ask_alone(&self, call: Call, keep: Keep) -> Result<Answer, Problem> {
        self.0.stats.misses.inc();
        let reader = self.start(call, Some(keep));
        live(reader, Source::Miss).await
    }

    /// Starts a call that nobody can join.
    fn start(&self, call: Call, keep: Option<Keep>) -> Reader {
        let max_bytes = self.0.config.cache_max_entry_bytes.as_usize();
        let hold = self.0.answers.holder(call.user);
        let (flight, reader) = flight::Flight::new(keep.is_some(), max_bytes, None, hold);
        self.spawn(flight, call, keep);
        reader
    }
}

/// The answer that `reader` reads.
async fn live(reader: Reader, source: Source) -> Result<Answer, Problem> {
    let head = reader.head().await.map_err(Problem::from)?;
    Ok(Answer::live(head, reader, source))
}

fn not_kept() -> Problem {
    let detail =
        "no answer is kept that would do, and Cache-Control: only-if-cached wants no other";
    Problem::new(Code::NotCached, detail)
}
