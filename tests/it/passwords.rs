//! Proves which passwords are taken, that all of one counts, that older hashes are brought up to
//! date, and that a login which fails tells nothing, neither by its body nor by its time.

use std::time::Duration;

use serde_json::{Value, json};
use sqlx::Connection as _;

use crate::support::{Answer, PASSWORD, Settings, Sqlite};

#[tokio::test]
async fn every_login_that_fails_looks_the_same() {
    let file = Sqlite::new();
    let settings = Settings::new().database(&file.url());
    let aura = settings.start().await;
    let client = aura.client();
    for email in ["ann@example.com", "gone@example.com"] {
        client.register(email).await.is(201);
    }
    settings
        .done(&["user", "disable", "gone@example.com", "--yes"])
        .await;
    let long = "x".repeat(73);
    let longer = format!("{PASSWORD}{}", "x".repeat(1000));
    let mut bodies = Vec::new();
    for (email, password) in [
        ("ann@example.com", "not-the-Password-7"),
        ("ann@example.com", ""),
        ("ann@example.com", long.as_str()),
        ("ann@example.com", longer.as_str()),
        ("nobody@example.com", PASSWORD),
        ("not an e-mail", PASSWORD),
        ("gone@example.com", PASSWORD),
    ] {
        let answer = client.login(email, password).await;
        answer.problem(401, "invalid_credentials");
        let mut body = answer.json.clone();
        body["instance"] = Value::Null;
        bodies.push(body);
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1, "{bodies:#?}");
}

#[tokio::test]
async fn passwords_are_refused_by_rules_that_say_what_is_wrong() {
    let aura = Settings::new().start().await;
    let client = aura.client();
    let at_limit =
        "kelp-anvil-quorum teapot/glacier\\nine Harbour83candle wistful Bramble4Tz".to_owned();
    let multi_byte = "зима-лампа-якорь Größe 7 kelp Überfluß quorum".to_owned() + "QxZt8wJ3m";
    assert_eq!((at_limit.len(), multi_byte.len()), (72, 72));
    let over = format!("{at_limit}x");
    let over_in_bytes = format!("{multi_byte}ü");
    assert!(over_in_bytes.chars().count() < 72);
    for (password, code) in [
        ("", "password_too_short"),
        ("Zk4!pw9-Qx2", "password_too_short"),
        ("password1234", "password_too_common"),
        ("Password12345", "password_too_common"),
        ("123456789012", "password_too_common"),
        ("qwertyuiop12", "password_too_common"),
        (
            "johanna.meyer@bluebird.example",
            "password_similar_to_email",
        ),
        ("Johanna.Meyer12", "password_similar_to_email"),
        (&over, "password_too_long"),
        (&over_in_bytes, "password_too_long"),
        ("a\0b-plum-Orbit-49", "contains_nul"),
    ] {
        let body = json!({"email": "johanna.meyer@bluebird.example", "password": password});
        let answer = client.post("/auth/register", &body).await;
        assert_eq!(
            answer.faults(),
            [format!("password: {code}")],
            "{password:?}"
        );
        if code == "password_too_long" {
            let message = answer.json["errors"][0]["message"].as_str().unwrap();
            assert!(message.contains("72 bytes"), "{message}");
        }
        assert!(
            password.len() < 4 || !answer.text.contains(password),
            "{answer:#?}"
        );
    }
    // 72 bytes are in, all of them count, and none is cut off in silence.
    for (number, password) in [at_limit, multi_byte].into_iter().enumerate() {
        let email = format!("limit{number}@example.com");
        let body = json!({"email": email, "password": password});
        client.post("/auth/register", &body).await.is(201);
        client.login(&email, &password).await.is(200);
        let shorter = &password[..71];
        for wrong in [
            format!("{shorter}?"),
            format!("{password}x"),
            shorter.to_owned(),
        ] {
            let refused = client.login(&email, &wrong).await;
            refused.problem(401, "invalid_credentials");
        }
    }
}

#[tokio::test]
async fn all_faults_are_reported_at_once() {
    let aura = Settings::new().start().await;
    let client = aura.client();
    let semantic = json!({"email": "no address", "password": "short"});
    let answer = client.post("/auth/register", &semantic).await;
    let both = ["email: invalid_email", "password: password_too_short"];
    assert_eq!(answer.faults(), both);

    let shape = json!({"email": 1, "nickname": "ann", "admin": true});
    let answer = client.post("/auth/register", &shape).await;
    let all = [
        "admin: unknown_field",
        "email: wrong_type",
        "nickname: unknown_field",
        "password: missing",
    ];
    assert_eq!(answer.faults(), all);
}

#[tokio::test]
async fn a_login_brings_an_older_hash_up_to_the_cost_once() {
    let file = Sqlite::new();
    let settings = Settings::new().database(&file.url());
    let hash = async || {
        let mut connection = sqlx::SqliteConnection::connect(&file.url()).await.unwrap();
        let query = "SELECT password_hash FROM users WHERE email = 'ann@example.com'";
        let query = sqlx::query_scalar::<_, String>(query);
        query.fetch_one(&mut connection).await.unwrap()
    };
    let aura = settings.start().await;
    aura.client().register("ann@example.com").await.is(201);
    drop(aura);
    let old = hash().await;
    assert!(old.starts_with("$2b$10$"), "{old}");

    let aura = settings.set("PASSWORD_BCRYPT_COST", 11).start().await;
    let client = aura.client();
    let refused = client.login("ann@example.com", "not-the-Password-7").await;
    refused.is(401);
    assert_eq!(hash().await, old, "a failure changes nothing");
    client.login("ann@example.com", PASSWORD).await.is(200);
    let new = hash().await;
    assert!(new.starts_with("$2b$11$"), "{new}");
    client.login("ann@example.com", PASSWORD).await.is(200);
    assert_eq!(hash().await, new, "once is enough");
}

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times[times.len() / 2].as_secs_f64()
}

#[tokio::test]
async fn the_time_of_a_login_that_fails_does_not_tell_why() {
    let file = Sqlite::new();
    let settings = Settings::new().database(&file.url());
    let aura = settings.start().await;
    let client = aura.client();
    for email in ["ann@example.com", "gone@example.com"] {
        client.register(email).await.is(201);
    }
    settings
        .done(&["user", "disable", "gone@example.com", "--yes"])
        .await;
    let long = "x".repeat(73);
    let tries = [
        ("a wrong password", "ann@example.com", "not-the-Password-7"),
        (
            "an unknown account",
            "nobody@example.com",
            "not-the-Password-7",
        ),
        ("no address", "no address", "not-the-Password-7"),
        ("a disabled account", "gone@example.com", PASSWORD),
        ("an empty password", "ann@example.com", ""),
        ("a password of 73 bytes", "ann@example.com", long.as_str()),
    ];
    let mut times = vec![Vec::new(); tries.len()];
    // Turn by turn, so that whatever else the machine does slows all of them alike.
    for round in 0..21 {
        for (times, (_, email, password)) in times.iter_mut().zip(tries) {
            let answer: Answer = client.login(email, password).await;
            answer.problem(401, "invalid_credentials");
            if round > 0 {
                times.push(answer.took);
            }
        }
    }
    let mut medians = times.into_iter().map(median);
    let wrong = medians.next().expect("the first");
    let mut telling = Vec::new();
    for (other, (what, _, _)) in medians.zip(&tries[1..]) {
        let ratio = other / wrong;
        if !(0.85..1.15).contains(&ratio) {
            telling.push(format!("{what} takes {ratio:.2} of a wrong password"));
        }
    }
    assert!(telling.is_empty(), "{telling:#?}");
}

#[tokio::test]
async fn the_time_of_a_login_that_fails_does_not_tell_of_an_older_hash() {
    let file = Sqlite::new();
    let settings = Settings::new().database(&file.url());
    settings.done(&["migrate"]).await;
    for email in ["ann@example.com", "gone@example.com"] {
        let create = ["user", "create", email, "--password-stdin"];
        settings.done_with(&create, PASSWORD).await;
    }
    let disable = ["user", "disable", "gone@example.com", "--yes"];
    settings.done(&disable).await;
    // Four times the price of the accounts' own hashes.
    let aura = settings.set("PASSWORD_BCRYPT_COST", 12).start().await;
    let client = aura.client();
    let tries = [
        ("nobody@example.com", "not-the-Password-7"),
        ("ann@example.com", "not-the-Password-7"),
        ("gone@example.com", PASSWORD),
    ];
    let mut times = [Vec::new(), Vec::new(), Vec::new()];
    for _ in 0..7 {
        for (times, (email, password)) in times.iter_mut().zip(tries) {
            let refused = client.login(email, password).await;
            refused.problem(401, "invalid_credentials");
            times.push(refused.took);
        }
    }
    let [unknown, wrong, disabled] = times.map(median);
    for (what, time) in [
        ("a wrong password", wrong),
        ("a disabled account", disabled),
    ] {
        let ratio = time / unknown;
        let alike = (0.6..1.6).contains(&ratio);
        assert!(alike, "{what} takes {ratio:.2} of an unknown account");
    }
}

/// Accounts whose hashes are four times as dear as the cost that holds now: one that stands, and one
/// that was disabled.
async fn with_dear_hashes() -> (Sqlite, Settings) {
    let file = Sqlite::new();
    let settings = Settings::new().database(&file.url());
    settings.done(&["migrate"]).await;
    let dear = settings.clone().set("PASSWORD_BCRYPT_COST", 12);
    for email in ["ann@example.com", "gone@example.com"] {
        let create = ["user", "create", email, "--password-stdin"];
        dear.done_with(&create, PASSWORD).await;
    }
    settings
        .done(&["user", "disable", "gone@example.com", "--yes"])
        .await;
    (file, settings)
}

#[tokio::test]
async fn the_time_of_a_login_that_fails_does_not_tell_of_a_dearer_hash() {
    let (_file, settings) = with_dear_hashes().await;
    let aura = settings.start().await;
    let client = aura.client();
    let tries = [
        ("nobody@example.com", "not-the-Password-7"),
        ("ann@example.com", "not-the-Password-7"),
        ("gone@example.com", PASSWORD),
    ];
    let mut times = [Vec::new(), Vec::new(), Vec::new()];
    for _ in 0..7 {
        for (times, (email, password)) in times.iter_mut().zip(tries) {
            let refused = client.login(email, password).await;
            refused.problem(401, "invalid_credentials");
            times.push(refused.took);
        }
    }
    let [unknown, wrong, disabled] = times.map(median);
    for (what, time) in [
        ("a wrong password", wrong),
        ("a disabled account", disabled),
    ] {
        let ratio = time / unknown;
        let alike = (0.6..1.6).contains(&ratio);
        assert!(alike, "{what} takes {ratio:.2} of an unknown account");
    }
}

#[tokio::test]
async fn a_login_brings_a_dearer_hash_down_where_the_operator_says_so() {
    let (file, settings) = with_dear_hashes().await;
    let hash = async || {
        let mut connection = sqlx::SqliteConnection::connect(&file.url()).await.unwrap();
        let query = "SELECT password_hash FROM users WHERE email = 'ann@example.com'";
        let query = sqlx::query_scalar::<_, String>(query);
        query.fetch_one(&mut connection).await.unwrap()
    };
    for (down, cost) in [(false, "$2b$12$"), (true, "$2b$10$"), (true, "$2b$10$")] {
        let aura = settings
            .clone()
            .set("PASSWORD_REHASH_DOWN", down)
            .start()
            .await;
        let client = aura.client();
        client.login("ann@example.com", PASSWORD).await.is(200);
        let hash = hash().await;
        assert!(hash.starts_with(cost), "{down}: {hash}");
    }
}

#[tokio::test]
async fn a_hash_of_cost_31_is_refused_and_does_not_block_others() {
    let file = Sqlite::new();
    let settings = Settings::new().database(&file.url());
    let aura = settings.start().await;
    let client = aura.client();
    for email in ["ann@example.com", "ben@example.com"] {
        client.register(email).await.is(201);
    }
    let mut connection = sqlx::SqliteConnection::connect(&file.url()).await.unwrap();
    let dear = "UPDATE users SET password_hash = '$2b$31$' || substr(password_hash, 8) \
                WHERE email = 'ann@example.com'";
    sqlx::query(dear).execute(&mut connection).await.unwrap();
    for _ in 0..8 {
        let refused = client.login("ann@example.com", PASSWORD).await;
        refused.problem(401, "invalid_credentials");
    }
    client.login("ben@example.com", PASSWORD).await.is(200);
    assert!(
        aura.log().contains("the account needs a new password"),
        "{}",
        aura.log()
    );
}
