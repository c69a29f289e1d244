//! Unit tests of `auth`.

use super::*;

#[test]
fn hosts_are_names_with_or_without_a_port() {
    for (given, kept, name) in [
        ("App.Example.com", "app.example.com", "app.example.com"),
        (
            "app.example.com:8443",
            "app.example.com:8443",
            "app.example.com",
        ),
        ("localhost:8080", "localhost:8080", "localhost"),
        ("[::1]:8080", "[::1]:8080", "[::1]"),
        ("[::1]", "[::1]", "[::1]"),
    ] {
        let host = Host::try_from(given.to_owned()).unwrap();
        assert_eq!((host.as_str(), host.name()), (kept, name));
    }
    for wrong in [
        "",
        "*.a.com",
        "https://a.com",
        "a.com/x",
        "u@a.com",
        ".a.com",
        "a b",
        "a:0",
    ] {
        assert!(Host::try_from(wrong.to_owned()).is_err(), "{wrong}");
    }
}

#[test]
fn a_domain_holds_its_own_hosts_only() {
    let host = |text: &str| Host::try_from(text.to_owned()).unwrap();
    assert!(host("app.example.com:8443").is_within("example.com"));
    assert!(host("example.com").is_within("example.com"));
    assert!(!host("badexample.com").is_within("example.com"));
    assert!(!host("example.com.evil.org").is_within("example.com"));
    assert!(host("localhost").lacks_domain() && host("10.0.0.1:80").lacks_domain());
    assert!(!host("example.com").lacks_domain());
}
