//! The accounts database is away: 503 `database_unavailable` in time, and back by itself.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use super::{RECOVERY, health, recovers};
use crate::support::{
    Client, PASSWORD, PATIENCE, Postgres, Proxy, Redis, Session, Settings, eventually,
};

/// The promise is two seconds; the rest is for a debug build on a busy machine.
const AWAY: Duration = Duration::from_millis(2500);

/// Checks that calls which need an account say 503 in time, and that none signs anybody out.
async fn accounts_are_unavailable(client: &Client, session: &Session) {
    let register = client.register("another@example.com").await;
    register.problem(503, "database_unavailable").within(AWAY);
    let login = client.login(&session.email, crate::support::PASSWORD).await;
    login.problem(503, "database_unavailable").within(AWAY);
    let me = client.me(&session.access).await;
    me.problem(503, "database_unavailable").within(AWAY);
}

/// Checks what health says while the database is away.
async fn health_is_honest(client: &Client) {
    // A health answer may be a second old.
    eventually(Duration::from_secs(3), "/health to see it", async || {
        let [database, _, ready, startup, _] = health(client).await;
        assert_eq!(startup.status, 200, "it was started");
        assert_eq!(ready.status, 200, "what needs no database goes on");
        (database.status == 503).then(|| {
            assert_eq!(database.json["status"], "unhealthy", "{database:#?}");
            let check = &database.json["checks"]["database"]["status"];
            assert_ne!(check, "healthy", "{database:#?}");
            assert!(database.json["version"].is_string(), "{database:#?}");
        })
    })
    .await;
}

#[tokio::test]
async fn a_stopped_database_is_a_503_in_time_and_a_restarted_one_is_used_again() {
    let Some(mut postgres) = Postgres::own().await else {
        return;
    };
    let url = postgres.database().await;
    let mut aura = Settings::new().database(&url).start().await;
    let client = aura.client();
    let session = client.newcomer().await;
    let healthy = client.get("/health").await;
    assert_eq!(healthy.is(200).json["status"], "healthy");

    postgres.stop().await;
    accounts_are_unavailable(&client, &session).await;
    health_is_honest(&client).await;
    accounts_are_unavailable(&client, &session).await;

    postgres.restart().await;
    recovers(&client, &session.email).await;
    client.me(&session.access).await.is(200);
    client.refresh(&session.refresh).await.is(200);
    aura.becomes("/health", 200, RECOVERY).await;
    aura.becomes("/health/ready", 200, RECOVERY).await;
}

#[tokio::test]
async fn a_replica_stays_in_service_for_all_that_needs_no_database() {
    let (Some(mut postgres), Some(redis)) = (Postgres::own().await, Redis::start().await) else {
        return;
    };
    let url = postgres.database().await;
    let settings = Settings::new().database(&url).redis(&redis);
    let settings = settings
        .set("OAUTH_CLIENT_ID", "service")
        .set("OAUTH_CLIENT_SECRET", "violet-Harbour-83-candle-Ocean-57");
    let aura = settings.start().await;
    let client = aura.client();
    let session = client.newcomer().await;
    postgres.stop().await;
    health_is_honest(&client).await;
    let pair = client.refresh(&session.refresh).await;
    let access = pair.is(200).text_of("access_token");
    let verified = client.bearer(Method::GET, "/auth/verify", &access).await;
    verified.is(200);
    let introspected = client.call(Method::POST, "/auth/introspect", |request| {
        let request = request.basic_auth("service", Some("violet-Harbour-83-candle-Ocean-57"));
        request.form(&[("token", access.as_str())])
    });
    let introspected = introspected.await;
    assert_eq!(
        introspected.is(200).json["active"],
        true,
        "{introspected:#?}"
    );
    client.get("/health/ready").await.is(200);
}

#[tokio::test]
async fn signing_out_and_the_log_of_it_need_no_database() {
    let Some(mut postgres) = Postgres::own().await else {
        return;
    };
    let redis = Redis::start().await;
    let mut stores = vec![Settings::new()];
    stores.extend(redis.as_ref().map(|redis| Settings::new().redis(redis)));
    for settings in stores {
        let url = postgres.database().await;
        let aura = settings.database(&url).start().await;
        let client = aura.client();
        let session = client.newcomer().await;
        postgres.stop().await;
        client.logout(&session.access).await.is(204).within(AWAY);
        let log = aura.log();
        assert!(log.contains("an event could not be recorded"), "{log}");
        assert!(log.contains(&session.email), "{log}");
        postgres.restart().await;
        recovers(&client, &session.email).await;
        client
            .me(&session.access)
            .await
            .problem(401, "invalid_token");
    }
}

#[tokio::test]
async fn a_database_that_accepts_and_never_answers_is_a_503_in_time() {
    let Some(postgres) = Postgres::shared().await else {
        return;
    };
    let proxy = Proxy::start(postgres.address()).await;
    let url = postgres.database().await;
    let url = url.replace(
        &postgres.address().to_string(),
        &proxy.address().to_string(),
    );
    let mut aura = Settings::new().database(&url).start().await;
    let client = aura.client();
    let session = client.newcomer().await;

    proxy.blackhole();
    accounts_are_unavailable(&client, &session).await;
    health_is_honest(&client).await;
    // Whether a rotation asks the database is its own affair; that it signs nobody out is not.
    let refresh = client.refresh(&session.refresh).await;
    assert!([200, 503].contains(&refresh.status), "{refresh:#?}");
    refresh.within(AWAY);

    proxy.forward();
    recovers(&client, &session.email).await;
    aura.becomes("/health/ready", 200, RECOVERY).await;
}

#[tokio::test]
async fn database_connections_that_fall_silent_are_replaced_within_five_seconds() {
    let Some(postgres) = Postgres::shared().await else {
        return;
    };
    let proxy = Proxy::start(postgres.address()).await;
    let url = postgres.database().await;
    let url = url.replace(
        &postgres.address().to_string(),
        &proxy.address().to_string(),
    );
    // One connection: what has fallen silent cannot hide behind another.
    for connections in [1, 10] {
        let settings = Settings::new().database(&url);
        let settings = settings.set("DATABASE_MAX_CONNECTIONS", connections);
        let aura = settings.start().await;
        let client = aura.client();
        let session = client.newcomer().await;
        proxy.silence();
        recovers(&client, &session.email).await;
        health(&client).await;
    }
}

#[tokio::test]
async fn a_server_starts_without_a_database_and_serves_once_it_is_back() {
    let Some(mut postgres) = Postgres::own().await else {
        return;
    };
    let url = postgres.database().await;
    postgres.stop().await;
    let mut aura = Settings::new().database(&url).start_alive().await;
    let client = aura.client();
    for path in ["/health", "/health/ready"] {
        let answer = client.get(path).await;
        answer.is(503).within(super::HEALTH).reveals_nothing();
    }
    client.get("/health/startup").await.is(200);
    let register = client.register("early@example.com").await;
    register.problem(503, "database_unavailable").within(AWAY);
    let ready = eventually(RECOVERY, "the reason", async || {
        let ready = client.get("/health/ready").await;
        (ready.json["reason"] == "database_unavailable").then_some(ready)
    });
    ready.await.is(503);

    postgres.restart().await;
    aura.becomes("/health/ready", 200, RECOVERY).await;
    client.newcomer().await;
    // Whatever asked meanwhile, the log says once that it was away, and that it came back.
    let log = aura.log();
    assert_eq!(
        log.matches("the database is unavailable").count(),
        1,
        "{log}"
    );
    assert_eq!(log.matches("the database is back").count(), 1, "{log}");
    let ready = eventually(PATIENCE, "a word of it", async || {
        let log = aura.log();
        (log.matches("ready: every dependency").count() == 1).then_some(())
    });
    ready.await;
}

#[tokio::test]
async fn a_database_that_gives_up_a_statement_is_a_503() {
    let Some(postgres) = Postgres::shared().await else {
        return;
    };
    // A lock not granted, and a statement cancelled; both sooner than the server's own limit.
    for setting in ["lock_timeout", "statement_timeout"] {
        let url = postgres.database().await;
        let mut connection = PgConnection::connect(&url).await.unwrap();
        let name = url.rsplit('/').next().unwrap();
        let limit = format!("ALTER DATABASE {name} SET {setting} = '500ms'");
        let limit = sqlx::raw_sql(AssertSqlSafe(limit));
        limit.execute(&mut connection).await.unwrap();
        let aura = Settings::new().database(&url).start().await;
        let client = aura.client();
        let session = client.newcomer().await;
        let hold = sqlx::raw_sql("BEGIN; SELECT FROM users FOR UPDATE");
        hold.execute(&mut connection).await.unwrap();
        let body =
            json!({"current_password": PASSWORD, "new_password": "violet-Harbour-83-candle"});
        let (method, path) = (Method::POST, "/auth/password");
        let answer = client.with_body(method, path, &session.access, &body).await;
        answer.problem(503, "database_unavailable");
    }
}
