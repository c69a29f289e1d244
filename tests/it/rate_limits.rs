//! Proves what is counted, for whom, and what clients are told of it; in Redis and in process.

use reqwest::Method;
use serde_json::json;

use crate::support::{Answer, Client, PASSWORD, Redis, Settings, on_both_stores};

/// Limits, and a proxy at 127.0.0.1 that is believed.
fn limited(settings: Settings) -> Settings {
    let settings = settings.set("RATE_LIMIT_ENABLED", true);
    settings.set("SERVER_TRUSTED_PROXIES", "127.0.0.0/8")
}

/// A login as it arrives from `address`.
async fn login_from(client: &Client, address: &str, email: &str, password: &str) -> Answer {
    let body = json!({"email": email, "password": password});
    client
        .call(Method::POST, "/auth/login", |request| {
            request.header("x-forwarded-for", address).json(&body)
        })
        .await
}

async fn fail_from(client: &Client, address: &str, email: &str) -> Answer {
    login_from(client, address, email, "not-the-Password-7").await
}

/// The parameter `name` of the item `policy` of a structured list such as `"login";r=9;t=60`.
#[track_caller]
fn parameter(header: &str, policy: &str, name: &str) -> u64 {
    let items = header.split(',').map(str::trim);
    let mut items = items.filter_map(|item| item.strip_prefix(&format!("\"{policy}\";")));
    let item = items
        .next()
        .unwrap_or_else(|| panic!("no {policy} in {header:?}"));
    let values = item.split(';').filter_map(|pair| pair.split_once('='));
    let mut values = values.filter(|(key, _)| *key == name);
    let (_, value) = values
        .next()
        .unwrap_or_else(|| panic!("no {name} in {header:?}"));
    value.parse().expect("a number")
}

/// Checks a 429 and gives the seconds to wait.
#[track_caller]
fn refused(answer: &Answer) -> u64 {
    answer.problem(429, "rate_limited");
    let wait: u64 = answer.header("retry-after").parse().expect("seconds");
    assert!((1..=60).contains(&wait), "{answer:#?}");
    assert!(!answer.header("ratelimit-policy").is_empty(), "{answer:#?}");
    let state = answer.header("ratelimit");
    assert!(state.contains(";r=0"), "nothing is left: {answer:#?}");
    wait
}

#[tokio::test]
async fn every_limited_route_tells_its_limits_and_no_other_route_does() {
    on_both_stores(async |settings| {
        let aura = limited(settings).start().await;
        let client = aura.client();
        let register = client.register("ann@example.com").await;
        assert_eq!(
            parameter(register.is(201).header("ratelimit-policy"), "address", "q"),
            60
        );
        assert_eq!(
            parameter(register.header("ratelimit-policy"), "address", "w"),
            60
        );
        let mut left = Vec::new();
        for password in [PASSWORD, "wrong", PASSWORD] {
            let login = client.login("ann@example.com", password).await;
            let (policy, state) = (login.header("ratelimit-policy"), login.header("ratelimit"));
            assert_eq!(parameter(policy, "login", "q"), 10);
            assert_eq!(parameter(policy, "login", "w"), 60);
            assert!(
                (1..=60).contains(&parameter(state, "login", "t")),
                "{state}"
            );
            left.push((
                parameter(state, "login", "r"),
                parameter(state, "address", "r"),
            ));
        }
        assert_eq!(
            left,
            [(9, 58), (8, 57), (7, 56)],
            "tries count, good or bad"
        );

        let session = client.signed_in("ann@example.com").await;
        let access = session.access.as_str();
        let wrong = json!({"current_password": "wrong", "new_password": PASSWORD});
        let only = json!({"current_password": "wrong"});
        let reset = json!({"reset_token": "x", "new_password": PASSWORD});
        let form = [("grant_type", "refresh_token"), ("refresh_token", "x")];
        for answer in [
            client.refresh(&session.refresh).await,
            client.refresh("rubbish").await,
            client.form("/auth/token", &form).await,
            client.post("/auth/password/reset", &reset).await,
            client
                .with_body(Method::POST, "/auth/password", access, &wrong)
                .await,
            client
                .with_body(Method::DELETE, "/auth/me", access, &only)
                .await,
        ] {
            let state = answer.header("ratelimit");
            assert!(parameter(state, "address", "r") < 56, "{answer:#?}");
        }
        for path in [
            "/auth/me",
            "/auth/sessions",
            "/auth/verify",
            "/health",
            "/openapi.json",
        ] {
            let answer = client.bearer(Method::GET, path, access).await;
            answer.is(200);
            assert!(!answer.headers.contains_key("ratelimit"), "{answer:#?}");
            assert!(
                !answer.headers.contains_key("ratelimit-policy"),
                "{answer:#?}"
            );
        }
    })
    .await;
}

#[tokio::test]
async fn an_account_takes_ten_tries_a_minute_from_one_address() {
    on_both_stores(async |settings| {
        let aura = limited(settings)
            .set("RATE_LIMIT_ADDRESS_PER_MINUTE", 1000)
            .start()
            .await;
        let client = aura.client();
        let (here, there) = ("203.0.113.5", "203.0.113.6");
        client.register("ann@example.com").await.is(201);
        // Unknown accounts are limited like known ones, or the limit would tell them apart.
        for email in ["ann@example.com", "nobody@example.com"] {
            for number in 0..10 {
                let email = if number % 2 == 0 {
                    email.to_uppercase()
                } else {
                    email.to_owned()
                };
                fail_from(&client, here, &email)
                    .await
                    .problem(401, "invalid_credentials");
            }
            for password in [PASSWORD, "not-the-Password-7"] {
                let answer = login_from(&client, here, email, password).await;
                let wait = refused(&answer);
                let state = answer.header("ratelimit");
                assert_eq!(parameter(state, "login", "t"), wait, "{answer:#?}");
            }
        }
        // The same door of the OAuth twin.
        let twin = client.call(Method::POST, "/auth/token", |request| {
            let user = [("username", "ann@example.com"), ("password", PASSWORD)];
            let form = [[("grant_type", "password")].as_slice(), &user].concat();
            request.header("x-forwarded-for", here).form(&form)
        });
        let twin = twin.await;
        assert_eq!(twin.is(429).json["error"], "rate_limited", "{twin:#?}");
        assert!(
            twin.header("retry-after")
                .parse::<u64>()
                .is_ok_and(|wait| wait > 0)
        );
        // Neither another account nor another address is any the worse.
        login_from(&client, there, "ann@example.com", PASSWORD)
            .await
            .is(200);
        fail_from(&client, here, "other@example.com").await.is(401);
    })
    .await;
}

#[tokio::test]
async fn an_address_has_one_budget_for_all_limited_routes() {
    on_both_stores(async |settings| {
        let aura = limited(settings)
            .set("RATE_LIMIT_ADDRESS_PER_MINUTE", 12)
            .start()
            .await;
        let client = aura.client();
        let from = async |address: &str, path: &str, body: serde_json::Value| {
            let call = client.call(Method::POST, path, |request| {
                request.header("x-forwarded-for", address).json(&body)
            });
            call.await
        };
        let here = "198.51.100.1";
        for number in 0..12 {
            let answer = match number % 4 {
                0 => fail_from(&client, here, &format!("nobody{number}@example.com")).await,
                1 => from(here, "/auth/refresh", json!({"refresh_token": "x"})).await,
                2 => {
                    let body = json!({"reset_token": "x", "new_password": PASSWORD});
                    from(here, "/auth/password/reset", body).await
                }
                _ => {
                    let email = format!("new{number}@example.com");
                    let body = json!({"email": email, "password": PASSWORD});
                    from(here, "/auth/register", body).await
                }
            };
            assert!([201, 401].contains(&answer.status), "{answer:#?}");
            assert_eq!(
                parameter(answer.header("ratelimit"), "address", "r"),
                11 - number
            );
        }
        refused(&fail_from(&client, here, "another@example.com").await);
        refused(&from(here, "/auth/refresh", json!({"refresh_token": "x"})).await);
        let body = json!({"email": "late@example.com", "password": PASSWORD});
        refused(&from(here, "/auth/register", body.clone()).await);
        // What is refused does not count, what is not limited is open, others are untouched.
        for path in ["/health", "/health/live", "/.well-known/jwks.json"] {
            client.get(path).await.is(200);
        }
        from("198.51.100.2", "/auth/register", body).await.is(201);
    })
    .await;
}

#[tokio::test]
async fn strangers_cannot_lock_an_account_for_its_owner() {
    on_both_stores(async |settings| {
        let aura = limited(settings)
            .set("RATE_LIMIT_LOGIN_PER_MINUTE", 2)
            .start()
            .await;
        let client = aura.client();
        client.register("ann@example.com").await.is(201);
        let home = "192.0.2.1";
        login_from(&client, home, "ann@example.com", PASSWORD)
            .await
            .is(200);
        // Successes from anywhere do not count against the account ...
        for number in 0..21 {
            let address = format!("198.51.100.{number}");
            login_from(&client, &address, "ann@example.com", PASSWORD)
                .await
                .is(200);
        }
        // ... failures do: ten times the limit of one address.
        for email in ["ann@example.com", "nobody@example.com"] {
            for number in 0..20 {
                let address = format!("203.0.113.{number}");
                fail_from(&client, &address, email).await.is(401);
            }
            refused(&fail_from(&client, "203.0.113.200", email).await);
            refused(&login_from(&client, "203.0.113.201", email, PASSWORD).await);
        }
        // Where the owner signed in before, she still does.
        login_from(&client, home, "ann@example.com", PASSWORD)
            .await
            .is(200);
        login_from(&client, "198.51.100.3", "ann@example.com", PASSWORD)
            .await
            .is(200);
        // Even there a minute has its tries.
        refused(&login_from(&client, home, "ann@example.com", PASSWORD).await);
    })
    .await;
}

#[tokio::test]
async fn a_client_cannot_choose_its_address() {
    on_both_stores(async |settings| {
        let untrusting = settings.set("RATE_LIMIT_ENABLED", true);
        let aura = untrusting.clone().start().await;
        let client = aura.client();
        for number in 0..10 {
            let made_up = format!("203.0.113.{number}");
            fail_from(&client, &made_up, "a@example.com").await.is(401);
        }
        refused(&fail_from(&client, "203.0.113.99", "a@example.com").await);

        // Behind a proxy the rightmost hop that is not a proxy counts, whatever stands before it.
        let aura = limited(untrusting).start().await;
        let client = aura.client();
        for number in 0..10 {
            let chain = format!("203.0.113.{number}, 198.51.100.77, 127.0.0.9");
            fail_from(&client, &chain, "b@example.com").await.is(401);
        }
        refused(&fail_from(&client, "1.1.1.1,198.51.100.77", "b@example.com").await);
        refused(&fail_from(&client, "::ffff:198.51.100.77", "b@example.com").await);
        fail_from(&client, "198.51.100.77, 198.51.100.78", "b@example.com")
            .await
            .is(401);
    })
    .await;
}

#[tokio::test]
async fn an_ipv6_customer_is_one_address_however_many_there_are() {
    on_both_stores(async |settings| {
        let aura = limited(settings).start().await;
        let client = aura.client();
        for number in 0..10 {
            let address = format!("2001:db8:1:2:{number}::{number}");
            fail_from(&client, &address, "a@example.com").await.is(401);
        }
        refused(&fail_from(&client, "2001:db8:1:2:ffff::1", "a@example.com").await);
        refused(&fail_from(&client, "[2001:db8:1:2::7]:4711", "a@example.com").await);
        fail_from(&client, "2001:db8:1:3::1", "a@example.com")
            .await
            .is(401);
    })
    .await;
}

#[tokio::test]
async fn nothing_is_counted_or_announced_without_limits() {
    on_both_stores(async |settings| {
        let aura = settings.set("RATE_LIMIT_ENABLED", false).start().await;
        let client = aura.client();
        for _ in 0..15 {
            let answer = client.login("a@example.com", "not-the-Password-7").await;
            answer.problem(401, "invalid_credentials");
            assert!(!answer.headers.contains_key("ratelimit"), "{answer:#?}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_client_that_waits_for_retry_after_finds_a_fresh_window() {
    let Some(redis) = Redis::start().await else {
        return;
    };
    let settings = limited(Settings::new().redis(&redis));
    let aura = settings.set("RATE_LIMIT_LOGIN_PER_MINUTE", 1).start().await;
    let client = aura.client();
    client.register("ann@example.com").await.is(201);
    fail_from(&client, "192.0.2.1", "ann@example.com")
        .await
        .is(401);
    let answer = login_from(&client, "192.0.2.1", "ann@example.com", PASSWORD).await;
    let wait = i64::try_from(refused(&answer)).unwrap();
    // What the answer promises is when Redis forgets: no counter outlives it. Nobody waits here;
    // the clock of the counters is turned instead.
    let mut db = redis.connect(1).await;
    let keys: Vec<String> = redis::cmd("KEYS")
        .arg("*")
        .query_async(&mut db)
        .await
        .unwrap();
    assert!(!keys.is_empty());
    for key in keys {
        let left: i64 = redis::cmd("PTTL")
            .arg(&key)
            .query_async(&mut db)
            .await
            .unwrap();
        assert!(
            (1..=wait * 1000).contains(&left),
            "{key} has {left} ms, {wait} s were told"
        );
        let sooner = (left - wait * 1000).max(1);
        let _: i64 = redis::cmd("PEXPIRE")
            .arg(&key)
            .arg(sooner)
            .query_async(&mut db)
            .await
            .unwrap();
    }
    tokio::time::sleep(std::time::Duration::from_millis(20)).await; // until they have expired
    login_from(&client, "192.0.2.1", "ann@example.com", PASSWORD)
        .await
        .is(200);
}
