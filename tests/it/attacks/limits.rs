//! Guesses in parallel, and answers that tell what a limit knows.

use reqwest::Method;
use serde_json::json;
use tokio::task::JoinSet;

use crate::support::{Answer, Client, PASSWORD, Settings, Sqlite, Visitor, on_both_stores};

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

/// A login of a client that shows the proof of its device.
async fn login_with(
    client: &Client,
    address: &str,
    (email, password): (&str, &str),
    proof: &str,
) -> Answer {
    let body = json!({"email": email, "password": password});
    let call = client.call(Method::POST, "/auth/login", |request| {
        let request = request.header("x-forwarded-for", address);
        request.header("aura-device", proof).json(&body)
    });
    call.await
}

/// Strangers use up what an account may fail in a minute.
async fn fill(client: &Client, email: &str, limit: u8) {
    for number in 0..limit {
        let address = format!("203.0.113.{}", number / 2);
        let answer = login_from(client, &address, email, "not-the-Password-7").await;
        answer.problem(401, "invalid_credentials");
    }
}

#[tokio::test]
async fn strangers_do_not_keep_a_known_device_out_wherever_it_is() {
    on_both_stores(async |settings| {
        let settings = limited(settings).set("RATE_LIMIT_LOGIN_PER_MINUTE", 2);
        let aura = settings.start().await;
        let client = aura.client();
        let (home, hotel) = ("192.0.2.1", "198.51.100.7");
        let bob = "bob@example.com";
        let mut proofs = Vec::new();
        for email in [ANN, bob] {
            client.register(email).await.is(201);
            let proof = login_from(&client, home, email, PASSWORD).await;
            proofs.push(proof.is(200).header("aura-device").to_owned());
        }
        let (anns, bobs) = (proofs[0].as_str(), proofs[1].as_str());
        // A browser signs in at home, too, and is what it is without any script.
        let browser = Visitor::new(client.clone());
        browser.sign_in(ANN).await;
        browser.sign_out().await.is(303);
        assert!(
            browser.cookies().contains("aura_device="),
            "it outlives the session"
        );

        fill(&client, ANN, 20).await;
        let right = (ANN, PASSWORD);
        for proof in ["", bobs, &anns[1..], &anns.to_lowercase()] {
            let refused = login_with(&client, hotel, right, proof).await;
            refused.problem(429, "rate_limited");
        }
        let pair = login_with(&client, hotel, right, anns).await;
        assert_ne!(
            pair.is(200).header("aura-device"),
            anns,
            "a device is named anew"
        );
        let page = browser.open("/sign-in").await;
        let fields = [("email", ANN), ("password", PASSWORD)];
        let signed_in = browser.send_from(hotel, &page, "/sign-in", &fields).await;
        assert_eq!(signed_in.is(303).header("location"), "/");

        // A thief of the proof guesses as often as one address may, from wherever it is.
        let wrong = (ANN, "not-the-Password-7");
        let stolen = pair.header("aura-device");
        for address in ["198.51.100.8", "198.51.100.9"] {
            let refused = login_with(&client, address, wrong, stolen).await;
            refused.problem(401, "invalid_credentials");
        }
        let refused = login_with(&client, "198.51.100.10", wrong, stolen).await;
        refused.problem(429, "rate_limited");
        let refused = login_with(&client, "198.51.100.10", right, stolen).await;
        refused.problem(429, "rate_limited");
    })
    .await;
}

#[tokio::test]
async fn parallel_guesses_with_a_stolen_proof_are_answered_up_to_its_limit() {
    on_both_stores(async |settings| {
        let settings = limited(settings).set("RATE_LIMIT_LOGIN_PER_MINUTE", 3);
        let aura = settings.start().await;
        let client = aura.client();
        client.register(ANN).await.is(201);
        let pair = login_from(&client, "192.0.2.1", ANN, PASSWORD).await;
        let proof = pair.is(200).header("aura-device").to_owned();
        let mut guesses = JoinSet::new();
        for number in 0..20 {
            let (client, proof) = (client.clone(), proof.clone());
            guesses.spawn(async move {
                let address = format!("203.0.113.{number}");
                let guess = (ANN, "not-the-Password-7");
                login_with(&client, &address, guess, &proof).await
            });
        }
        assert_eq!(told(&guesses.join_all().await), (3, 17));
    })
    .await;
}

#[tokio::test]
async fn a_device_is_known_until_the_password_is_another() {
    let file = Sqlite::new();
    let settings = limited(Settings::new()).database(&file.url());
    let settings = settings.set("RATE_LIMIT_LOGIN_PER_MINUTE", 2);
    let aura = settings.start().await;
    let client = aura.client();
    let other = "quartz-Meadow-73-lichen";
    client.register(ANN).await.is(201);
    let pair = login_from(&client, "192.0.2.1", ANN, PASSWORD).await;
    let thiefs = pair.is(200).header("aura-device").to_owned();
    let set = ["user", "set-password", ANN, "--password-stdin", "--yes"];
    settings.done_with(&set, other).await;
    fill(&client, ANN, 20).await;
    let refused = login_with(&client, "198.51.100.7", (ANN, other), &thiefs).await;
    refused.problem(429, "rate_limited");
    // A browser whose user changes the password is known on.
    let (bob, owner) = ("bob@example.com", Visitor::new(client.clone()));
    client.register(bob).await.is(201);
    owner.sign_in(bob).await;
    let before = owner.cookies();
    let page = owner.open("/account").await;
    let fields = [("current_password", PASSWORD), ("new_password", other)];
    let path = "/account/password";
    owner.send(&page, path, &fields).await.is(303);
    assert_ne!(owner.cookies(), before);
    owner.sign_out().await.is(303);
    fill(&client, bob, 20).await;
    let page = owner.open("/sign-in").await;
    let fields = [("email", bob), ("password", other)];
    let hotel = "198.51.100.7";
    let known = owner.send_from(hotel, &page, "/sign-in", &fields).await;
    assert_eq!(known.is(303).header("location"), "/");
}

#[tokio::test]
async fn a_proof_of_a_previous_key_holds_and_one_of_a_strange_key_does_not() {
    let file = Sqlite::new();
    let settings = limited(Settings::new()).database(&file.url());
    let settings = settings.set("RATE_LIMIT_LOGIN_PER_MINUTE", 2);
    let old = "m4XvT9bQ2kLs7JdW5yZc8RgN1pHf6EaU3oVi0TqK";
    let new = "w8PzY3nGq6DtK1sBvH5mXc9RjL2fEaU7oTi4ZkWb";
    let aura = settings.clone().set("JWT_SECRET_KEY", old).start().await;
    aura.client().register(ANN).await.is(201);
    let pair = login_from(&aura.client(), "192.0.2.1", ANN, PASSWORD).await;
    let proof = pair.is(200).header("aura-device").to_owned();
    drop(aura);
    let settings = settings.set("JWT_SECRET_KEY", new);
    for (settings, status) in [
        (settings.clone().set("JWT_PREVIOUS_KEYS", old), 200),
        (settings, 429),
    ] {
        let aura = settings.start().await;
        fill(&aura.client(), ANN, 20).await;
        let answer = login_with(&aura.client(), "198.51.100.7", (ANN, PASSWORD), &proof).await;
        answer.is(status);
    }
}
