//! Answers in Redis: one key an answer, one for the generation, each with a time to live.
//!
//! Behind an entry stands the generation that it was kept under, so that reading it costs one round
//! trip, and a purge one write. The generation is random: one that was lost (evicted, or expired
//! after everything under it) is never used again.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hyper::body::Bytes;
use redis::Script;

use super::memory::{LookUp, PutOutcome};
use crate::clock::unique_id;
use crate::llm::key::CacheKey;
use crate::storage::{CacheDb, RedisUnavailable};

type Result<T> = std::result::Result<T, RedisUnavailable>;

const GENERATION: &str = "aura:llm:generation";

/// Characters of a generation.
const LENGTH: usize = 32;

/// A store in the database of the cache.
#[derive(Debug)]
pub(in crate::llm) struct RedisStore {
    db: CacheDb,
    look_up: Script,
    put: Script,
    purge: Script,
    full: AtomicBool,
}

impl RedisStore {
    pub(super) fn new(db: CacheDb) -> Self {
        Self {
            db,
            look_up: Script::new(include_str!("look_up.lua")),
            put: Script::new(include_str!("put.lua")),
            // The next look-up begins another. Unlike a write, this needs no room.
            purge: Script::new("redis.call('DEL', KEYS[1])"),
            full: AtomicBool::new(false),
        }
    }

    pub(super) async fn look_up(&self, key: &CacheKey, ttl: Duration) -> Result<LookUp> {
        let mut call = self.look_up.prepare_invoke();
        call.key(GENERATION).key(entry_key(key));
        call.arg(new_generation()).arg(generation_life(ttl));
        let (generation, kept): (String, Option<Vec<u8>>) = self.db.db().invoke(&call).await?;
        // An entry of another generation was purged, or its generation was evicted: a miss.
        let entry = kept
            .map(Bytes::from)
            .filter(|kept| kept.len() > LENGTH && kept.ends_with(generation.as_bytes()));
        Ok(LookUp {
            entry: entry.map(|kept| kept.slice(..kept.len() - LENGTH)),
            generation,
        })
    }

    pub(super) async fn put(
        &self,
        key: &CacheKey,
        generation: &str,
        mut entry: Vec<u8>,
        life: Duration,
        ttl: Duration,
    ) -> Result<PutOutcome> {
        entry.extend_from_slice(generation.as_bytes());
        let mut call = self.put.prepare_invoke();
        call.key(GENERATION).key(entry_key(key));
        call.arg(generation).arg(&entry);
        // It stands in the call now, once.
        drop(entry);
        call.arg(millis(life)).arg(generation_life(ttl));
        let put = match self.db.db().invoke(&call).await? {
            1 => PutOutcome::Stored,
            0 => PutOutcome::Purged,
            _ => PutOutcome::Full,
        };
        let full = put == PutOutcome::Full;
        if self.full.swap(full, Ordering::Relaxed) != full {
            if full {
                tracing::warn!(
                    "the Redis of the LLM cache has no room: answers are passed on and not kept; \
                     give it a maxmemory-policy that evicts"
                );
            } else {
                tracing::info!("the Redis of the LLM cache has room again");
            }
        }
        Ok(put)
    }

    pub(super) async fn purge(&self) -> Result<()> {
        let mut call = self.purge.prepare_invoke();
        call.key(GENERATION);
        // An administrator waits for this, no question: it may take longer than a call of the cache.
        self.db.db().invoke_patiently(&call).await
    }

    pub(super) async fn entries(&self) -> Result<u64> {
        self.db.db().count_keys(GENERATION).await
    }
}

fn entry_key(key: &CacheKey) -> String {
    format!("aura:llm:answer:{}", key.as_str())
}

fn new_generation() -> String {
    unique_id().simple().to_string()
}

/// Longer than any entry lives.
fn generation_life(ttl: Duration) -> u64 {
    millis(ttl * 2)
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
