//! What aura answers to a gateway: tokens, cookies, roles, and the way to the sign-in page.

use reqwest::Method;

use crate::support::{Answer, Client, PASSWORD, Redis, Settings, Sqlite, Visitor, on_both_stores};

/// What a browser says that it wants.
pub(super) const HTML: (&str, &str) = ("accept", "text/html,application/xhtml+xml,*/*;q=0.8");

/// Where a browser signs in.
const SIGN_IN: &str =
    "https://auth.example.com/sign-in?next=https://app.example.com/a%2520b?x=1%26y=2";

/// What Caddy and Traefik tell of a request.
pub(super) const FORWARDED: [(&str, &str); 4] = [
    ("x-forwarded-method", "GET"),
    ("x-forwarded-proto", "https"),
    ("x-forwarded-host", "app.example.com"),
    ("x-forwarded-uri", "/a%20b?x=1&y=2"),
];

/// What nginx tells of a request.
const ORIGINAL: [(&str, &str); 2] = [
    ("x-original-method", "GET"),
    ("x-original-url", "https://app.example.com/a%20b?x=1&y=2"),
];

pub(super) fn settings() -> Settings {
    Settings::new()
        .set("AUTH_PUBLIC_URL", "https://auth.example.com")
        .set("AUTH_FORWARD_HOSTS", "app.example.com")
}

pub(super) async fn ask(client: &Client, path: &str, headers: &[(&str, &str)]) -> Answer {
    let call = client.call(Method::GET, path, |mut request| {
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request
    });
    call.await
}

/// `headers` with some set to another value, and some more.
pub(super) fn with<'a>(
    headers: &[(&'a str, &'a str)],
    other: &[(&'a str, &'a str)],
) -> Vec<(&'a str, &'a str)> {
    let kept = headers
        .iter()
        .filter(|(name, _)| !other.iter().any(|(known, _)| known == name));
    kept.chain(other).copied().collect()
}

/// `email` with `roles`, made from the command line.
pub(super) async fn create(settings: &Settings, email: &str, roles: &[&str]) {
    let mut arguments = vec!["user", "create", email, "--password-stdin"];
    for role in roles {
        arguments.extend(["--role", role]);
    }
    settings.done_with(&arguments, PASSWORD).await;
}

#[tokio::test]
async fn only_browsers_are_redirected_to_the_sign_in_page() {
    let aura = settings().start().await;
    let client = aura.client();
    for path in ["/auth/verify", "/auth/ext-authz/a%20b?x=1&y=2"] {
        let answer = ask(&client, path, &with(&FORWARDED, &[HTML])).await;
        assert_eq!(answer.is(302).header("location"), SIGN_IN);
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.text, "");
        let answer = ask(&client, path, &with(&ORIGINAL, &[HTML])).await;
        let answer = answer.problem(401, "missing_token");
        assert_eq!(answer.header("location"), SIGN_IN);
    }
    let plain = async |headers: &[(&str, &str)], code: &str| {
        let answer = ask(&client, "/auth/verify", headers).await;
        let answer = answer.problem(401, code);
        assert_eq!(answer.header("location"), "", "{headers:?}");
    };
    // Programs, and what a detour would lose.
    for headers in [FORWARDED.as_slice(), &ORIGINAL] {
        plain(headers, "missing_token").await;
        plain(&with(headers, &[("accept", "*/*")]), "missing_token").await;
        let json = ("accept", "application/json, text/htmlx");
        plain(&with(headers, &[json]), "missing_token").await;
        for method in ["POST", "DELETE", "get"] {
            let told = [
                HTML,
                ("x-forwarded-method", method),
                ("x-original-method", method),
            ];
            plain(&with(headers, &told), "missing_token").await;
        }
        let basic = ("authorization", "Basic YTpi");
        plain(&with(headers, &[basic]), "missing_token").await;
        let bearer = ("authorization", "Bearer rubbish");
        plain(&with(headers, &[HTML, bearer]), "invalid_token").await;
    }
    // Hosts that are not listed, and what is no address.
    for (name, value) in [
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-host", "app.example.com.evil.example"),
        ("x-forwarded-host", "evil.example/app.example.com"),
        ("x-forwarded-host", "app.example.com@evil.example"),
        ("x-forwarded-host", "app.example.com:8443"),
        ("x-forwarded-uri", "@evil.example/"),
        ("x-forwarded-uri", ".evil.example/"),
        ("x-forwarded-proto", "http"),
        ("x-forwarded-proto", "javascript"),
        ("x-original-url", "https://evil.example/"),
        ("x-original-url", "https://app.example.com@evil.example/"),
        ("x-original-url", "//evil.example/"),
        ("x-original-url", "/sign-out"),
        ("x-original-url", ""),
    ] {
        plain(&with(&FORWARDED, &[HTML, (name, value)]), "missing_token").await;
    }
    plain(&[HTML], "missing_token").await;
    plain(&with(&FORWARDED[..2], &[HTML]), "missing_token").await;
}

#[tokio::test]
async fn without_its_own_address_aura_sends_to_the_sign_in_page_of_the_same_host() {
    let settings = Settings::new().set("AUTH_FORWARD_HOSTS", "app.example.com");
    let aura = settings.start().await;
    let headers = with(&FORWARDED, &[HTML]);
    let answer = ask(&aura.client(), "/auth/verify", &headers).await;
    let relative = SIGN_IN.strip_prefix("https://auth.example.com");
    assert_eq!(answer.is(302).header("location"), relative.unwrap());
}

#[tokio::test]
async fn a_role_is_demanded_of_tokens_and_cookies_alike() {
    let file = Sqlite::new();
    let settings = settings().database(&file.url());
    settings.done(&["migrate"]).await;
    create(&settings, "ann@example.com", &["editor", "staff"]).await;
    let aura = settings.start().await;
    let client = aura.client();
    let token = client.signed_in("ann@example.com").await.access;
    let visitor = Visitor::new(aura.client());
    visitor.sign_in("ann@example.com").await;
    let (bearer, cookie) = (format!("Bearer {token}"), visitor.cookies());
    for credentials in [
        ("authorization", bearer.as_str()),
        ("cookie", cookie.as_str()),
    ] {
        for (query, status) in [
            ("", 200),
            ("?role=staff", 200),
            ("?role=staff&role=editor", 200),
            ("?role=staff&role=admin", 403),
            ("?role=staf", 403),
            ("?role=editor,staff", 403),
            ("?role=STAFF", 403),
            ("?role=", 403),
        ] {
            let path = format!("/auth/verify{query}");
            let answer = ask(&client, &path, &[credentials, HTML]).await;
            if status == 403 {
                answer.problem(403, "forbidden");
                assert!(!answer.headers.contains_key("x-auth-roles"), "{answer:#?}");
            } else {
                assert_eq!(answer.is(200).header("x-auth-roles"), "editor,staff");
                assert_eq!(answer.header("x-auth-email"), "ann@example.com");
            }
        }
        // Under Envoy's prefix the query is the original request's own.
        let path = "/auth/ext-authz/x?role=admin";
        ask(&client, path, &[credentials]).await.is(200);
    }
}

#[tokio::test]
async fn a_cookie_passes_until_its_session_ends_and_only_as_it_was_made() {
    on_both_stores(async |settings| {
        let settings = settings.set("AUTH_FORWARD_HOSTS", "app.example.com");
        let aura = settings.start().await;
        let client = aura.client();
        let session = client.newcomer().await;
        let visitor = Visitor::new(aura.client());
        visitor.sign_in(&session.email).await;
        let cookies = visitor.cookies();
        let mut cookies = cookies.split("; ");
        let cookie = cookies.find(|cookie| cookie.starts_with("aura_session="));
        let cookie = cookie.expect("a session").to_owned();
        let asked = with(&FORWARDED, &[HTML]);
        let good = with(&asked, &[("cookie", &cookie)]);
        let answer = ask(&client, "/auth/verify", &good).await;
        assert_eq!(answer.is(200).header("x-auth-email"), session.email);
        assert_eq!(answer.header("set-cookie"), "", "it is young: {answer:#?}");
        // What a neighbour has put beside it changes nothing.
        let beside = format!(
            "{cookie}; {name}=junk",
            name = cookie.split_once('=').unwrap().0
        );
        let beside = with(&asked, &[("cookie", &beside)]);
        ask(&client, "/auth/verify", &beside).await.is(200);

        let (name, value) = cookie.split_once('=').unwrap();
        let (id, tag) = value.split_once('.').unwrap();
        let stranger = session.claims()["sid"].as_str().unwrap().to_owned();
        for forged in [
            format!("{name}="),
            format!("{name}={id}"),
            format!("{name}={id}."),
            format!("{name}={id}.{}", tag.to_ascii_lowercase()),
            format!("{name}={stranger}.{tag}"),
            format!("{name}={value}x"),
            format!("x{cookie}"),
        ] {
            let headers = with(&asked, &[("cookie", &forged)]);
            let answer = ask(&client, "/auth/verify", &headers).await;
            assert_eq!(answer.status, 302, "{forged}: {answer:#?}");
        }
        visitor.sign_out().await.is(303);
        let answer = ask(&client, "/auth/verify", &good).await;
        assert!(answer.is(302).header("location").starts_with("/sign-in?"));
        for name in ["x-auth-user-id", "x-auth-email", "x-auth-roles"] {
            assert!(!answer.headers.contains_key(name), "{answer:#?}");
        }
    })
    .await;
}

#[tokio::test]
async fn while_redis_is_away_a_cookie_is_neither_good_nor_bad() {
    let Some(mut redis) = Redis::start().await else {
        return;
    };
    let aura = settings().redis(&redis).start().await;
    let client = aura.client();
    let session = client.newcomer().await;
    let visitor = Visitor::new(aura.client());
    visitor.sign_in(&session.email).await;
    let cookie = visitor.cookies();
    let asked = with(&FORWARDED, &[HTML, ("cookie", &cookie)]);
    ask(&client, "/auth/verify", &asked).await.is(200);
    redis.stop().await;
    let answer = ask(&client, "/auth/verify", &asked).await;
    answer.problem(503, "tokens_unavailable");
    assert_eq!(answer.header("location"), "", "{answer:#?}");
    // Who shows nothing is nobody, whatever is away.
    let nothing = with(&FORWARDED, &[HTML]);
    ask(&client, "/auth/verify", &nothing).await.is(302);
}
