//! Unit tests of `suggest`.

use proptest::prelude::*;

use super::*;

const KNOWN: [&str; 5] = ["REDIS_AUTH_DB", "REDIS_URL", "LOG_LEVEL", "PORT", "TOKEN"];

fn miss(name: &str) -> Option<&'static str> {
    near_miss(name, KNOWN.into_iter())
}

#[test]
fn two_edits_are_near_and_three_are_not() {
    assert_eq!(miss("REDIS_AUHT_DB"), Some("REDIS_AUTH_DB"));
    assert_eq!(miss("redis_auth_db"), Some("REDIS_AUTH_DB"));
    assert_eq!(miss("REDIS_URI"), Some("REDIS_URL"));
    assert_eq!(miss("LOGLEVEL"), Some("LOG_LEVEL"));
    assert_eq!(miss("LOG_LEVELS"), Some("LOG_LEVEL"));
    assert_eq!(miss("REDIS_AUTHORS"), None);
}

#[test]
fn short_and_common_names_are_left_alone() {
    for name in [
        "PATH", "SORT", "PORTS", "POST", "HOME", "TOKENIZE", "RUST_LOG", "MY_PORT",
    ] {
        assert_eq!(miss(name), None, "{name}");
    }
    assert_eq!(miss("TOKE"), None);
    assert_eq!(miss("TOKENS"), Some("TOKEN"));
}

#[test]
fn a_person_gets_a_broader_guess() {
    assert_eq!(
        nearest("redis_auth", KNOWN.into_iter()),
        Some("REDIS_AUTH_DB")
    );
    assert_eq!(
        nearest("replica", ["replicas"].into_iter()),
        Some("replicas")
    );
    assert_eq!(nearest("zzz", KNOWN.into_iter()), None);
}

proptest! {
    #[test]
    fn any_one_edit_of_a_long_name_is_found(at in 0..13_usize, letter in "[A-Z]") {
        let mut name: Vec<char> = "REDIS_AUTH_DB".chars().collect();
        name[at] = letter.chars().next().unwrap();
        let replaced: String = name.iter().collect();
        prop_assert_eq!(miss(&replaced), Some("REDIS_AUTH_DB"));
        name.remove(at);
        let removed: String = name.iter().collect();
        prop_assert_eq!(miss(&removed), Some("REDIS_AUTH_DB"));
    }
}
