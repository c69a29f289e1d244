//! Unit tests of `dns`.

use proptest::prelude::*;

use super::*;

#[test]
fn labels_are_of_rfc_1123() {
    for good in ["a", "0", "aura-staging", &"x".repeat(63)] {
        assert!(Label::try_from(good).is_ok(), "{good}");
    }
    for (wrong, why) in [
        ("", "empty"),
        ("Aura", "capital letters"),
        ("a_b", "characters other than"),
        ("a.b", "characters other than"),
        ("-a", "begins or ends"),
        ("a-", "begins or ends"),
        ("ä", "characters other than"),
        (&"x".repeat(64), "longer than 63"),
    ] {
        let error = Label::try_from(wrong).unwrap_err();
        assert!(error.contains(why), "{error}");
    }
}

#[test]
fn hosts_are_names_and_nothing_more() {
    for good in [
        "auth.example.com",
        "localhost",
        "xn--bcher-kva.example",
        "1.2.3.com",
    ] {
        assert!(Host::try_from(good).is_ok(), "{good}");
    }
    for (wrong, why) in [
        ("https://a.com", "scheme"),
        ("a.com/x", "path"),
        ("a.com:443", "port"),
        ("*.a.com", "wildcard"),
        ("10.0.0.1", "address"),
        ("a..com", "empty part"),
        ("a.com.", "ends in a dot"),
        ("A.com", "capital"),
        (&"a.".repeat(130), "longer than 253"),
    ] {
        let error = Host::try_from(wrong).unwrap_err();
        assert!(error.contains(why), "{error}");
    }
    let error = Host::try_from("https://u:canary@a.com").unwrap_err();
    assert!(!error.contains("canary"), "{error}");
}

proptest! {
    #[test]
    fn a_label_is_what_the_expression_says(text in "[a-zA-Z0-9.-]{0,6}") {
        let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        let expected = !text.is_empty()
            && text.starts_with(inner)
            && text.ends_with(inner)
            && text.chars().all(|c| inner(c) || c == '-');
        prop_assert_eq!(Label::try_from(text.as_str()).is_ok(), expected);
    }
}
