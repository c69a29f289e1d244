//! The strength check of new passwords: neither a weapon against the server nor easy to get past.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;

use crate::support::{PASSWORD, Settings, Sqlite, eventually, said};

/// Cost a second of CPU when substitutions of letters were enumerated.
const WEAPON: &str = "a4@8({[<369!1|0$5+7%2zs0m3w0rdse1lta4@8({[<369!1|0$5+7%2zs0m3w0rdse1lt";

#[tokio::test]
async fn sixty_passwords_of_signs_do_not_keep_others_from_signing_in() {
    let settings = Settings::new().set("RATE_LIMIT_ENABLED", "false");
    let aura = settings.start().await;
    let client = aura.client();
    client.register("ann@example.com").await.is(201);
    let began = Instant::now();
    let weapons = (0..60).map(|_| {
        let body = json!({"email": "no address", "password": WEAPON});
        let client = &client;
        async move { client.post("/auth/register", &body).await }
    });
    let (answers, signed_in) =
        tokio::join!(join_all(weapons), client.login("ann@example.com", PASSWORD));
    signed_in.is(200);
    for answer in answers {
        assert_eq!(answer.faults(), ["email: invalid_email"]);
    }
    // It was a minute of CPU; a generous part of it, because other tests run beside this one.
    let took = began.elapsed();
    assert!(took < Duration::from_secs(15), "{took:?}");
}

#[tokio::test]
async fn tries_of_one_address_do_not_delay_the_sign_in_of_another() {
    let settings = Settings::new().set("SERVER_TRUSTED_PROXIES", "127.0.0.1");
    let aura = settings.set("PASSWORD_BCRYPT_COST", 12).start().await;
    let client = aura.client();
    client.register("ann@example.com").await.is(201);
    let answered = AtomicUsize::new(0);
    // As many as the limits of an address let through, each at another account.
    let tries = join_all((0..50).map(|number| {
        let (client, answered) = (&client, &answered);
        async move {
            let body = json!({"email": format!("n{number}@example.com"), "password": PASSWORD});
            let answer = client.send(Method::POST, "/auth/login", |request| {
                request.header("x-forwarded-for", "192.0.2.1").json(&body)
            });
            answer.await.expect("an answer").is(401);
            answered.fetch_add(1, Ordering::Relaxed);
        }
    }));
    let owner = async {
        let waiting = async || {
            let metrics = aura.metrics().get("/metrics").await.text;
            let mut lines = metrics.lines();
            let depth = lines.find_map(|line| line.strip_prefix("aura_hash_queue "))?;
            (depth.parse::<usize>().ok()? > 30).then_some(())
        };
        eventually(Duration::from_secs(20), "the tries to wait", waiting).await;
        let before = answered.load(Ordering::Relaxed);
        client.login("ann@example.com", PASSWORD).await.is(200);
        answered.load(Ordering::Relaxed) - before
    };
    let (_, overtook) = tokio::join!(tries, owner);
    assert!(overtook < 20, "{overtook} were answered before the owner");
}

#[tokio::test]
async fn disguised_common_passwords_are_refused_wherever_one_is_chosen() {
    let file = Sqlite::new();
    let settings = Settings::new()
        .set("RATE_LIMIT_ENABLED", "false")
        .database(&file.url());
    let aura = settings.start().await;
    let client = aura.client();
    client.register("johanna@example.com").await.is(201);
    let owner = client.signed_in("johanna@example.com").await;
    for (password, code) in [
        ("thisismypassword", "password_too_common"),
        ("iloveyousomuch", "password_too_common"),
        ("пароль123456", "password_too_common"),
        ("йцукенгшщзхъ", "password_too_common"),
        ("zzzzzzzzzzzzzzzzzzzzz", "password_too_common"),
        ("pass\u{ad}word\u{ad}1234", "password_too_common"),
        ("ｐａｓｓｗｏｒｄ１２３４", "password_too_common"),
        ("johanna-2024", "password_similar_to_email"),
    ] {
        let body = json!({"email": "johanna@example.com", "password": password});
        let registered = client.post("/auth/register", &body).await;
        assert_eq!(
            registered.faults(),
            [format!("password: {code}")],
            "{password}"
        );
        let body = json!({"current_password": PASSWORD, "new_password": password});
        let changed = client
            .with_body(Method::POST, "/auth/password", &owner.access, &body)
            .await;
        assert_eq!(
            changed.faults(),
            [format!("new_password: {code}")],
            "{password}"
        );
        let set = [
            "user",
            "set-password",
            "johanna@example.com",
            "--password-stdin",
            "--yes",
        ];
        let refused = settings.run_with(&set, password).await;
        assert_eq!(
            refused.status.code(),
            Some(1),
            "{password}: {}",
            said(&refused)
        );
    }
}
