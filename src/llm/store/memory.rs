//! Answers in this process, bounded in bytes: what was used least makes room.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use hyper::body::Bytes;
use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter};

use super::outcome::{Found, Put};
use crate::clock::{Clock, Timestamp};
use crate::llm::key::CacheKey;

/// Bytes that an entry costs beside its own: key, place in the table, bookkeeping.
const OVERHEAD: u64 = 256;

/// A usual answer, for the first size of the table.
const USUAL: u64 = 4096;

/// A store in this process.
#[derive(Debug)]
pub(in crate::llm) struct MemoryStore {
    /// Its generation stands in the key: what a purge missed is never found.
    cache: Cache<(u64, CacheKey), Kept, Bytewise>,
    generation: AtomicU64,
    clock: Clock,
    capacity: u64,
}

#[derive(Clone, Debug)]
struct Kept {
    entry: Bytes,
    until: Timestamp,
}

#[derive(Clone, Copy, Debug)]
struct Bytewise;

impl Weighter<(u64, CacheKey), Kept> for Bytewise {
    fn weight(&self, _: &(u64, CacheKey), kept: &Kept) -> u64 {
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
            Ok(options) => Cache::with_options(options, Bytewise, hash, life),
            // Only a missing number is refused, and all are given.
            Err(_) => Cache::with(items, bytes, Bytewise, hash, life),
        };
        Self {
            cache,
            generation: AtomicU64::new(0),
            clock,
            capacity: bytes,
        }
    }

    pub(super) fn look_up(&self, key: &CacheKey) -> Found {
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
        Found {
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
    ) -> Put {
        let now = self.generation.load(Ordering::Acquire);
        if now.to_string() != generation {
            return Put::Purged;
        }
        if weight(&entry) > self.capacity {
            return Put::Full;
        }
        let millis = i64::try_from(life.as_millis()).unwrap_or(i64::MAX);
        let until = self.clock.now().plus_millis(millis);
        self.cache.insert((now, key.clone()), Kept { entry, until });
        Put::Kept
    }

    pub(super) fn purge(&self) {
        self.generation.fetch_add(1, Ordering::AcqRel);
        self.cache.clear();
    }

    pub(super) fn entries(&self) -> u64 {
        self.cache.len() as u64
    }
}

#[cfg(test)]
mod tests;
