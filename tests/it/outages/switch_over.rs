//! Postgres changes its primary. The old one turns read-only while its connections live, stops, or
//! falls silent; the new one is found by its address, or among several hosts.

use std::time::Duration;

use aura::config::{Config, DatabaseUrl};
use aura::storage::{Migrations, Storage};
use sqlx::Row as _;

use super::{RECOVERY, recovers};
use crate::support::{Aura, PASSWORD, PATIENCE, Postgres, Proxy, Settings, eventually};

/// A primary and a standby that follows it.
async fn cluster() -> Option<(Postgres, Postgres)> {
    let primary = Postgres::own().await?;
    let standby = primary.standby().await;
    Some((primary, standby))
}

/// The URL of a database of `primary` with both hosts.
async fn both_hosts(primary: &Postgres, standby: &Postgres) -> String {
    let url = primary.database().await;
    let hosts = format!("{},{}", primary.address(), standby.address());
    let url = url.replace(&primary.address().to_string(), &hosts);
    format!("{url}?target_session_attrs=read-write")
}

/// Waits until a record of the last registration has reached the standby.
async fn copied(settings: &Settings, email: &str) {
    eventually(PATIENCE, "the account on the standby", async || {
        let listed = settings.run(&["user", "list"]).await;
        let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
        listed.contains(email).then_some(())
    })
    .await;
}

/// A health answer may be a second old.
async fn health_becomes(aura: &mut Aura, status: u16) {
    aura.becomes("/health", status, Duration::from_secs(3))
        .await;
}

#[tokio::test]
async fn a_primary_that_turns_read_only_is_unhealthy_and_left_for_the_new_one_within_five_seconds()
{
    let Some((old, new)) = cluster().await else {
        return;
    };
    let proxy = Proxy::start(old.address()).await;
    let direct = old.database().await;
    let through = |address: std::net::SocketAddr| {
        direct.replace(&old.address().to_string(), &address.to_string())
    };
    let mut aura = Settings::new()
        .database(&through(proxy.address()))
        .start()
        .await;
    let client = aura.client();
    let session = client.newcomer().await;
    copied(
        &Settings::new().database(&through(new.address())),
        &session.email,
    )
    .await;

    old.refuse_writes().await;
    let refused = client.login(&session.email, PASSWORD).await;
    refused.problem(503, "database_unavailable");
    health_becomes(&mut aura, 503).await;
    // Nobody had to sign in for it to be seen, and what is read is still read.
    client.me(&session.access).await.is(200);

    new.promote().await;
    proxy.lead_to(new.address());
    recovers(&client, &session.email).await;
    health_becomes(&mut aura, 200).await;
}

#[tokio::test]
async fn the_one_of_several_hosts_that_takes_writes_is_used() {
    let Some((mut old, new)) = cluster().await else {
        return;
    };
    let url = both_hosts(&old, &new).await;
    // The standby first: it is asked, and passed over.
    let (one, other) = (old.address().to_string(), new.address().to_string());
    let swapped = url.replace(&format!("{one},{other}"), &format!("{other},{one}"));
    Settings::new()
        .database(&swapped)
        .done(&["config", "check"])
        .await;
    let mut aura = Settings::new().database(&swapped).start().await;
    let client = aura.client();
    let session = client.newcomer().await;
    copied(
        &Settings::new().database(
            &url.replace(&format!("{one},{other}"), &other)
                .replace("?target_session_attrs=read-write", ""),
        ),
        &session.email,
    )
    .await;

    // A switch with the old connections alive: nobody closes them.
    old.refuse_writes().await;
    new.promote().await;
    recovers(&client, &session.email).await;
    health_becomes(&mut aura, 200).await;

    // The old one goes away altogether, and nobody notices.
    old.stop().await;
    recovers(&client, &session.email).await;
    let (again, _) = tokio::join!(client.newcomer(), client.get("/health"));
    client.me(&again.access).await.is(200);
}

#[tokio::test]
async fn a_primary_that_falls_silent_is_left_for_the_promoted_standby() {
    let Some((old, new)) = cluster().await else {
        return;
    };
    let proxy = Proxy::start(old.address()).await;
    let url = both_hosts(&old, &new).await;
    let url = url.replace(&old.address().to_string(), &proxy.address().to_string());
    let aura = Settings::new().database(&url).start().await;
    let client = aura.client();
    let session = client.newcomer().await;
    let standby = format!("@{}", new.address());
    let (head, tail) = url.split_once('@').unwrap();
    let (_, name) = tail.split_once('/').unwrap();
    let name = name.split('?').next().unwrap();
    copied(
        &Settings::new().database(&format!("{head}{standby}/{name}")),
        &session.email,
    )
    .await;

    proxy.blackhole();
    new.promote().await;
    recovers(&client, &session.email).await;
}

#[tokio::test]
async fn connections_that_an_administrator_ends_are_replaced_at_once() {
    let Some(postgres) = Postgres::shared().await else {
        return;
    };
    let url = postgres.database().await;
    let aura = Settings::new().database(&url).start().await;
    let client = aura.client();
    let session = client.newcomer().await;
    let name = url.rsplit_once('/').unwrap().1.to_owned();
    let mut connection = <sqlx::PgConnection as sqlx::Connection>::connect(&url)
        .await
        .unwrap();
    for _ in 0..3 {
        // 57P01, on every connection but ours.
        sqlx::query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
             WHERE datname = $1 AND pid <> pg_backend_pid()",
        )
        .bind(&name)
        .execute(&mut connection)
        .await
        .unwrap();
        client.login(&session.email, PASSWORD).await.is(200);
    }
}

#[tokio::test]
async fn recovery_does_not_wait_for_a_request() {
    let Some((old, new)) = cluster().await else {
        return;
    };
    let url = both_hosts(&old, &new).await;
    let mut aura = Settings::new().database(&url).start().await;
    let session = aura.client().newcomer().await;
    let servers = format!("{},{}", old.address(), new.address());
    let standby = url.replace(&servers, &new.address().to_string());
    let standby = standby.replace("?target_session_attrs=read-write", "");
    copied(&Settings::new().database(&standby), &session.email).await;
    old.refuse_writes().await;
    new.promote().await;
    // The probes alone find the new primary; the first sign-in is a success.
    aura.becomes("/health", 200, RECOVERY).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    aura.becomes("/health", 200, RECOVERY).await;
    aura.client().login(&session.email, PASSWORD).await.is(200);
}

#[tokio::test]
async fn connections_move_to_another_address_without_a_restart() {
    let Some(postgres) = Postgres::shared().await else {
        return;
    };
    let (one, other) = (postgres.database().await, postgres.database().await);
    let variables = [("DATABASE_URL", one.as_str()), ("REDIS_ENABLED", "false")];
    let loader = Config::loader(variables.into_iter().collect()).unwrap();
    let config = Config::load(&loader).unwrap().value;
    let sql = Storage::new(&config).unwrap().sql;
    Migrations::new(sql.clone()).run().await.unwrap();
    let name = || async {
        let query = sqlx::query("SELECT current_database()::text");
        let row = sql
            .run(async |pool| query.fetch_one(&pool).await)
            .await
            .unwrap();
        row.get::<String, _>(0)
    };
    assert!(one.ends_with(&name().await));
    let url = |url: &str| DatabaseUrl::try_from(url.to_owned()).unwrap();
    assert!(sql.reconnect_to(&url("sqlite://aura.db")).is_err());
    assert!(one.ends_with(&name().await));
    sql.reconnect_to(&url(&other)).unwrap();
    assert!(other.ends_with(&name().await));
}
