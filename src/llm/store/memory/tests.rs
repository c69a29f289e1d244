//! Unit tests of `memory`.

use super::*;
use crate::llm::upstream::Route;

const HOUR: Duration = Duration::from_hours(1);

fn store(bytes: u64) -> (MemoryStore, Clock) {
    let clock = Clock::manual(Timestamp::from_millis(1_000));
    (MemoryStore::new(bytes, clock.clone()), clock)
}

fn key(number: u32) -> CacheKey {
    CacheKey::new(Route::Chat, "", "", &number.to_be_bytes())
}

#[test]
fn an_entry_is_found_until_it_expires() {
    let (store, clock) = store(1 << 20);
    let empty = store.look_up(&key(1));
    assert_eq!(empty.entry, None);
    let entry = Bytes::from_static(b"answer");
    assert_eq!(
        store.put(&key(1), &empty.generation, entry.clone(), HOUR),
        PutOutcome::Stored
    );
    assert_eq!(store.look_up(&key(1)).entry, Some(entry));
    assert_eq!(store.look_up(&key(2)).entry, None);
    clock.advance(3_600_000);
    assert_eq!(store.look_up(&key(1)).entry, None);
    assert_eq!(store.entries(), 0);
}

#[test]
fn a_purge_refuses_answers_of_calls_under_way() {
    let (store, _) = store(1 << 20);
    let before = store.look_up(&key(1)).generation;
    store.put(&key(1), &before, Bytes::from_static(b"old"), HOUR);
    store.purge();
    assert_eq!(store.look_up(&key(1)).entry, None);
    let late = store.put(&key(1), &before, Bytes::from_static(b"late"), HOUR);
    assert_eq!(late, PutOutcome::Purged);
    assert_eq!(store.look_up(&key(1)).entry, None);
    assert_eq!(store.entries(), 0);
}

#[test]
fn the_store_stays_within_its_bytes() {
    let (store, _) = store(1 << 20);
    let generation = store.look_up(&key(0)).generation;
    for number in 0..500 {
        let entry = Bytes::from(vec![0; 10_000]);
        assert_eq!(
            store.put(&key(number), &generation, entry, HOUR),
            PutOutcome::Stored
        );
        assert!(store.cache.weight() <= 1 << 20);
    }
    assert!(store.entries() > 80, "{}", store.entries());
    let large = Bytes::from(vec![0; (1 << 20) - 300]);
    assert_eq!(
        store.put(&key(1000), &generation, large, HOUR),
        PutOutcome::Stored
    );
    assert!(store.cache.weight() <= 1 << 20);
    let larger = Bytes::from(vec![0; 1 << 20]);
    assert_eq!(
        store.put(&key(1001), &generation, larger, HOUR),
        PutOutcome::Full
    );
}
