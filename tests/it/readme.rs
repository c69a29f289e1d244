//! Proves that the commands of the README work as they are printed: the session with curl on the
//! embedded default and on Postgres with Redis, and the first steps in every order.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tempfile::TempDir;

use crate::llm::{Upstream, before, chat};
use crate::support::{Aura, PASSWORD, PATIENCE, Postgres, Redis, Settings, Visitor};

const SESSION: &str = "session";
const ADMINISTRATOR: &str = "administrator";
const MODEL: &str = "llm";

/// The commands of the README between the two marks `name`.
pub(crate) fn commands(name: &str) -> String {
    marked("README.md", name, "bash")
}

/// The one block in `language` between the two marks `name` of a page, by its path in the checkout.
pub(crate) fn marked(page: &str, name: &str, language: &str) -> String {
    let (begin, end) = (format!("<!-- {name} -->"), format!("<!-- /{name} -->"));
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(page);
    let text = std::fs::read_to_string(&path);
    let text = text.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let between = text
        .split_once(&begin)
        .and_then(|(_, rest)| rest.split_once(&end));
    let Some((marked, _)) = between else {
        panic!("{page} must have commands between {begin} and {end}");
    };
    let fenced = marked
        .split_once(&format!("```{language}\n"))
        .and_then(|(_, rest)| rest.split_once("\n```"));
    let Some((commands, _)) = fenced else {
        panic!("the commands {begin} of {page} must stand in one fence of {language}");
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

/// What a reader of the README may do first, second and third.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Step {
    /// Paste the session with curl.
    Curl,
    /// Open the dashboard, and make an administrator there if it offers that.
    Dashboard,
    /// Make an administrator on the command line.
    Create,
}

/// Runs the command of the README that makes root@example.com an administrator, with its password
/// on standard input.
async fn create(folder: &Path) {
    let command = commands(ADMINISTRATOR);
    let command = command.split('#').next().unwrap_or_default().trim();
    let program = env!("CARGO_BIN_EXE_aura");
    let command = command.replace("cargo run --release --", program);
    assert!(command.starts_with(program), "{command}");
    let mut bash = tokio::process::Command::new("bash");
    bash.args(["-c", &format!("{command} --password-stdin <<<'{PASSWORD}'")]);
    bash.env_clear().env("PATH", "/usr/bin:/bin");
    let output = bash.current_dir(folder).output().await.unwrap();
    assert!(output.status.success(), "{command}: {output:?}");
}

/// Leads to the overview: as `administrator`, or as the one that the page offers to make.
async fn dashboard(aura: &Aura, administrator: &mut Option<&str>) {
    const MADE: &str = "made-in-the-browser@example.com";
    let visitor = Visitor::new(aura.client());
    let page = visitor.open("/sign-in").await;
    let offered = page.is(200).text.contains("href=\"/setup\"");
    match administrator {
        Some(email) if !offered => drop(visitor.sign_in(email).await),
        None if offered => {
            let code = aura.setup_code();
            let page = visitor.open(&format!("/setup?code={code}")).await;
            let fields = [
                ("code", code.as_str()),
                ("email", MADE),
                ("password", PASSWORD),
            ];
            visitor.send(page.is(200), "/setup", &fields).await.is(303);
            *administrator = Some(MADE);
        }
        _ => panic!("offered: {offered}, with {administrator:?}"),
    }
    let overview = visitor.open("/").await;
    assert!(overview.is(200).text.contains("<h1>Overview</h1>"));
}

/// Takes the steps in this order, and starts the server before them or when it is needed.
async fn walk(order: [Step; 3], server_first: bool) {
    let folder = TempDir::new().unwrap();
    let settings = Settings::embedded().within(folder.path());
    let (mut aura, mut administrator) = (None, None);
    for step in order {
        if aura.is_none() && (server_first || step != Step::Create) {
            aura = Some(settings.start().await);
        }
        match (step, &aura) {
            (Step::Create, _) => {
                create(folder.path()).await;
                administrator = Some("root@example.com");
            }
            (Step::Curl, Some(aura)) => shows_everything(&run_against(aura).await),
            (Step::Dashboard, Some(aura)) => dashboard(aura, &mut administrator).await,
            (_, None) => unreachable!("the server runs"),
        }
    }
    let aura = aura.expect("a server");
    dashboard(&aura, &mut administrator).await;
    let client = aura.client();
    let ann = client.login("ann@example.com", "violet harbour kettle");
    ann.await.is(200);
    // One folder of data, whoever made it.
    let entries = std::fs::read_dir(folder.path()).unwrap();
    assert_eq!(entries.count(), 1, "{order:?}");
}

#[tokio::test]
async fn every_order_of_the_readme_leads_to_a_token_and_to_the_dashboard() {
    use Step::{Create, Curl, Dashboard};
    for order in [
        [Curl, Dashboard, Create],
        [Curl, Create, Dashboard],
        [Dashboard, Curl, Create],
        [Dashboard, Create, Curl],
        [Create, Curl, Dashboard],
        [Create, Dashboard, Curl],
    ] {
        walk(order, true).await;
    }
    walk([Create, Curl, Dashboard], false).await;
    walk([Create, Dashboard, Curl], false).await;
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
