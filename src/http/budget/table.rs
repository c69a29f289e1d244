//! [`Table`]: the holders of a budget, and the choice of the body that makes room for another.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

/// Bytes up to which a hold is small, and may have the part that is kept for small ones.
pub(super) const SMALL: usize = 64 * 1024;

/// Shortest time without growth after which a body makes room. A body above a mebibyte grows by one at a
/// time, so one that arrives faster than a mebibyte a second is never asked to.
pub(super) const STALE: Duration = Duration::from_secs(1);

/// Reason why a hold does not grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BudgetError {
    /// All holders together have what they may.
    Total,
    /// This holder has its share.
    Share,
    /// This hold has made room for others.
    Evicted,
}

#[derive(Debug)]
pub(super) struct Table<K> {
    pub(super) used: Used,
    /// No entry outlives the last byte.
    pub(super) holders: HashMap<K, Used>,
    pub(super) arriving: HashMap<u64, Arriving<K>>,
    next: u64,
}

/// Bytes that are held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Used {
    pub(super) bytes: usize,
    /// Those of holds that are not small.
    pub(super) large: usize,
}

/// A body that is arriving.
#[derive(Debug)]
pub(super) struct Arriving<K> {
    key: K,
    pub(super) bytes: usize,
    /// When it began, or grew last.
    pub(super) grown: Instant,
    /// It has been asked to make room.
    evicted: bool,
    evict: Arc<Notify>,
}

impl<K> Default for Table<K> {
    fn default() -> Self {
        Self {
            used: Used::default(),
            holders: HashMap::new(),
            arriving: HashMap::new(),
            next: 0,
        }
    }
}

impl<K> Arriving<K> {
    /// A body of `key` that begins now, and is told by `evict` to make room.
    pub(super) fn new(key: K, evict: Arc<Notify>) -> Self {
        Self {
            key,
            bytes: 0,
            grown: Instant::now(),
            evicted: false,
            evict,
        }
    }
}

impl Used {
    /// This, with a hold of `before` bytes that has `now`.
    pub(super) fn after(self, before: usize, now: usize) -> Self {
        let large = |bytes: usize| if bytes > SMALL { bytes } else { 0 };
        Self {
            bytes: (self.bytes - before).saturating_add(now),
            large: (self.large - large(before)).saturating_add(large(now)),
        }
    }
}

impl<K: Copy + Eq + Hash> Table<K> {
    /// Adds a body, and gives its number.
    pub(super) fn add(&mut self, body: Arriving<K>) -> u64 {
        let id = self.next;
        self.next += 1;
        self.arriving.insert(id, body);
        id
    }

    /// Counts a hold of `key` that had `before` bytes and has `now`.
    pub(super) fn count(&mut self, key: K, before: usize, now: usize) {
        self.used = self.used.after(before, now);
        let own = self.holders.entry(key).or_default();
        *own = own.after(before, now);
        if own.bytes == 0 {
            self.holders.remove(&key);
        }
    }

    /// Asks a body to make room for `more` bytes of the body `id`, and checks whether one is about to.
    /// Where the limit is one of `large` holds alone, small ones would give nothing.
    pub(super) fn make_room(
        &mut self,
        id: u64,
        more: usize,
        limit: BudgetError,
        large: bool,
    ) -> bool {
        let Some(mine) = self.arriving.get(&id) else {
            return false;
        };
        let (key, since) = (mine.key, mine.grown);
        let own = self.holders.get(&key).map_or(0, |own| own.bytes);
        let holders = self.holders.len() + usize::from(own == 0);
        // The most that a holder may have without being asked to make room for this one.
        let fair = (own + more).min(self.used.bytes / holders);
        let useful = |body: &Arriving<K>| {
            let held = self.holders.get(&body.key).map_or(0, |held| held.bytes);
            let is_own = body.key == key;
            body.bytes > if large { SMALL } else { 0 }
                && (is_own || (limit == BudgetError::Total && held >= fair))
        };
        // One that is leaving already will free its memory: a second must not be evicted for the same
        // need.
        if self
            .arriving
            .values()
            .any(|body| body.evicted && useful(body))
        {
            return true;
        }
        // Only bodies that are slower than this one, or two could evict each other in turn.
        let slowest = self
            .arriving
            .iter()
            .filter(|(_, body)| body.grown < since && body.grown.elapsed() >= STALE && useful(body))
            .min_by_key(|(_, body)| body.grown)
            .map(|(id, _)| *id);
        let Some(body) = slowest.and_then(|id| self.arriving.get_mut(&id)) else {
            return false;
        };
        body.evicted = true;
        body.evict.notify_one();
        true
    }
}
