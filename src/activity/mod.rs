//! The last hour in numbers, over all replicas, and the replicas themselves.
//!
//! Requests add to a few atomics and to the counters that the metrics read. Once a second
//! [`Activity::run`] credits what these have risen to the present minute; every five seconds it
//! tells the others, by way of Redis. While that is away, or switched off, a process knows its own
//! numbers only, and says so; what it could not tell is told later, for an hour.

mod counts;
mod local;
mod replica;
mod shared;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

pub use self::counts::{Counts, Minute};
pub use self::replica::Replica;

use self::local::{LocalHour, MINUTES, beginning, minute};
use self::replica::ReplicaInfo;
use self::shared::{Others, Shared};
use crate::auth::Auth;
use crate::auth::metrics::AuthMetrics;
use crate::auth::passwords::Passwords;
use crate::clock::{Clock, Timestamp};
use crate::llm::Llm;
use crate::storage::Storage;

/// Interval between two readings of the counters.
const SAMPLE_INTERVAL: Duration = Duration::from_secs(1);

/// Looks between two reports to the other replicas.
const SAMPLES_PER_REPORT: u32 = 5;

/// First parts of paths that are asked for by machines that watch: they would drown everything.
const NOT_COUNTED: [&str; 3] = ["health", "live", "assets"];

/// Counts, and tells; clones share everything.
#[derive(Clone, Debug)]
pub struct Activity(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    clock: Clock,
    sign_ins: AuthMetrics,
    passwords: Arc<Passwords>,
    llm: Llm,
    requests: AtomicU64,
    errors: AtomicU64,
    limited: AtomicU64,
    own: Mutex<LocalHour>,
    me: ReplicaInfo,
    shared: Option<Shared>,
}

/// The last hour.
#[derive(Clone, Debug)]
pub struct Hour {
    /// Its 60 minutes, the oldest first; the last one is not over yet.
    pub minutes: Vec<Minute>,
    /// The replicas, in the order of their start.
    pub replicas: Vec<Replica>,
    /// True where these are the numbers of all replicas, false where of this one alone.
    pub shared: bool,
}

impl Hour {
    /// All minutes together.
    #[must_use]
    pub fn total(&self) -> Counts {
        let counts = self.minutes.iter().map(|minute| minute.counts);
        counts.fold(Counts::default(), Counts::with)
    }
}

impl Activity {
    /// Begins to count; does no I/O, and reports nothing before [`Self::run`].
    #[must_use]
    pub fn new(storage: &Storage, auth: &Auth, llm: &Llm, clock: Clock) -> Self {
        let redis = storage.redis.as_ref();
        Self(Arc::new(Inner {
            sign_ins: auth.metrics.clone(),
            passwords: Arc::clone(&auth.passwords),
            llm: llm.clone(),
            requests: AtomicU64::new(0),
            errors: AtomicU64::new(0),
            limited: AtomicU64::new(0),
            own: Mutex::default(),
            me: ReplicaInfo::of_this_process(&clock),
            shared: redis.map(|redis| Shared::new(redis.rate_limit.clone())),
            clock,
        }))
    }

    /// Counts the answer to a request for `path`.
    pub fn answered(&self, path: &str, status: u16) {
        let first = path.split('/').nth(1).unwrap_or_default();
        if NOT_COUNTED.contains(&first) {
            return;
        }
        self.0.requests.fetch_add(1, Ordering::Relaxed);
        if status >= 500 {
            self.0.errors.fetch_add(1, Ordering::Relaxed);
        }
        if status == 429 {
            self.0.limited.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// When this process began to count.
    #[must_use]
    pub fn started_at(&self) -> Timestamp {
        self.0.me.started_at()
    }

    /// Seconds since then.
    #[must_use]
    pub fn uptime_seconds(&self) -> i64 {
        self.0.clock.now().since(self.started_at()).max(0) / 1000
    }

    /// The last hour; takes no longer than Redis may, which is half a second.
    pub async fn last_hour(&self) -> Hour {
        let now = self.sample();
        let last = minute(now);
        let others = match &self.0.shared {
            Some(shared) => shared.read(&self.0.me, last).await.ok(),
            None => None,
        };
        let shared = others.is_some();
        let Others {
            minutes: others,
            mut replicas,
        } = others.unwrap_or_else(|| Others {
            minutes: Vec::new(),
            replicas: Vec::new(),
        });
        // Before the first report, and while Redis is unavailable, this replica lists itself.
        if !replicas.iter().any(|replica| replica.this_one) {
            replicas.push(self.0.me.clone().seen(now, true));
        }
        replicas.sort_by(|a, b| (a.started_at, &a.id).cmp(&(b.started_at, &b.id)));
        let own = self.own();
        let mut others = others.into_iter();
        let minutes = (last - MINUTES + 1..=last).map(|minute| Minute {
            at: beginning(minute),
            counts: own.at(minute).with(others.next().unwrap_or_default()),
        });
        Hour {
            minutes: minutes.collect(),
            replicas,
            shared,
        }
    }

    /// Counts and reports until `stop`; then reports the rest and leaves the list of replicas.
    pub async fn run(self, stop: CancellationToken) {
        let mut looks = tokio::time::interval(SAMPLE_INTERVAL);
        // No burst of samples after a stall: one tells as much.
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // At once, so that the other replicas list this one from its start.
        let mut until_report = 0;
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                _ = looks.tick() => {}
            }
            self.sample();
            if until_report == 0 {
                self.report().await;
                until_report = SAMPLES_PER_REPORT;
            }
            until_report -= 1;
        }
        self.sample();
        // Not while Redis is away: the shutdown would wait for a second time-out.
        if self.report().await
            && let Some(shared) = &self.0.shared
        {
            shared.leave(&self.0.me).await;
        }
    }

    /// Credits the counts since the last reading; returns the time of this one.
    fn sample(&self) -> Timestamp {
        let inner = &self.0;
        // Read everything under the lock: of two concurrent readers, the later one must not credit
        // older totals.
        let mut own = self.own();
        let now = inner.clock.now();
        let cache = inner.llm.stats().counts();
        let sign_ins = inner.sign_ins.sign_ins();
        let totals = Counts {
            requests: inner.requests.load(Ordering::Relaxed),
            errors: inner.errors.load(Ordering::Relaxed),
            limited: inner.limited.load(Ordering::Relaxed),
            sign_ins: sign_ins.accepted,
            sign_ins_refused: sign_ins.refused,
            cache_hits: cache.hits,
            cache_misses: cache.misses,
            deepest_hash_queue: inner.passwords.queue_depth().try_into().unwrap_or(u64::MAX),
        };
        own.sample(now, totals);
        now
    }

    /// Reports new counts to the other replicas; returns whether Redis took them.
    async fn report(&self) -> bool {
        let Some(shared) = &self.0.shared else {
            return false;
        };
        let unreported = self.own().unreported();
        let Ok(known) = shared.report(&self.0.me, &unreported).await else {
            return false;
        };
        let mut own = self.own();
        if !known {
            own.mark_lost();
        }
        own.mark_reported(&unreported);
        true
    }

    fn own(&self) -> MutexGuard<'_, LocalHour> {
        self.0.own.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
