//! Proves what other services and gateways may ask: introspection (RFC 7662), revocation
//! (RFC 7009), forward-auth, and the key set (RFC 7517).

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Client, PASSWORD, Session, Settings, Sqlite, on_both_stores};

const CLIENT: (&str, &str) = ("shop", "nB7vC4xZ1lK8jH5gF2dS9aQ6wE3rT0yU");

/// Calls introspection or revocation with the client's credentials.
async fn ask(client: &Client, path: &str, fields: &[(&str, &str)]) -> Answer {
    client
        .call(Method::POST, path, |request| {
            request.basic_auth(CLIENT.0, Some(CLIENT.1)).form(fields)
        })
        .await
}

async fn introspect(client: &Client, token: &str) -> Value {
    let answer = ask(client, "/auth/introspect", &[("token", token)]).await;
    assert!(
        answer.is(200).header("cache-control").contains("no-store"),
        "{answer:#?}"
    );
    answer.json
}

fn with_client(settings: Settings) -> Settings {
    settings
        .set("OAUTH_CLIENT_ID", CLIENT.0)
        .set("OAUTH_CLIENT_SECRET", CLIENT.1)
}

#[tokio::test]
async fn introspection_and_revocation_ask_for_the_clients_credentials() {
    for (settings, known) in [
        (Settings::new(), false),
        (with_client(Settings::new()), true),
    ] {
        let aura = settings.start().await;
        let client = aura.client();
        let session = client.newcomer().await;
        for path in ["/auth/introspect", "/auth/revoke"] {
            let fields = [("token", session.access.as_str())];
            let anonymous = client.form(path, &fields).await;
            anonymous.oauth_error(401, "invalid_client");
            let bearer = client.call(Method::POST, path, |request| {
                request.bearer_auth(&session.access).form(&fields)
            });
            bearer.await.oauth_error(401, "invalid_client");
            for (id, secret) in [
                ("", ""),
                (CLIENT.0, ""),
                (CLIENT.0, "wrong"),
                ("other", CLIENT.1),
            ] {
                let wrong = client.call(Method::POST, path, |request| {
                    request.basic_auth(id, Some(secret)).form(&fields)
                });
                wrong.await.oauth_error(401, "invalid_client");
            }
            client.me(&session.access).await.is(200);
            let right = ask(&client, path, &fields).await;
            if known {
                right.is(200);
            } else {
                right.oauth_error(401, "invalid_client");
            }
        }
    }
}

#[tokio::test]
async fn introspection_gives_the_current_state_of_a_token() {
    let file = Sqlite::new();
    let settings = with_client(Settings::new().database(&file.url()));
    let create = [
        "user",
        "create",
        "ann@example.com",
        "--role",
        "editor",
        "--role",
        "operator",
    ];
    let create = [create.as_slice(), &["--password-stdin"]].concat();
    settings.done(&["migrate"]).await;
    settings.done_with(&create, PASSWORD).await;
    let aura = settings.start().await;
    let client = aura.client();
    let session = client.signed_in("ann@example.com").await;
    let claims = session.claims();

    let of_access = introspect(&client, &session.access).await;
    assert_eq!(of_access["active"], true);
    for name in ["sub", "exp", "iat", "iss", "aud", "jti", "sid", "client_id"] {
        assert_eq!(of_access[name], claims[name], "{name}: {of_access:#}");
    }
    assert_eq!(of_access["username"], "ann@example.com");
    // RFC 7662, section 2.2, with RFC 6749, section 5.1.
    assert_eq!(of_access["token_type"], "Bearer", "{of_access:#}");
    assert_eq!(of_access["scope"], "editor operator", "{of_access:#}");
    let of_refresh = introspect(&client, &session.refresh).await;
    assert_eq!(of_refresh["active"], true);
    // Whoever takes what is active for a bearer token must be able to tell.
    assert_eq!(of_refresh["token_type"], "refresh_token", "{of_refresh:#}");
    assert_eq!(of_refresh["scope"], Value::Null, "{of_refresh:#}");
    assert_eq!(of_refresh["sub"], claims["sub"]);
    assert!(of_refresh["exp"].as_i64().unwrap() > claims["exp"].as_i64().unwrap());
    let hinted = [
        ("token", session.access.as_str()),
        ("token_type_hint", "refresh_token"),
    ];
    let hinted = ask(&client, "/auth/introspect", &hinted).await;
    assert_eq!(
        hinted.json["active"], true,
        "a hint is no more than that: {hinted:#?}"
    );

    let inactive = json!({"active": false});
    let made_up = format!("{}.{}", claims["sid"].as_str().unwrap(), "A".repeat(43));
    for token in ["rubbish", "a.b.c", &made_up, &session.access[1..]] {
        assert_eq!(introspect(&client, token).await, inactive, "{token}");
    }
    let nothing = ask(&client, "/auth/introspect", &[]).await;
    nothing.oauth_error(400, "invalid_request");

    // Whatever ends a session ends its tokens here, too.
    let other = client.signed_in("ann@example.com").await;
    client.logout(&session.access).await.is(204);
    for token in [&session.access, &session.refresh] {
        assert_eq!(introspect(&client, token).await, inactive);
    }
    settings
        .done(&["user", "disable", "ann@example.com", "--yes"])
        .await;
    for token in [&other.access, &other.refresh] {
        assert_eq!(introspect(&client, token).await, inactive);
    }
}

#[tokio::test]
async fn a_revoked_token_takes_its_session_with_it() {
    let aura = with_client(Settings::new()).start().await;
    let client = aura.client();
    let first = client.newcomer().await;
    let second = client.signed_in(&first.email).await;
    let third = client.signed_in(&first.email).await;
    for (session, token) in [(&first, &first.access), (&second, &second.refresh)] {
        for _ in 0..2 {
            ask(&client, "/auth/revoke", &[("token", token)])
                .await
                .is(200);
        }
        client
            .me(&session.access)
            .await
            .problem(401, "invalid_token");
        let dead = client.refresh(&session.refresh).await;
        dead.problem(401, "invalid_refresh_token");
        assert_eq!(
            introspect(&client, &session.access).await,
            json!({"active": false})
        );
    }
    // What is no token ends nothing, and is no fault.
    let made_up = format!(
        "{}.{}",
        third.claims()["sid"].as_str().unwrap(),
        "A".repeat(43)
    );
    for token in ["rubbish", &made_up, &first.access] {
        ask(&client, "/auth/revoke", &[("token", token)])
            .await
            .is(200);
    }
    ask(&client, "/auth/revoke", &[])
        .await
        .oauth_error(400, "invalid_request");
    client.me(&third.access).await.is(200);
    client.refresh(&third.refresh).await.is(200);
}

/// Asks as a gateway does, passing on what a client made up.
async fn verify(client: &Client, session: Option<&Session>) -> Answer {
    client
        .call(Method::GET, "/auth/verify", |request| {
            let request = request.header("x-auth-user-id", "somebody else");
            let request = request
                .header("x-auth-roles", "operator")
                .header("x-auth-email", "root@x.y");
            match session {
                Some(session) => request.bearer_auth(&session.access),
                None => request,
            }
        })
        .await
}

#[tokio::test]
async fn a_gateway_gets_the_identity_of_the_caller() {
    let file = Sqlite::new();
    let settings = Settings::new().database(&file.url());
    let create = [
        "user",
        "create",
        "ann@example.com",
        "--role",
        "editor",
        "--role",
        "staff",
    ];
    let create = [create.as_slice(), &["--password-stdin"]].concat();
    settings.done(&["migrate"]).await;
    settings.done_with(&create, PASSWORD).await;
    let aura = settings.start().await;
    let client = aura.client();
    let (ann, plain) = (
        client.signed_in("ann@example.com").await,
        client.newcomer().await,
    );
    for (session, roles) in [(&ann, "editor,staff"), (&plain, "")] {
        let answer = verify(&client, Some(session)).await;
        assert_eq!(answer.is(200).text, "");
        let id = session.claims()["sub"].as_str().unwrap().to_owned();
        assert_eq!(answer.header("x-auth-user-id"), id);
        assert_eq!(answer.header("x-auth-email"), session.email);
        assert_eq!(answer.header("x-auth-roles"), roles);
        // A service behind the gateway takes an absent header for "as the client sent it".
        assert!(answer.headers.contains_key("x-auth-roles"), "{answer:#?}");
        assert!(
            answer.header("cache-control").contains("no-store"),
            "{answer:#?}"
        );
    }
    // Envoy asks with the method and under the path of the request that it holds.
    for (method, path) in [
        (Method::GET, "/auth/verify/"),
        (Method::GET, "/auth/ext-authz/"),
        (Method::POST, "/auth/ext-authz/shop/cart?add=1"),
        (Method::DELETE, "/auth/ext-authz/auth/me"),
        (Method::PATCH, "/auth/ext-authz/a%20b/%C3%A9"),
    ] {
        let answer = client.bearer(method.clone(), path, &ann.access).await;
        let id = ann.claims()["sub"].as_str().unwrap().to_owned();
        assert_eq!(answer.is(200).header("x-auth-user-id"), id);
        let anonymous = client.call(method, path, |request| request.body("{")).await;
        anonymous.problem(401, "missing_token");
    }
    client.me(&ann.access).await.is(200);
    client.logout(&ann.access).await.is(204);
    let ended = verify(&client, Some(&ann)).await;
    ended.problem(401, "invalid_token");
    let anonymous = verify(&client, None).await;
    anonymous.problem(401, "missing_token");
    for answer in [ended, anonymous] {
        for name in ["x-auth-user-id", "x-auth-email", "x-auth-roles"] {
            assert!(!answer.headers.contains_key(name), "{answer:#?}");
        }
    }
}

#[tokio::test]
async fn the_key_set_may_be_kept_for_a_while() {
    let aura = Settings::new().start().await;
    let keys = aura.client().get("/.well-known/jwks.json").await;
    assert_eq!(
        keys.is(200).json,
        json!({"keys": []}),
        "HS256 has no public key"
    );
    let control = keys.header("cache-control");
    assert!(
        control.contains("public") && control.contains("max-age="),
        "{control}"
    );
}

#[tokio::test]
async fn wrong_client_credentials_are_limited_and_right_ones_are_not() {
    on_both_stores(async |settings| {
        let settings = settings.set("RATE_LIMIT_ENABLED", true);
        let settings = settings.set("SERVER_TRUSTED_PROXIES", "127.0.0.0/8");
        let settings = settings.set("RATE_LIMIT_ADDRESS_PER_MINUTE", 5);
        let settings = settings.set("OAUTH_CLIENT_ID", "shop");
        let secret = "nB7vC4xZ1lK8jH5gF2dS9aQ6wE3rT0yU";
        let aura = settings.set("OAUTH_CLIENT_SECRET", secret).start().await;
        let client = aura.client();
        let ask = async |secret: &str, address: &str| {
            let call = client.call(Method::POST, "/auth/introspect", |request| {
                let request = request.header("x-forwarded-for", address);
                request
                    .basic_auth("shop", Some(secret))
                    .form(&[("token", "x")])
            });
            call.await
        };
        for _ in 0..20 {
            ask(secret, "192.0.2.1").await.is(200);
        }
        for _ in 0..5 {
            ask("wrong", "192.0.2.2").await.is(401);
        }
        let limited = ask("wrong", "192.0.2.2").await;
        assert_eq!(
            limited.is(429).json["error"],
            "rate_limited",
            "{limited:#?}"
        );
        assert!(
            limited
                .header("retry-after")
                .parse::<u64>()
                .is_ok_and(|wait| wait > 0)
        );
        ask(secret, "192.0.2.1").await.is(200);
    })
    .await;
}
