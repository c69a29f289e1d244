//! The head of a request: hosts that are none or several, two lengths of one body, and headers that
//! make an answer grow.

use std::time::Duration;

use crate::support::{
    Aura, PASSWORD, PATIENCE, Raw, RawAnswer, Settings, Sqlite, Visitor, eventually,
};

const LIMIT: Duration = Duration::from_secs(10);

/// Most bytes of an answer whose size a client has no business with, and the page of a form.
const SMALL: usize = 2_000;
const PAGE: usize = 20_000;

/// Most bytes of a page that carries the address to go on to, which may have 8 KiB itself.
const LEADS_ON: usize = 45_000;

/// A head with a host and some more lines.
fn head(target: &str, host: &str, lines: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n{lines}\r\n")
}

async fn ask(aura: &Aura, request: &str) -> RawAnswer {
    let mut raw = Raw::connect(aura.address()).await;
    raw.send(request).await;
    raw.answer(LIMIT).await.expect("an answer")
}

fn set_cookies(answer: &RawAnswer) -> usize {
    let head = answer.head.to_ascii_lowercase();
    head.matches("\r\nset-cookie:").count()
}

#[tokio::test]
async fn a_host_of_thousands_of_labels_gets_a_small_answer() {
    let settings = Settings::new().set("AUTH_COOKIE_DOMAIN", "example.com");
    let aura = settings.start().await;
    let cookie = "Accept: text/html\r\nCookie: __Host-aura_session=x; __Secure-aura_session=x\r\n";
    let endless = vec!["a"; 7_900].join(".");
    for host in [
        endless.clone(),
        format!("{endless}.example.com"),
        "a".repeat(254),
    ] {
        let answer = ask(&aura, &head("/", &host, cookie)).await;
        answer.problem(400, "invalid_request");
        assert!(answer.size() < SMALL, "{} bytes", answer.size());
        assert_eq!(set_cookies(&answer), 0, "{answer:#?}");
    }
    // As long as a host may be: what is taken back is what can have been set.
    let longest = format!("{}.example.com", ["a"; 121].join("."));
    assert_eq!(longest.len(), 253);
    for host in ["auth.example.com", &longest] {
        let answer = ask(&aura, &head("/", host, cookie)).await;
        assert_eq!(answer.status, 303, "{answer:#?}");
        assert!((1..=6).contains(&set_cookies(&answer)), "{answer:#?}");
        assert!(answer.size() < SMALL, "{} bytes", answer.size());
    }
}

#[tokio::test]
async fn a_request_that_does_not_name_one_host_is_refused() {
    let aura = Settings::new().start().await;
    let live = |lines: &str| format!("GET /health/live HTTP/1.1\r\n{lines}\r\n");
    for refused in [
        live(""),
        live("Host: a.example\r\nHost: b.example\r\n"),
        live("Host: a.example\r\nhost: a.example\r\n"),
        live("Host:\r\n"),
        live("Host: a.example, b.example\r\n"),
        live("Host: a.example;Path=/\r\n"),
        live("Host: user@a.example\r\n"),
        live("Host: a.example/x\r\n"),
        live("Host: a..example\r\n"),
        live("Host: a.example:0\r\n"),
        live("Host: a.example:65536\r\n"),
        live("Host: [::1\r\n"),
        "GET http://b.example/health/live HTTP/1.1\r\nHost: a.example\r\n\r\n".to_owned(),
        "GET http://a.example:81/health/live HTTP/1.1\r\nHost: a.example\r\n\r\n".to_owned(),
        "GET http://u@a.example/health/live HTTP/1.1\r\nHost: a.example\r\n\r\n".to_owned(),
        "CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n".to_owned(),
        "GET /health/live HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n".to_owned(),
    ] {
        let answer = ask(&aura, &refused).await;
        answer.problem(400, "invalid_request");
    }
    for taken in [
        live("Host: a.example\r\n"),
        live("Host: A.Example.:8443\r\n"),
        live("Host: [2001:db8::1]:8000\r\n"),
        "GET http://a.example/health/live HTTP/1.1\r\nHost: A.example\r\n\r\n".to_owned(),
        "GET /health/live HTTP/1.0\r\n\r\n".to_owned(),
    ] {
        let answer = ask(&aura, &taken).await;
        assert_eq!(answer.status, 200, "{taken:?}: {answer:#?}");
    }
}

#[tokio::test]
async fn a_body_with_two_lengths_is_refused_and_the_connection_ends() {
    let aura = Settings::new().start().await;
    let post = "POST /auth/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n";
    let hidden = head("/health/live", "a", "");
    for lines in [
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        "transfer-encoding:chunked\r\nX: y\r\ncontent-length:   99999\r\n",
    ] {
        // Behind a good request, and before one that a proxy would take for a part of the body.
        for before in [String::new(), hidden.clone()] {
            let mut raw = Raw::connect(aura.address()).await;
            raw.send(format!("{before}{post}{lines}\r\n0\r\n\r\n{hidden}"))
                .await;
            if !before.is_empty() {
                assert_eq!(raw.answer(LIMIT).await.unwrap().status, 200);
            }
            let answer = raw.answer(LIMIT).await.expect("an answer");
            answer.problem(400, "invalid_request");
            raw.closed_within(LIMIT).await;
            assert_eq!(raw.rest(), "", "nothing behind it is answered");
        }
    }
    // Chunks by themselves are taken, whatever stands in them, and the connection goes on.
    let mut raw = Raw::connect(aura.address()).await;
    let chunk = "14\r\n\ncontent-length: 5\n\n\r\n0\r\nX: y\r\n\r\n";
    for _ in 0..3 {
        raw.send(format!("{post}Transfer-Encoding: chunked\r\n\r\n{chunk}"))
            .await;
        let answer = raw.answer(LIMIT).await.expect("an answer");
        answer.problem(400, "malformed_body");
    }
}

/// A server with everything that could be repeated in an answer.
async fn talkative(file: &Sqlite) -> (Settings, Aura) {
    let settings = Settings::new()
        .database(&file.url())
        .set("AUTH_FORWARD_HOSTS", "app.example.com")
        .set("SERVER_CORS_ALLOWED_ORIGINS", "https://app.example.com")
        .set("SERVER_TRUSTED_PROXIES", "127.0.0.0/8");
    settings.done(&["migrate"]).await;
    let aura = settings.start().await;
    (settings, aura)
}

#[tokio::test]
async fn no_answer_grows_with_a_header() {
    let file = Sqlite::new();
    let (_, aura) = talkative(&file).await;
    for (name, piece) in [
        ("Cookie", "aura_session=x; "),
        ("Cookie", "__Host-aura_form=x; "),
        ("X-Forwarded-For", "198.51.100.7, "),
        ("X-Forwarded-Host", "app.example.com"),
        ("X-Original-URL", "https://app.example.com/"),
        ("Forwarded", "for=198.51.100.7, "),
        ("Accept", "text/html, "),
        ("Accept-Language", "de, "),
        ("Accept-Encoding", "x, "),
        ("If-None-Match", "\"x\", "),
        ("Cache-Control", "no-cache, "),
        ("Origin", "https://a.example"),
        ("Access-Control-Request-Headers", "x-a, "),
        ("X-Request-Id", "a"),
        ("User-Agent", "a"),
        ("Referer", "https://a.example/"),
        ("Authorization", "Bearer a"),
    ] {
        let line = format!("{name}: {}\r\n", piece.repeat(12_000 / piece.len()));
        for path in [
            "/sign-in",
            "/nowhere",
            "/auth/verify",
            "/auth/me",
            "/health/live",
            "/",
        ] {
            let answer = ask(&aura, &head(path, "a.example", &line)).await;
            assert!(
                answer.size() < 2 * SMALL,
                "{name} of {path}: {}",
                answer.size()
            );
        }
    }
}

/// Addresses that end in a value of a client's own, with the most bytes that the answer may have.
const REPEATING: [(&str, usize); 17] = [
    ("/sign-in?next=/", LEADS_ON),
    ("/register?next=/", LEADS_ON),
    ("/sign-in?rd=/", LEADS_ON),
    ("/sign-out?next=/", LEADS_ON),
    ("/reset?token=", PAGE),
    ("/users?q=", PAGE),
    ("/users?after=", PAGE),
    ("/audit?actor=", PAGE),
    ("/audit?action=", PAGE),
    ("/account?done=", PAGE),
    ("/auth/verify?role=", PAGE),
    ("/auth/verify/?role=", PAGE),
    ("/", PAGE),
    ("//", PAGE),
    ("/users/", PAGE),
    ("/docs/", PAGE),
    ("/admin/users?q=", PAGE),
];

#[tokio::test]
async fn no_answer_grows_with_an_address() {
    let file = Sqlite::new();
    let (settings, aura) = talkative(&file).await;
    let create = [
        "user",
        "create",
        "root@example.com",
        "--role",
        "admin",
        "--password-stdin",
    ];
    settings.done_with(&create, PASSWORD).await;
    let root = Visitor::new(aura.client());
    root.sign_in("root@example.com").await;
    let cookie = root.cookies();
    let html = format!("Accept: text/html\r\nCookie: {cookie}\r\n");
    // Also where each byte has to be escaped.
    for piece in ["a", "%2F", "%22", "%F0%9F%92%A3"] {
        let long = piece.repeat(12_000 / piece.len());
        for (path, most) in REPEATING {
            for lines in ["Accept: text/html\r\n", html.as_str(), "Accept: */*\r\n"] {
                let target = format!("{path}{long}");
                let answer = ask(&aura, &head(&target, "localhost", lines)).await;
                assert!(
                    answer.size() < most,
                    "{path}{piece}…: {} bytes",
                    answer.size()
                );
            }
        }
    }
}

#[tokio::test]
async fn a_head_above_the_limit_is_refused_and_logged() {
    let bytes = |head: &str, length: usize| {
        let start = head.trim_end_matches("\r\n").to_owned() + "\r\nCookie: a=";
        let fill = length - start.len() - 4;
        format!("{start}{}\r\n\r\n", "x".repeat(fill))
    };
    for limit in [16_384, 32_768, 65_536] {
        let settings = Settings::new().set("SERVER_MAX_HEADER_BYTES", limit);
        let aura = settings.start().await;
        let live = head("/health/live", "a.example", "");
        let answer = ask(&aura, &bytes(&live, limit - 1)).await;
        assert_eq!(answer.status, 200, "{limit}: {answer:#?}");
        assert!(!aura.log().contains("status=431"));
        let answer = ask(&aura, &bytes(&live, limit + 1)).await;
        assert_eq!(answer.status, 431, "{limit}: {answer:#?}");
        let fields = "X: y\r\n".repeat(65);
        let answer = ask(&aura, &head("/health/live", "a.example", &fields)).await;
        assert_eq!(answer.status, 431, "{limit}: {answer:#?}");
        let parts = [
            "SERVER_MAX_HEADER_BYTES",
            "status=431",
            "client=127.0.0.1",
            "WARN",
        ];
        let told = |line: &&str| parts.iter().all(|part| line.contains(part));
        eventually(PATIENCE, "two lines of the log", async || {
            (aura.log().lines().filter(told).count() == 2).then_some(())
        })
        .await;
        let answer = ask(&aura, "\x16\x03\x01\x02\x00 not of HTTP\r\n\r\n").await;
        assert_eq!(answer.status, 400, "{answer:#?}");
        eventually(PATIENCE, "a line of the log", async || {
            aura.log().contains("not HTTP/1.1").then_some(())
        })
        .await;
        assert!(!aura.log().contains("not of HTTP"));
    }
}
