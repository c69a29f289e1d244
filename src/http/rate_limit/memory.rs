//! Counters in this process: the twin of the Redis ones for a single replica, and what holds
//! while Redis is away.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::{Bucket, Count, WINDOW_MILLIS};
use crate::clock::{Clock, Timestamp};

/// Above this many entries the expired ones are swept out; if all are live, all are forgotten:
/// memory stays bounded whatever addresses an attacker comes from.
const MAX_ENTRIES: usize = 100_000;

#[derive(Debug)]
pub(super) struct MemoryCounters {
    clock: Clock,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    counters: HashMap<String, (i64, Timestamp)>,
    known: HashMap<String, Timestamp>,
}

impl MemoryCounters {
    pub(super) fn new(clock: Clock) -> Self {
        Self {
            clock,
            state: Mutex::default(),
        }
    }

    pub(super) fn charge(&self, buckets: &[Bucket]) -> Vec<Count> {
        let now = self.clock.now();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.make_room(now);
        let mut counts: Vec<Count> = buckets
            .iter()
            .map(|bucket| {
                let (used, end) = state.counter(bucket, now);
                let known = bucket
                    .unless_known
                    .as_ref()
                    .is_some_and(|name| state.known.get(name).is_some_and(|until| *until > now));
                (used, end.since(now), used >= bucket.limit && !known)
            })
            .collect();
        if counts.iter().any(|(_, _, refused)| *refused) {
            return counts;
        }
        for (bucket, count) in buckets.iter().zip(&mut counts).filter(|(b, _)| b.charge) {
            let (used, end) = state.counter(bucket, now);
            count.0 = used + 1;
            state.counters.insert(name(bucket), (used + 1, end));
        }
        counts
    }

    pub(super) fn remember(&self, name: &str, millis: i64) {
        let now = self.clock.now();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.make_room(now);
        state.known.insert(name.to_owned(), now.plus_millis(millis));
    }
}

impl State {
    /// Calls counted in the running window, and its end.
    fn counter(&self, bucket: &Bucket, now: Timestamp) -> (i64, Timestamp) {
        match self.counters.get(&name(bucket)) {
            Some((used, end)) if *end > now => (*used, *end),
            _ => (0, now.plus_millis(WINDOW_MILLIS)),
        }
    }

    fn make_room(&mut self, now: Timestamp) {
        if self.counters.len() >= MAX_ENTRIES {
            self.counters.retain(|_, (_, end)| *end > now);
        }
        if self.known.len() >= MAX_ENTRIES {
            self.known.retain(|_, until| *until > now);
        }
        if self.counters.len() >= MAX_ENTRIES {
            self.counters.clear();
        }
        if self.known.len() >= MAX_ENTRIES {
            self.known.clear();
        }
    }
}

fn name(bucket: &Bucket) -> String {
    format!("{}:{}", bucket.policy, bucket.key)
}
