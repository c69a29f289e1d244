//! Redis answers and does not do all of its work: it was demoted, is full, or refuses a command.
//! Nothing is half done, nobody is signed out, and a new primary is found.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;

use super::{RECOVERY, recovers};
use crate::support::{Client, PASSWORD, PATIENCE, Proxy, Redis, Session, Settings, eventually};

/// Sends a command by its words.
async fn tell(redis: &Redis, database: u8, words: &[&str]) -> redis::Value {
    let mut connection = redis.connect(database).await;
    let mut command = redis::Cmd::new();
    command.arg(words);
    let answer = command.query_async(&mut connection).await;
    answer.unwrap_or_else(|error| panic!("{words:?}: {error}"))
}

/// Makes `redis` a read-only copy of the Redis at `port`; what is there already stays, for a while.
async fn follow(redis: &Redis, port: u16) {
    tell(redis, 0, &["REPLICAOF", "127.0.0.1", &port.to_string()]).await;
}

async fn promote(redis: &Redis) {
    tell(redis, 0, &["REPLICAOF", "NO", "ONE"]).await;
}

/// Marks a session as last used long ago, so that the next use is written down.
async fn make_old(redis: &Redis, session: &Session) {
    let id = session.claims()["sid"].as_str().expect("an id").to_owned();
    let key = format!("aura:session:{id}");
    tell(redis, 2, &["HSET", &key, "used", "0"]).await;
}

#[tokio::test]
async fn a_demoted_primary_is_left_for_the_new_one() {
    // Copies begin at once rather than after five seconds.
    let options = ["--repl-diskless-sync-delay", "0"];
    let (Some(old), Some(new)) = (
        Redis::start_with(&options).await,
        Redis::start_with(&options).await,
    ) else {
        return;
    };
    let proxy = Proxy::start(old.address()).await;
    let url = format!("redis://{}/0", proxy.address());
    let aura = Settings::new().redis_url(&url).start().await;
    let client = aura.client();
    let session = client.newcomer().await;
    follow(&new, old.address().port()).await;
    eventually(PATIENCE, "a copy of the sessions", async || {
        let id = session.claims()["sid"].as_str().unwrap().to_owned();
        let key = format!("aura:session:{id}");
        let found = tell(&new, 2, &["EXISTS", &key]).await;
        (found == redis::Value::Int(1)).then_some(())
    })
    .await;

    // The address leads to the new primary; connections to the old one stay as they are.
    promote(&new).await;
    follow(&old, new.address().port()).await;
    proxy.lead_to(new.address());
    let pair = eventually(RECOVERY, "a refresh on the new primary", async || {
        let pair = client.refresh(&session.refresh).await;
        assert!([200, 503].contains(&pair.status), "{pair:#?}");
        (pair.status == 200).then_some(pair)
    })
    .await;
    client.me(&pair.text_of("access_token")).await.is(200);
    recovers(&client, &session.email).await;
    eventually(Duration::from_secs(3), "health to see it", async || {
        let health = client.get("/health/redis").await;
        (health.status == 200 && health.json["status"] == "healthy").then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_redis_that_only_reads_is_away_to_health_and_to_logins() {
    let Some(redis) = Redis::start().await else {
        return;
    };
    let aura = Settings::new().redis(&redis).start().await;
    let client = aura.client();
    let session = client.newcomer().await;
    // Nobody listens there, so it keeps what it has.
    follow(&redis, 1).await;
    let login = client.login(&session.email, PASSWORD).await;
    login.problem(503, "tokens_unavailable");
    let health = client.get("/health/redis").await;
    assert_eq!(health.is(503).json["status"], "unhealthy", "{health:#?}");
    promote(&redis).await;
    recovers(&client, &session.email).await;
}

/// Waits until health says so of Redis, as its alert would see it.
async fn health_becomes(client: &Client, status: u16) {
    // A health answer may be a second old.
    eventually(Duration::from_secs(3), "health to see it", async || {
        let health = client.get("/health/redis").await;
        (health.status == status).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_redis_that_refuses_to_store_is_away_to_health_and_the_log_says_why_once() {
    let folder = tempfile::TempDir::new().unwrap();
    let gone = folder.path().join("gone");
    std::fs::create_dir(&gone).unwrap();
    let options = ["--dir", gone.to_str().unwrap(), "--save", "3600", "1"];
    let Some(redis) = Redis::start_with(&options).await else {
        return;
    };
    let aura = Settings::new().redis(&redis).start().await;
    let client = aura.client();
    let session = client.newcomer().await;
    let full: &[&str] = &["CONFIG", "SET", "maxmemory", "1"];
    let roomy: &[&str] = &["CONFIG", "SET", "maxmemory", "0"];
    let forbid: &[&str] = &["ACL", "SETUSER", "default", "-@write"];
    let allow: &[&str] = &["ACL", "SETUSER", "default", "+@write"];
    let writable: &[&str] = &["CONFIG", "SET", "stop-writes-on-bgsave-error", "no"];
    for (breaks, mends, code) in [
        (full, roomy, "OOM"),
        (forbid, allow, "can't run this command"),
        (&["BGSAVE"], writable, "MISCONF"),
    ] {
        if code == "MISCONF" {
            std::fs::remove_dir(&gone).unwrap();
        }
        tell(&redis, 0, breaks).await;
        health_becomes(&client, 503).await;
        let login = client.login(&session.email, PASSWORD).await;
        login.problem(503, "tokens_unavailable");
        let metrics = aura.metrics().get("/metrics").await;
        let alert = metrics.text.contains("aura_health{check=\"redis\"} 0");
        assert!(alert, "{}", metrics.text);
        // Calls that are answered and calls that are refused take turns; the log has no part in it.
        for _ in 0..5 {
            client.me(&session.access).await.is(200);
            client.refresh(&session.refresh).await.is(503);
        }
        client.get("/health/ready").await.is(200);
        tell(&redis, 0, mends).await;
        health_becomes(&client, 200).await;
        let log = aura.log();
        let lines = log
            .lines()
            .filter(|line| line.contains("Redis is unavailable"));
        let lines: Vec<&str> = lines.filter(|line| line.contains(code)).collect();
        assert_eq!(lines.len(), 2, "one a database, {code}: {log}");
        let address = redis.address().to_string();
        assert!(lines.iter().all(|line| line.contains(&address)), "{log}");
    }
    let log = aura.log();
    assert_eq!(log.matches("Redis is back").count(), 6, "{log}");
    let again = log.matches("ready again: every dependency answers").count();
    assert!((1..=3).contains(&again), "{again}: {log}");
    assert!(!log.contains("extension error"), "{log}");
    recovers(&client, &session.email).await;
}

#[tokio::test]
async fn a_session_is_good_on_a_redis_that_is_read_only_or_full() {
    let Some(redis) = Redis::start().await else {
        return;
    };
    let aura = Settings::new().redis(&redis).start().await;
    let client = aura.client();
    let session = client.newcomer().await;
    make_old(&redis, &session).await;
    follow(&redis, 1).await;
    client.me(&session.access).await.is(200);
    let refused = client.refresh(&session.refresh).await;
    refused.problem(503, "tokens_unavailable");
    promote(&redis).await;

    make_old(&redis, &session).await;
    tell(&redis, 0, &["CONFIG", "SET", "maxmemory", "1"]).await;
    client.me(&session.access).await.is(200);
    for refused in [
        client.refresh(&session.refresh).await,
        client.login(&session.email, PASSWORD).await,
    ] {
        refused.problem(503, "tokens_unavailable");
    }
    tell(&redis, 0, &["CONFIG", "SET", "maxmemory", "0"]).await;
    client.refresh(&session.refresh).await.is(200);
}

#[tokio::test]
async fn a_password_stays_while_the_other_sessions_cannot_be_ended() {
    let Some(redis) = Redis::start().await else {
        return;
    };
    let aura = Settings::new().redis(&redis).start().await;
    let client = aura.client();
    let session = client.newcomer().await;
    // The command with which the sessions of an account are found; sign-ins and look-ups do
    // without it, and so does whoever asks whether Redis is there.
    tell(&redis, 0, &["ACL", "SETUSER", "default", "-zrange"]).await;
    let body = json!({"current_password": PASSWORD, "new_password": "violet-Harbour-83-candle"});
    let (method, path) = (Method::POST, "/auth/password");
    let refused = client.with_body(method, path, &session.access, &body).await;
    refused.problem(503, "tokens_unavailable");
    tell(&redis, 0, &["ACL", "SETUSER", "default", "+zrange"]).await;
    client.me(&session.access).await.is(200);
    client.signed_in(&session.email).await;
}
