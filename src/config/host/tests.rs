//! Unit tests of `host`.

use super::*;
use proptest::prelude::*;

#[test]
fn names_and_addresses_are_hosts() {
    for (text, name, port) in [
        ("auth.example.com", "auth.example.com", None),
        ("auth.example.com.", "auth.example.com.", None),
        ("a_b-c:8443", "a_b-c", Some(8443)),
        ("127.0.0.1:80", "127.0.0.1", Some(80)),
        ("1.0xg", "1.0xg", None),
        ("[::1]:8000", "[::1]", Some(8000)),
        ("[2001:db8::1]", "[2001:db8::1]", None),
    ] {
        let host = HostPort::parse(text).unwrap();
        assert_eq!((host.name(), host.port()), (name, port));
    }
    let upper = HostPort::parse("Auth.Example.COM.:8443").unwrap();
    assert_eq!(upper.to_string(), "auth.example.com:8443");
}

#[test]
fn other_text_is_not_a_host() {
    for text in [
        "",
        ".",
        "..",
        ".a",
        "a..b",
        "a:",
        "a:0",
        "a:+1",
        "a:65536",
        "a:000001",
        ":80",
        "::1",
        "[::1",
        "::1]",
        "[]",
        "[::1%1]",
        "[v1.x]",
        "[127.0.0.1]",
        "a b",
        "a,b",
        "a;b",
        "a=b",
        "a%41",
        "a/b",
        "a\\b",
        "a@b",
        "u:p@a",
        "a?b",
        "a#b",
        "*.a",
        "2852039166",
        "0xa9fea9fe",
        "0XA9FEA9FE:80",
        "169.254.43518",
        "0251.254.169.254",
        "10.0.0.256",
        "10.0.0.",
        "ü",
        "a\tb",
    ] {
        assert_eq!(HostPort::parse(text), None, "{text:?}");
    }
}

#[test]
fn a_host_has_at_most_253_bytes_and_127_labels() {
    let longest = ["a"; 127].join(".");
    assert_eq!(longest.len(), MAX_HOST_BYTES);
    assert!(HostPort::parse(&longest).is_some());
    assert!(HostPort::parse(&format!("{longest}.:65535")).is_some());
    for longer in [
        format!("{longest}.a"),
        "a".repeat(64),
        vec!["a"; 7_900].join("."),
    ] {
        assert_eq!(HostPort::parse(&longer), None);
    }
}

#[test]
fn a_port_that_is_not_written_is_the_usual_one() {
    let same = |a: &str, b: &str| {
        let (a, b) = (HostPort::parse(a).unwrap(), HostPort::parse(b).unwrap());
        a.is_same(&b, 443) && b.is_same(&a, 443)
    };
    assert!(same("app.example.com", "App.Example.com.:443"));
    assert!(same("[::1]:443", "[::1]") && same("a:8443", "a:8443"));
    assert!(!same("a", "a:80") && !same("a:8443", "a") && !same("a", "b"));
}

#[test]
fn this_machine_is_known_by_its_names() {
    let is_loopback = |text: &str| HostPort::parse(text).unwrap().is_loopback();
    for text in [
        "localhost",
        "LOCALHOST:8000",
        "127.0.0.1",
        "127.9.9.9:1",
        "[::1]:8000",
    ] {
        assert!(is_loopback(text), "{text}");
    }
    for text in [
        "localhost.evil.org",
        "127.0.0.1.evil.org",
        "10.0.0.1",
        "[::2]",
    ] {
        assert!(!is_loopback(text), "{text}");
    }
}

proptest! {
    #[test]
    fn a_host_is_short_and_needs_no_escape(text in "[a-zA-Z0-9.:\\[\\]_%;,@ -]{0,300}") {
        if let Some(host) = HostPort::parse(&text) {
            prop_assert!(host.name().len() <= MAX_HOST_BYTES + 1);
            let again = host.to_string();
            prop_assert_eq!(HostPort::parse(&again).unwrap().to_string(), again);
            let clean = |c: char| c.is_ascii_alphanumeric() || ".-_[]:".contains(c);
            prop_assert!(text.chars().all(clean));
        }
    }
}
