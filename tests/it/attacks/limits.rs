//! Guesses in parallel, and answers that tell what a limit knows.

use reqwest::Method;
use serde_json::json;
use tokio::task::JoinSet;

use crate::support::{Answer, Client, PASSWORD, Settings, on_both_stores};

const ANN: &str = "ann@example.com";

/// Limits, and a proxy at 127.0.0.1 that is believed.
fn limited(settings: Settings) -> Settings {
    let settings = settings.set("RATE_LIMIT_ENABLED", true);
    settings.set("SERVER_TRUSTED_PROXIES", "127.0.0.0/8")
}

async fn login_from(client: &Client, address: &str, email: &str, password: &str) -> Answer {
    let body = json!({"email": email, "password": password});
    let call = client.call(Method::POST, "/auth/login", |request| {
        request.header("x-forwarded-for", address).json(&body)
    });
    call.await
}

/// The statuses 401 and 429 among `answers`; there are no others.
fn told(answers: &[Answer]) -> (usize, usize) {
    let count = |status| {
        answers
            .iter()
            .filter(|answer| answer.status == status)
            .count()
    };
    let (judged, refused) = (count(401), count(429));
    assert_eq!(judged + refused, answers.len(), "{answers:#?}");
    (judged, refused)
}

#[tokio::test]
async fn parallel_guesses_at_an_account_are_answered_up_to_its_limit() {
    on_both_stores(async |settings| {
        let settings = limited(settings).set("RATE_LIMIT_LOGIN_PER_MINUTE", 2);
        let aura = settings.start().await;
        let client = aura.client();
        client.register(ANN).await.is(201);
        let mut guesses = JoinSet::new();
        for number in 0..40 {
            let client = client.clone();
            guesses.spawn(async move {
                let address = format!("203.0.113.{}", number / 2);
                login_from(&client, &address, ANN, "not-the-Password-7").await
            });
        }
        let answers = guesses.join_all().await;
        assert_eq!(
            told(&answers),
            (20, 20),
            "ten times the limit of one address"
        );
        // The right one is no better than any other guess now.
        login_from(&client, "203.0.113.99", ANN, PASSWORD)
            .await
            .problem(429, "rate_limited");
    })
    .await;
}

#[tokio::test]
async fn parallel_guesses_at_a_client_secret_are_answered_up_to_the_limit() {
    on_both_stores(async |settings| {
        let settings = limited(settings).set("RATE_LIMIT_ADDRESS_PER_MINUTE", 5);
        let secret = "nB7vC4xZ1lK8jH5gF2dS9aQ6wE3rT0yU";
        let settings = settings.set("OAUTH_CLIENT_ID", "shop");
        let aura = settings.set("OAUTH_CLIENT_SECRET", secret).start().await;
        let client = aura.client();
        let ask = async |client: &Client, secret: &str| {
            let call = client.call(Method::POST, "/auth/introspect", |request| {
                let request = request.header("x-forwarded-for", "192.0.2.2");
                request
                    .basic_auth("shop", Some(secret))
                    .form(&[("token", "x")])
            });
            call.await
        };
        // Right ones are not counted, however many come at once.
        let mut good = JoinSet::new();
        for _ in 0..30 {
            let client = client.clone();
            good.spawn(async move { ask(&client, secret).await.status });
        }
        assert!(good.join_all().await.iter().all(|status| *status == 200));
        let mut guesses = JoinSet::new();
        for number in 0..60 {
            let client = client.clone();
            guesses.spawn(async move { ask(&client, &format!("guess-{number}")).await });
        }
        let answers = guesses.join_all().await;
        assert_eq!(told(&answers), (5, 55));
        ask(&client, secret).await.is(429);
    })
    .await;
}

#[tokio::test]
async fn an_address_of_the_owner_does_not_tell_that_the_account_exists() {
    on_both_stores(async |settings| {
        let settings = limited(settings).set("RATE_LIMIT_LOGIN_PER_MINUTE", 3);
        let aura = settings.start().await;
        let client = aura.client();
        client.register(ANN).await.is(201);
        let shared = "192.0.2.1";
        login_from(&client, shared, ANN, PASSWORD).await.is(200);
        login_from(&client, shared, "none@example.com", PASSWORD)
            .await
            .is(401);
        let mut seen = Vec::new();
        for email in [ANN, "none@example.com"] {
            for number in 0..30 - i32::from(email != ANN) {
                let address = format!("203.0.113.{number}");
                login_from(&client, &address, email, "not-the-Password-7")
                    .await
                    .is(401);
            }
            // Somebody behind the same address finds the account full, as any other would be.
            let answer = login_from(&client, shared, email, "not-the-Password-7").await;
            answer.problem(429, "rate_limited");
            let mut names: Vec<String> = answer.headers.keys().map(ToString::to_string).collect();
            names.sort();
            let policy = answer.header("ratelimit-policy").to_owned();
            let left: Vec<String> = answer
                .header("ratelimit")
                .split(", ")
                .filter_map(|item| item.split(";t=").next())
                .filter(|item| !item.contains("address"))
                .map(str::to_owned)
                .collect();
            seen.push((names, policy, left));
        }
        assert_eq!(seen[0], seen[1]);
        // The owner is let in there all the same.
        login_from(&client, shared, ANN, PASSWORD).await.is(200);
    })
    .await;
}
