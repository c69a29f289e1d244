//! Unit tests of `local`.

use super::*;
use crate::clock::Clock;

fn requests(requests: u64) -> Counts {
    Counts {
        requests,
        ..Counts::default()
    }
}

/// Totals that rise by one request a second for `minutes`.
fn run(own: &mut LocalHour, clock: &Clock, minutes: u64) {
    for _ in 0..minutes * 60 {
        let totals = requests(own.totals.requests + 1);
        own.sample(clock.now(), totals);
        clock.advance(1000);
    }
}

#[test]
fn each_minute_has_its_own_and_an_hour_is_kept() {
    let clock = Clock::manual(beginning(1_000));
    let mut own = LocalHour::default();
    run(&mut own, &clock, 90);
    assert_eq!(own.minutes.len(), 60);
    assert_eq!(own.at(1_030).requests, 60);
    assert_eq!(own.at(1_089).requests, 60);
    assert_eq!((own.at(1_029), own.at(1_090)), (requests(0), requests(0)));
}

#[test]
fn the_deepest_queue_of_a_minute_is_kept() {
    let mut own = LocalHour::default();
    for (second, depth) in [(0, 3), (1, 9), (2, 0), (60, 1)] {
        let totals = Counts {
            deepest_hash_queue: depth,
            ..Counts::default()
        };
        own.sample(Timestamp::from_millis(second * 1000), totals);
    }
    assert_eq!(own.at(0).deepest_hash_queue, 9);
    assert_eq!(own.at(1).deepest_hash_queue, 1);
}

#[test]
fn only_changes_are_reported_until_redis_loses_them() {
    let clock = Clock::manual(beginning(7));
    let mut own = LocalHour::default();
    run(&mut own, &clock, 3);
    let all = own.unreported();
    assert_eq!(all.len(), 3);
    // Something is counted while it is on its way.
    own.sample(clock.now().plus_millis(-1000), requests(181));
    own.mark_reported(&all);
    assert_eq!(own.unreported(), [(9, requests(61))]);
    own.mark_reported(&[(9, requests(61))]);
    // A minute in which nothing happened is not worth a word.
    own.sample(clock.now(), requests(181));
    assert_eq!(own.unreported(), []);
    own.mark_lost();
    assert_eq!(own.unreported().len(), 3);
}

#[test]
fn at_most_an_hour_waits_to_be_reported() {
    let clock = Clock::manual(beginning(0));
    let mut own = LocalHour::default();
    run(&mut own, &clock, 600);
    assert_eq!(own.unreported().len(), 60);
}

#[test]
fn a_clock_that_jumps_neither_loses_nor_hoards() {
    let mut own = LocalHour::default();
    let at = |minute| beginning(minute);
    own.sample(at(100), requests(5));
    // Back by a little, forward by far, back again.
    own.sample(at(99), requests(7));
    assert_eq!((own.at(99).requests, own.at(100).requests), (2, 5));
    own.sample(at(100_000), requests(8));
    own.sample(at(101), requests(9));
    assert_eq!(own.minutes.len(), 1);
    // Totals that fall are no trouble either.
    own.sample(at(101), requests(3));
    assert_eq!(own.at(101).requests, 1);
}
