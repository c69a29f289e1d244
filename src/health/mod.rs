//! Liveness, readiness, start-up, and named checks.
//!
//! A check is one file here and one line in the list below: `/health/<name>`, the roll-up and the
//! metrics follow.

pub mod api;
mod cache;
mod database;
mod redis;
mod report;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::Mutex;
use tokio_util::task::TaskTracker;
use tracing::Instrument;

use self::cache::CacheCheck;
use self::database::DatabaseCheck;
use self::redis::RedisCheck;
use self::report::LIMIT;
pub use self::report::{CacheStatistics, Reach, RedisDatabase, Report, Status};
use crate::llm::Llm;
use crate::storage::{RedisDb, Sql, Storage};

/// Age up to which an answer is given again, so that health cannot be used to load what it checks.
const MAX_AGE: Duration = Duration::from_secs(1);

/// Declares the list of checks: name in the address, title on pages, name in the list, type.
macro_rules! checks {
    ($($name:literal, $title:literal => $variant:ident($check:ty)),+ $(,)?) => {
        /// A check's name, as it stands in `/health/<name>`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum CheckName { $(#[doc = $name] $variant),+ }

        impl CheckName {
            /// Every check, in the order of the list.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The name as text.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// The name as pages show it.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title),+ }
            }
        }

        #[derive(Debug)]
        enum Check { $($variant($check)),+ }

        impl Check {
            fn all(storage: &Storage, llm: &Llm) -> Vec<(CheckName, Self)> {
                vec![$((CheckName::$variant, Self::$variant(<$check>::new(storage, llm)))),+]
            }

            fn rolls_up(&self) -> bool {
                match self { $(Self::$variant(_) => <$check>::ROLLS_UP),+ }
            }

            async fn run(&self) -> Report {
                match self { $(Self::$variant(check) => check.run().await),+ }
            }
        }
    };
}

checks! {
    "database", "Database" => Database(DatabaseCheck),
    "redis", "Redis" => Redis(RedisCheck),
    "cache", "LLM cache" => Cache(CacheCheck),
}

/// The health of the process and of what it stands on; clones share it.
#[derive(Clone, Debug)]
pub struct Health(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    sql: Sql,
    /// The Redis databases in use.
    redis: Vec<RedisDb>,
    checks: Vec<(CheckName, Arc<CachedCheck>)>,
    tracker: TaskTracker,
    draining: AtomicBool,
}

/// A check and its last answer.
#[derive(Debug)]
struct CachedCheck {
    check: Check,
    last: Mutex<Option<(Instant, Report)>>,
}

impl Health {
    /// The checks of `storage` and `llm`; does no I/O.
    #[must_use]
    pub fn new(storage: &Storage, llm: &Llm) -> Self {
        let cached = |check| CachedCheck {
            check,
            last: Mutex::new(None),
        };
        let checks = Check::all(storage, llm)
            .into_iter()
            .map(|(name, check)| (name, Arc::new(cached(check))));
        let redis = storage.redis.iter().flat_map(|redis| {
            let cache = llm.enabled().then(|| redis.cache.db());
            let both = [redis.auth.db(), redis.rate_limit.db()];
            both.into_iter().chain(cache).cloned()
        });
        Self(Arc::new(Inner {
            sql: storage.sql.clone(),
            redis: redis.collect(),
            checks: checks.collect(),
            tracker: TaskTracker::new(),
            draining: AtomicBool::new(false),
        }))
    }

    /// Ends readiness: the process is about to stop.
    pub fn start_draining(&self) {
        self.0.draining.store(true, Ordering::Release);
    }

    /// Checks whether the process is about to stop.
    #[must_use]
    pub fn draining(&self) -> bool {
        self.0.draining.load(Ordering::Acquire)
    }

    /// The dependency that this process has not reached since its start, as a reason; `None` once it
    /// can serve. What was reached once stays so: an outage of something shared would otherwise
    /// take every replica out of service at once, and with them all that goes on without it.
    #[must_use]
    pub fn unready_reason(&self) -> Option<&'static str> {
        // The schema first: until it is current every request that needs the database fails, whatever
        // Redis says.
        if !self.0.sql.migrated() {
            let away = !self.0.sql.available();
            return Some(if away {
                "database_unavailable"
            } else {
                "migration_pending"
            });
        }
        let reached = self.0.redis.iter().all(RedisDb::reached);
        (!reached).then_some("redis_unavailable")
    }

    /// Checks whether a dependency failed to answer last.
    #[must_use]
    pub fn has_outage(&self) -> bool {
        let redis = self.0.redis.iter();
        !self.0.sql.available() || redis.into_iter().any(|db| !db.available())
    }

    /// Asks the dependencies that were not reached yet, or did not answer last.
    pub async fn ping_unavailable(&self) {
        let mut pings = tokio::task::JoinSet::new();
        for db in &self.0.redis {
            if !db.reached() || !db.available() {
                let db = db.clone();
                pings.spawn(async move { db.ping().await.is_ok() });
            }
        }
        let sql = &self.0.sql;
        // Until the schema is current, the migration asks the database by itself.
        if sql.migrated() && !sql.available() {
            let sql = sql.clone();
            pings.spawn(async move { sql.ping(LIMIT).await.is_ok() });
        }
        pings.join_all().await;
    }

    /// Runs a check, or returns its answer of less than a second ago. Concurrent callers share one
    /// run.
    pub async fn report(&self, name: CheckName) -> Report {
        let Some((_, cached)) = self.0.checks.iter().find(|(known, _)| *known == name) else {
            return Report::new(Status::Disabled);
        };
        self.run(cached).await
    }

    /// Runs a check to its end, even when the caller is gone.
    fn run(&self, cached: &Arc<CachedCheck>) -> impl Future<Output = Report> + use<> {
        let cached = Arc::clone(cached);
        // A task of its own: a caller that hangs up must not cancel the run that others wait for.
        let report = async move { cached.report().await };
        let report = self.0.tracker.spawn(report.in_current_span());
        async {
            report
                .await
                .unwrap_or_else(|_| Report::new(Status::Unhealthy))
        }
    }

    /// The checks that decide whether the whole is healthy.
    pub async fn roll_up(&self) -> Vec<(CheckName, Report)> {
        let mut reports = Vec::new();
        for (name, cached) in self
            .0
            .checks
            .iter()
            .filter(|(_, cached)| cached.check.rolls_up())
        {
            reports.push((*name, self.run(cached).await));
        }
        reports
    }

    /// Every check, side by side: all take as long as the slowest.
    pub async fn all(&self) -> Vec<(CheckName, Report)> {
        let checks = self.0.checks.iter();
        let runs: Vec<_> = checks
            .map(|(name, cached)| (*name, self.run(cached)))
            .collect();
        let mut reports = Vec::new();
        for (name, run) in runs {
            reports.push((name, run.await));
        }
        reports
    }
}

impl CachedCheck {
    async fn report(&self) -> Report {
        // Held across the run, so that concurrent callers cause one run and not one each.
        let mut last = self.last.lock().await;
        if let Some((at, report)) = last.as_ref()
            && at.elapsed() < MAX_AGE
        {
            return report.clone();
        }
        let report = tokio::time::timeout(LIMIT, self.check.run())
            .await
            .unwrap_or_else(|_| Report::new(Status::Unhealthy));
        *last = Some((Instant::now(), report.clone()));
        report
    }
}
