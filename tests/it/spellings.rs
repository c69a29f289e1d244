//! Proves that one password and one e-mail, spelled in two ways, are one wherever they are taken:
//! keyboards differ in how they send "ü", and so do forms in what they leave around an address.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection as _};

use crate::support::{
    Answer, Client, PASSWORD, Session, Settings, Sqlite, Visitor, on_both_stores,
};

/// As most keyboards send it.
const COMPOSED: &str = "pl\u{fc}m Orbit-49 l\u{e4}ntern";

/// As some others do; the second space is one that does not break.
const DECOMPOSED: &str = "plu\u{308}m Orbit-49\u{a0}la\u{308}ntern";

const ANN: &str = "ann@example.com";

async fn hash(file: &Sqlite) -> String {
    let mut connection = sqlx::SqliteConnection::connect(&file.url()).await.unwrap();
    let query =
        sqlx::query_scalar("SELECT password_hash FROM users WHERE email = 'ann@example.com'");
    query.fetch_one(&mut connection).await.unwrap()
}

async fn change(client: &Client, session: &Session, current: &str, new: &str) -> Answer {
    let body = json!({"current_password": current, "new_password": new});
    client
        .with_body(Method::POST, "/auth/password", &session.access, &body)
        .await
}

fn session(email: &str, pair: &Answer) -> Session {
    Session {
        email: email.to_owned(),
        access: pair.is(200).text_of("access_token"),
        refresh: pair.text_of("refresh_token"),
    }
}

#[tokio::test]
async fn a_password_is_one_however_the_api_gets_it() {
    let aura = Settings::new().start().await;
    let client = aura.client();
    for (number, (one, other)) in [(COMPOSED, DECOMPOSED), (DECOMPOSED, COMPOSED)]
        .into_iter()
        .enumerate()
    {
        let email = format!("ann{number}@example.com");
        let body = json!({"email": email, "password": one});
        client.post("/auth/register", &body).await.is(201);
        let signed_in = session(&email, &client.login(&email, other).await);
        let grant = [
            ("grant_type", "password"),
            ("username", &email),
            ("password", other),
        ];
        client.form("/auth/token", &grant).await.is(200);
        // Case is not folded.
        let shouted = client.login(&email, &other.to_uppercase()).await;
        shouted.problem(401, "invalid_credentials");

        change(&client, &signed_in, other, PASSWORD).await.is(204);
        change(&client, &signed_in, PASSWORD, other).await.is(204);
        client.login(&email, one).await.is(200);
        let body = json!({"current_password": one});
        let (method, access) = (Method::DELETE, &signed_in.access);
        let deleted = client.with_body(method, "/auth/me", access, &body).await;
        deleted.is(204);
    }
}

#[tokio::test]
async fn a_password_is_one_however_the_command_line_and_a_reset_get_it() {
    let file = Sqlite::new();
    let settings = Settings::new().database(&file.url());
    settings.done(&["migrate"]).await;
    let create = ["user", "create", ANN, "--password-stdin"];
    settings
        .done_with(&create, &format!("{DECOMPOSED}\n"))
        .await;
    let aura = settings.start().await;
    let client = aura.client();
    client.login(ANN, COMPOSED).await.is(200);
    let set = ["user", "set-password", ANN, "--password-stdin", "--yes"];
    settings.done_with(&set, &format!("{COMPOSED}2")).await;
    client.login(ANN, &format!("{DECOMPOSED}2")).await.is(200);

    // The same one again, in another spelling, is no new password.
    let require = ["user", "require-password-change", ANN, "--yes"];
    settings.done(&require).await;
    let visitor = Visitor::new(client.clone());
    let page = visitor.open("/sign-in").await;
    let fields = [("email", ANN), ("password", &*format!("{DECOMPOSED}2"))];
    let form = visitor.send(&page, "/sign-in", &fields).await;
    let same = [("new_password", &*format!("{DECOMPOSED}2"))];
    let refused = visitor.send(form.is(403), "/reset", &same).await;
    let words = "This is the password that has to be changed";
    assert!(refused.is(422).text.contains(words), "{refused:#?}");
    let other = [("new_password", DECOMPOSED)];
    visitor.send(&form, "/reset", &other).await.is(303);
    client.login(ANN, COMPOSED).await.is(200);
}

#[tokio::test]
async fn a_password_is_one_however_the_pages_get_it() {
    let aura = Settings::new().start().await;
    let visitor = Visitor::new(aura.client());
    let page = visitor.open("/register").await;
    let fields = [("email", ANN), ("password", DECOMPOSED)];
    visitor.send(&page, "/register", &fields).await.is(303);
    let page = visitor.open("/account").await;
    let fields = [
        ("current_password", COMPOSED),
        ("new_password", &*format!("{DECOMPOSED}2")),
    ];
    let path = "/account/password";
    visitor.send(&page, path, &fields).await.is(303);
    visitor.sign_out().await.is(303);
    let page = visitor.open("/sign-in").await;
    let fields = [("email", ANN), ("password", &*format!("{COMPOSED}2"))];
    let answer = visitor.send(&page, "/sign-in", &fields).await;
    assert_eq!(answer.is(303).header("location"), "/");
}

#[tokio::test]
async fn a_hash_of_another_form_is_taken_once_more_and_then_made_anew() {
    let file = Sqlite::new();
    let settings = Settings::new().database(&file.url());
    let aura = settings.start().await;
    let client = aura.client();
    client.register(ANN).await.is(201);
    // As a version made it that hashed what was sent.
    let raw = bcrypt::hash(DECOMPOSED, 10).unwrap();
    let mut connection = sqlx::SqliteConnection::connect(&file.url()).await.unwrap();
    let set = format!("UPDATE users SET password_hash = '{raw}'");
    let set = sqlx::query(AssertSqlSafe(set));
    set.execute(&mut connection).await.unwrap();

    let refused = client.login(ANN, COMPOSED).await;
    refused.problem(401, "invalid_credentials");
    assert_eq!(hash(&file).await, raw, "a failure changes nothing");
    client.login(ANN, DECOMPOSED).await.is(200);
    let normal = hash(&file).await;
    assert!(bcrypt::verify(COMPOSED, &normal).unwrap());
    for spelled in [COMPOSED, DECOMPOSED] {
        client.login(ANN, spelled).await.is(200);
    }
    assert_eq!(hash(&file).await, normal, "once is enough");
}

#[tokio::test]
async fn the_time_of_a_second_comparison_does_not_tell_of_an_account() {
    let file = Sqlite::new();
    let settings = Settings::new().database(&file.url());
    let aura = settings.start().await;
    let client = aura.client();
    for email in [ANN, "gone@example.com"] {
        let body = json!({"email": email, "password": DECOMPOSED});
        client.post("/auth/register", &body).await.is(201);
    }
    settings
        .done(&["user", "disable", "gone@example.com", "--yes"])
        .await;
    let wrong = format!("{DECOMPOSED}!");
    let tries = [
        ("an unknown account", "nobody@example.com", &*wrong),
        ("a wrong password", ANN, &*wrong),
        ("a disabled account", "gone@example.com", DECOMPOSED),
    ];
    let mut times = [const { Vec::new() }; 3];
    for _ in 0..15 {
        for (times, (_, email, password)) in times.iter_mut().zip(tries) {
            let answer = client.login(email, password).await;
            times.push(answer.problem(401, "invalid_credentials").took);
        }
    }
    let [unknown, others @ ..] = times.map(|mut times: Vec<Duration>| {
        times.sort_unstable();
        times[times.len() / 2].as_secs_f64()
    });
    for (time, (what, _, _)) in others.into_iter().zip(&tries[1..]) {
        let ratio = time / unknown;
        assert!((0.75..1.3).contains(&ratio), "{what} takes {ratio:.2}");
    }
}

const MUELLER: &str = "user@müller.example";

const SPELLED: [&str; 5] = [
    "user@xn--mller-kva.example",
    " USER@MÜLLER.example\n",
    "user@mu\u{308}ller.example",
    "\u{a0}User@XN--MLLER-KVA.EXAMPLE",
    "user@müller。example",
];

#[tokio::test]
async fn an_email_is_one_however_it_is_spelled() {
    let file = Sqlite::new();
    let settings = Settings::new().database(&file.url());
    let aura = settings.start().await;
    let client = aura.client();
    let made = client.register(&format!(" {MUELLER}\t")).await;
    assert_eq!(made.is(201).json["email"], MUELLER);
    let visitor = Visitor::new(client.clone());
    for email in SPELLED {
        client.register(email).await.problem(409, "email_taken");
        client.login(email, PASSWORD).await.is(200);
        let grant = [
            ("grant_type", "password"),
            ("username", email),
            ("password", PASSWORD),
        ];
        client.form("/auth/token", &grant).await.is(200);
        visitor.sign_in(email).await;
        let account = visitor.open("/account").await;
        let shown = format!("value=\"{MUELLER}\" autocomplete=\"username\"");
        assert!(account.is(200).text.contains(&shown), "{account:#?}");
        visitor.sign_out().await.is(303);
        // As a shell hands it on.
        settings.done(&["user", "set-roles", email, "editor"]).await;
        let taken = ["user", "create", email, "--password-stdin"];
        let taken = settings.run_with(&taken, PASSWORD).await;
        assert_eq!(taken.status.code(), Some(1), "{taken:?}");
        let trail = settings
            .done(&["audit", "list", "--subject", email, "--json"])
            .await;
        assert!(trail.contains("user.registered"), "{trail}");
    }
    let listed = settings.done(&["user", "list"]).await;
    assert!(listed.contains(MUELLER), "{listed}");
    assert_eq!(listed.lines().count(), 1, "{listed}");

    // What goes into headers is ASCII.
    let owner = session(MUELLER, &client.login(MUELLER, PASSWORD).await);
    assert_eq!(client.me(&owner.access).await.json["email"], MUELLER);
    let verified = client
        .bearer(Method::GET, "/auth/verify", &owner.access)
        .await;
    assert_eq!(verified.is(200).header("x-auth-email"), SPELLED[0]);
    let password = format!("{MUELLER} 1");
    let similar = change(&client, &owner, PASSWORD, &password).await;
    assert_eq!(
        similar.faults(),
        ["new_password: password_similar_to_email"]
    );
}

#[tokio::test]
async fn an_email_is_found_by_either_form_of_its_domain() {
    let file = Sqlite::new();
    let settings = Settings::new().database(&file.url());
    settings.done(&["migrate"]).await;
    for (email, role) in [("root@example.com", "admin"), (MUELLER, "editor")] {
        let create = ["user", "create", email, "--role", role, "--password-stdin"];
        settings.done_with(&create, PASSWORD).await;
    }
    let aura = settings.start().await;
    let client = aura.client();
    let root = client.signed_in("root@example.com").await;
    let visitor = Visitor::new(client.clone());
    visitor.sign_in("root@example.com").await;
    let query = |name: &str, text: &str| serde_urlencoded::to_string([(name, text)]).unwrap();
    let ask = async |path: &str, name: &str, text: &str| {
        let path = format!("{path}?{}", query(name, text));
        client.bearer(Method::GET, &path, &root.access).await
    };
    for text in [
        MUELLER,
        SPELLED[0],
        SPELLED[1],
        "Müller.example",
        "r@MÜLLER",
        "kva.ex",
    ] {
        let found = ask("/admin/users", "q", text).await;
        let users = found.is(200).json["users"].as_array().unwrap().clone();
        let emails: Vec<_> = users.iter().map(|user| user["email"].clone()).collect();
        assert_eq!(emails, [MUELLER], "{text:?}");
        let page = visitor.open(&format!("/users?{}", query("q", text))).await;
        assert!(
            page.is(200).text.contains(&format!(">{MUELLER}</a>")),
            "{page:#?}"
        );
    }
    for text in [MUELLER, SPELLED[0], SPELLED[1]] {
        let found = ask("/admin/audit", "subject", text).await;
        let events = found.is(200).json["events"].as_array().unwrap().clone();
        assert_eq!(events.len(), 1, "{text:?}: {events:#?}");
        let page = visitor
            .open(&format!("/audit?{}", query("subject", text)))
            .await;
        assert!(
            page.is(200).text.contains(&format!(">{MUELLER}</a>")),
            "{page:#?}"
        );
    }
}

#[tokio::test]
async fn spellings_of_an_email_share_its_limits() {
    on_both_stores(async |settings| {
        let settings = settings.set("RATE_LIMIT_ENABLED", true);
        let settings = settings.set("RATE_LIMIT_LOGIN_PER_MINUTE", 5);
        let aura = settings.start().await;
        let client = aura.client();
        for email in SPELLED {
            let refused = client.login(email, "not-the-Password-7").await;
            refused.problem(401, "invalid_credentials");
        }
        let refused = client.login(MUELLER, PASSWORD).await;
        refused.problem(429, "rate_limited");
    })
    .await;
}
