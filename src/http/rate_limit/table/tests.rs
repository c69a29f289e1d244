//! Unit tests of `table`.

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
fn expired_entries_make_room_first() {
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
