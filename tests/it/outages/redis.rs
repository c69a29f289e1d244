//! The token database is away. Sessions are neither believed nor ended: 503 until it is back.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use reqwest::Method;
use tokio::task::JoinSet;

use super::{RECOVERY, health, recovers};
use crate::support::{Client, PASSWORD, PATIENCE, Proxy, Redis, Session, Settings, eventually};

/// The promise is 500 ms; the rest is for a debug build on a busy machine.
pub(super) const AWAY: Duration = Duration::from_millis(750);

/// The same for calls that hash a password before they need a token, and for crowds.
pub(super) const AWAY_HASHING: Duration = Duration::from_secs(1);

/// Every call of a signed-in person, one after the other, says 503 in time.
async fn tokens_are_unavailable(client: &Client, session: &Session) {
    let login = client.login(&session.email, PASSWORD).await;
    login
        .problem(503, "tokens_unavailable")
        .within(AWAY_HASHING);
    let access = &session.access;
    for answer in [
        client.refresh(&session.refresh).await,
        client.me(access).await,
        client.bearer(Method::GET, "/auth/sessions", access).await,
        client.bearer(Method::GET, "/auth/verify", access).await,
        client
            .bearer(Method::POST, "/auth/logout-all", access)
            .await,
        client.logout(access).await,
    ] {
        answer.problem(503, "tokens_unavailable").within(AWAY);
    }
}

/// Checks what health says while Redis is away.
async fn health_is_honest(client: &Client) {
    // A health answer may be a second old.
    eventually(
        Duration::from_secs(3),
        "/health/redis to see it",
        async || {
            let [database, _, ready, startup, redis] = health(client).await;
            assert_eq!(database.status, 200, "/health is about the database");
            assert_eq!(ready.status, 200, "the pod stays in service");
            assert_eq!(startup.status, 200, "and was started");
            (redis.status == 503).then(|| {
                let json = &redis.json;
                assert_eq!(json["status"], "unhealthy", "{redis:#?}");
                assert_eq!(
                    json["databases"]["auth"]["status"], "unavailable",
                    "{redis:#?}"
                );
                let limits = &json["databases"]["rate_limit"]["status"];
                assert_eq!(limits, "unavailable", "{redis:#?}");
            })
        },
    )
    .await;
}

#[tokio::test]
async fn a_stopped_redis_is_a_503_in_time_and_a_restarted_one_is_used_again() {
    let Some(mut redis) = Redis::start().await else {
        return;
    };
    let aura = Settings::new().redis(&redis).start().await;
    let client = aura.client();
    let session = client.newcomer().await;

    let healthy = client.get("/health/redis").await;
    assert_eq!(healthy.is(200).json["status"], "healthy");
    assert_eq!(healthy.json["databases"]["auth"]["db"], 2);
    assert_eq!(healthy.json["databases"]["auth"]["status"], "connected");
    assert_eq!(healthy.json["databases"]["rate_limit"]["db"], 1);

    redis.stop().await;
    tokens_are_unavailable(&client, &session).await;
    health_is_honest(&client).await;
    tokens_are_unavailable(&client, &session).await;

    redis.restart().await;
    recovers(&client, &session.email).await;
    // It came back empty: only now is it true that the old session is gone.
    client
        .me(&session.access)
        .await
        .problem(401, "invalid_token");
    let refresh = client.refresh(&session.refresh).await;
    refresh.problem(401, "invalid_refresh_token");
}

#[tokio::test]
async fn a_hung_redis_is_a_503_in_time_and_no_session_is_lost() {
    let Some(redis) = Redis::start().await else {
        return;
    };
    let aura = Settings::new().redis(&redis).start().await;
    let client = aura.client();
    let session = client.newcomer().await;

    redis.pause();
    for _ in 0..2 {
        // Logout stays out of it: once Redis is back it may still carry out what it was sent.
        let (login, refresh, me) = tokio::join!(
            client.login(&session.email, PASSWORD),
            client.refresh(&session.refresh),
            client.me(&session.access),
        );
        for answer in [login, refresh, me] {
            answer
                .problem(503, "tokens_unavailable")
                .within(AWAY_HASHING);
        }
    }
    health_is_honest(&client).await;
    redis.resume();

    recovers(&client, &session.email).await;
    client.me(&session.access).await.is(200);
    // A rotation that Redis carried out late, and that nobody heard of, does not cost the session.
    let pair = client.refresh(&session.refresh).await;
    client
        .me(&pair.is(200).text_of("access_token"))
        .await
        .is(200);
}

#[tokio::test]
async fn requests_do_not_queue_behind_a_hung_redis() {
    let Some(redis) = Redis::start().await else {
        return;
    };
    let aura = Settings::new().redis(&redis).start().await;
    let session = aura.client().newcomer().await;

    redis.pause();
    let mut calls = JoinSet::new();
    for _ in 0..100 {
        let (client, access) = (aura.client(), session.access.clone());
        calls.spawn(async move { client.me(&access).await });
    }
    for answer in calls.join_all().await {
        answer
            .problem(503, "tokens_unavailable")
            .within(AWAY_HASHING);
    }
    redis.resume();
    recovers(&aura.client(), &session.email).await;
}

#[tokio::test]
async fn a_server_starts_while_redis_accepts_and_never_answers() {
    let Some(redis) = Redis::start().await else {
        return;
    };
    let proxy = Proxy::start(redis.address()).await;
    proxy.blackhole();
    let url = format!("redis://{}/0", proxy.address());
    let mut aura = Settings::new().redis_url(&url).start_alive().await;
    aura.becomes("/health", 200, PATIENCE).await;
    let client = aura.client();
    is_not_ready(&client).await;

    let email = "early@example.com";
    client.register(email).await.is(201);
    for _ in 0..2 {
        let login = client.login(email, PASSWORD).await;
        login
            .problem(503, "tokens_unavailable")
            .within(AWAY_HASHING);
    }
    is_not_ready(&client).await;

    proxy.forward();
    recovers(&client, email).await;
    aura.becomes("/health/ready", 200, RECOVERY).await;
    proxy.blackhole();
    health_is_honest(&client).await;
}

/// Checks that a replica that has never reached its Redis is alive, started, and out of service.
async fn is_not_ready(client: &Client) {
    for _ in 0..2 {
        let [database, _, ready, startup, redis] = health(client).await;
        assert_eq!(database.status, 200, "{database:#?}");
        assert_eq!(startup.status, 200, "{startup:#?}");
        assert_eq!(ready.is(503).json["reason"], "redis_unavailable");
        assert_ne!(redis.json["status"], "healthy", "{redis:#?}");
    }
}

#[tokio::test]
async fn a_server_starts_without_redis_and_finds_it_later() {
    let Some(mut redis) = Redis::start().await else {
        return;
    };
    redis.stop().await;
    let mut aura = Settings::new().redis(&redis).start_alive().await;
    aura.becomes("/health", 200, PATIENCE).await;
    let client = aura.client();
    client.register("early@example.com").await.is(201);
    is_not_ready(&client).await;
    redis.restart().await;
    aura.becomes("/health/ready", 200, RECOVERY).await;
    recovers(&client, "early@example.com").await;
}

#[tokio::test]
async fn a_replica_with_a_wrong_password_or_host_never_joins_the_service() {
    let Some(redis) = Redis::start().await else {
        return;
    };
    let mut connection = redis.connect(0).await;
    let mut protect = redis::cmd("CONFIG");
    protect.arg("SET").arg("requirepass").arg("right-canary");
    protect.query_async::<()>(&mut connection).await.unwrap();
    let address = redis.address();
    for (url, cause) in [
        (
            format!("redis://:wrong-canary@{address}/0"),
            "wrong user or password",
        ),
        (format!("redis://{address}/0"), "Authentication required"),
        (
            "redis://:wrong-canary@redis.invalid:6379".to_owned(),
            "failed to lookup address",
        ),
    ] {
        let mut aura = Settings::new().redis_url(&url).start_alive().await;
        aura.becomes("/health", 200, PATIENCE).await;
        let client = aura.client();
        let host = url.rsplit(['@', '/']).find(|part| part.contains(':'));
        let host = host.unwrap();
        let line = eventually(PATIENCE, cause, async || {
            let log = aura.log();
            let mut lines = log
                .lines()
                .filter(|line| line.contains("Redis is unavailable"));
            lines.find(|line| line.contains(cause)).map(str::to_owned)
        })
        .await;
        assert!(line.contains(host) && line.contains("advice="), "{line}");
        is_not_ready(&client).await;
        // As many tries as a second has: one line for each of the two databases.
        tokio::time::sleep(Duration::from_millis(1200)).await;
        let log = aura.log();
        assert_eq!(log.matches("Redis is unavailable").count(), 2, "{log}");
        assert!(!log.contains("canary"), "{log}");
        assert!(!log.contains("ready: every dependency"), "{log}");
    }
    let right = format!("redis://:right-canary@{address}/0");
    Settings::new().redis_url(&right).start().await;
}

#[tokio::test]
async fn connections_that_fall_silent_are_replaced_within_five_seconds() {
    let Some(redis) = Redis::start().await else {
        return;
    };
    let proxy = Proxy::start(redis.address()).await;
    let url = format!("redis://{}/0", proxy.address());
    let aura = Settings::new().redis_url(&url).start().await;
    let client = aura.client();
    let session = client.newcomer().await;

    for _ in 0..2 {
        let before = proxy.accepted();
        proxy.silence();
        eventually(RECOVERY, "the account over a new connection", async || {
            let me = client.me(&session.access).await;
            assert!([200, 503].contains(&me.status), "{me:#?}");
            me.within(AWAY);
            (me.status == 200).then_some(())
        })
        .await;
        assert!(proxy.accepted() > before, "a new connection was made");
        recovers(&client, &session.email).await;
    }
}

#[tokio::test]
async fn an_outage_in_mid_traffic_is_answered_with_200_and_503_only() {
    let Some(redis) = Redis::start().await else {
        return;
    };
    let proxy = Proxy::start(redis.address()).await;
    let url = format!("redis://{}/0", proxy.address());
    let aura = Settings::new().redis_url(&url).start().await;
    let session = aura.client().newcomer().await;

    let over = std::sync::Arc::new(AtomicBool::new(false));
    let mut traffic = JoinSet::new();
    for _ in 0..4 {
        let (client, access, over) = (aura.client(), session.access.clone(), over.clone());
        traffic.spawn(async move {
            let mut unavailable = 0_u32;
            while !over.load(Ordering::Relaxed) {
                let me = client.me(&access).await;
                assert!([200, 503].contains(&me.status), "{me:#?}");
                me.within(AWAY_HASHING);
                unavailable += u32::from(me.status == 503);
            }
            unavailable
        });
    }
    let client = aura.client();
    for outage in [Proxy::refuse, Proxy::blackhole] {
        outage(&proxy);
        eventually(RECOVERY, "an outage that is felt", async || {
            let me = client.me(&session.access).await;
            (me.status == 503).then_some(())
        })
        .await;
        proxy.forward();
        recovers(&client, &session.email).await;
    }
    over.store(true, Ordering::Relaxed);
    let unavailable: u32 = traffic.join_all().await.into_iter().sum();
    assert!(unavailable > 0, "the outages were felt");
}

#[tokio::test]
async fn health_of_redis_is_503_only_when_every_database_is_away() {
    // A server with databases 0 to 2 has no number 9: one of ours is away, the other is not.
    let Some(redis) = Redis::start_with(&["--databases", "3"]).await else {
        return;
    };
    for (name, away, here) in [
        ("REDIS_AUTH_DB", "auth", "rate_limit"),
        ("REDIS_RATE_LIMIT_DB", "rate_limit", "auth"),
    ] {
        let settings = Settings::new().redis(&redis).set(name, 9);
        let mut aura = settings.start_alive().await;
        aura.becomes("/health", 200, PATIENCE).await;
        // One that was never reached keeps the replica out of service.
        let ready = aura.client().get("/health/ready").await;
        assert_eq!(ready.is(503).json["reason"], "redis_unavailable");
        let answer = aura.client().get("/health/redis").await;
        answer.is(200).within(super::HEALTH);
        let databases = &answer.json["databases"];
        assert_eq!(answer.json["status"], "degraded", "{answer:#?}");
        assert_eq!(databases[away]["status"], "unavailable", "{answer:#?}");
        assert_eq!(databases[away]["db"], 9, "{answer:#?}");
        assert_eq!(databases[here]["status"], "connected", "{answer:#?}");
    }
}

#[tokio::test]
async fn without_redis_its_health_says_disabled() {
    let aura = Settings::new().start().await;
    let answer = aura.client().get("/health/redis").await;
    assert_eq!(answer.is(200).json["status"], "disabled");
}
