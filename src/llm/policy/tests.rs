//! Unit tests of `policy`.

use super::*;

fn policy(lines: &[&str], deterministic: bool) -> Policy {
    let mut headers = HeaderMap::new();
    for line in lines {
        headers.append(header::CACHE_CONTROL, line.parse().unwrap());
    }
    Policy::of(&headers, deterministic, CacheRequests::Deterministic)
}

#[test]
fn a_request_is_cached_when_its_answer_should_not_vary_or_it_asks() {
    assert!(policy(&[], true).takes(i64::MAX));
    assert_eq!(policy(&[], false), Policy::BYPASS);
    let asked = policy(&["max-age=10"], false);
    assert!(asked.store && asked.takes(9_999) && !asked.takes(10_000));
    let all = Policy::of(&HeaderMap::new(), false, CacheRequests::All);
    assert!(all.store && all.read);
}

#[test]
fn cache_control_is_obeyed() {
    for line in ["no-store", "No-Store, max-age=60", "private,no-store"] {
        assert_eq!(policy(&[line], true), Policy::BYPASS, "{line}");
    }
    assert_eq!(policy(&["max-age=60", "no-store"], true), Policy::BYPASS);
    for line in [
        "no-cache",
        "max-age=0",
        "max-age=x",
        "max-age=",
        "max-age=-1",
    ] {
        let policy = policy(&[line], true);
        assert!(policy.store && !policy.takes(0), "{line}");
    }
    assert!(!policy(&["max-age=x"], false).store);
    assert!(policy(&["max-age=99999999999999999999"], true).takes(1 << 60));
    assert!(!policy(&["max-age=9, max-age=\"5\""], true).takes(5_000));
    assert!(policy(&["only-if-cached"], true).only_if_cached);
    assert!(policy(&["only-if-cached"], false).only_if_cached);
}
