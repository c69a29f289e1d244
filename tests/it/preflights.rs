//! Proves what pages of other origins may send and read, and that a refusal says why.

use reqwest::Method;

use crate::support::{Answer, Aura, Settings};

/// Asks for permission to send a request with headers of these names.
async fn preflight(aura: &Aura, path: &str, origin: &str, method: &str, names: &str) -> Answer {
    let client = aura.client();
    let call = client.call(Method::OPTIONS, path, |request| {
        request
            .header("origin", origin)
            .header("access-control-request-method", method)
            .header("access-control-request-headers", names)
    });
    call.await
}

/// The only origin that may call.
const OURS: &str = "https://app.example.com";

#[tokio::test]
async fn a_page_of_an_allowed_origin_may_send_and_read_any_header() {
    let settings = Settings::new().set("SERVER_CORS_ALLOWED_ORIGINS", OURS);
    let aura = settings.start().await;
    let client = aura.client();
    let names = "authorization,baggage,content-type,sentry-trace,traceparent,tracestate,\
                 x-stainless-arch,x-stainless-retry-count";
    for (path, method) in [
        ("/auth/login", "POST"),
        ("/v1/chat/completions", "POST"),
        ("/v1/models/org/tiny", "GET"),
        // Not there: the answer says so, and which routes are.
        ("/v1/files", "POST"),
        ("/v1/files/file-1", "DELETE"),
        ("/auth/me", "DELETE"),
    ] {
        let answer = preflight(&aura, path, OURS, method, names).await;
        let allowed = answer.is(204).header("access-control-allow-headers");
        assert_eq!(allowed, names);
        assert_eq!(answer.header("access-control-allow-origin"), OURS);
        let methods = answer.header("access-control-allow-methods");
        assert!(
            methods.split(", ").any(|known| known == method),
            "{methods}"
        );
    }
    // Scripts may read every header of an answer.
    let answer = client.call(Method::GET, "/auth/me", |request| {
        request.header("origin", OURS)
    });
    let answer = answer.await;
    let exposed = answer
        .header("access-control-expose-headers")
        .to_lowercase();
    for name in [
        "*",
        "retry-after",
        "ratelimit",
        "x-request-id",
        "www-authenticate",
        "x-cache",
    ] {
        assert!(exposed.split(", ").any(|known| known == name), "{exposed}");
    }
}

#[tokio::test]
async fn a_refused_preflight_says_why_in_its_body_and_in_the_log() {
    let settings = Settings::new().set("SERVER_CORS_ALLOWED_ORIGINS", OURS);
    let aura = settings.start().await;
    let names_in_excess = "x-a,".repeat(3_000);
    for (path, origin, method, names, status, why) in [
        (
            "/auth/me",
            "https://evil.example",
            "GET",
            "x-a",
            403,
            "SERVER_CORS_ALLOWED_ORIGINS",
        ),
        (
            "/auth/token",
            "null",
            "GET",
            "x-a",
            403,
            "SERVER_CORS_ALLOWED_ORIGINS",
        ),
        (
            "/auth/login",
            OURS,
            "PUT",
            "x-a",
            403,
            "not the method \\\"PUT\\\"",
        ),
        (
            "/auth/login",
            OURS,
            "POST",
            "x a",
            403,
            "is not the name of a header",
        ),
        (
            "/auth/login",
            OURS,
            "POST",
            &names_in_excess,
            403,
            "more than 2048 bytes",
        ),
        (
            "/nowhere",
            OURS,
            "GET",
            "x-a",
            404,
            "nothing at this address",
        ),
    ] {
        let answer = preflight(&aura, path, origin, method, names).await;
        let text = &answer.is(status).text;
        assert!(text.contains(why), "{why}: {answer:#?}");
        assert!(answer.text.len() < 1_000, "{answer:#?}");
        for name in [
            "access-control-allow-methods",
            "access-control-allow-headers",
        ] {
            assert!(!answer.headers.contains_key(name), "{answer:#?}");
        }
        let listed = answer.header("access-control-allow-origin");
        assert_eq!(listed, if origin == OURS { OURS } else { "" });
        let id = answer.header("x-request-id");
        let log = aura.log();
        let told = |line: &&str| line.contains("preflight is refused") && line.contains(id);
        assert!(log.lines().any(|line| told(&line)), "{log}");
    }
    let log = aura.log();
    assert!(
        log.contains("https://evil.example") && log.contains("SERVER_CORS_ALLOWED_ORIGINS"),
        "{log}"
    );
}
