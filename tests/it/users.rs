//! Proves the `aura user` commands, with and without a running server: what they change holds at
//! once, where sessions live in Redis and where they live in the server's own memory.

use serde_json::{Value, json};
use sqlx::Connection as _;

use crate::support::{
    Client, PASSWORD, PATIENCE, Postgres, Redis, Session, Settings, Sqlite, converse, eventually,
    terminal,
};

const OTHER_PASSWORD: &str = "violet-Harbour-83-candle";

async fn create(settings: &Settings, email: &str, roles: &[&str]) -> Value {
    let mut arguments = vec!["user", "create", email, "--password-stdin", "--json"];
    for role in roles {
        arguments.extend(["--role", role]);
    }
    let printed = settings
        .done_with(&arguments, &format!("{PASSWORD}\n"))
        .await;
    assert!(!printed.contains(PASSWORD), "{printed}");
    serde_json::from_str(&printed).expect("JSON")
}

/// Accounts as `aura user list --json` prints them.
async fn list(settings: &Settings) -> Vec<Value> {
    let printed = settings.done(&["user", "list", "--json"]).await;
    assert!(!printed.contains("$2b$"), "{printed}");
    printed
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect()
}

#[tokio::test]
async fn the_first_administrator_is_invited_once() {
    let file = Sqlite::new();
    let settings = Settings::new()
        .database(&file.url())
        .set("AUTH_PUBLIC_URL", "https://auth.example.com");
    settings.done(&["migrate"]).await;
    let invite = async |email: &str| {
        settings
            .run(&["user", "first-admin", email, "--json"])
            .await
    };
    let link = async |email: &str| {
        let output = invite(email).await;
        assert!(output.status.success(), "{output:?}");
        let link: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let token = link["reset_token"].as_str().expect("a token").to_owned();
        assert_eq!(
            link["link"],
            format!("https://auth.example.com/reset?token={token}")
        );
        token
    };
    create(&settings, "ann@example.com", &[]).await;
    let refused = invite("ann@example.com").await;
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    let lost = [
        link("roto@example.com").await,
        link("root@example.com").await,
        link("late@example.com").await,
    ];
    let token = link("root@example.com").await;
    let listed = list(&settings).await;
    let root = listed.iter().find(|it| it["email"] == "root@example.com");
    assert_eq!(root.expect("an account")["roles"], json!(["admin"]));
    let aura = settings.start().await;
    let client = aura.client();
    client
        .login("root@example.com", PASSWORD)
        .await
        .problem(401, "invalid_credentials");
    let set = |token: &str| json!({"reset_token": token, "new_password": PASSWORD});
    for lost in lost {
        let late = client.post("/auth/password/reset", &set(&lost)).await;
        late.problem(401, "invalid_reset_token");
    }
    client
        .post("/auth/password/reset", &set(&token))
        .await
        .is(204);
    client.signed_in("root@example.com").await;
    for email in ["root@example.com", "roto@example.com", "other@example.com"] {
        let output = invite(email).await;
        assert!(output.status.success(), "{output:?}");
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(said.starts_with("an administrator can sign in"), "{said}");
    }
    assert_eq!(list(&settings).await.len(), 4);
    let trail = settings
        .done(&["audit", "list", "--action", "user.first_administrator"])
        .await;
    assert_eq!(trail.lines().count(), 3, "{trail}");
}

/// Waits until the session is refused: a server with sessions in its own memory may need a look
/// at the database first.
async fn ends(client: &Client, session: &Session) {
    eventually(PATIENCE, "the end of a session", async || {
        let me = client.me(&session.access).await;
        assert!([200, 401].contains(&me.status), "{me:#?}");
        (me.status == 401).then_some(())
    })
    .await;
    client
        .refresh(&session.refresh)
        .await
        .problem(401, "invalid_refresh_token");
}

/// Roles show in the next token, and in what the server says of the account. Gives two sessions of
/// Ann's.
async fn roles_hold(settings: &Settings, client: &Client, ann: Session) -> (Session, Session) {
    settings
        .done(&["user", "set-roles", "ann@example.com", "support"])
        .await;
    let pair = client.refresh(&ann.refresh).await;
    let ann = Session {
        access: pair.is(200).text_of("access_token"),
        refresh: pair.text_of("refresh_token"),
        ..ann
    };
    assert_eq!(ann.claims()["roles"], json!(["support"]));
    assert_eq!(
        client.me(&ann.access).await.json["roles"],
        json!(["support"])
    );
    let verify = client
        .bearer(reqwest::Method::GET, "/auth/verify", &ann.access)
        .await;
    assert_eq!(verify.is(200).header("x-auth-roles"), "support");
    settings
        .done(&["user", "set-roles", "ann@example.com", "--yes"])
        .await;
    let fresh = client.signed_in("ann@example.com").await;
    assert_eq!(fresh.claims().get("roles"), None);
    (ann, fresh)
}

/// All commands against one running server.
async fn each_command_holds(settings: Settings) {
    settings.done(&["migrate"]).await;
    let made = create(&settings, "Ann@Example.com", &["editor", "auditor"]).await;
    assert_eq!(made["email"], "ann@example.com");
    assert_eq!(made["roles"], json!(["auditor", "editor"]));
    let aura = settings.start().await;
    let client = aura.client();
    let ann = client.signed_in("ann@example.com").await;
    let me = client.me(&ann.access).await;
    for member in ["id", "email", "roles"] {
        assert_eq!(me.is(200).json[member], made[member], "{member}");
    }
    assert_eq!(ann.claims()["roles"], made["roles"]);
    // Made while the server runs: known at once.
    create(&settings, "bob@example.com", &[]).await;
    let bob = client.signed_in("bob@example.com").await;
    let listed = list(&settings).await;
    let emails: Vec<_> = listed
        .iter()
        .map(|user| user["email"].as_str().unwrap())
        .collect();
    assert_eq!(emails, ["ann@example.com", "bob@example.com"]);
    assert_eq!(listed[0]["id"], made["id"]);

    let (ann, fresh) = roles_hold(&settings, &client, ann).await;

    // Sessions end, the account stays.
    settings
        .done(&["user", "revoke-sessions", "ann@example.com", "--yes"])
        .await;
    ends(&client, &ann).await;
    ends(&client, &fresh).await;
    client.me(&bob.access).await.is(200);
    let ann = client.signed_in("ann@example.com").await;
    client.me(&ann.access).await.is(200);

    // A password set for her ends her sessions, too.
    let set = [
        "user",
        "set-password",
        "ann@example.com",
        "--password-stdin",
        "--yes",
    ];
    settings.done_with(&set, OTHER_PASSWORD).await;
    ends(&client, &ann).await;
    let old = client.login("ann@example.com", PASSWORD).await;
    old.problem(401, "invalid_credentials");
    client
        .login("ann@example.com", OTHER_PASSWORD)
        .await
        .is(200);

    settings
        .done(&["user", "disable", "bob@example.com", "--yes"])
        .await;
    ends(&client, &bob).await;
    let disabled = client.login("bob@example.com", PASSWORD).await;
    disabled.problem(401, "invalid_credentials");
    assert!(!list(&settings).await[1]["disabled_at"].is_null());
    settings.done(&["user", "enable", "bob@example.com"]).await;
    let bob = client.signed_in("bob@example.com").await;
    client.me(&bob.access).await.is(200);

    settings
        .done(&["user", "delete", "bob@example.com", "--yes"])
        .await;
    ends(&client, &bob).await;
    client
        .login("bob@example.com", PASSWORD)
        .await
        .problem(401, "invalid_credentials");
    assert_eq!(list(&settings).await.len(), 1);
}

#[tokio::test]
async fn each_command_holds_at_once_where_sessions_live_in_the_server() {
    let file = Sqlite::new();
    each_command_holds(Settings::new().database(&file.url())).await;
}

#[tokio::test]
async fn each_command_holds_at_once_where_sessions_live_in_redis() {
    let (Some(redis), Some(postgres)) = (Redis::start().await, Postgres::shared().await) else {
        return;
    };
    let database = postgres.database().await;
    each_command_holds(Settings::new().redis(&redis).database(&database)).await;
}

#[tokio::test]
async fn an_impossible_command_is_explained_and_exits_with_1() {
    let file = Sqlite::new();
    let settings = Settings::new().database(&file.url());
    settings.done(&["migrate"]).await;
    create(&settings, "ann@example.com", &[]).await;
    let nobody = "nobody@example.com";
    for arguments in [
        vec!["user", "disable", nobody, "--yes"],
        vec!["user", "enable", nobody],
        vec!["user", "delete", nobody, "--yes"],
        vec!["user", "set-roles", nobody, "admin"],
        vec!["user", "revoke-sessions", nobody, "--yes"],
        vec!["user", "reset-link", nobody, "--yes"],
        vec!["user", "set-password", nobody, "--password-stdin", "--yes"],
        vec!["user", "create", "ann@example.com", "--password-stdin"],
        vec!["user", "create", "ANN@example.com", "--password-stdin"],
        vec!["user", "create", "no address", "--password-stdin"],
        vec![
            "user",
            "create",
            "new@example.com",
            "--password-stdin",
            "--role",
            "a b",
        ],
        vec!["user", "set-roles", "ann@example.com", "a,b"],
    ] {
        let output = settings.run_with(&arguments, PASSWORD).await;
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {output:?}");
        assert!(output.stdout.is_empty(), "{output:?}");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!said.is_empty() && !said.contains(PASSWORD), "{said}");
        assert!(!said.contains("panicked"), "{said}");
    }
    // The rules of passwords hold here, too, and the limit is named in bytes.
    let long = "zQ7-mK2+".repeat(9) + "x";
    for (password, word) in [
        ("", "12"),
        ("short", "12"),
        ("password1234", "password"),
        (&long, "72 bytes"),
    ] {
        for command in [
            vec!["user", "create", "new@example.com", "--password-stdin"],
            vec![
                "user",
                "set-password",
                "ann@example.com",
                "--password-stdin",
                "--yes",
            ],
        ] {
            let output = settings.run_with(&command, password).await;
            assert_eq!(output.status.code(), Some(1), "{password:?}: {output:?}");
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(said.contains(word), "{password:?}: {said}");
        }
    }
    assert_eq!(list(&settings).await.len(), 1);
    // Usage is another matter.
    for arguments in [
        vec!["user"],
        vec!["user", "nonsense"],
        vec!["user", "disable"],
    ] {
        let output = settings.run(&arguments).await;
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {output:?}");
    }
}

/// Runs a command that creates `email` on a terminal, and then prints how the terminal stands.
async fn create_on_terminal(file: &Sqlite, email: &str, answers: &[(&str, &str)]) -> String {
    let program = env!("CARGO_BIN_EXE_aura");
    let mut command = terminal(&format!("{program} user create {email}; stty -a"));
    command.env("DATABASE_URL", file.url());
    let (ended, seen) = converse(command, answers).await;
    assert!(ended.success(), "{seen}");
    assert!(seen.contains(" echo "), "the echo is on again: {seen}");
    seen
}

#[tokio::test]
async fn a_typed_password_is_never_displayed_and_the_terminal_is_restored() {
    let file = Sqlite::new();
    let settings = Settings::new().database(&file.url());
    settings.done(&["migrate"]).await;
    let typed = format!("{PASSWORD}\n");
    let answers = [("Password: ", &*typed), ("Once more: ", &*typed)];
    let seen = create_on_terminal(&file, "ann@example.com", &answers).await;
    assert!(seen.contains("created ann@example.com"), "{seen}");
    assert!(!seen.contains(PASSWORD), "{seen}");
    // Both lines pasted at the first question.
    let pasted = [("Password: ", &*typed.repeat(2))];
    let seen = create_on_terminal(&file, "bob@example.com", &pasted).await;
    assert!(seen.contains("created bob@example.com"), "{seen}");
    assert!(!seen.contains(PASSWORD), "{seen}");
    for (keys, said) in [("\u{3}", "interrupted"), ("\u{4}", "end of file")] {
        let seen = create_on_terminal(&file, "eve@example.com", &[("Password: ", keys)]).await;
        assert!(seen.contains("nothing was changed"), "{seen}");
        assert!(seen.contains(said), "{seen}");
    }
    assert_eq!(list(&settings).await.len(), 2);
}

#[tokio::test]
async fn a_command_changes_nothing_while_the_session_store_is_unavailable() {
    let Some(mut redis) = Redis::start().await else {
        return;
    };
    let file = Sqlite::new();
    let settings = Settings::new().database(&file.url()).redis(&redis);
    settings.done(&["migrate"]).await;
    create(&settings, "ann@example.com", &["editor"]).await;
    let mut connection = sqlx::SqliteConnection::connect(&file.url()).await.unwrap();
    let mut row = async || {
        let query = "SELECT password_hash || '/' || roles || '/' || coalesce(disabled_at, '') || \
                     '/' || coalesce(signed_out_at, '') FROM users";
        let query = sqlx::query_scalar::<_, String>(query);
        query.fetch_one(&mut connection).await.unwrap()
    };
    let before = row().await;
    redis.stop().await;
    let ann = "ann@example.com";
    for arguments in [
        ["user", "set-roles", ann, "admin"].as_slice(),
        &["user", "disable", ann, "--yes"],
        &["user", "revoke-sessions", ann, "--yes"],
        &["user", "set-password", ann, "--password-stdin", "--yes"],
        &["user", "delete", ann, "--yes"],
    ] {
        let output = settings.run_with(arguments, OTHER_PASSWORD).await;
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {output:?}");
        assert_eq!(row().await, before, "{arguments:?}");
    }
}
