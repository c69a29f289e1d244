//! Unit tests of `connections`.

use super::*;

fn connections(total: usize, per_address: usize) -> Arc<Connections> {
    let caps = Caps {
        total,
        per_address,
        exempt: vec!["10.0.0.0/8".parse().unwrap()],
    };
    Connections::new(caps, &ConnectionMetrics::default())
}

fn admit(connections: &Arc<Connections>, peer: &str) -> Option<Slot> {
    connections.admit(peer.parse().unwrap())
}

fn is_shed(slot: &Slot) -> bool {
    slot.connection.has_made_room()
}

#[tokio::test]
async fn a_new_address_gets_in_past_the_idle_connections_of_another() {
    let connections = connections(200, 1_000);
    let mut idle = Vec::new();
    for _ in 0..200 {
        idle.push(admit(&connections, "192.0.2.1").unwrap());
    }
    let kept: Vec<Slot> = (0..100)
        .map(|last| admit(&connections, &format!("198.51.100.{last}")).unwrap())
        .collect();
    assert!(
        is_shed(&idle[0]) && !is_shed(&idle[199]),
        "the longest idle first"
    );
    assert!(!kept.iter().any(is_shed));
    assert!(connections.table().open <= 200);
    idle[0].connection.until_shed().await;
    drop((idle, kept));
    assert_eq!(connections.table().open, 0);
    assert!(connections.table().peers.is_empty());
}

#[tokio::test]
async fn busy_connections_are_not_shed_and_then_others_are_refused() {
    let connections = connections(3, 1_000);
    let busy: Vec<Slot> = (0..3)
        .map(|_| admit(&connections, "192.0.2.1").unwrap())
        .collect();
    assert_eq!(busy[0].connection.begin(), Some(1));
    assert_eq!(busy[1].connection.begin(), Some(1));
    assert_eq!(busy[2].connection.begin(), Some(1));
    assert!(admit(&connections, "192.0.2.2").is_none());
    assert_eq!(connections.metrics.refused.get(), 1);
    busy[0].connection.end(1);
    let new = admit(&connections, "192.0.2.2").unwrap();
    assert!(is_shed(&busy[0]) && !is_shed(&new));
    assert_eq!(busy[0].connection.begin(), None, "no request begins on it");
}

#[tokio::test]
async fn connections_that_wait_for_their_client_make_room_after_idle_ones() {
    let connections = connections(3, 1_000);
    let slots = [(); 3].map(|()| admit(&connections, "192.0.2.1").unwrap());
    slots[0].connection.begin();
    slots[0].connection.set_unsent(true);
    slots[1].connection.begin();
    let new = admit(&connections, "192.0.2.2").unwrap();
    assert!(is_shed(&slots[2]), "the idle one first");
    new.connection.begin();
    let newer = admit(&connections, "192.0.2.3").unwrap();
    assert!(is_shed(&slots[0]) && !is_shed(&slots[1]) && !is_shed(&new));
    newer.connection.begin();
    slots[1].connection.set_unsent(true);
    slots[1].connection.set_unsent(false);
    assert!(
        admit(&connections, "192.0.2.4").is_none(),
        "all are at work"
    );
}

#[tokio::test]
async fn an_address_has_so_many_and_replaces_its_own_idle_ones() {
    let connections = connections(100, 2);
    let one = admit(&connections, "2001:db8::1").unwrap();
    one.connection.begin();
    let two = admit(&connections, "2001:db8::2").unwrap();
    let three = admit(&connections, "2001:db8::3").unwrap();
    assert!(is_shed(&two), "the same network of 64 bits");
    three.connection.begin();
    assert!(admit(&connections, "2001:db8::4").is_none());
    assert!(admit(&connections, "2001:db8:0:1::4").is_some());
    assert!(admit(&connections, "192.0.2.1").is_some());
    // An IPv4 address counts as one however it is written.
    let mapped = [(); 3].map(|()| admit(&connections, "::ffff:192.0.2.2"));
    assert!(mapped[0].as_ref().is_some_and(is_shed));
}

#[tokio::test]
async fn proxies_are_exempt_and_make_room_last() {
    let connections = connections(6, 2);
    let proxy = [(); 4].map(|()| admit(&connections, "10.0.0.1").unwrap());
    let one = admit(&connections, "192.0.2.1").unwrap();
    let _two = admit(&connections, "192.0.2.2").unwrap();
    let three = admit(&connections, "192.0.2.3").unwrap();
    assert!(!proxy.iter().any(is_shed));
    assert!(is_shed(&one) || connections.table().open == 6);
    three.connection.begin();
    assert!(admit(&connections, "10.0.0.1").is_some());
}

#[tokio::test]
async fn a_connection_is_at_its_latest_request() {
    let connections = connections(1, 1);
    let slot = admit(&connections, "192.0.2.1").unwrap();
    let connection = &slot.connection;
    assert_eq!((connection.begin(), connection.begin()), (Some(1), Some(2)));
    connection.end(1);
    assert!(connection.is_busy());
    connection.end(2);
    assert!(!connection.is_busy());
}
