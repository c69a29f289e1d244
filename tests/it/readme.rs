//! Proves that the session with curl in the README works as it is printed, on the embedded
//! default and on Postgres with Redis.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use crate::llm::{Upstream, before, chat};
use crate::support::{Aura, PATIENCE, Postgres, Redis, Settings};

const SESSION: &str = "session";
const MODEL: &str = "llm";

/// The commands between the two marks `name`.
fn commands(name: &str) -> String {
    let (begin, end) = (format!("<!-- {name} -->"), format!("<!-- /{name} -->"));
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = std::fs::read_to_string(&path);
    let readme = readme.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let between = readme
        .split_once(&begin)
        .and_then(|(_, rest)| rest.split_once(&end));
    let Some((marked, _)) = between else {
        panic!("README.md must have its session with curl between {begin} and {end}");
    };
    let fenced = marked
        .split_once("```bash\n")
        .and_then(|(_, rest)| rest.split_once("\n```"));
    let Some((commands, _)) = fenced else {
        panic!("the session of README.md must stand in one ```bash fence, between its marks");
    };
    commands.to_owned()
}

fn session() -> String {
    commands(SESSION)
}

/// Runs the session against `aura`.
async fn run_against(aura: &Aura) -> String {
    run(aura, &session()).await
}

/// Runs the commands as a reader would, each failure being the end, and gives what they printed.
async fn run(aura: &Aura, session: &str) -> String {
    assert!(
        session.contains("localhost:8000"),
        "the session of README.md calls localhost:8000"
    );
    let commands = session.replace("localhost:8000", &aura.address().to_string());
    let folder = tempfile::TempDir::new().unwrap();
    let mut bash = tokio::process::Command::new("bash");
    bash.args(["-euo", "pipefail", "-c", &commands])
        .current_dir(folder.path());
    bash.stdin(Stdio::null()).kill_on_drop(true);
    bash.env_remove("http_proxy").env("no_proxy", "*");
    let output = tokio::time::timeout(Duration::from_mins(1), bash.output()).await;
    let output = output.expect("the session ends").expect("bash runs");
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        output.status.success(),
        "{}\n{printed}\n{said}\n{commands}",
        output.status
    );
    printed
}

/// What the session must show: an account, tokens, and in the end that they are dead.
fn shows_everything(printed: &str) {
    let session = session();
    for route in [
        "/auth/register",
        "/auth/login",
        "/auth/me",
        "/auth/refresh",
        "/auth/logout",
    ] {
        assert!(
            session.contains(route),
            "the session of README.md leaves out {route}"
        );
    }
    assert!(printed.contains("@example.com"), "the account: {printed}");
    assert!(
        !printed.contains("\"status\":5"),
        "a fault of the server: {printed}"
    );
    let last = printed.lines().rev().find(|line| !line.trim().is_empty());
    let last = last.expect("the session prints something");
    let done = ["204", "401", "invalid_token"]
        .iter()
        .any(|end| last.contains(end));
    assert!(done, "the last line shows that the logout held: {printed}");
}

#[tokio::test]
async fn the_session_of_the_readme_works_on_the_embedded_default() {
    let mut aura = Settings::embedded().spawn();
    aura.becomes("/health/ready", 200, PATIENCE).await;
    shows_everything(&run_against(&aura).await);
}

#[tokio::test]
async fn the_session_of_the_readme_works_on_postgres_and_redis() {
    let (Some(redis), Some(postgres)) = (Redis::start().await, Postgres::shared().await) else {
        return;
    };
    let database = postgres.database().await;
    let settings = Settings::new().redis(&redis).database(&database);
    let aura = settings.set("RATE_LIMIT_ENABLED", true).start().await;
    shows_everything(&run_against(&aura).await);
}

#[tokio::test]
async fn the_second_answer_of_the_readme_is_a_hit_and_health_shows_it() {
    let upstream = Upstream::start(chat).await;
    let aura = before(&upstream).start().await;
    let both = format!("{}\n{}", commands(SESSION), commands(MODEL));
    let printed = run(&aura, &both).await;
    let lines: Vec<&str> = printed.lines().collect();
    let at = |what: &str| lines.iter().position(|line| line.starts_with(what));
    let (miss, hit) = (
        at("MISS in ").expect("a miss"),
        at("HIT in ").expect("a hit"),
    );
    assert!(miss < hit, "{printed}");
    assert_eq!(
        lines[miss - 1],
        lines[hit - 1],
        "the same answer: {printed}"
    );
    for shown in [
        "\"hits\": 1",
        "\"saved_tokens\": 7",
        "\"status\": \"healthy\"",
    ] {
        assert!(printed.contains(shown), "{shown}: {printed}");
    }
    assert_eq!(upstream.calls(), 1);
}
