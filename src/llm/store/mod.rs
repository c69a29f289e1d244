//! The store of answers: a closed set of two, Redis and this process.
//!
//! Every answer is kept under the generation that its look-up saw. A purge begins another
//! generation, so that everything from before is unknown at once, also what is on its way.

mod memory;
mod redis;

use std::time::Duration;

use self::memory::MemoryStore;
pub(super) use self::memory::{LookUp, PutOutcome};
use self::redis::RedisStore;
use super::key::CacheKey;
use crate::clock::{Clock, random_below};
use crate::storage::{CacheDb, RedisUnavailable, either};

type Result<T> = std::result::Result<T, RedisUnavailable>;

/// The store of answers.
#[derive(Debug)]
pub(super) enum Store {
    /// For any number of processes.
    Redis(RedisStore),
    /// For this one; it ends with it.
    Memory(MemoryStore),
}

impl Store {
    /// The store in `db`, or one of `bytes` in this process where there is none.
    pub(super) fn new(db: Option<CacheDb>, bytes: u64, clock: &Clock) -> Self {
        db.map_or_else(
            || Self::Memory(MemoryStore::new(bytes, clock.clone())),
            |db| Self::Redis(RedisStore::new(db)),
        )
    }

    /// Looks `key` up, in one round trip.
    ///
    /// # Errors
    /// When the store does not answer.
    pub(super) async fn look_up(&self, key: &CacheKey, ttl: Duration) -> Result<LookUp> {
        match self {
            Self::Redis(store) => store.look_up(key, ttl).await,
            Self::Memory(store) => Ok(store.look_up(key)),
        }
    }

    /// Keeps `entry` under `key` for about `ttl`, unless the generation is over.
    ///
    /// # Errors
    /// When the store does not answer.
    pub(super) async fn put(
        &self,
        key: &CacheKey,
        generation: &str,
        entry: Vec<u8>,
        ttl: Duration,
    ) -> Result<PutOutcome> {
        let life = with_jitter(ttl);
        match self {
            Self::Redis(store) => store.put(key, generation, entry, life, ttl).await,
            Self::Memory(store) => Ok(store.put(key, generation, entry.into(), life)),
        }
    }

    /// Makes everything that is kept unknown, whatever its amount.
    ///
    /// # Errors
    /// When the store does not answer.
    pub(super) async fn purge(&self) -> Result<()> {
        either!(self, store => store.purge())
    }

    /// Counts the answers in the store; those that a purge made unknown count until they expire.
    ///
    /// # Errors
    /// When the store does not answer, also while calls are failed at once.
    pub(super) async fn entries(&self) -> Result<u64> {
        either!(self, store => store.entries())
    }
}

/// `ttl`, at most a tenth shorter or longer: what is kept at the same moment does not end at the
/// same moment.
fn with_jitter(ttl: Duration) -> Duration {
    let tenth = ttl / 10;
    let spread = u64::try_from(tenth.as_millis() * 2 + 1).unwrap_or(u64::MAX);
    ttl.saturating_sub(tenth) + Duration::from_millis(random_below(spread))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lives_differ_by_a_tenth_at_most() {
        let ttl = Duration::from_hours(1);
        let lives: Vec<Duration> = (0..200).map(|_| with_jitter(ttl)).collect();
        assert!(
            lives
                .iter()
                .all(|life| (3240..=3960).contains(&life.as_secs()))
        );
        assert!(lives.iter().max() > lives.iter().min());
        assert!(with_jitter(Duration::from_secs(1)) >= Duration::from_millis(900));
    }
}
