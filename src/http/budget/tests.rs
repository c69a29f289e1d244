//! Shares of holders, and bodies that make room.

use tokio_util::task::TaskTracker;

use super::table::STALE;
use super::*;

const KIB: usize = 1024;
const MIB: usize = 1024 * 1024;

async fn stale() {
    tokio::time::sleep(STALE + Duration::from_millis(50)).await;
}

/// A body of `key` that has `bytes` and is arriving.
fn body(budget: &Budget<u8>, key: u8, bytes: usize) -> Hold<u8> {
    let mut hold = budget.arriving(key);
    hold.grow(bytes).unwrap();
    hold
}

/// Drops `hold` as soon as it is to make room, as the reader of a body does.
fn read(hold: Hold<u8>) -> tokio::task::JoinHandle<()> {
    TaskTracker::new().spawn(async move { hold.evicted().await })
}

#[test]
fn a_holder_has_a_share_and_all_have_the_total() {
    let budget = Budget::of_bodies(100, 30, 0);
    let mut first = budget.hold(1, 20).unwrap();
    assert_eq!(budget.hold(1, 11).unwrap_err(), BudgetError::Share);
    first.grow(10).unwrap();
    assert_eq!(first.grow(1), Err(BudgetError::Share));
    let others = [2, 3].map(|key| budget.hold(key, 30).unwrap());
    assert_eq!(budget.hold(4, 11).unwrap_err(), BudgetError::Total);
    assert!(budget.hold(4, usize::MAX).is_err());
    let problem = Problem::from(BudgetError::Total);
    assert_eq!((problem.code, problem.retry_after), (Code::Busy, Some(1)));
    first.shrink(5);
    assert_eq!((first.bytes, budget.used()), (25, 85));
    let mut last = budget.hold(4, 15).unwrap();
    last.force(20);
    assert_eq!(budget.used(), 120);
    drop((first, others, last));
    assert_eq!(budget.used(), 0);
    assert!(budget.0.table().holders.is_empty());
}

#[test]
fn bytes_are_held_until_their_last_clone_is_dropped() {
    let budget = Budget::of_answers(100, 100, 0);
    let bytes = budget.hold(1, 4).unwrap().attach_to(b"text");
    let part = bytes.slice(1..2);
    drop(bytes);
    assert_eq!((&part[..], budget.used()), (&b"e"[..], 4));
    drop(part);
    assert_eq!(budget.used(), 0);
}

#[test]
fn large_holds_leave_the_part_of_small_ones() {
    let budget = Budget::of_bodies(9 * MIB, 4 * MIB, MIB);
    let _large = [1, 2].map(|key| budget.hold(key, 4 * MIB).unwrap());
    assert_eq!(budget.hold(3, MIB).unwrap_err(), BudgetError::Total);
    // Also for those who have their share, but no more than a quarter of it.
    let small: Vec<_> = (0..5).map(|_| budget.hold(1, 64 * KIB)).collect();
    let granted = small.iter().filter(|hold| hold.is_ok()).count();
    assert_eq!(
        (granted, small[4].as_ref().unwrap_err()),
        (4, &BudgetError::Share)
    );
    let mut growing = budget.hold(3, 64 * KIB).unwrap();
    assert_eq!(growing.grow(1), Err(BudgetError::Total));
    assert_eq!(growing.bytes, 64 * KIB);
}

#[test]
fn no_holder_of_answers_has_all_that_is_left() {
    let budget = Budget::of_answers(32 * MIB, 8 * MIB, 4 * MIB);
    let mut held = Vec::new();
    for key in 0..4 {
        for _ in 0..20 {
            held.extend(budget.hold(key, MIB));
        }
    }
    assert!(budget.hold(5, MIB).is_ok(), "{}", budget.used());
    for _ in 0..100 {
        held.extend(budget.hold(4, 64 * KIB));
    }
    assert!(budget.hold(5, 64 * KIB).is_ok(), "{}", budget.used());
}

#[tokio::test]
async fn the_body_that_arrives_slowest_makes_room() {
    let budget = Budget::of_bodies(10 * MIB, 4 * MIB, 0);
    let slowest = read(body(&budget, 1, 4 * MIB));
    tokio::time::sleep(Duration::from_millis(50)).await;
    let slow = read(body(&budget, 2, 4 * MIB));
    stale().await;
    let mut new = budget.arriving(3);
    new.make_room(4 * MIB).await.unwrap();
    slowest.await.unwrap();
    assert!(!slow.is_finished());
    // Those that have just grown, and those that are whole, make none.
    let mut newer = budget.arriving(4);
    newer.make_room(4 * MIB).await.unwrap();
    slow.await.unwrap();
    let mut last = budget.arriving(5);
    assert_eq!(last.make_room(4 * MIB).await, Err(BudgetError::Total));
    new.complete(4 * MIB);
    newer.complete(3 * MIB);
    stale().await;
    assert_eq!(last.make_room(4 * MIB).await, Err(BudgetError::Total));
    last.make_room(3 * MIB).await.unwrap();
    assert_eq!(budget.used(), 10 * MIB);
}

#[tokio::test]
async fn a_holder_above_its_fair_share_evicts_no_smaller_one() {
    let budget = Budget::of_bodies(10 * MIB, 9 * MIB, 0);
    let modest = read(body(&budget, 1, MIB));
    let mut greedy = body(&budget, 2, 8 * MIB);
    stale().await;
    greedy.grow(MIB).unwrap();
    assert_eq!(greedy.make_room(1).await, Err(BudgetError::Share));
    let mut more = budget.arriving(3);
    assert_eq!(more.make_room(2 * MIB).await, Err(BudgetError::Total));
    more.make_room(MIB).await.unwrap();
    modest.await.unwrap();
}

#[tokio::test]
async fn a_holder_makes_room_of_its_own_bodies() {
    let budget = Budget::of_bodies(10 * MIB, 4 * MIB, 0);
    let own = read(body(&budget, 1, 4 * MIB));
    let other = read(body(&budget, 2, 4 * MIB));
    stale().await;
    let mut new = budget.arriving(1);
    new.make_room(MIB).await.unwrap();
    own.await.unwrap();
    assert!(!other.is_finished());
    other.abort();
}
