//! The cache's Redis stopped, hung and restarted during traffic: every request is answered, at most
//! a moment later.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::task::JoinSet;

use super::{Upstream, ask, before, chat, question};
use crate::support::{Aura, Client, PATIENCE, Redis, Session, Settings, eventually};

/// Sessions and limits in one Redis, the cache in another.
async fn apart(upstream: &Upstream) -> Option<(Redis, Redis, Settings)> {
    let (main, cache) = (Redis::start().await?, Redis::start().await?);
    let settings = before(upstream).redis(&main);
    let settings = settings.set("REDIS_CACHE_URL", cache.url().as_str());
    Some((main, cache, settings))
}

async fn health_becomes(client: &Client, status: u16, word: &str) {
    eventually(Duration::from_secs(10), word, async || {
        let health = client.get("/health/cache").await;
        health.within(Duration::from_secs(1)).reveals_nothing();
        let agrees = health.json["status"] == word && health.json["connected"] == (status == 200);
        (health.status == status && agrees).then_some(())
    })
    .await;
    client.get("/health").await.is(200);
}

async fn hit_again(client: &Client, session: &Session) {
    eventually(Duration::from_secs(10), "a hit", async || {
        let answer = ask(client, &session.access, &question("again")).await;
        (answer.is(200).header("x-cache") == "HIT").then_some(())
    })
    .await;
}

#[tokio::test]
async fn no_request_fails_whatever_happens_to_the_cache() {
    let upstream = Upstream::start(chat).await;
    let Some((_main, mut cache, settings)) = apart(&upstream).await else {
        return;
    };
    let aura = settings.start().await;
    let client = aura.client();
    let session = client.newcomer().await;
    hit_again(&client, &session).await;
    health_becomes(&client, 200, "healthy").await;

    let over = Arc::new(AtomicBool::new(false));
    let mut traffic = JoinSet::new();
    for number in 0..4 {
        let (client, access, over) = (aura.client(), session.access.clone(), over.clone());
        traffic.spawn(async move {
            let mut asked = 0;
            while !over.load(Ordering::Relaxed) {
                let body = question(&format!("{number} {}", asked % 5));
                let answer = ask(&client, &access, &body).await;
                answer.is(200);
                asked += 1;
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            asked
        });
    }
    cache.stop().await;
    health_becomes(&client, 503, "unhealthy").await;
    cache.restart().await;
    health_becomes(&client, 200, "healthy").await;
    hit_again(&client, &session).await;

    cache.pause();
    health_becomes(&client, 503, "unhealthy").await;
    cache.resume();
    health_becomes(&client, 200, "healthy").await;
    hit_again(&client, &session).await;

    cache.restart().await;
    hit_again(&client, &session).await;
    over.store(true, Ordering::Relaxed);
    assert!(traffic.join_all().await.into_iter().sum::<i32>() > 20);
    told_once_a_change(&aura);
}

/// One line for each outage and each return, however many requests met it.
fn told_once_a_change(aura: &Aura) {
    let log = aura.log();
    let lines = |what: &str| {
        let of_cache = |line: &&str| line.contains(what) && line.contains("cache");
        log.lines().filter(of_cache).count()
    };
    let (away, back) = (lines("Redis is unavailable"), lines("Redis is back"));
    // A busy machine may add a moment of its own.
    assert!((2..=8).contains(&away), "{away}: {log}");
    assert!(away.abs_diff(back) <= 1, "{away} and {back}: {log}");
}

#[tokio::test]
async fn a_hung_cache_costs_one_request_in_a_second_a_moment() {
    let upstream = Upstream::start(chat).await;
    let Some((_main, cache, settings)) = apart(&upstream).await else {
        return;
    };
    let aura = settings.start().await;
    let client = aura.client();
    let session = client.newcomer().await;
    hit_again(&client, &session).await;
    cache.pause();
    let mut slow = 0;
    let start = std::time::Instant::now();
    for number in 0..20 {
        let body = question(&format!("hung {number}"));
        let answer = ask(&client, &session.access, &body).await;
        assert_eq!(answer.is(200).header("x-cache"), "MISS");
        // The promise is 50 ms more; the rest is for a debug build on a busy machine.
        answer.within(Duration::from_millis(500));
        slow += u32::from(answer.took > Duration::from_millis(40));
    }
    eprintln!("20 requests in {:?}, {slow} above 40 ms", start.elapsed());
    cache.resume();
    hit_again(&client, &session).await;
}

#[tokio::test]
async fn a_server_starts_without_the_cache_and_finds_it_later() {
    let upstream = Upstream::start(chat).await;
    let Some((_main, mut cache, settings)) = apart(&upstream).await else {
        return;
    };
    cache.stop().await;
    let mut aura = settings.start_alive().await;
    aura.becomes("/health", 200, PATIENCE).await;
    let client = aura.client();
    let session = client.newcomer().await;
    ask(&client, &session.access, &question("x")).await.is(200);
    health_becomes(&client, 503, "unhealthy").await;
    let ready = client.get("/health/ready").await;
    assert_eq!(ready.is(503).json["reason"], "redis_unavailable");
    cache.restart().await;
    hit_again(&client, &session).await;
    aura.becomes("/health/ready", 200, PATIENCE).await;
    cache.stop().await;
    health_becomes(&client, 503, "unhealthy").await;
    client.get("/health/ready").await.is(200);
}

#[tokio::test]
async fn a_full_cache_stores_nothing_and_fails_no_request() {
    let upstream = Upstream::start(chat).await;
    let Some(main) = Redis::start().await else {
        return;
    };
    let Some(cache) = Redis::start_with(&["--maxmemory", "1"]).await else {
        return;
    };
    let settings = before(&upstream).redis(&main);
    let aura = settings
        .set("REDIS_CACHE_URL", cache.url().as_str())
        .start()
        .await;
    let client = aura.client();
    let session = client.newcomer().await;
    for _ in 0..3 {
        let answer = ask(&client, &session.access, &question("full")).await;
        assert_eq!(answer.is(200).header("x-cache"), "MISS");
    }
}

#[tokio::test]
async fn entries_in_redis_expire_and_damaged_ones_are_misses() {
    let upstream = Upstream::start(chat).await;
    let Some(redis) = Redis::start().await else {
        return;
    };
    let settings = before(&upstream)
        .redis(&redis)
        .set("LLM_CACHE_TTL_SECONDS", 1000);
    let aura = settings.start().await;
    let client = aura.client();
    let session = client.newcomer().await;
    hit_again(&client, &session).await;
    let mut connection = redis.connect(0).await;
    let keys: Vec<String> = redis::cmd("KEYS")
        .arg("*")
        .query_async(&mut connection)
        .await
        .unwrap();
    assert_eq!(keys.len(), 2, "the generation and the answer: {keys:?}");
    for key in &keys {
        let life: i64 = redis::cmd("TTL")
            .arg(key)
            .query_async(&mut connection)
            .await
            .unwrap();
        let expected = if key.ends_with("generation") {
            1900..=2000
        } else {
            890..=1100
        };
        assert!(expected.contains(&life), "{key}: {life}");
        assert!(!key.contains(&session.email) && key.len() < 100, "{key}");
        if key.contains(":answer:") {
            let mut append = redis::cmd("APPEND");
            append.arg(key).arg("x");
            append.query_async::<i64>(&mut connection).await.unwrap();
        }
    }
    // A call that was kept can be joined for a moment longer.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let answer = ask(&client, &session.access, &question("again")).await;
    assert_eq!(answer.is(200).header("x-cache"), "MISS");
    eventually(PATIENCE, "a good one in its place", async || {
        let answer = ask(&client, &session.access, &question("again")).await;
        (answer.header("x-cache") == "HIT").then_some(())
    })
    .await;
}
