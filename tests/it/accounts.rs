//! Proves what an account is: made once per e-mail, opened by its password, changed and deleted
//! by its owner alone.

use reqwest::Method;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::task::JoinSet;

use crate::support::{Answer, Client, PASSWORD, Settings, Sqlite};

const OTHER_PASSWORD: &str = "violet-Harbour-83-candle";

/// The names of the members of an object, sorted.
fn members(object: &Value) -> Vec<&str> {
    let members = object.as_object().expect("an object");
    let mut names: Vec<&str> = members.keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}

async fn change(client: &Client, access: &str, current: &str, new: &str) -> Answer {
    let body = json!({"current_password": current, "new_password": new});
    client
        .with_body(Method::POST, "/auth/password", access, &body)
        .await
}

async fn reset(client: &Client, token: &str, new: &str) -> Answer {
    let body = json!({"reset_token": token, "new_password": new});
    client.post("/auth/password/reset", &body).await
}

#[tokio::test]
async fn an_account_is_made_once_whatever_the_case_of_its_email() {
    let aura = Settings::new().start().await;
    let client = aura.client();
    let made = client.register("Ann.Lee@Example.COM").await;
    made.is(201);
    assert!(made.header("content-type").starts_with("application/json"));
    assert_eq!(
        members(&made.json),
        [
            "created_at",
            "disabled_at",
            "display_name",
            "email",
            "id",
            "last_sign_in_at",
            "password_change_required_at",
            "reset_required_at",
            "roles",
            "state"
        ],
        "{made:#?}"
    );
    made.text_of("id").parse::<uuid::Uuid>().unwrap();
    assert_eq!(made.text_of("email"), "ann.lee@example.com");
    assert_eq!(made.json["roles"], json!([]));
    let created = made.text_of("created_at");
    assert!(created.ends_with('Z'), "UTC: {created}");
    let age = OffsetDateTime::now_utc() - OffsetDateTime::parse(&created, &Rfc3339).unwrap();
    assert!(age.whole_seconds().abs() < 60, "{created}");

    for again in ["ann.lee@example.com", "ANN.LEE@EXAMPLE.COM"] {
        client.register(again).await.problem(409, "email_taken");
        let session = client.signed_in(again).await;
        let mut me = client.me(&session.access).await.is(200).json.clone();
        assert!(me["last_sign_in_at"].take().is_string(), "{me}");
        assert_eq!(me, made.json);
    }
}

#[tokio::test]
async fn ten_people_who_register_one_email_at_once_make_one_account() {
    let aura = Settings::new().start().await;
    let mut calls = JoinSet::new();
    for number in 0..10 {
        let client = aura.client();
        let email = if number % 2 == 0 {
            "a@b.example"
        } else {
            "A@B.example"
        };
        calls.spawn(async move { client.register(email).await });
    }
    let answers = calls.join_all().await;
    let (made, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|a| a.status == 201);
    assert_eq!(made.len(), 1, "{answers:#?}");
    for answer in refused {
        answer.problem(409, "email_taken");
    }
}

#[tokio::test]
async fn a_login_answers_with_a_pair_that_no_cache_keeps() {
    let settings = Settings::new().set("JWT_ACCESS_TOKEN_EXPIRE_MINUTES", 7);
    let aura = settings
        .set("JWT_REFRESH_TOKEN_EXPIRE_DAYS", 3)
        .start()
        .await;
    let client = aura.client();
    client.register("ann@example.com").await.is(201);
    let login = client.login("ann@example.com", PASSWORD).await;
    let refreshed = client
        .refresh(&login.is(200).text_of("refresh_token"))
        .await;
    for pair in [&login, refreshed.is(200)] {
        let names = [
            "access_token",
            "expires_in",
            "refresh_expires_in",
            "refresh_token",
            "token_type",
        ];
        assert_eq!(members(&pair.json), names, "{pair:#?}");
        assert_eq!(pair.text_of("token_type"), "Bearer");
        assert_eq!(pair.json["expires_in"], 7 * 60, "exactly the setting");
        assert_eq!(pair.json["refresh_expires_in"], 3 * 24 * 60 * 60);
        assert!(
            pair.header("cache-control").contains("no-store"),
            "{pair:#?}"
        );
        let token = pair.text_of("refresh_token");
        let (session, secret) = token.split_once('.').unwrap();
        session.parse::<uuid::Uuid>().unwrap();
        assert_eq!(secret.len(), 43, "256 bits in base64url");
        client.me(&pair.text_of("access_token")).await.is(200);
    }
}

#[tokio::test]
async fn a_changed_password_ends_every_other_session_only() {
    let aura = Settings::new().start().await;
    let client = aura.client();
    let mine = client.newcomer().await;
    let others = [
        client.signed_in(&mine.email).await,
        client.signed_in(&mine.email).await,
    ];

    let wrong = change(&client, &mine.access, "not-the-Password-7", OTHER_PASSWORD).await;
    wrong.problem(403, "wrong_password");
    for (new, code) in [
        ("short", "password_too_short"),
        ("password1234", "password_too_common"),
    ] {
        let weak = change(&client, &mine.access, PASSWORD, new).await;
        assert_eq!(weak.faults(), [format!("new_password: {code}")]);
    }
    let body = json!({"current_password": PASSWORD, "new_password": OTHER_PASSWORD});
    let anonymous = client.post("/auth/password", &body).await;
    anonymous.problem(401, "missing_token");
    for session in &others {
        client.me(&session.access).await.is(200);
    }

    let changed = change(&client, &mine.access, PASSWORD, OTHER_PASSWORD).await;
    assert_eq!(changed.is(204).text, "");
    for session in &others {
        client
            .me(&session.access)
            .await
            .problem(401, "invalid_token");
        let refused = client.refresh(&session.refresh).await;
        refused.problem(401, "invalid_refresh_token");
    }
    client.me(&mine.access).await.is(200);
    client.refresh(&mine.refresh).await.is(200);
    let old = client.login(&mine.email, PASSWORD).await;
    old.problem(401, "invalid_credentials");
    client.login(&mine.email, OTHER_PASSWORD).await.is(200);
}

#[tokio::test]
async fn a_deleted_account_takes_its_sessions_and_data_along() {
    let aura = Settings::new().start().await;
    let client = aura.client();
    let session = client.newcomer().await;
    let other = client.signed_in(&session.email).await;
    let neighbour = client.newcomer().await;
    let first_id = client.me(&session.access).await.text_of("id");
    let delete = async |password: &str| {
        let body = json!({"current_password": password});
        let (method, access) = (Method::DELETE, &session.access);
        client.with_body(method, "/auth/me", access, &body).await
    };
    delete("not-the-Password-7")
        .await
        .problem(403, "wrong_password");
    client.me(&other.access).await.is(200);

    assert_eq!(delete(PASSWORD).await.is(204).text, "");
    for session in [&session, &other] {
        client
            .me(&session.access)
            .await
            .problem(401, "invalid_token");
        let refused = client.refresh(&session.refresh).await;
        refused.problem(401, "invalid_refresh_token");
    }
    delete(PASSWORD).await.problem(401, "invalid_token");
    let login = client.login(&session.email, PASSWORD).await;
    login.problem(401, "invalid_credentials");
    client.me(&neighbour.access).await.is(200);
    // Whoever comes next under the e-mail is somebody else.
    let next = client.register(&session.email).await;
    assert_ne!(next.is(201).text_of("id"), first_id);
    client
        .me(&session.access)
        .await
        .problem(401, "invalid_token");
}

#[tokio::test]
async fn closed_registration_lets_only_the_command_line_make_accounts() {
    let file = Sqlite::new();
    let settings = Settings::new().database(&file.url());
    let settings = settings.set("AUTH_REGISTRATION", "closed");
    let aura = settings.start().await;
    let client = aura.client();
    let refused = client.register("ann@example.com").await;
    refused.problem(403, "registration_closed");
    let create = ["user", "create", "ann@example.com", "--password-stdin"];
    settings.done_with(&create, &format!("{PASSWORD}\n")).await;
    let session = client.signed_in("ann@example.com").await;
    client.me(&session.access).await.is(200);
}

#[tokio::test]
async fn a_reset_token_sets_a_password_once() {
    let file = Sqlite::new();
    let settings = Settings::new().database(&file.url());
    let aura = settings.start().await;
    let client = aura.client();
    let session = client.newcomer().await;
    let link = settings
        .done(&["user", "reset-link", &session.email, "--yes"])
        .await;
    let of_a_token = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let mut words = link.split(|c| !of_a_token(c));
    let token = words.find(|word| word.matches('.').count() == 2 && word.len() > 60);
    let token = token.unwrap_or_else(|| panic!("no token in {link:?}"));

    client.me(token).await.problem(401, "invalid_token");
    for wrong in ["", "x", &session.access, &session.refresh, &token[1..]] {
        let refused = reset(&client, wrong, OTHER_PASSWORD).await;
        refused.problem(401, "invalid_reset_token");
    }
    let weak = reset(&client, token, "password1234").await;
    assert_eq!(weak.faults(), ["new_password: password_too_common"]);
    // The link is the only way in until it is used.
    client
        .me(&session.access)
        .await
        .problem(401, "invalid_token");
    let old = client.login(&session.email, PASSWORD).await;
    old.problem(401, "invalid_credentials");

    reset(&client, token, OTHER_PASSWORD).await.is(204);
    for new in [OTHER_PASSWORD, PASSWORD] {
        let again = reset(&client, token, new).await;
        again.problem(401, "invalid_reset_token");
    }
    client.login(&session.email, OTHER_PASSWORD).await.is(200);
    let old = client.login(&session.email, PASSWORD).await;
    old.problem(401, "invalid_credentials");
}
