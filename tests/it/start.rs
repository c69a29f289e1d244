//! Proves what a start makes, for whom, what it waits for, and what it ends with instead.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use reqwest::Method;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, SqliteConnection};
use tempfile::TempDir;

use crate::support::{
    Client, PASSWORD, PATIENCE, Port, Postgres, Process, Settings, Sqlite, eventually,
};

fn mode(path: &Path) -> u32 {
    let shown = path.display();
    let metadata = std::fs::metadata(path).unwrap_or_else(|error| panic!("{shown}: {error}"));
    metadata.permissions().mode() & 0o777
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[tokio::test]
async fn a_new_sqlite_file_is_readable_by_its_owner_only() {
    let folder = TempDir::new().unwrap();
    let place = |name: &str| {
        let path = folder.path().join(name);
        let url = format!("sqlite://{}", path.display());
        (path, Settings::new().database(&url))
    };
    let (path, settings) = place("served.db");
    let _aura = settings.start().await;
    assert_eq!(mode(&path), 0o600);
    let (path, settings) = place("migrated.db");
    settings.done(&["migrate"]).await;
    assert_eq!(mode(&path), 0o600);
    let (path, settings) = place("awaited.db");
    let mut aura = settings.option("--no-migrate").start_alive().await;
    aura.becomes("/health", 200, PATIENCE).await;
    assert_eq!(mode(&path), 0o600);
}

#[tokio::test]
async fn a_database_that_refuses_ends_the_server() {
    let file = Sqlite::new();
    let settings = Settings::new().database(&file.url());
    settings.done(&["migrate"]).await;
    let mut connection = SqliteConnection::connect(&file.url()).await.unwrap();
    let other = sqlx::query("UPDATE _sqlx_migrations SET checksum = x'00'");
    other.execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    let nowhere = Settings::new().database("sqlite:///nowhere/at/all/aura.db");
    for settings in [settings, nowhere] {
        let mut aura = settings.spawn();
        let end = aura.ends(PATIENCE).await;
        assert_eq!(end.code(), Some(1), "{}", aura.log());
    }
}

#[tokio::test]
async fn a_database_that_is_not_there_yet_is_waited_for() {
    let Some(postgres) = Postgres::shared().await else {
        return;
    };
    let url = postgres.database().await;
    let later = format!("{url}_later");
    let name = later.rsplit('/').next().unwrap();
    let mut aura = Settings::new().database(&later).start_alive().await;
    aura.client().get("/health/ready").await.is(503);
    eventually(PATIENCE, "a word of the missing database", async || {
        let log = aura.log();
        (log.contains("WARN") || log.contains("ERROR")).then_some(())
    })
    .await;
    let mut connection = PgConnection::connect(&url).await.unwrap();
    let create = sqlx::raw_sql(AssertSqlSafe(format!("CREATE DATABASE {name}")));
    create.execute(&mut connection).await.unwrap();
    aura.becomes("/health/ready", 200, Duration::from_secs(5))
        .await;
    aura.client().newcomer().await;
}

#[tokio::test]
async fn an_address_of_another_machine_is_named_by_its_setting() {
    // TEST-NET-1: nobody's.
    let settings = Settings::new().set("SERVER_HOST", "192.0.2.1");
    let output = settings.run(&["serve"]).await;
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let said = text(&output.stderr);
    assert!(said.contains("SERVER_HOST"), "{said}");
    assert!(!said.contains("SERVER_PORT"), "{said}");
}

#[tokio::test]
async fn a_secret_is_read_from_an_ordinary_file_only() {
    let folder = TempDir::new().unwrap();
    let pipe = folder.path().join("pipe");
    let made = Command::new("mkfifo").arg(&pipe).status();
    assert!(made.expect("mkfifo runs").success());
    for path in [pipe.to_str().unwrap(), "/dev/zero"] {
        let settings = Settings::new().set("JWT_SECRET_KEY", "");
        let settings = settings.set("JWT_SECRET_KEY_FILE", path);
        let output = settings.run(&["config", "check"]).await;
        assert_eq!(output.status.code(), Some(78), "{output:?}");
        let said = text(&output.stdout) + &text(&output.stderr);
        assert!(
            said.contains("it is not a regular file; name a file that holds the value"),
            "{path}: {said}"
        );
    }
}

#[tokio::test]
async fn a_folder_in_place_of_a_secret_is_reported() {
    let folder = TempDir::new().unwrap();
    std::fs::create_dir(folder.path().join("JWT_SECRET_KEY")).unwrap();
    std::fs::create_dir(folder.path().join("..data")).unwrap();
    let settings = Settings::new().set("JWT_SECRET_KEY", "");
    let path = folder.path().to_str().unwrap();
    let output = settings
        .run(&["config", "check", "--secrets-dir", path])
        .await;
    assert_eq!(output.status.code(), Some(78), "{output:?}");
    let said = text(&output.stdout) + &text(&output.stderr);
    assert!(said.contains("JWT_SECRET_KEY: the file"), "{said}");
    assert!(said.contains("is a directory"), "{said}");
}

#[tokio::test]
async fn a_named_pipe_in_the_place_of_a_file_is_refused_at_once() {
    let folder = TempDir::new().unwrap();
    let pipe = folder.path().join("service.toml");
    let made = Command::new("mkfifo").arg(&pipe).status();
    assert!(made.expect("mkfifo runs").success());
    let pipe = pipe.to_str().unwrap();
    for arguments in [
        ["generate", "k8s", "--service", pipe],
        ["generate", "k8s", "--config", pipe],
        ["config", "check", "--from", pipe],
        ["generate", "diff", "--from", pipe],
    ] {
        let settings = Settings::new();
        let run = settings.run(&arguments);
        let output = tokio::time::timeout(Duration::from_secs(20), run).await;
        let output = output.expect("an end");
        assert!(!output.status.success(), "{output:?}");
        let said = text(&output.stdout) + &text(&output.stderr);
        assert!(
            said.contains("is not a regular file"),
            "{arguments:?}: {said}"
        );
    }
}

#[tokio::test]
async fn the_key_of_the_embedded_default_is_made_whole_and_refused_when_empty() {
    let folder = TempDir::new().unwrap();
    let key = folder.path().join(".aura/jwt-secret-key");
    let serve = || {
        let (port, metrics) = (Port::reserve(), Port::reserve());
        let mut command = Command::new(env!("CARGO_BIN_EXE_aura"));
        command.env_clear().current_dir(folder.path());
        command.args(["serve", "--dev"]);
        command.env("SERVER_PORT", port.number().to_string());
        command.env("SERVER_METRICS_PORT", metrics.number().to_string());
        let log = folder.path().join("aura.log");
        (Process::spawn(&mut command, &log), port, metrics)
    };
    let running = serve();
    eventually(PATIENCE, "a key", async || key.exists().then_some(())).await;
    let made = std::fs::read_to_string(&key).unwrap();
    assert!(made.trim_end().len() >= 32, "a whole key");
    assert_eq!(mode(&key), 0o600);
    drop(running);

    std::fs::write(&key, "\n").unwrap();
    let (mut process, _port, _metrics) = serve();
    let end = process.wait(PATIENCE).await;
    assert!(!end.success(), "{}", process.output());
    let said = process.output();
    assert!(said.contains(".aura/jwt-secret-key is empty"), "{said}");
}

#[tokio::test]
async fn a_key_that_is_made_up_is_the_servers_matter() {
    let file = Sqlite::new();
    let settings = Settings::new().database(&file.url());
    let settings = settings.set("JWT_SECRET_KEY", "");
    let aura = settings.start().await;
    let log = aura.log();
    assert!(log.contains("JWT_SECRET_KEY is not set"), "{log}");
    // Commands sign nothing, and do not speak of it.
    let create = ["user", "create", "ann@example.com", "--password-stdin"];
    for (arguments, input) in [(create.as_slice(), PASSWORD), (&["user", "list"], "")] {
        let output = settings.run_with(arguments, input).await;
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        let said = text(&output.stdout) + &text(&output.stderr);
        assert!(!said.contains("JWT_SECRET_KEY"), "{said}");
    }
    // All but one, whose token no server would take.
    let link = ["user", "reset-link", "ann@example.com", "--yes"];
    let output = settings.run(&link).await;
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
    let said = text(&output.stderr);
    assert!(said.contains("JWT_SECRET_KEY"), "{said}");
}

#[tokio::test]
async fn urls_that_no_driver_can_use_are_faults_for_the_check_and_for_the_server_alike() {
    let database = |url: &str| Settings::new().database(url);
    let redis = |url: &str| Settings::new().redis_url(url);
    for (settings, words) in [
        (database("postgres://u:can#ary@h/d"), "%23"),
        (database("postgres://u:canary@h:port/d"), "percent-encode"),
        (database("postgres://u:canary@h1,,h2/d"), "several hosts"),
        (database("postgres://u:canary@h/d?sslmode=maybe"), "sslmode"),
        (database("postgres://u:p@h/d?canary=1"), "does not know"),
        (database("sqlite://aura.db?mode=canary"), "mode"),
        (redis("redis://u:can#ary@h"), "%23"),
        (redis("redis://u:canary@h1,h2"), "several hosts"),
        (redis("redis://u:canary@h?protocol=9"), "protocol"),
        (redis("redis://u:p@h?canary=1"), "does not know"),
        (redis("rediss://u:canary@h#insecure"), "%23"),
        (redis("redis://u:canary@0.0.0.0"), "wildcard"),
    ] {
        for command in ["config check", "serve"] {
            let command: Vec<&str> = command.split(' ').collect();
            let output = settings.run(&command).await;
            assert_eq!(output.status.code(), Some(78), "{output:?}");
            let said = text(&output.stderr);
            assert!(said.contains(words), "{said}");
            assert!(!said.contains("canary") && !said.contains("can#"), "{said}");
        }
    }
}

#[tokio::test]
async fn a_server_on_every_address_answers_ipv6_and_ipv4() {
    let aura = Settings::new().set("SERVER_HOST", "::").start().await;
    let port = aura.address().port();
    for host in ["127.0.0.1", "[::1]"] {
        let client = Client::new(&format!("http://{host}:{port}"));
        client
            .call(Method::GET, "/health/live", |request| request)
            .await
            .is(200);
    }
}
