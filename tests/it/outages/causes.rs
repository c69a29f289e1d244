//! Why the database cannot be used is said in one line, with its address and what to do: once in the
//! log, and at the command line.

use std::time::Duration;

use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use crate::support::{PATIENCE, Port, Postgres, Proxy, Settings, eventually};

/// A password that no line may show.
const SECRET: &str = "hunter2-canary";

/// Checks that a database which cannot be used is told with `parts`, by commands and by the server.
async fn is_told(url: &str, parts: &[&str]) {
    let settings = Settings::new().database(url);
    let has_all = |line: &str| parts.iter().all(|part| line.contains(part));
    for command in [&["user", "list"][..], &["migrate"]] {
        let output = settings.run(command).await;
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(said.trim().lines().count(), 1, "{command:?}: {said}");
        assert!(has_all(&said) && !said.contains("at line"), "{said}");
        assert_eq!(said.matches(parts[1]).count(), 1, "said twice: {said}");
        assert!(!said.contains(SECRET), "{said}");
    }
    let mut aura = settings.start_alive().await;
    eventually(PATIENCE, parts[1], async || {
        let log = aura.log();
        let mut lines = log.lines();
        lines
            .any(|line| line.contains("the database is unavailable") && has_all(line))
            .then_some(())
    })
    .await;
    // Neither tries nor questions add a line.
    for _ in 0..3 {
        aura.client().get("/health").await.is(503);
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    let log = aura.log();
    assert_eq!(log.matches("database is unavailable").count(), 1, "{log}");
    assert!(!log.contains(SECRET), "{log}");
    let ready = aura.becomes("/health/ready", 503, PATIENCE).await;
    assert_eq!(ready.json["reason"], "database_unavailable", "{ready:#?}");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named_with_its_port() {
    let port = Port::reserve();
    let address = port.address().to_string();
    let url = format!("postgres://aura:{SECRET}@{address}/aura");
    is_told(
        &url,
        &[&address, "connection refused", "check that it runs"],
    )
    .await;
    let url = format!("postgres://aura:{SECRET}@db.invalid:5433/aura");
    let parts = [
        "db.invalid:5433",
        "failed to lookup address",
        "check the name",
    ];
    is_told(&url, &parts).await;
}

#[tokio::test]
async fn a_silent_server_is_distinguished_from_one_that_refuses() {
    let Some(postgres) = Postgres::shared().await else {
        return;
    };
    let proxy = Proxy::start(postgres.address()).await;
    proxy.blackhole();
    let address = proxy.address().to_string();
    let url = format!("postgres://aura:{SECRET}@{address}/aura");
    is_told(&url, &[&address, "no answer in time", "overloaded"]).await;
}

#[tokio::test]
async fn the_message_of_the_server_is_repeated_once_with_advice() {
    let Some(postgres) = Postgres::own().await else {
        return;
    };
    let address = postgres.address().to_string();
    let url = format!("postgres://postgres@{address}/nowhere");
    let missing = "does not exist (3D000)";
    is_told(&url, &[&address, missing, "create the database"]).await;
    let url = format!("postgres://nobody:{SECRET}@{address}/postgres");
    let unknown = "does not exist (28000)";
    is_told(&url, &[&address, unknown, "check the user"]).await;

    let mut connection = PgConnection::connect(&postgres.database().await)
        .await
        .unwrap();
    let roles = format!(
        "CREATE ROLE few LOGIN PASSWORD '{SECRET}' CONNECTION LIMIT 0; \
         CREATE ROLE ann LOGIN PASSWORD 'another'"
    );
    let roles = sqlx::raw_sql(AssertSqlSafe(roles));
    roles.execute(&mut connection).await.unwrap();
    let url = format!("postgres://few:{SECRET}@{address}/postgres");
    let parts = ["53300", "too many connections", "DATABASE_MAX_CONNECTIONS"];
    is_told(&url, &[&parts[..], &[&address]].concat()).await;

    postgres.ask_for_passwords();
    let url = format!("postgres://ann:{SECRET}@{address}/postgres");
    let wrong = "password authentication failed for user";
    eventually(PATIENCE, "a refusal", async || {
        PgConnection::connect(&url).await.err()
    })
    .await;
    is_told(&url, &[&address, wrong, "check the user and password"]).await;
}

#[tokio::test]
async fn a_file_that_cannot_be_opened_is_named() {
    let path = "/nowhere/at/all/aura.db";
    let settings = Settings::new().database(&format!("sqlite://{path}"));
    for command in [&["migrate"][..], &["serve"]] {
        let output = settings.run(command).await;
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let said = String::from_utf8_lossy(&output.stderr);
        let last = said.trim().lines().last().unwrap_or_default();
        let told = format!("{path}: unable to open database file; check that the folder exists");
        assert!(last.contains(&told), "{said}");
        assert_eq!(said.matches("unable to open").count(), 1, "{said}");
    }
}

#[tokio::test]
async fn a_busy_pool_is_distinguished_from_an_unavailable_database() {
    let Some(postgres) = Postgres::shared().await else {
        return;
    };
    let url = postgres.database().await;
    let settings = Settings::new().database(&url);
    let aura = settings.set("DATABASE_MAX_CONNECTIONS", 1).start().await;
    let client = aura.client();
    let session = client.newcomer().await;
    let mut connection = PgConnection::connect(&url).await.unwrap();
    let hold = sqlx::raw_sql("BEGIN; LOCK TABLE users IN ACCESS EXCLUSIVE MODE");
    hold.execute(&mut connection).await.unwrap();
    eventually(PATIENCE, "the cause", async || {
        let calls = [client.me(&session.access), client.me(&session.access)];
        let [first, second] = calls;
        tokio::join!(first, second);
        let log = aura.log();
        let told = log.contains("all 1 of the pool were busy") || log.contains("57014");
        told.then_some(())
    })
    .await;
    client.get("/health").await.is(200);
    connection.close().await.unwrap();
    eventually(PATIENCE, "the account again", async || {
        (client.me(&session.access).await.status == 200).then_some(())
    })
    .await;
    eventually(PATIENCE, "a word of it", async || {
        aura.log().contains("the database is back").then_some(())
    })
    .await;
}
