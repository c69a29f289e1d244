//! Watches how far the clock of this machine is from those of Redis and of the database.
//!
//! Sessions go by the clock of Redis, so that a wrong clock ends no session; the audit trail and
//! reset links go by this machine's.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use tokio_util::sync::CancellationToken;

use crate::clock::{Clock, Timestamp};
use crate::storage::Storage;

/// Pause between two measurements.
const PAUSE: Duration = Duration::from_secs(5);

/// Largest difference without a warning, in milliseconds.
const TOLERATED_MILLIS: i64 = 1000;

/// The last differences measured; clones share them.
#[derive(Clone, Debug, Default)]
pub(super) struct ClockSkew(Family<Store, Gauge<f64, AtomicU64>>);

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Store {
    store: &'static str,
}

/// One reading of another clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Reading {
    /// Milliseconds by which this machine is ahead.
    ahead: i64,
    /// Milliseconds by which `ahead` may be wrong.
    error: i64,
}

impl Reading {
    /// The reading of a clock that showed `there` at some moment between `asked` and `answered`.
    const fn new(asked: Timestamp, there: Timestamp, answered: Timestamp) -> Self {
        let error = answered.since(asked) / 2;
        Self {
            ahead: asked.plus_millis(error).since(there),
            error,
        }
    }

    /// True if the clocks differ by more than is tolerated; `None` where the answer took too long to
    /// tell.
    const fn differs(self) -> Option<bool> {
        let distance = self.ahead.abs();
        if distance - self.error > TOLERATED_MILLIS {
            Some(true)
        } else if distance + self.error <= TOLERATED_MILLIS {
            Some(false)
        } else {
            None
        }
    }
}

impl ClockSkew {
    /// Adds the differences to what Prometheus scrapes.
    pub(super) fn register(&self, registry: &mut Registry) {
        let help = "Seconds by which the clock of this machine is ahead of that of the store";
        registry.register("aura_clock_skew_seconds", help, self.0.clone());
    }

    /// Measures until `stop`, and logs when a clock begins or ceases to differ.
    pub(super) async fn watch(self, storage: Storage, clock: Clock, stop: CancellationToken) {
        let (mut redis_differs, mut database_differs) = (false, false);
        loop {
            if let Some(redis) = &storage.redis {
                let asked = clock.now();
                // The pool has logged the cause.
                if let Ok(there) = redis.auth.db().time().await {
                    let reading = Reading::new(asked, there, clock.now());
                    self.note("redis", reading, &mut redis_differs);
                }
            }
            let asked = clock.now();
            if let Ok(Some(there)) = storage.sql.time().await {
                let reading = Reading::new(asked, there, clock.now());
                self.note("database", reading, &mut database_differs);
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(PAUSE) => {}
            }
        }
    }

    fn note(&self, store: &'static str, reading: Reading, differed: &mut bool) {
        #[expect(
            clippy::cast_precision_loss,
            reason = "exact for 285,000 years of milliseconds"
        )]
        let seconds = reading.ahead as f64 / 1000.0;
        self.0.get_or_create(&Store { store }).set(seconds);
        let Some(differs) = reading.differs() else {
            return;
        };
        if differs && !*differed {
            tracing::warn!(
                store,
                seconds_ahead = seconds,
                "the clock of this machine differs from that of the store; set both by NTP"
            );
        } else if *differed && !differs {
            tracing::info!(
                store,
                "the clock of this machine agrees with the store again"
            );
        }
        *differed = differs;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reading_is_trusted_as_far_as_the_answer_was_quick() {
        let at = Timestamp::from_millis;
        let reading = Reading::new(at(30_000), at(0), at(30_010));
        assert_eq!((reading.ahead, reading.error), (30_005, 5));
        assert_eq!(reading.differs(), Some(true));
        assert_eq!(Reading::new(at(0), at(995), at(0)).differs(), Some(false));
        assert_eq!(Reading::new(at(0), at(1001), at(0)).differs(), Some(true));
        assert_eq!(Reading::new(at(0), at(2000), at(1800)).differs(), None);
        assert_eq!(
            Reading::new(at(0), at(5000), at(1800)).differs(),
            Some(true)
        );
    }
}
