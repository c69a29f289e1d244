//! Proves that the command line asks before an act that cannot be undone: on a terminal by a question,
//! elsewhere by refusing without `--yes`; and that a reset link is whole where the address is known.

use std::process::Command;

use crate::support::{PASSWORD, Settings, Sqlite, installed, said};

const ANN: &str = "ann@example.com";

/// Every command that asks, and what it would do.
const ACTS: [(&[&str], &str); 9] = [
    (&["user", "delete", ANN], "deletes the account"),
    (&["user", "erase", ANN], "erases the person"),
    (&["user", "set-roles", ANN], "takes every role"),
    (
        &["user", "disable", ANN],
        "keeps ann@example.com from signing in",
    ),
    (&["user", "revoke-sessions", ANN], "ends all sessions"),
    (
        &["user", "require-password-change", ANN],
        "requires a new password",
    ),
    (&["user", "reset-link", ANN], "closes the password"),
    (
        &["user", "set-password", ANN, "--password-stdin"],
        "replaces the password",
    ),
    (&["cache", "purge"], "forgets every answer"),
];

async fn with_ann(file: &Sqlite) -> Settings {
    let settings = Settings::new().database(&file.url());
    settings.done(&["migrate"]).await;
    let create = [
        "user",
        "create",
        ANN,
        "--role",
        "editor",
        "--password-stdin",
    ];
    settings.done_with(&create, PASSWORD).await;
    settings
}

#[tokio::test]
async fn without_a_terminal_an_act_that_cannot_be_undone_is_refused_without_yes() {
    let file = Sqlite::new();
    // `cache purge` asks only where there is a shared cache.
    let settings = with_ann(&file).await.set("REDIS_ENABLED", true);
    let before = settings.done(&["user", "list", "--json"]).await;
    for (arguments, act) in ACTS {
        let output = settings.run_with(arguments, PASSWORD).await;
        let said = said(&output);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(output.stdout.is_empty(), "{arguments:?}: {said}");
        for words in [act, "add --yes", "Nothing was changed"] {
            assert!(said.contains(words), "{arguments:?}: {said}");
        }
    }
    assert_eq!(settings.done(&["user", "list", "--json"]).await, before);
    // Roles that are named, and an account that is let in again, need no question.
    let settings = settings.set("REDIS_ENABLED", false);
    settings.done(&["user", "set-roles", ANN, "support"]).await;
    settings.done(&["user", "enable", ANN]).await;
}

/// Runs `aura user delete` on a terminal that answers `answer`; gives its output and exit code.
fn on_a_terminal(file: &Sqlite, answer: &str) -> Option<(String, Option<i32>)> {
    let script = installed(&["script"], &[])?;
    let aura = env!("CARGO_BIN_EXE_aura");
    let mut command = Command::new("/bin/sh");
    let delete = format!("{aura} user delete {ANN}");
    let line = "(sleep 1; printf '%s\\n' \"$ANSWER\"; sleep 1) | \"$0\" --quiet --return --command \"$1\" /dev/null";
    command.args(["-c", line]).arg(script).arg(delete);
    command
        .env_clear()
        .env("PATH", std::env::var("PATH").unwrap_or_default());
    command
        .env("ANSWER", answer)
        .env("DATABASE_URL", file.url())
        .env("REDIS_ENABLED", "false");
    let output = command.output().expect("a terminal");
    Some((said(&output), output.status.code()))
}

#[tokio::test]
async fn on_a_terminal_only_a_yes_goes_on() {
    let file = Sqlite::new();
    let settings = with_ann(&file).await;
    for (answer, code) in [("", 1), ("n", 1), ("yesterday", 1), ("Yes", 0)] {
        assert!(
            settings.done(&["user", "list"]).await.contains(ANN),
            "{answer}"
        );
        let Some((said, status)) = on_a_terminal(&file, answer) else {
            return;
        };
        assert!(said.contains("Continue? [y/N]"), "{answer}: {said}");
        assert_eq!(status, Some(code), "{answer}: {said}");
    }
    assert_eq!(settings.done(&["user", "list"]).await, "");
}

#[tokio::test]
async fn a_reset_link_is_whole_where_the_address_of_the_server_is_known() {
    let file = Sqlite::new();
    let settings = with_ann(&file).await;
    let reset = ["user", "reset-link", ANN, "--yes"];
    let token = settings.done(&reset).await;
    assert!(token.starts_with("ey") && !token.contains('/'), "{token}");
    let settings = settings.set("AUTH_PUBLIC_URL", "https://auth.example.com");
    let link = settings.done(&reset).await;
    assert!(
        link.starts_with("https://auth.example.com/reset?token=ey"),
        "{link}"
    );
    let json = settings
        .done(&["user", "reset-link", ANN, "--yes", "--json"])
        .await;
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let token = json["reset_token"].as_str().unwrap();
    assert_eq!(
        json["link"],
        format!("https://auth.example.com/reset?token={token}")
    );
    assert_eq!(json["expires_in"], 3600);
    // The last of them works, with the server's own eyes.
    let aura = settings.start().await;
    let body = serde_json::json!({"reset_token": token, "new_password": "teapot-Glacier-31-nine"});
    aura.client()
        .post("/auth/password/reset", &body)
        .await
        .is(204);
}

#[tokio::test]
async fn accounts_are_listed_by_filter_and_order_and_counted() {
    let file = Sqlite::new();
    let settings = with_ann(&file).await;
    for email in ["bob@example.com", "cat@example.com"] {
        let create = ["user", "create", email, "--password-stdin"];
        settings.done_with(&create, PASSWORD).await;
    }
    settings
        .done(&["user", "disable", "bob@example.com", "--yes"])
        .await;
    let list = async |arguments: &[&str]| {
        let mut all = vec!["user", "list"];
        all.extend(arguments);
        settings.done(&all).await
    };
    assert_eq!(list(&["--count"]).await, "3\n");
    assert_eq!(list(&["--count", "--state", "active"]).await, "2\n");
    let editors = list(&["--role", "editor"]).await;
    assert!(
        editors.contains(ANN) && editors.lines().count() == 1,
        "{editors}"
    );
    let newest = list(&["--order", "newest"]).await;
    assert!(
        newest.lines().next().unwrap().contains("cat@example.com"),
        "{newest}"
    );
    let id = editors.split_whitespace().next().unwrap();
    assert_eq!(list(&[id]).await, editors);
    let bob = list(&["bob", "--json"]).await;
    let bob: serde_json::Value = serde_json::from_str(&bob).expect("JSON");
    assert_eq!(bob["state"], "disabled");
    assert!(bob["last_sign_in_at"].is_null());
    let wrong = settings.run(&["user", "list", "--state", "gone"]).await;
    assert_eq!(wrong.status.code(), Some(2), "{wrong:?}");
}
