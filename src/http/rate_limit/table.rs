//! [`Table`]: values that end at some moment, of which only so many are kept.

use std::collections::{BTreeSet, HashMap};

use sha2::{Digest, Sha256};

use crate::clock::Timestamp;

/// Most entries of a table.
pub(super) const MAX_ENTRIES: usize = 100_000;

/// Bytes that an entry takes at most: 40 in the map and 24 in the order, whose slots and nodes may
/// both be half empty.
pub(super) const ENTRY_BYTES: usize = 128;

/// A map that has shrunk to a quarter gives memory back, if it has more than this many slots.
const LEAST_CAPACITY: usize = 4096;

/// A digest of a name: whatever clients can put into names, all entries have one size.
type Key = [u8; 16];

/// Values by name. When it is full, the entry that ends first makes room, and of those that are to
/// be spared none as long as there is another: an attacker with fresh addresses forgets fresh
/// counters, not the full one that holds a guess back.
#[derive(Debug)]
pub(super) struct Table<V> {
    entries: HashMap<Key, Entry<V>>,
    /// Those that make room first, and those that are spared; each in the order of their ends.
    order: [BTreeSet<(Timestamp, Key)>; 2],
    max: usize,
}

#[derive(Debug)]
struct Entry<V> {
    value: V,
    end: Timestamp,
    spared: bool,
}

impl<V: Copy> Table<V> {
    pub(super) fn new(max: usize) -> Self {
        Self {
            entries: HashMap::new(),
            order: Default::default(),
            max,
        }
    }

    /// The value of `name` and its end, if that has not come.
    pub(super) fn get(&self, name: &str, now: Timestamp) -> Option<(V, Timestamp)> {
        let entry = self.entries.get(&key(name))?;
        (entry.end > now).then_some((entry.value, entry.end))
    }

    /// Sets the value of `name` until `end`.
    pub(super) fn set(&mut self, name: &str, value: V, end: Timestamp, spared: bool) {
        let key = key(name);
        let entry = Entry { value, end, spared };
        if let Some(old) = self.entries.insert(key, entry) {
            self.order[usize::from(old.spared)].remove(&(old.end, key));
        }
        self.order[usize::from(spared)].insert((end, key));
    }

    /// Makes room for one more entry, in steps of a bounded number.
    pub(super) fn make_room(&mut self, now: Timestamp) {
        for spared in [0, 1] {
            // Two for each that comes: what has ended becomes less under any load.
            for _ in 0..2 {
                if self.order[spared]
                    .first()
                    .is_some_and(|(end, _)| *end <= now)
                {
                    self.forget_first(spared);
                }
            }
        }
        if self.entries.len() >= self.max && !self.forget_first(0) {
            self.forget_first(1);
        }
        let capacity = self.entries.capacity();
        if capacity > LEAST_CAPACITY && self.entries.len() < capacity / 4 {
            self.entries.shrink_to(capacity / 2);
        }
    }

    fn forget_first(&mut self, spared: usize) -> bool {
        let Some((_, key)) = self.order[spared].pop_first() else {
            return false;
        };
        self.entries.remove(&key).is_some()
    }
}

fn key(name: &str) -> Key {
    let digest: [u8; 32] = Sha256::digest(name.as_bytes()).into();
    let mut key = Key::default();
    key.copy_from_slice(&digest[..16]);
    key
}

#[cfg(test)]
mod tests;
