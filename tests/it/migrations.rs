//! Proves who prepares the database: `aura serve` by itself, or `aura migrate` where the server
//! was told to leave it alone, and that nothing counts as ready before.

use std::time::Duration;

use sqlx::{Connection as _, PgConnection};
use tempfile::TempDir;

use crate::support::{PATIENCE, Port, Postgres, Settings, eventually};

/// A server that must not migrate waits, alive, for somebody who does.
async fn waits_for_migrate(settings: Settings) {
    let mut aura = settings.clone().option("--no-migrate").start_alive().await;
    let client = aura.client();
    let ready = eventually(PATIENCE, "the reason", async || {
        let ready = client.get("/health/ready").await;
        (ready.json["reason"] == "migration_pending").then_some(ready)
    });
    ready.await.is(503).reveals_nothing();
    client.get("/health/startup").await.is(200);
    let register = client.register("early@example.com").await;
    register.is(503).reveals_nothing();
    client.get("/health/live").await.is(200);

    let migrate = settings.run(&["migrate"]).await;
    assert_eq!(migrate.status.code(), Some(0), "{migrate:?}");

    aura.becomes("/health/ready", 200, Duration::from_secs(5))
        .await;
    client.newcomer().await;

    // Once migrated, there is nothing to wait for, and nothing left to do.
    settings.clone().option("--no-migrate").start().await;
    let again = settings.run(&["migrate"]).await;
    assert_eq!(again.status.code(), Some(0), "{again:?}");
}

#[tokio::test]
async fn a_server_with_no_migrate_waits_for_the_migration_on_postgres() {
    let Some(postgres) = Postgres::shared().await else {
        return;
    };
    waits_for_migrate(Settings::new().database(&postgres.database().await)).await;
}

#[tokio::test]
async fn a_server_with_no_migrate_waits_for_the_migration_on_sqlite() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("aura.db");
    waits_for_migrate(Settings::new().database(&format!("sqlite://{}", path.display()))).await;
}

#[tokio::test]
async fn a_server_prepares_an_empty_database_by_itself() {
    let mut aura = Settings::new().spawn();
    aura.becomes("/health/ready", 200, PATIENCE).await;
    aura.becomes("/health", 200, PATIENCE).await;
    aura.client().newcomer().await;
}

#[tokio::test]
async fn a_migration_without_a_database_fails_in_time_and_keeps_the_password_to_itself() {
    let port = Port::reserve();
    let url = format!("postgres://aura:hunter2-canary@{}/aura", port.address());
    let output = Settings::new().database(&url).run(&["migrate"]).await;
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let said = String::from_utf8_lossy(&output.stderr);
    let told = format!("{}: connection refused; ", port.address());
    assert!(said.contains(&told), "{said}");
    assert!(!said.contains("hunter2-canary"), "{said}");
}

#[tokio::test]
async fn an_unreadable_database_is_not_taken_for_an_empty_one() {
    let Some(postgres) = Postgres::shared().await else {
        return;
    };
    let url = postgres.database().await;
    Settings::new().database(&url).done(&["migrate"]).await;
    let mut connection = PgConnection::connect(&url).await.unwrap();
    let role = sqlx::query("CREATE ROLE stranger LOGIN");
    role.execute(&mut connection).await.unwrap();
    let url = url.replace("postgres@", "stranger@");
    let output = Settings::new().database(&url).run(&["user", "list"]).await;
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("cannot be queried"), "{said}");
    assert!(!said.contains("pending"), "{said}");
}
