//! Proves that SIGTERM loses no accepted request, tells the load balancer at once, ends in time
//! with exit code 0, and that a second signal does not wait.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::process::Signal;
use tokio::task::JoinSet;

use crate::support::{Aura, PASSWORD, Raw, Settings};

/// "At once", for a debug build on a busy machine.
const AT_ONCE: Duration = Duration::from_secs(1);

/// A request that the server has begun to handle and cannot finish: it asked for the body (with
/// `100 Continue`) that we have not sent yet.
struct Held {
    connection: Raw,
    body: String,
}

impl Held {
    async fn registration(aura: &Aura, email: &str) -> Self {
        let body = format!(r#"{{"email":"{email}","password":"{PASSWORD}"}}"#);
        let mut connection = Raw::connect(aura.address()).await;
        let head = format!(
            "POST /auth/register HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\nExpect: 100-continue\r\n\r\n",
            body.len()
        );
        connection.send(head).await;
        let go_on = connection.answer(Duration::from_secs(5)).await.unwrap();
        assert_eq!(go_on.status, 100, "{go_on:?}");
        Self { connection, body }
    }

    /// Sends the rest and returns the status of the answer.
    async fn finish(mut self) -> u16 {
        assert!(
            self.connection.send(&self.body).await,
            "the connection is open"
        );
        let answer = self.connection.answer(Duration::from_secs(10)).await;
        answer.expect("an answer to an accepted request").status
    }
}

#[tokio::test]
async fn readiness_ends_at_once_while_the_listener_stays_open_for_what_is_in_flight() {
    for signal in [Signal::TERM, Signal::INT] {
        let mut aura = Settings::new().start().await;
        let client = aura.client();
        let session = client.newcomer().await;
        let held = Held::registration(&aura, "held@example.com").await;
        // Asked just before, so that a cached answer would show.
        client.get("/health/ready").await.is(200);

        aura.signal(signal);
        aura.becomes("/health/ready", 503, AT_ONCE).await;
        client.get("/health/live").await.is(200);
        client.me(&session.access).await.is(200);
        client.signed_in(&session.email).await;
        client.get("/health/ready").await.is(503);

        assert_eq!(held.finish().await, 201);
        let status = aura.ends(Duration::from_secs(5)).await;
        assert_eq!(status.code(), Some(0), "{}", aura.log());
    }
}

#[tokio::test]
async fn no_accepted_request_is_lost_under_load() {
    let settings = Settings::new().set("PASSWORD_BCRYPT_COST", 12);
    let mut aura = settings.start().await;
    let session = aura.client().newcomer().await;

    let mut logins = JoinSet::new();
    for _ in 0..16 {
        let (client, email) = (aura.client(), session.email.clone());
        logins.spawn(async move { client.login(&email, PASSWORD).await });
    }
    let told = Arc::new(AtomicBool::new(false));
    let mut traffic = JoinSet::new();
    for _ in 0..4 {
        let (client, access, told) = (aura.client(), session.access.clone(), told.clone());
        traffic.spawn(async move {
            let mut answered = 0_u32;
            while !told.load(Ordering::Relaxed) {
                client.me(&access).await.is(200);
                answered += 1;
            }
            answered
        });
    }
    // The first has been answered: the others were accepted long ago, and wait for their hash.
    logins.join_next().await.unwrap().unwrap().is(200);
    aura.signal(Signal::TERM);
    // A load balancer sends requests until readiness says otherwise.
    aura.becomes("/health/ready", 503, AT_ONCE).await;
    told.store(true, Ordering::Relaxed);

    assert!(traffic.join_all().await.into_iter().sum::<u32>() > 0);
    for login in logins.join_all().await {
        login.is(200);
    }
    let status = aura.ends(Duration::from_secs(5)).await;
    assert_eq!(status.code(), Some(0), "{}", aura.log());
}

/// Connections that have asked once and are kept open.
async fn idle(aura: &Aura, count: usize) -> Vec<Raw> {
    let mut idle = Vec::new();
    for _ in 0..count {
        let mut connection = Raw::connect(aura.address()).await;
        assert!(!is_last(&mut connection).await);
        idle.push(connection);
    }
    idle
}

/// Asks once more, and tells whether the answer says that the connection closes.
async fn is_last(connection: &mut Raw) -> bool {
    let ask = "GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n";
    connection.send(ask).await;
    let answer = connection.answer(Duration::from_secs(5)).await;
    let answer = answer.expect("an answer on a connection that is open");
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.head.to_lowercase().contains("connection: close")
}

#[tokio::test]
async fn idle_connections_do_not_delay_the_end_for_a_person_who_waits() {
    for (settings, signal) in [
        (Settings::new(), Signal::INT),
        (Settings::embedded(), Signal::TERM),
    ] {
        let mut aura = settings.start().await;
        let asked = idle(&aura, 20).await;
        let unused = Raw::connect(aura.address()).await;
        aura.signal(signal);
        let status = aura.ends(Duration::from_secs(5)).await;
        assert_eq!(status.code(), Some(0), "{}", aura.log());
        drop((asked, unused));
    }
}

#[tokio::test]
async fn after_sigterm_an_idle_connection_is_answered_once_more_and_then_closed() {
    let mut aura = Settings::new().start().await;
    let mut asked = idle(&aura, 3).await;
    asked.push(Raw::connect(aura.address()).await);
    aura.signal(Signal::TERM);
    aura.becomes("/health/ready", 503, AT_ONCE).await;
    for pause in [0, 100, 400, 2_500] {
        tokio::time::sleep(Duration::from_millis(pause)).await;
        let mut connection = asked.pop().unwrap();
        assert!(is_last(&mut connection).await);
        connection.closed_within(AT_ONCE).await;
    }
    // All are gone: most of the 25 seconds are left.
    let status = aura.ends(Duration::from_secs(5)).await;
    assert_eq!(status.code(), Some(0), "{}", aura.log());
}

#[tokio::test]
async fn idle_connections_that_ask_nothing_are_closed_within_the_budget() {
    let settings = Settings::new().set("SERVER_SHUTDOWN_TIMEOUT_SECONDS", 4);
    let mut aura = settings.start().await;
    let mut asked = idle(&aura, 20).await;
    aura.signal(Signal::TERM);
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(is_last(&mut asked[0]).await, "the others are kept as long");
    let status = aura.ends(Duration::from_secs(4)).await;
    assert_eq!(status.code(), Some(0), "{}", aura.log());
    let log = aura.log();
    assert!(!log.contains("cut off"), "{log}");
}

#[tokio::test]
async fn a_request_that_never_ends_does_not_outlive_the_budget() {
    let settings = Settings::new().set("SERVER_SHUTDOWN_TIMEOUT_SECONDS", 2);
    let settings = settings.set("SERVER_BODY_TIMEOUT_SECONDS", 120);
    let mut aura = settings.start().await;
    let _held = Held::registration(&aura, "held@example.com").await;
    aura.signal(Signal::TERM);
    aura.becomes("/health/ready", 503, AT_ONCE).await;
    let status = aura.ends(Duration::from_secs(4)).await;
    assert!(
        status.code().is_some(),
        "it ends itself: {status}\n{}",
        aura.log()
    );
}

#[tokio::test]
async fn a_second_signal_ends_it_at_once() {
    let settings = Settings::new().set("SERVER_BODY_TIMEOUT_SECONDS", 120);
    let mut aura = settings.start().await;
    let _held = Held::registration(&aura, "held@example.com").await;
    aura.signal(Signal::TERM);
    aura.becomes("/health/ready", 503, AT_ONCE).await;
    aura.signal(Signal::TERM);
    aura.ends(AT_ONCE).await;
}

#[tokio::test]
async fn an_account_survives_a_restart() {
    let folder = tempfile::TempDir::new().unwrap();
    let database = format!("sqlite://{}", folder.path().join("aura.db").display());
    let settings = Settings::new().database(&database);
    let email = "keeper@example.com";
    for status in [201, 409] {
        let mut aura = settings.start().await;
        aura.client().register(email).await.is(status);
        aura.client().signed_in(email).await;
        aura.signal(Signal::TERM);
        assert_eq!(aura.ends(Duration::from_secs(5)).await.code(), Some(0));
    }
}
