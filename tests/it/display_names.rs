//! Proves the life of a display name: given at registration, by an administrator or the command line,
//! changed and removed by its owner, shown wherever an account is, and never written to the audit log.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Client, PASSWORD, Postgres, Settings, Sqlite, Visitor};

const ROOT: &str = "root@example.com";

/// Registers an account with a name; gives its access token.
async fn registered(client: &Client, email: &str, name: &Value) -> String {
    let body = json!({"email": email, "password": PASSWORD, "display_name": name});
    let made = client.post("/auth/register", &body).await;
    assert_eq!(&made.is(201).json["display_name"], name);
    client.signed_in(email).await.access
}

async fn patch(client: &Client, access: &str, body: &Value) -> Answer {
    client
        .with_body(Method::PATCH, "/auth/me", access, body)
        .await
}

/// The owner changes and removes the name, and nothing else happens to the account.
async fn owner_changes_it(client: &Client) {
    let ann = registered(client, "ann@example.com", &json!("Ann Lee")).await;
    assert_eq!(
        client.me(&ann).await.is(200).json["display_name"],
        "Ann Lee"
    );
    let bob = registered(client, "bob@example.com", &Value::Null).await;
    for (sent, then) in [
        (json!({"display_name": " Bob Ünal "}), json!("Bob Ünal")),
        (json!({}), json!("Bob Ünal")),
        (json!({"display_name": "Bob Ünal"}), json!("Bob Ünal")),
        (json!({"display_name": null}), Value::Null),
        (json!({"display_name": "<b>Bob</b>"}), json!("<b>Bob</b>")),
    ] {
        let changed = patch(client, &bob, &sent).await;
        assert_eq!(changed.is(200).json["display_name"], then, "{sent}");
        assert_eq!(client.me(&bob).await.is(200).json, changed.json);
    }
    let long = "x".repeat(101);
    for refused in [
        json!(""),
        json!("a\nb"),
        json!("\u{202e}a"),
        json!(long),
        json!(1),
    ] {
        let answer = patch(client, &bob, &json!({"display_name": refused})).await;
        answer.problem(422, "invalid_input");
        let fault = answer.json["errors"][0]["field"].clone();
        assert_eq!(fault, "display_name", "{refused}");
    }
    patch(client, &bob, &json!({"email": "a@b.de"}))
        .await
        .problem(422, "invalid_input");
    patch(client, "", &json!({})).await.is(401);
}

async fn is_shown_and_not_recorded(settings: Settings, url: &str) {
    let settings = settings.database(url);
    settings.done(&["migrate"]).await;
    let create = [
        "user",
        "create",
        ROOT,
        "--role",
        "admin",
        "--name",
        "Root Zimmer",
        "--password-stdin",
    ];
    settings.done_with(&create, PASSWORD).await;
    let aura = settings.start().await;
    let client = aura.client();
    owner_changes_it(&client).await;
    let root = client.signed_in(ROOT).await.access;
    let new =
        json!({"email": "eve@example.com", "password": PASSWORD, "display_name": "Eve Yildiz"});
    let eve = client
        .with_body(Method::POST, "/admin/users", &root, &new)
        .await;
    assert_eq!(eve.is(201).json["display_name"], "Eve Yildiz");
    let all = client.bearer(Method::GET, "/admin/users", &root).await;
    let users = all.is(200).json["users"].as_array().unwrap();
    let names: Vec<_> = users.iter().map(|user| &user["display_name"]).collect();
    assert_eq!(
        names,
        ["Ann Lee", "<b>Bob</b>", "Eve Yildiz", "Root Zimmer"]
    );
    let listed = settings.done(&["user", "list"]).await;
    assert!(listed.contains("\"Eve Yildiz\""), "{listed}");
    let listed = settings.done(&["user", "list", "root", "--json"]).await;
    let listed: Value = serde_json::from_str(&listed).unwrap();
    assert_eq!(listed["display_name"], "Root Zimmer");

    let page = Visitor::new(client.clone());
    page.sign_in(ROOT).await;
    let bob = users[1]["id"].as_str().unwrap();
    for (path, name) in [
        ("/account", "Root Zimmer"),
        ("/users", "&#60;b&#62;Bob&#60;/b&#62;"),
        (&format!("/users/{bob}"), "&#60;b&#62;Bob&#60;/b&#62;"),
    ] {
        let shown = page.open(path).await;
        assert!(shown.is(200).text.contains(name), "{path}: {}", shown.text);
    }

    let trail = settings.done(&["audit", "list", "--json"]).await;
    let changes = "\"action\":\"user.profile_changed\"";
    assert_eq!(trail.matches(changes).count(), 3, "{trail}");
    for name in ["Lee", "Bob", "Yildiz", "Zimmer"] {
        assert!(!trail.contains(name), "{trail}");
    }
}

#[tokio::test]
async fn a_display_name_is_shown_and_never_recorded_on_sqlite() {
    let sqlite = Sqlite::new();
    is_shown_and_not_recorded(Settings::new(), &sqlite.url()).await;
}

#[tokio::test]
async fn a_display_name_is_shown_and_never_recorded_on_postgres() {
    let Some(postgres) = Postgres::shared().await else {
        return;
    };
    let url = postgres.database().await;
    is_shown_and_not_recorded(Settings::new(), &url).await;
}

#[tokio::test]
async fn a_change_of_the_name_ends_neither_sessions_nor_reset_tokens() {
    let sqlite = Sqlite::new();
    let settings = Settings::new().database(&sqlite.url());
    let aura = settings.start().await;
    let client = aura.client();
    let ann = registered(&client, "ann@example.com", &Value::Null).await;
    let version = async || {
        let pool = sqlx::SqlitePool::connect(&sqlite.url()).await.unwrap();
        let version = sqlx::query_scalar::<_, i64>("SELECT version FROM users");
        version.fetch_one(&pool).await.unwrap()
    };
    let before = version().await;
    let changed = patch(&client, &ann, &json!({"display_name": "Ann"})).await;
    changed.is(200);
    // Reset tokens are of one version: the name is no concern of theirs, and ends no session.
    assert_eq!(version().await, before);
    client.me(&ann).await.is(200);
}
