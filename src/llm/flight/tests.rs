//! One call, many readers.

use poem::http::{HeaderMap, HeaderValue, StatusCode, header};
use tokio_util::task::TaskTracker;

use super::*;
use crate::http::budget::Budget;
use crate::identity::UserId;

fn head(status: StatusCode, kind: &'static str) -> Head {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    Head { status, headers }
}

fn budget(bytes: usize) -> Budget<UserId> {
    Budget::of_answers(bytes, bytes, 0)
}

fn flight(collected: bool, max_bytes: usize, generation: Option<&str>) -> (Arc<Flight>, Reader) {
    let hold = budget(100).holder(UserId::random());
    Flight::new(collected, max_bytes, generation.map(str::to_owned), hold)
}

async fn rest(reader: &Reader) -> (Vec<u8>, bool) {
    let mut all = Vec::new();
    loop {
        match reader.next().await {
            Some(Ok(part)) => all.extend_from_slice(&part),
            Some(Err(_)) => return (all, false),
            None => return (all, true),
        }
    }
}

#[tokio::test]
async fn every_reader_gets_the_whole_answer_whenever_it_joins() {
    let budget = budget(100);
    let (flight, first) = Flight::new(true, 100, None, budget.holder(UserId::random()));
    flight.begin(head(StatusCode::OK, "text/event-stream"));
    flight.push(Bytes::from_static(b"ab")).await;
    let second = flight.join(None).unwrap();
    assert_eq!(second.decision().await, FollowerDecision::Take);
    flight.push(Bytes::from_static(b"cd")).await;
    flight.finish(None, true);
    let third = flight.join(None).unwrap();
    for reader in [&first, &second, &third] {
        assert_eq!(rest(reader).await, (b"abcd".to_vec(), true));
    }
    assert_eq!(budget.used(), 4);
    drop((first, second, third, flight));
    assert_eq!(budget.used(), 0);
}

#[tokio::test]
async fn a_long_cached_answer_stays_in_memory_for_its_own_readers_only() {
    let (size, budget) = (LINGERING + 1, budget(LINGERING + 1));
    let hold = budget.holder(UserId::random());
    let (flight, reader) = Flight::new(true, size, Some("a".to_owned()), hold);
    flight.begin(head(StatusCode::OK, "text/event-stream"));
    flight.push(Bytes::from(vec![b'x'; size])).await;
    assert!(!flight.is_kept_for(Some("a")));
    flight.finish(None, true);
    assert!(flight.join(Some("a")).is_none());
    assert!(flight.is_kept_for(Some("a")), "they find it in the cache");
    assert!(!flight.is_kept_for(Some("b")), "which was purged");
    let (all, whole) = rest(&reader).await;
    assert_eq!((all.len(), whole), (size, true));
    assert_eq!(flight.state().bytes, 0);
    assert_eq!(budget.used(), 0, "nothing is held for others");
}

#[tokio::test]
async fn a_flight_refuses_readers_that_it_is_not_for() {
    let (flight, reader) = self::flight(true, 100, Some("a"));
    assert!(flight.join(Some("b")).is_none(), "the cache was purged");
    assert!(flight.join(None).is_some(), "nobody knows of a purge");
    let follower = flight.join(Some("a")).unwrap();
    flight.begin(head(StatusCode::TOO_MANY_REQUESTS, "application/json"));
    assert_eq!(follower.decision().await, FollowerDecision::Retry);
    assert!(flight.join(Some("a")).is_none());
    drop(follower);
    assert!(!flight.abandoned.is_cancelled(), "one still waits");
    drop(reader);
    assert!(flight.abandoned.is_cancelled());
    let (over, _reader) = self::flight(true, 100, None);
    over.begin(head(StatusCode::OK, "application/json"));
    over.finish(Some(Bytes::from_static(b"x")), false);
    assert!(over.join(None).is_none(), "over, and not in the cache");
    let (gone, reader) = self::flight(true, 100, None);
    drop(reader);
    assert!(gone.join(None).is_none());
}

#[tokio::test]
async fn a_failure_reaches_every_reader() {
    let (flight, first) = self::flight(true, 100, None);
    let follower = flight.join(None).unwrap();
    flight.begin(head(StatusCode::OK, "application/json"));
    flight.push(Bytes::from_static(b"half")).await;
    flight.fail(UpstreamError::Unavailable);
    flight.finish(None, false);
    assert_eq!(follower.decision().await, FollowerDecision::Retry);
    assert_eq!(rest(&first).await, (b"half".to_vec(), false));
    assert!(flight.join(None).is_none());
    let (flight, first) = self::flight(true, 100, None);
    flight.fail(UpstreamError::Timeout);
    assert_eq!(first.head().await.unwrap_err(), UpstreamError::Timeout);
}

#[tokio::test]
async fn an_answer_too_long_to_collect_waits_for_its_slowest_reader() {
    // Too long for an entry, too long for all flights together, or never to be collected.
    for (collected, most, shared) in [
        (true, 1 << 20, 8 << 20),
        (true, 8 << 20, 1 << 20),
        (false, 0, 0),
    ] {
        let budget = budget(shared);
        let hold = budget.holder(UserId::random());
        let (flight, fast) = Flight::new(collected, most, None, hold);
        let slow = flight.join(None);
        assert_eq!(slow.is_some(), collected);
        let task = {
            let flight = Arc::clone(&flight);
            flight.begin(head(StatusCode::OK, "application/json"));
            TaskTracker::new().spawn(async move {
                for _ in 0..64 {
                    flight.push(Bytes::from(vec![7; 100_000])).await;
                }
                flight.finish(None, false);
            })
        };
        if let Some(slow) = &slow {
            // It was waiting for the end, and need not any more.
            assert_eq!(slow.decision().await, FollowerDecision::Take);
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        assert!(!task.is_finished());
        assert!(flight.state().bytes <= (1 << 20) + 100_000);
        assert_eq!(
            budget.used(),
            flight.state().bytes,
            "what is in hand counts"
        );
        assert!(flight.join(None).is_none());
        let read = async |reader: &Reader| rest(reader).await.0.len();
        let lengths = match &slow {
            Some(slow) => tokio::join!(read(&fast), read(slow)),
            None => (read(&fast).await, 6_400_000),
        };
        assert_eq!(lengths, (6_400_000, 6_400_000));
        task.await.unwrap();
        assert_eq!((flight.state().bytes, budget.used()), (0, 0));
    }
}
