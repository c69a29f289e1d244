//! Answers in this process, bounded in bytes: what was used least makes room. And the outcomes that both
//! stores give.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use hyper::body::Bytes;
use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter};

use crate::clock::{Clock, Timestamp};
use crate::llm::key::CacheKey;

/// Bytes that an entry costs beside its own: key, place in the table, bookkeeping.
const OVERHEAD: u64 = 256;

/// A usual answer, for the first size of the table.
const USUAL: u64 = 4096;

/// The outcome of a look-up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::llm) struct LookUp {
    /// The generation that holds now; an answer to this request is kept under it.
    pub(in crate::llm) generation: String,
    /// The entry under the key, if there is one.
    pub(in crate::llm) entry: Option<Bytes>,
}

/// The outcome of keeping an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::llm) enum PutOutcome {
    /// It is kept.
    Stored,
    /// The cache was purged since the look-up.
    Purged,
    /// There is no room.
    Full,
}

/// A store in this process.
#[derive(Debug)]
pub(in crate::llm) struct MemoryStore {
    /// Its generation stands in the key: what a purge missed is never found.
    cache: Cache<(u64, CacheKey), Cached, ByteWeighter>,
    generation: AtomicU64,
    clock: Clock,
    capacity: u64,
}

#[derive(Clone, Debug)]
struct Cached {
    entry: Bytes,
    until: Timestamp,
}

#[derive(Clone, Copy, Debug)]
struct ByteWeighter;

impl Weighter<(u64, CacheKey), Cached> for ByteWeighter {
    fn weight(&self, _: &(u64, CacheKey), kept: &Cached) -> u64 {
        weight(&kept.entry)
    }
}

fn weight(entry: &Bytes) -> u64 {
    entry.len() as u64 + OVERHEAD
}

impl MemoryStore {
    pub(super) fn new(bytes: u64, clock: Clock) -> Self {
        let items = usize::try_from(bytes / USUAL)
            .unwrap_or(usize::MAX)
            .min(1 << 16);
        // One shard: more would each have a part of the bytes only, and refuse what is larger.
        let options = OptionsBuilder::new()
            .shards(1)
            .estimated_items_capacity(items)
            .weight_capacity(bytes)
            .build();
        let (hash, life) = (DefaultHashBuilder::default(), DefaultLifecycle::default());
        let cache = match options {
            Ok(options) => Cache::with_options(options, ByteWeighter, hash, life),
            // Only a missing number is refused, and all are given.
            Err(_) => Cache::with(items, bytes, ByteWeighter, hash, life),
        };
        Self {
            cache,
            generation: AtomicU64::new(0),
            clock,
            capacity: bytes,
        }
    }

    pub(super) fn look_up(&self, key: &CacheKey) -> LookUp {
        let generation = self.generation.load(Ordering::Acquire);
        let key = (generation, key.clone());
        let mut kept = self.cache.get(&key);
        if kept
            .as_ref()
            .is_some_and(|kept| kept.until <= self.clock.now())
        {
            self.cache.remove(&key);
            kept = None;
        }
        LookUp {
            generation: generation.to_string(),
            entry: kept.map(|kept| kept.entry),
        }
    }

    pub(super) fn put(
        &self,
        key: &CacheKey,
        generation: &str,
        entry: Bytes,
        life: Duration,
    ) -> PutOutcome {
        let now = self.generation.load(Ordering::Acquire);
        if now.to_string() != generation {
            return PutOutcome::Purged;
        }
        if weight(&entry) > self.capacity {
            return PutOutcome::Full;
        }
        let millis = i64::try_from(life.as_millis()).unwrap_or(i64::MAX);
        let until = self.clock.now().plus_millis(millis);
        // Under the generation that was compared: if a purge came in between, no look-up finds the entry.
        self.cache
            .insert((now, key.clone()), Cached { entry, until });
        PutOutcome::Stored
    }

    pub(super) fn purge(&self) {
        // First the generation: from here on no look-up finds an old answer, however long clearing
        // takes.
        self.generation.fetch_add(1, Ordering::AcqRel);
        self.cache.clear();
    }

    pub(super) fn entries(&self) -> u64 {
        self.cache.len() as u64
    }
}

#[cfg(test)]
mod tests;
