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
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn put(table: &mut Table<i64>, name: &str, now: i64, end: i64, spared: bool) {
        table.make_room(at(now));
        table.set(name, 1, at(end), spared);
    }

    #[test]
    fn the_oldest_makes_room_and_the_spared_last() {
        let mut table = Table::new(3);
        put(&mut table, "full", 0, 10, true);
        put(&mut table, "old", 0, 20, false);
        put(&mut table, "new", 0, 30, false);
        put(&mut table, "newest", 0, 40, false);
        assert_eq!(table.get("old", at(0)), None);
        for number in 0..100 {
            put(&mut table, &number.to_string(), 0, 50 + number, false);
        }
        assert_eq!(table.get("full", at(0)), Some((1, at(10))));
        assert_eq!(table.entries.len(), 3);
        for number in 0..3 {
            put(&mut table, &format!("full {number}"), 0, 60, true);
        }
        assert_eq!(table.get("full", at(0)), None, "all of them are spared");
        assert_eq!(table.entries.len(), 3);
    }

    #[test]
    fn what_has_ended_is_gone_before_anything_else() {
        let mut table = Table::new(100);
        for number in 0..50 {
            put(&mut table, &number.to_string(), 0, 10, number % 2 == 0);
        }
        assert_eq!(table.get("1", at(10)), None);
        for number in 0..25 {
            put(&mut table, &format!("later {number}"), 10, 20, false);
        }
        assert_eq!(table.entries.len(), 25);
        assert_eq!(table.order[0].len() + table.order[1].len(), 25);
    }

    #[test]
    fn an_entry_that_is_set_again_stands_in_the_order_once() {
        let mut table = Table::new(100);
        for end in 0..50 {
            put(&mut table, "one", 0, end, end % 2 == 0);
        }
        assert_eq!(table.order[0].len() + table.order[1].len(), 1);
        assert_eq!(table.get("one", at(0)), Some((1, at(49))));
    }

    #[test]
    fn memory_is_given_back_after_a_flood() {
        let mut table = Table::new(MAX_ENTRIES);
        for number in 0..50_000 {
            put(&mut table, &number.to_string(), 0, 10, false);
        }
        let flooded = table.entries.capacity();
        for number in 0..30_000 {
            put(
                &mut table,
                &format!("later {}", number % 10),
                10 + number,
                40_000,
                false,
            );
        }
        assert!(table.entries.capacity() < flooded / 4);
    }
}
