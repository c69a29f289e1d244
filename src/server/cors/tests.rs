//! Unit tests of `cors`.

use super::*;
use crate::http::context::RequestId;

fn context(headers: &HeaderMap) -> Context {
    Context::new(
        RequestId::of(headers),
        "198.51.100.7".parse().unwrap(),
        headers,
    )
}

fn ask(origin: &str, wanted: &str, names: &str, allowed: Option<&str>) -> Response {
    let cors = Cors::new(["https://app.example.com"].into_iter());
    let mut headers = HeaderMap::new();
    for (name, value) in [
        (header::ORIGIN, origin),
        (header::ACCESS_CONTROL_REQUEST_METHOD, wanted),
        (header::ACCESS_CONTROL_REQUEST_HEADERS, names),
    ] {
        headers.insert(name, value.parse().unwrap());
    }
    let context = context(&headers);
    cors.preflight(&headers, allowed, &context).unwrap()
}

#[test]
fn an_allowed_origin_may_name_any_header() {
    let names = "authorization,traceparent, baggage,sentry-trace,x-stainless-lang";
    for wanted in ["GET", "DELETE"] {
        let answer = ask("https://app.example.com", wanted, names, Some("DELETE"));
        assert_eq!(answer.status(), StatusCode::NO_CONTENT);
        let allowed = answer.headers().get(header::ACCESS_CONTROL_ALLOW_HEADERS);
        assert_eq!(allowed.unwrap(), names);
    }
}

#[test]
fn other_origins_are_refused() {
    let long = "x-a,".repeat(600);
    for (origin, wanted, names, allowed, status) in [
        ("https://evil.example", "GET", "x-a", Some("GET"), 403),
        (
            "https://app.example.com.evil.example",
            "GET",
            "x-a",
            Some("GET"),
            403,
        ),
        ("null", "GET", "x-a", Some("GET"), 403),
        ("https://app.example.com", "PUT", "x-a", Some("GET"), 403),
        ("https://app.example.com", "GET", "x a", Some("GET"), 403),
        (
            "https://app.example.com",
            "GET",
            "x-a,,x-b",
            Some("GET"),
            403,
        ),
        ("https://app.example.com", "GET", &long, Some("GET"), 403),
        ("https://app.example.com", "GET", "x-a", None, 404),
    ] {
        let answer = ask(origin, wanted, names, allowed);
        assert_eq!(
            answer.status().as_u16(),
            status,
            "{origin} {wanted} {names}"
        );
        let allowed = answer.headers().get(header::ACCESS_CONTROL_ALLOW_HEADERS);
        assert!(allowed.is_none());
    }
}

#[test]
fn other_requests_are_not_preflights() {
    let cors = Cors::new(std::iter::empty());
    let mut headers = HeaderMap::new();
    let context = context(&headers);
    let refused = |headers: &HeaderMap| {
        let answer = cors.preflight(headers, Some("GET"), &context);
        answer.map(|answer| answer.status())
    };
    assert_eq!(refused(&headers), None);
    headers.insert(header::ORIGIN, "https://a.example".parse().unwrap());
    assert_eq!(refused(&headers), None);
    let name = header::ACCESS_CONTROL_REQUEST_METHOD;
    headers.insert(name, "GET".parse().unwrap());
    assert_eq!(refused(&headers), Some(StatusCode::FORBIDDEN));
}
