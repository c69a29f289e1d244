//! Proves what health says and to whom: anybody, without a token, a limit or a secret.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{PATIENCE, Raw, Redis, Settings, eventually};

const PATHS: [&str; 5] = [
    "/health",
    "/health/live",
    "/health/ready",
    "/health/startup",
    "/health/redis",
];

/// The names of the members of an object, sorted.
fn members(object: &Value) -> Vec<&str> {
    let members = object.as_object().expect("an object");
    let mut names: Vec<&str> = members.keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}

#[tokio::test]
async fn the_overview_has_its_fixed_body() {
    let aura = Settings::new().start().await;
    let health = aura.client().get("/health").await;
    health.is(200).within(Duration::from_secs(1));
    assert!(
        health
            .header("content-type")
            .starts_with("application/json")
    );
    assert_eq!(members(&health.json), ["checks", "status", "version"]);
    assert_eq!(health.json["status"], "healthy");
    assert_eq!(health.json["version"], env!("CARGO_PKG_VERSION"));
    let checks = &health.json["checks"];
    assert_eq!(members(checks), ["database"]);
    assert_eq!(members(&checks["database"]), ["latency_ms", "status"]);
    assert_eq!(checks["database"]["status"], "healthy");
    let latency = checks["database"]["latency_ms"].as_f64().unwrap();
    assert!((0.0..1000.0).contains(&latency), "{latency}");
}

#[tokio::test]
async fn health_answers_every_caller_without_a_limit() {
    let aura = Settings::new()
        .set("RATE_LIMIT_ENABLED", true)
        .start()
        .await;
    let client = aura.client();
    for path in PATHS {
        for _ in 0..20 {
            let answer = client.get(path).await;
            answer
                .is(200)
                .within(Duration::from_secs(1))
                .reveals_nothing();
            assert!(!answer.headers.contains_key("ratelimit"), "{answer:#?}");
            assert!(
                answer.header("cache-control").contains("no-store"),
                "{answer:#?}"
            );
        }
        // A token is not looked at, good or bad.
        client.bearer(Method::GET, path, "rubbish").await.is(200);
        let head = client.call(Method::HEAD, path, |request| request).await;
        assert_eq!(head.is(200).text, "");
        let post = client.call(Method::POST, path, |request| request).await;
        post.problem(405, "method_not_allowed");
    }
}

#[tokio::test]
async fn each_probe_answers_with_its_status_alone() {
    let aura = Settings::new().start().await;
    for path in ["/health/live", "/health/ready", "/health/startup"] {
        let answer = aura.client().get(path).await;
        assert_eq!(answer.is(200).json, json!({"status": "healthy"}), "{path}");
    }
}

#[tokio::test]
async fn redis_that_is_switched_off_is_reported_as_disabled() {
    let aura = Settings::new().start().await;
    let answer = aura.client().get("/health/redis").await;
    assert_eq!(answer.is(200).json["status"], "disabled");
}

#[tokio::test]
async fn each_redis_database_is_named_with_its_number() {
    let Some(redis) = Redis::start().await else {
        return;
    };
    for (auth, limits) in [(2, 1), (5, 6)] {
        let settings = Settings::new().redis(&redis).set("REDIS_AUTH_DB", auth);
        let aura = settings.set("REDIS_RATE_LIMIT_DB", limits).start().await;
        let answer = aura.client().get("/health/redis").await;
        answer.is(200).within(Duration::from_secs(1));
        assert_eq!(members(&answer.json), ["databases", "status"]);
        assert_eq!(answer.json["status"], "healthy");
        let databases = &answer.json["databases"];
        assert_eq!(members(databases), ["auth", "rate_limit"]);
        for (name, number) in [("auth", auth), ("rate_limit", limits)] {
            let database = &databases[name];
            assert_eq!(members(database), ["db", "latency_ms", "status"]);
            assert_eq!(database["db"], number);
            assert_eq!(database["status"], "connected");
            assert!(database["latency_ms"].as_f64().unwrap() < 1000.0);
        }
    }
}

#[tokio::test]
async fn an_unknown_check_is_answered_with_404() {
    let aura = Settings::new().start().await;
    for name in ["nonsense", "REDIS", "redis2", "%00", "live%20"] {
        let answer = aura.client().get(&format!("/health/{name}")).await;
        assert_eq!(answer.status, 404, "{name}: {answer:#?}");
        answer.problem(404, "not_found");
    }
}

#[tokio::test]
async fn a_check_gives_its_answer_again_within_a_second() {
    let aura = Settings::new().start().await;
    let client = aura.client();
    // Many questions in one second cannot all reach the database: a kept answer is the same to
    // the microsecond.
    let mut kept = 0;
    let mut last = Value::Null;
    for _ in 0..50 {
        let answer = client.get("/health").await;
        let latency = answer.json["checks"]["database"]["latency_ms"].clone();
        kept += i32::from(latency == last);
        last = latency;
    }
    assert!(kept > 25, "{kept} of 50 were kept answers");
}

#[tokio::test]
async fn a_check_runs_to_its_end_when_its_caller_is_gone() {
    let Some(redis) = Redis::start().await else {
        return;
    };
    let aura = Settings::new().redis(&redis).start().await;
    redis.pause();
    let mut gone = Raw::connect(aura.address()).await;
    gone.send("GET /health/redis HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .await;
    // Long enough for the question to be taken up, too short for its answer.
    tokio::time::sleep(Duration::from_millis(50)).await;
    drop(gone);
    eventually(PATIENCE, "the end of the check", async || {
        let log = aura.log();
        (log.matches("Redis is unavailable").count() == 2).then_some(())
    })
    .await;
    redis.resume();
    // What it found is the answer for all who ask within the second.
    let kept = aura.client().get("/health/redis").await;
    assert_eq!(kept.is(503).json["status"], "unhealthy", "{kept:#?}");
}

#[tokio::test]
async fn figures_are_kept_for_callers_with_a_token_on_request() {
    let settings = Settings::new().set("SERVER_HEALTH_DETAILS", "authenticated");
    let aura = settings.start().await;
    let client = aura.client();
    let access = client.newcomer().await.access;
    let strangers = client.get("/health").await;
    let expected = json!({"status": "healthy", "checks": {"database": {"status": "healthy"}}});
    assert_eq!(strangers.is(200).json, expected);
    let forged = client.bearer(Method::GET, "/health", "x.y.z").await;
    assert_eq!(forged.is(200).json, expected);
    let cache = client.get("/health/cache").await;
    assert_eq!(members(&cache.json), ["connected", "status"]);

    let known = client.bearer(Method::GET, "/health", &access).await;
    assert_eq!(
        members(&known.is(200).json),
        ["checks", "status", "version"]
    );
    let database = &known.json["checks"]["database"];
    assert_eq!(members(database), ["latency_ms", "status"]);
    let cache = client.bearer(Method::GET, "/health/cache", &access).await;
    assert!(cache.json["statistics"].is_object(), "{cache:#?}");
}
