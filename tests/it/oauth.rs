//! Proves that OAuth clients can sign in and stay in at the token endpoint, and are refused in the
//! words of RFC 6749.

use std::time::Duration;

use reqwest::Method;

use crate::support::{Answer, Client, PASSWORD, Settings};

const FORM: &str = "application/x-www-form-urlencoded";

async fn raw_form(client: &Client, path: &str, content_type: &str, body: &[u8]) -> Answer {
    client
        .call(Method::POST, path, |request| {
            let request = request.body(body.to_vec());
            match content_type {
                "" => request,
                given => request.header("content-type", given),
            }
        })
        .await
}

#[tokio::test]
async fn the_token_endpoint_takes_a_password_and_a_refresh_token() {
    let aura = Settings::new().start().await;
    let client = aura.client();
    let email = client.newcomer().await.email;
    let by_password = [
        ("grant_type", "password"),
        ("username", &email),
        ("password", PASSWORD),
    ];
    let pair = client.form("/auth/token", &by_password).await;
    let content_type = pair.is(200).header("content-type");
    assert!(content_type.starts_with("application/json"), "{pair:#?}");
    assert!(
        pair.header("cache-control").contains("no-store"),
        "{pair:#?}"
    );
    assert_eq!(pair.text_of("token_type"), "Bearer");
    assert_eq!(pair.json["expires_in"], 30 * 60);
    client.me(&pair.text_of("access_token")).await.is(200);

    let refresh = pair.text_of("refresh_token");
    let by_refresh = [
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh.as_str()),
    ];
    let next = client.form("/auth/token", &by_refresh).await;
    client
        .me(&next.is(200).text_of("access_token"))
        .await
        .is(200);
    // The twin of /auth/refresh: a race gives the same pair there.
    let same = client.refresh(&refresh).await;
    assert_eq!(
        same.is(200).text_of("refresh_token"),
        next.text_of("refresh_token")
    );

    // What it does not know is ignored, and so are a client's own credentials.
    let more = [
        by_password.as_slice(),
        &[("scope", "a b"), ("client_id", "x"), ("whatever", "")],
    ];
    client.form("/auth/token", &more.concat()).await.is(200);
    let with_basic = client.call(Method::POST, "/auth/token", |request| {
        request
            .basic_auth("anybody", Some("anything"))
            .form(&by_password)
    });
    with_basic.await.is(200);
    let charset = format!("{FORM}; charset=UTF-8");
    let body = format!("grant_type=password&username={email}&password={PASSWORD}");
    raw_form(&client, "/auth/token", &charset, body.as_bytes())
        .await
        .is(200);
}

#[tokio::test]
async fn the_token_endpoint_refuses_in_the_words_of_its_rfc() {
    let aura = Settings::new().start().await;
    let client = aura.client();
    let session = client.newcomer().await;
    let email = session.email.as_str();
    let user = |password| {
        vec![
            ("grant_type", "password"),
            ("username", email),
            ("password", password),
        ]
    };
    let grant = |grant| vec![("grant_type", grant)];
    for (fields, error) in [
        (vec![], "invalid_request"),
        (grant(""), "invalid_request"),
        (grant("password"), "invalid_request"),
        (grant("refresh_token"), "invalid_request"),
        (
            vec![("grant_type", "password"), ("username", email)],
            "invalid_request",
        ),
        (grant("client_credentials"), "unsupported_grant_type"),
        (grant("authorization_code"), "unsupported_grant_type"),
        (grant("PASSWORD"), "unsupported_grant_type"),
        (user("not-the-Password-7"), "invalid_grant"),
        (
            vec![
                ("grant_type", "password"),
                ("username", "x@y.example"),
                ("password", PASSWORD),
            ],
            "invalid_grant",
        ),
        (
            vec![
                ("grant_type", "refresh_token"),
                ("refresh_token", "rubbish"),
            ],
            "invalid_grant",
        ),
        (
            vec![
                ("grant_type", "refresh_token"),
                ("refresh_token", &session.access),
            ],
            "invalid_grant",
        ),
        (
            [user(PASSWORD), vec![("password", PASSWORD)]].concat(),
            "invalid_request",
        ),
        (
            [user(PASSWORD), grant("password")].concat(),
            "invalid_request",
        ),
        (user("a\0b"), "invalid_request"),
    ] {
        client
            .form("/auth/token", &fields)
            .await
            .oauth_error(400, error);
    }
}

#[tokio::test]
async fn the_token_endpoint_takes_one_form_of_utf_8_by_post_and_nothing_else() {
    let aura = Settings::new().start().await;
    let client = aura.client();
    let long = format!("grant_type=password&username={}", "a".repeat(70_000));
    for (content_type, body, status) in [
        (
            FORM,
            b"grant_type=password&username=%FF&password=x".as_slice(),
            400,
        ),
        (FORM, b"grant_type=password&username=\xff&password=x", 400),
        (FORM, b"\0\0\0", 400),
        (FORM, long.as_bytes(), 413),
        ("application/json", b"{\"grant_type\":\"password\"}", 415),
        ("multipart/form-data; boundary=x", b"--x--", 415),
        ("text/plain", b"grant_type=password", 415),
        ("", b"grant_type=password", 415),
    ] {
        let answer = raw_form(&client, "/auth/token", content_type, body).await;
        answer.oauth_error(status, "invalid_request");
    }
    let get = client.get("/auth/token").await;
    assert_eq!(get.is(405).header("allow"), "POST", "{get:#?}");
}

#[tokio::test]
async fn a_form_of_two_thousand_parameters_is_read_in_no_time() {
    let aura = Settings::new().start().await;
    let client = aura.client();
    let digit = |number: u32| char::from_digit(number % 32, 32).expect("a digit");
    let name = |n: u32| [digit(n / 1024), digit(n / 32), digit(n)];
    let names: Vec<String> = (0..2_000).map(|n| name(n).iter().collect()).collect();
    let body = names.join("&");
    assert!(body.len() < 8_192);
    let answer = raw_form(&client, "/auth/token", FORM, body.as_bytes()).await;
    answer.oauth_error(400, "invalid_request");
    answer.within(Duration::from_millis(500));
}
