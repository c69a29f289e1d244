//! Proves that an account whose e-mail no rule of today would take is an account like any other: it is
//! listed, shown, found by what is typed, signed in, recorded and erased, on both databases and with
//! both stores of sessions. And that a row which no version of aura has written hides no account beside
//! it.

use reqwest::Method;
use serde_json::{Value, json};
use sqlx::AnyPool;

use crate::support::{Client, PASSWORD, Postgres, Redis, Settings, Sqlite, Visitor};

const ROOT: &str = "root@example.com";

/// Stored e-mails that [`aura::identity::Email::try_from`] refuses.
const ODD: [&str; 4] = [
    "old.@under_score.example",
    "\"a b\"@old.example",
    "no-at-sign",
    "é@old.example",
];

/// Creates the accounts under other e-mails and then renames their rows.
async fn prepare(settings: &Settings, url: &str) {
    settings.done(&["migrate"]).await;
    let create = [
        "user",
        "create",
        ROOT,
        "--role",
        "admin",
        "--password-stdin",
    ];
    settings.done_with(&create, PASSWORD).await;
    sqlx::any::install_default_drivers();
    let pool = AnyPool::connect(url).await.unwrap();
    for (n, odd) in ODD.iter().enumerate() {
        assert!(aura::identity::Email::try_from(*odd).is_err(), "{odd}");
        let email = format!("n{n}@example.com");
        let create = ["user", "create", &email, "--password-stdin"];
        settings.done_with(&create, PASSWORD).await;
        let rename = sqlx::query("UPDATE users SET email = $1 WHERE email = $2");
        let rename = rename.bind(*odd).bind(&email);
        rename.execute(&pool).await.unwrap();
    }
}

fn emails(users: &Value) -> Vec<&str> {
    let users = users.as_array().expect("a list").iter();
    users.map(|user| user["email"].as_str().unwrap()).collect()
}

/// The JSON routes: the list, what is typed, signing in, and the record of it.
async fn is_served(client: &Client, root: &str, odd: &str) -> String {
    client
        .login(odd, "wrong")
        .await
        .problem(401, "invalid_credentials");
    let session = client.signed_in(odd).await;
    let me = client.me(&session.access).await;
    assert_eq!(me.is(200).json["email"], odd);
    let get = async |path: &str| client.bearer(Method::GET, path, root).await;
    let typed = reqwest::Url::parse_with_params("http://x/admin/users", [("q", odd)]).unwrap();
    let found = get(&format!("/admin/users?{}", typed.query().unwrap())).await;
    assert_eq!(emails(&found.is(200).json["users"]), [odd]);
    let id = found.json["users"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(
        get(&format!("/admin/users/{id}")).await.is(200).json["email"],
        odd
    );
    let typed = reqwest::Url::parse_with_params("http://x/", [("subject", odd)]).unwrap();
    let trail = get(&format!("/admin/audit?{}", typed.query().unwrap())).await;
    let events = trail.is(200).json["events"].as_array().unwrap().iter();
    let actions: Vec<_> = events.map(|event| &event["action"]).collect();
    assert_eq!(actions, ["session.began", "session.refused"], "{odd}");
    id
}

async fn odd_rows_are_accounts(settings: Settings, url: &str) {
    let settings = settings.database(url);
    prepare(&settings, url).await;
    let aura = settings.start().await;
    let client = aura.client();
    let root = client.signed_in(ROOT).await.access;
    let all = client.bearer(Method::GET, "/admin/users", &root).await;
    assert_eq!(emails(&all.is(200).json["users"]).len(), ODD.len() + 1);
    let listed = settings.done(&["user", "list"]).await;
    let page = Visitor::new(client.clone());
    page.sign_in(ROOT).await;
    for odd in ODD {
        assert!(listed.contains(odd), "{listed}");
        let id = is_served(&client, &root, odd).await;
        let own = Visitor::new(client.clone());
        own.sign_in(odd).await;
        own.open("/account").await.is(200);
        let name = odd.replace('"', "&#34;");
        for path in ["/users", "/audit", &format!("/users/{id}")] {
            let answer = page.open(path).await;
            assert!(
                answer.is(200).text.contains(&name),
                "{odd}: {}",
                answer.text
            );
        }
        settings.done(&["user", "disable", odd, "--yes"]).await;
        settings.done(&["user", "enable", odd]).await;
        let erase = format!("/admin/users/{id}?erase=true");
        client.bearer(Method::DELETE, &erase, &root).await.is(204);
    }
    let trail = settings.done(&["audit", "list", "--json"]).await;
    for odd in ODD {
        assert!(!trail.contains(&json!(odd).to_string()), "{trail}");
    }
    // The audit log names more than people: what is typed for a person must not erase the others.
    let before = trail.matches("command line").count();
    let erase = settings
        .run(&["user", "erase", "command line", "--yes"])
        .await;
    assert_eq!(erase.status.code(), Some(1), "{erase:?}");
    let trail = settings.done(&["audit", "list", "--json"]).await;
    assert_eq!(trail.matches("command line").count(), before);
}

#[tokio::test]
async fn accounts_with_emails_of_older_rules_work_on_sqlite() {
    let sqlite = Sqlite::new();
    odd_rows_are_accounts(Settings::new(), &sqlite.url()).await;
}

#[tokio::test]
async fn accounts_with_emails_of_older_rules_work_on_postgres_and_redis() {
    let (Some(postgres), Some(redis)) = (Postgres::shared().await, Redis::start().await) else {
        return;
    };
    let url = postgres.database().await;
    odd_rows_are_accounts(Settings::new().redis(&redis), &url).await;
}

/// Every e-mail of `GET /admin/users`, one account a page.
async fn page_by_page(client: &Client, root: &str, order: &str) -> Vec<String> {
    let (mut found, mut after) = (Vec::new(), String::new());
    loop {
        let query = [("limit", "1"), ("order", order), ("after", &after)];
        let typed = reqwest::Url::parse_with_params("http://x/", query).unwrap();
        let path = format!("/admin/users?{}", typed.query().unwrap());
        let answer = client.bearer(Method::GET, &path, root).await;
        let page = &answer.is(200).json;
        found.extend(emails(&page["users"]).into_iter().map(str::to_owned));
        let Some(next) = page["next"].as_str() else {
            return found;
        };
        next.clone_into(&mut after);
    }
}

async fn a_foreign_row_hides_no_account(settings: Settings, url: &str) {
    let settings = settings.database(url);
    prepare(&settings, url).await;
    let pool = AnyPool::connect(url).await.unwrap();
    let [first, foreign, others @ ..] = ODD;
    let rename = sqlx::query("UPDATE users SET id = 'customer-7' WHERE email = $1");
    rename.bind(foreign).execute(&pool).await.unwrap();
    let aura = settings.start().await;
    let client = aura.client();
    let root = client.signed_in(ROOT).await.access;
    let mut expected = vec![ROOT, first];
    expected.extend(others);
    expected.sort_unstable();
    for order in ["email", "newest", "last_sign_in"] {
        let mut found = page_by_page(&client, &root, order).await;
        found.sort_unstable();
        assert_eq!(found, expected, "{order}");
    }
    let page = Visitor::new(client.clone());
    page.sign_in(ROOT).await;
    let users = page.open("/users").await;
    let listed = settings.done(&["user", "list"]).await;
    for email in expected {
        assert!(users.is(200).text.contains(email), "{}", users.text);
        assert!(listed.contains(email), "{listed}");
    }
    assert!(!listed.contains(foreign), "{listed}");
    let log = aura.log();
    assert_eq!(log.matches("its id is not a UUID").count(), 1, "{log}");
    assert!(log.contains("customer-7"), "{log}");
}

#[tokio::test]
async fn a_row_without_a_uuid_hides_no_account_on_sqlite() {
    let sqlite = Sqlite::new();
    a_foreign_row_hides_no_account(Settings::new(), &sqlite.url()).await;
}

#[tokio::test]
async fn a_row_without_a_uuid_hides_no_account_on_postgres_and_redis() {
    let (Some(postgres), Some(redis)) = (Postgres::shared().await, Redis::start().await) else {
        return;
    };
    let url = postgres.database().await;
    a_foreign_row_hides_no_account(Settings::new().redis(&redis), &url).await;
}
