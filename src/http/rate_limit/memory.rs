//! Counters in this process: the twin of the Redis ones for a single replica, and what holds
//! while Redis is away.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::bucket::{Bucket, Count, WINDOW_MILLIS};
use super::table::{MAX_ENTRIES, Table};
use crate::clock::{Clock, Timestamp};

#[derive(Debug)]
pub(super) struct MemoryCounters {
    clock: Clock,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    counters: Table<i64>,
    known: Table<()>,
}

impl MemoryCounters {
    pub(super) fn new(clock: Clock) -> Self {
        let state = State {
            counters: Table::new(MAX_ENTRIES),
            known: Table::new(MAX_ENTRIES),
        };
        Self {
            clock,
            state: Mutex::new(state),
        }
    }

    pub(super) fn charge(&self, buckets: &[Bucket]) -> Vec<Count> {
        let now = self.clock.now();
        let mut state = self.lock();
        // First all are looked at, then all are counted: a call that one refuses counts in none.
        let mut counts: Vec<Count> = buckets
            .iter()
            .map(|bucket| {
                let (used, end) = state.counter(bucket, now);
                let known = bucket
                    .unless_known
                    .as_ref()
                    .is_some_and(|name| state.known.get(name, now).is_some());
                (used, end.since(now), used >= bucket.limit && !known)
            })
            .collect();
        if counts.iter().any(|(_, _, refused)| *refused) {
            return counts;
        }
        for (bucket, count) in buckets.iter().zip(&mut counts).filter(|(b, _)| b.charge) {
            let (used, end) = state.counter(bucket, now);
            count.0 = used + 1;
            state.counters.make_room(now);
            // Spare counters that are half full: a flood of fresh addresses must not evict the one that holds
            // a guesser back.
            let spared = count.0 * 2 >= bucket.limit;
            state.counters.set(&name(bucket), count.0, end, spared);
        }
        counts
    }

    pub(super) fn remember(&self, names: &[String], millis: i64) {
        let now = self.clock.now();
        let mut state = self.lock();
        for name in names {
            state.known.make_room(now);
            state.known.set(name, (), now.plus_millis(millis), false);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Calls counted in the running window, and its end.
    fn counter(&self, bucket: &Bucket, now: Timestamp) -> (i64, Timestamp) {
        let running = self.counters.get(&name(bucket), now);
        running.unwrap_or_else(|| (0, now.plus_millis(WINDOW_MILLIS)))
    }
}

fn name(bucket: &Bucket) -> String {
    format!("{}:{}", bucket.policy, bucket.key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket(policy: &'static str, key: &str, limit: i64) -> Bucket {
        Bucket {
            policy,
            key: key.to_owned(),
            limit,
            charge: true,
            unless_known: None,
            public: true,
        }
    }

    #[test]
    fn a_flood_of_fresh_addresses_forgets_no_full_counter() {
        let counters = MemoryCounters::new(Clock::manual(Timestamp::from_millis(0)));
        let victim = [bucket("login", "victim", 5)];
        for _ in 0..5 {
            assert!(!counters.charge(&victim)[0].2);
        }
        for number in 0..MAX_ENTRIES + 10 {
            let fresh = bucket("address", &format!("2001:db8:{number:x}::"), 30);
            assert!(!counters.charge(&[fresh])[0].2);
        }
        assert!(counters.charge(&victim)[0].2, "the limit still holds");
    }
}
