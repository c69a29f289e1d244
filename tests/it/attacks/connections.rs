//! Connections: how many one address may have, who makes room for whom, and what is held for who
//! does not read.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::time::timeout;

use crate::llm::{CHAT, Reply, Upstream, before, question};
use crate::support::{Aura, Raw, Settings, eventually};

const LIMIT: Duration = Duration::from_secs(10);

const LIVE: &str = "GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// A request whose body does not come.
const WITHHELD: &str = "POST /auth/login HTTP/1.1\r\nHost: localhost\r\n\
    Content-Type: application/json\r\nContent-Length: 10\r\n\r\n";

/// A server that is at work for as long as its upstream is silent.
async fn silent_upstream() -> (Upstream, Settings) {
    let upstream = Upstream::start(|_| Reply::silence()).await;
    let settings = before(&upstream);
    (upstream, settings)
}

/// Keeps the server at work for a connection from `source`.
async fn at_work(aura: &Aura, upstream: &Upstream, source: IpAddr, access: &str) -> Raw {
    let calls = upstream.calls();
    let mut raw = Raw::connect_from(source, aura.address()).await;
    let body = question(&format!("call {calls}")).to_string();
    let head = format!(
        "POST {CHAT} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {access}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    raw.send(format!("{head}{body}")).await;
    eventually(LIMIT, "the upstream to be asked", async || {
        (upstream.calls() > calls).then_some(())
    })
    .await;
    raw
}

/// An address of this machine that is not the tests' usual one.
const fn other(last: u8) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(127, 0, 0, last))
}

async fn is_served(raw: &mut Raw) {
    raw.send(LIVE).await;
    let answer = raw.answer(LIMIT).await.expect("an answer");
    assert_eq!(answer.status, 200, "{answer:#?}");
}

async fn is_refused(aura: &Aura) {
    let mut raw = Raw::connect(aura.address()).await;
    let answer = raw.answer(LIMIT).await.expect("an answer");
    assert_eq!(answer.status, 503, "{answer:#?}");
    assert!(answer.head.contains("Retry-After: 1"), "{answer:#?}");
    raw.closed_within(LIMIT).await;
}

#[tokio::test]
async fn two_hundred_idle_connections_of_one_address_do_not_block_others() {
    let settings = Settings::new()
        .set("SERVER_MAX_CONNECTIONS", 200)
        .set("SERVER_MAX_CONNECTIONS_PER_ADDRESS", 1000)
        .set("SERVER_HEADER_TIMEOUT_SECONDS", 60);
    let aura = settings.start().await;
    let mut idle = Vec::new();
    for number in 0..200 {
        let mut raw = Raw::connect(aura.address()).await;
        // Some say nothing, some have begun, some have been served.
        match number % 3 {
            0 => {}
            1 => {
                raw.send("GET /health/live HTTP/1.1\r\n").await;
            }
            _ => is_served(&mut raw).await,
        }
        idle.push(raw);
    }
    let mut clients = Vec::new();
    for last in 2..40 {
        let mut client = Raw::connect_from(other(last), aura.address()).await;
        is_served(&mut client).await;
        clients.push(client);
    }
    // They stay, although they are idle now: another address has more of that.
    for client in &mut clients {
        is_served(client).await;
    }
    aura.client().get("/health/live").await.is(200);
    let metrics = aura.metrics().get("/metrics").await;
    let shed = metrics
        .text
        .lines()
        .find_map(|line| line.strip_prefix("aura_connections_shed_total "));
    assert!(shed.is_some_and(|count| count != "0"), "{metrics:#?}");
}

#[tokio::test]
async fn one_address_cannot_take_the_connections_of_others() {
    let (upstream, settings) = silent_upstream().await;
    let settings = settings.set("SERVER_MAX_CONNECTIONS_PER_ADDRESS", 4);
    let aura = settings.start().await;
    let access = aura.client().newcomer().await.access;
    // The ready check's connections may still be closing.
    let mut idle = Vec::new();
    for _ in 0..4 {
        let mut raw = Raw::connect(aura.address()).await;
        is_served(&mut raw).await;
        idle.push(raw);
    }
    // A new one takes the place of the one that was idle for longest.
    let mut fifth = Raw::connect(aura.address()).await;
    is_served(&mut fifth).await;
    idle[0].closed_within(LIMIT).await;
    is_served(&mut idle[3]).await;
    drop((idle, fifth));

    let mut busy = Vec::new();
    for _ in 0..4 {
        busy.push(at_work(&aura, &upstream, other(1), &access).await);
    }
    is_refused(&aura).await;
    let mut else_where = Raw::connect_from(other(2), aura.address()).await;
    is_served(&mut else_where).await;
    drop(busy.pop());
    eventually(LIMIT, "room again", async || {
        let mut raw = Raw::connect(aura.address()).await;
        raw.send(LIVE).await;
        let answer = raw.answer(LIMIT).await?;
        (answer.status == 200).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_proxy_has_more_than_one_clients_share() {
    let settings = Settings::new()
        .set("SERVER_MAX_CONNECTIONS_PER_ADDRESS", 2)
        .set("SERVER_TRUSTED_PROXIES", "127.0.0.1");
    let aura = settings.start().await;
    let mut busy = Vec::new();
    for _ in 0..6 {
        let mut raw = Raw::connect(aura.address()).await;
        raw.send(WITHHELD).await;
        busy.push(raw);
    }
    let mut proxy = Raw::connect(aura.address()).await;
    is_served(&mut proxy).await;
}

#[tokio::test]
async fn a_new_connection_is_refused_while_all_are_busy() {
    let (upstream, settings) = silent_upstream().await;
    let aura = settings.set("SERVER_MAX_CONNECTIONS", 3).start().await;
    let access = aura.client().newcomer().await.access;
    let mut busy = Vec::new();
    for last in 2..5 {
        busy.push(at_work(&aura, &upstream, other(last), &access).await);
    }
    is_refused(&aura).await;
}

#[tokio::test]
async fn unfinished_bodies_do_not_block_others() {
    let settings = Settings::new()
        .set("SERVER_MAX_CONNECTIONS", 3)
        .set("SERVER_BODY_TIMEOUT_SECONDS", 60);
    let aura = settings.start().await;
    let mut withheld = Vec::new();
    for last in 2..5 {
        let mut raw = Raw::connect_from(other(last), aura.address()).await;
        raw.send(format!("{LIVE}{WITHHELD}")).await;
        assert_eq!(raw.answer(LIMIT).await.unwrap().status, 200);
        withheld.push(raw);
    }
    let mut client = Raw::connect_from(other(9), aura.address()).await;
    is_served(&mut client).await;
}

#[tokio::test]
async fn answers_that_are_not_read_do_not_gather() {
    let aura = Settings::new().start().await;
    aura.client().get("/health/live").await.is(200);
    let before = aura.resident_bytes();
    // Answers without a body, each made before the one ahead of it was read.
    let head = "HEAD /health/live HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx".repeat(1_000);
    let mut writer = Raw::connect(aura.address()).await;
    let mut sender = writer.take_writer();
    let mut sent = 0;
    while sent < 40_000_000 {
        match timeout(Duration::from_secs(1), sender.write_all(head.as_bytes())).await {
            Ok(Ok(())) => sent += head.len(),
            // The server has had enough of it.
            Ok(Err(_)) | Err(_) => break,
        }
    }
    let grown = aura.resident_bytes().saturating_sub(before);
    assert!(sent < 40_000_000, "{sent} bytes of requests were read");
    assert!(grown < 30_000_000, "{grown} bytes for {sent}");
    aura.client().get("/health/live").await.is(200);
}
