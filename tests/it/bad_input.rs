//! Proves that whatever a client sends is answered with the documented body: malformed, oversized,
//! mistyped and hostile input, unknown routes and methods; and never with a 5xx.

use reqwest::Method;
use serde_json::json;

use crate::support::{Answer, Client, PASSWORD, Settings};

const JSON: &str = "application/json";

/// Every route that reads a JSON body, and whether it needs a token.
const ROUTES: [(&str, &str, bool); 6] = [
    ("POST", "/auth/register", false),
    ("POST", "/auth/login", false),
    ("POST", "/auth/refresh", false),
    ("POST", "/auth/password/reset", false),
    ("POST", "/auth/password", true),
    ("DELETE", "/auth/me", true),
];

/// Sends raw bytes as the body; no content type where it is empty.
async fn send(
    client: &Client,
    (method, path, token): (&str, &str, bool),
    access: &str,
    content_type: &str,
    body: impl Into<Vec<u8>>,
) -> Answer {
    let method = Method::from_bytes(method.as_bytes()).unwrap();
    let body = body.into();
    client
        .call(method, path, |request| {
            let mut request = request.body(body);
            if token {
                request = request.bearer_auth(access);
            }
            match content_type {
                "" => request,
                given => request.header("content-type", given),
            }
        })
        .await
}

/// Field and code of each fault.
#[track_caller]
fn faults(answer: &Answer) -> Vec<(String, String)> {
    let faults = answer.faults().into_iter();
    let split = |fault: String| {
        let (field, code) = fault.rsplit_once(": ").expect("field: code");
        (field.to_owned(), code.to_owned())
    };
    faults.map(split).collect()
}

#[tokio::test]
async fn a_body_that_cannot_be_parsed_is_malformed_on_every_route() {
    let aura = Settings::new().start().await;
    let client = aura.client();
    let access = client.newcomer().await.access;
    let deep_list = "[".repeat(8_000);
    let deep_object = format!("{}1{}", "{\"a\":".repeat(1_000), "}".repeat(1_000));
    let deep_inside = format!("{{\"email\":{}1{}}}", "[".repeat(1_000), "]".repeat(1_000));
    let utf16: Vec<u8> = "{\"email\":\"a\"}"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    for route in ROUTES {
        for body in [
            b"".as_slice(),
            b"{",
            b"}",
            b"not JSON",
            b"{\"email\":}",
            b"{\"email\":\"a@b.c\",}",
            b"{email: 1}",
            b"{'email': 'a'}",
            b"{\"email\":\"a\xff\"}",
            b"\xff\xfe\x00",
            b"{\"email\":\"\\ud800\"}",
            b"{\"email\":\"a\tb\"}",
            b"{} {}",
            b"{}x",
            b"\xef\xbb\xbf{}",
            b"{\"email\":\"a@b.c\",\"email\":\"d@e.f\",\"password\":\"x\"}",
            b"{\"password\":\"x\",\"current_password\":\"x\",\"password\":\"x\"}",
            b"{\"x\":1,\"x\":1}",
            b"{\"a\":1e999999}",
            b"email=a%40b.c&password=x",
            deep_list.as_bytes(),
            deep_object.as_bytes(),
            deep_inside.as_bytes(),
            &utf16,
        ] {
            let answer = send(&client, route, &access, JSON, body).await;
            let shown = String::from_utf8_lossy(&body[..body.len().min(80)]);
            assert_eq!(answer.status, 400, "{route:?} {shown}: {answer:#?}");
            answer.problem(400, "malformed_body");
        }
        let large = format!("{{\"email\":\"{}\"}}", "a".repeat(70_000));
        let answer = send(&client, route, &access, JSON, large).await;
        answer.problem(413, "body_too_large");
    }
    client.me(&access).await.is(200);
}

#[tokio::test]
async fn only_a_body_declared_as_json_is_accepted() {
    let aura = Settings::new().start().await;
    let client = aura.client();
    let access = client.newcomer().await.access;
    for route in ROUTES {
        for content_type in [
            "",
            "text/plain",
            "text/json",
            "application/jsonx",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "application/xml",
            "nonsense",
        ] {
            let answer = send(&client, route, &access, content_type, "{}").await;
            assert_eq!(answer.status, 415, "{route:?} {content_type}: {answer:#?}");
            answer.problem(415, "unsupported_media_type");
        }
        for content_type in ["application/json; charset=utf-8", "Application/JSON"] {
            let answer = send(&client, route, &access, content_type, "{}").await;
            answer.problem(422, "invalid_input");
        }
    }
}

#[tokio::test]
async fn fields_that_are_unknown_missing_or_of_another_type_are_named() {
    let aura = Settings::new().start().await;
    let client = aura.client();
    let access = client.newcomer().await.access;
    for route in ROUTES {
        for body in ["[]", "null", "1", "\"x\"", "true", "[{}]"] {
            let answer = send(&client, route, &access, JSON, body).await;
            let all = faults(&answer);
            assert!(
                all.iter().any(|(_, code)| code == "wrong_type"),
                "{body}: {all:?}"
            );
        }
        // The fields of the route, as an empty object tells them.
        let empty = faults(&send(&client, route, &access, JSON, "{}").await);
        assert!(
            !empty.is_empty() && empty.iter().all(|(_, code)| code == "missing"),
            "{empty:?}"
        );
        for wrong in ["null", "1", "true", "[]", "{}", "[\"x\"]", "{\"$ne\":\"\"}"] {
            let members: Vec<String> = empty
                .iter()
                .map(|(field, _)| format!("\"{field}\":{wrong}"))
                .collect();
            let body = format!("{{{},\"isAdmin\":true}}", members.join(","));
            let mut all = faults(&send(&client, route, &access, JSON, body).await);
            all.sort();
            let mut expected: Vec<_> = empty
                .iter()
                .map(|(field, _)| (field.clone(), "wrong_type".to_owned()))
                .collect();
            expected.push(("isAdmin".to_owned(), "unknown_field".to_owned()));
            expected.sort();
            assert_eq!(all, expected, "{route:?} {wrong}");
        }
        for (field, _) in &empty {
            for nul in ["\\u0000", "a\\u0000b", "ann@example.com\\u0000"] {
                let members = empty.iter().map(|(name, _)| {
                    format!(
                        "\"{name}\":\"{}\"",
                        if name == field { nul } else { "plain" }
                    )
                });
                let body = format!("{{{}}}", members.collect::<Vec<_>>().join(","));
                let all = faults(&send(&client, route, &access, JSON, body).await);
                assert!(
                    all.contains(&(field.clone(), "contains_nul".to_owned())),
                    "{all:?}"
                );
            }
        }
    }
    client.me(&access).await.is(200);
}

#[tokio::test]
async fn an_email_is_one_address_and_nothing_else() {
    let aura = Settings::new().start().await;
    let client = aura.client();
    let long = format!("{}@example.com", "a".repeat(320));
    let long_domain = format!("a@{}.com", "b".repeat(320));
    let labels = format!("a@{}example.com", "b.".repeat(160));
    for email in [
        "",
        " ",
        "@",
        "a",
        "a@",
        "@b.example",
        "a b@example.com",
        "a @example.com",
        "a@ example.com",
        "a@exa mple.com",
        "a@@example.com",
        "a@b@example.com",
        "a\n@example.com",
        "a@example.com\r\nBcc: x@example.com",
        "a\t@example.com",
        "a\u{7f}@example.com",
        "a\u{1b}[31m@example.com",
        "a@-example.com",
        "a@example..com",
        "a@.example.com",
        "<a@example.com>",
        "a@example.com,b@example.com",
        "\"a\"@example.com",
        "ä@example.com",
        "a@-bücher.example",
        "a@bü cher.example",
        "a@bücher.example.",
        "a@b\u{fc}\u{202e}cher.example",
        "\u{430}@example.com",
        "\u{202e}a@example.com",
        "a@example.com\u{0}",
        "😀@example.com",
        "\u{ff41}@example.com",
        "\u{212a}@example.com",
        &long,
        &long_domain,
        &labels,
    ] {
        let body = json!({"email": email, "password": PASSWORD});
        let answer = client.post("/auth/register", &body).await;
        let all = faults(&answer);
        assert_eq!(all.len(), 1, "{email:?}: {all:?}");
        let expected = if email.contains('\0') {
            "contains_nul"
        } else {
            "invalid_email"
        };
        // What is too long may also be told as that.
        let allowed = [
            expected,
            if email.len() > 254 {
                "too_long"
            } else {
                expected
            },
        ];
        assert!(allowed.contains(&all[0].1.as_str()), "{email:?}: {all:?}");
        assert_eq!(all[0].0, "email");
        // A login with it is a login that fails, like any other.
        let login = client.post("/auth/login", &body).await;
        if email.contains('\0') {
            login.problem(422, "invalid_input");
        } else {
            login.problem(401, "invalid_credentials");
        }
    }
}

#[tokio::test]
async fn unusual_addresses_of_people_and_machines_are_taken() {
    let aura = Settings::new().start().await;
    let client = aura.client();
    for email in [
        "a+b.c@x-y.example",
        "o'neill@example.com",
        "root@localhost",
        "1@2.example",
    ] {
        let body = json!({"email": email, "password": PASSWORD});
        client.post("/auth/register", &body).await.is(201);
        client.login(email, PASSWORD).await.is(200);
    }
}

#[tokio::test]
async fn unknown_routes_and_methods_have_the_body_of_every_error() {
    let aura = Settings::new().start().await;
    let client = aura.client();
    for path in [
        "/nowhere",
        "/auth",
        "/auth/",
        "/auth/nowhere",
        "/auth/me/more",
        "/auth/login/",
        "//",
        "/health/live/more",
        "/.well-known/",
        "/.env",
        "/docs/nothing.js",
        "/docs/../Cargo.toml",
        "/auth/%6de%00",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/openapi.xml",
    ] {
        let answer = client.get(path).await;
        assert_eq!(answer.status, 404, "{path}: {answer:#?}");
        answer.problem(404, "not_found");
    }
    // No route, and no text either: which of the two is said first is all the same.
    let odd = client.get("/%ff").await;
    assert!(
        ["not_found", "invalid_parameter"].contains(&odd.text_of("code").as_str()),
        "{odd:#?}"
    );
    odd.problem(odd.status, &odd.text_of("code"));
    for (method, path, allow) in [
        ("GET", "/auth/register", "POST"),
        ("PUT", "/auth/login", "POST"),
        ("DELETE", "/auth/refresh", "POST"),
        ("GET", "/auth/password/reset", "POST"),
        ("POST", "/auth/me", "DELETE, GET, HEAD, PATCH"),
        ("PATCH", "/auth/sessions", "GET, HEAD"),
        ("POST", "/health", "GET, HEAD"),
        ("DELETE", "/health/live", "GET, HEAD"),
        ("POST", "/.well-known/jwks.json", "GET, HEAD"),
        ("POST", "/openapi.json", "GET, HEAD"),
        ("POST", "/docs", "GET, HEAD"),
        ("POST", "/", "GET, HEAD"),
        ("TRACE", "/auth/me", "DELETE, GET, HEAD, PATCH"),
        ("BREW", "/auth/me", "DELETE, GET, HEAD, PATCH"),
    ] {
        let verb = Method::from_bytes(method.as_bytes()).unwrap();
        let answer = client.call(verb, path, |request| request).await;
        assert_eq!(answer.status, 405, "{method} {path}: {answer:#?}");
        answer.problem(405, "method_not_allowed");
        let mut allowed: Vec<_> = answer.header("allow").split(',').map(str::trim).collect();
        allowed.sort_unstable();
        // HEAD may go without saying where GET is.
        let full: Vec<_> = allow.split(", ").collect();
        let without: Vec<_> = full
            .iter()
            .copied()
            .filter(|name| *name != "HEAD")
            .collect();
        assert!(
            allowed == full || allowed == without,
            "{method} {path}: {allowed:?}"
        );
    }
    for (method, path) in [
        (Method::GET, "/auth/me"),
        (Method::DELETE, "/auth/me"),
        (Method::GET, "/auth/sessions"),
        (Method::POST, "/auth/logout"),
        (Method::POST, "/auth/logout-all"),
        (Method::POST, "/auth/password"),
        (Method::GET, "/auth/verify"),
    ] {
        let request = client.call(method, path, |request| request.json(&json!({})));
        request.await.problem(401, "missing_token");
    }
}
