//! Unit tests of `redis`.

use super::*;

#[test]
fn urls_are_understood_without_being_shown() {
    for (url, address) in [
        ("redis://localhost:6379/0", "localhost:6379"),
        ("redis://cache", "cache"),
        ("rediss://user:canary@cache:6380/3?protocol=3", "cache:6380"),
        ("valkeys://:canary@[fd00::1]:6379", "[fd00::1]:6379"),
    ] {
        let url = RedisUrl::try_from(url.to_owned()).unwrap();
        assert_eq!(url.address(), address);
        assert!(!format!("{url:?}").contains("canary"));
    }
    assert!(RedisUrl("rediss://x".to_owned()).is_tls());
    assert!(!RedisUrl(RedisUrl::DEFAULT.to_owned()).is_tls());
    for wrong in [
        "localhost:6379",
        "http://localhost",
        "redis://",
        "redis://:6379",
        "redis://h:x",
        "redis://h:0",
        "redis://u:pa/ss@h:6379",
        "redis://u:pa#ss@h:6379",
        "redis://u:pa@ss@h:6379",
        "redis://u:6379/pa@h:6379",
        "redis://u:6379?pa@h:6379",
        "redis://u:pass@h:6379#insecure",
        "redis://h/name",
        "redis://h1,h2",
        "redis://u:p@h1:6379,h2:6379",
        "redis://h?timeout=1",
        "redis://h?protocol=9",
        "redis://0.0.0.0",
        "redis://h?sslrootcert=/ca.pem",
        "rediss://h?sslcert=/client.pem",
        "redis://h?protocol=2&protocol=3",
        "redis://u%00:p@h",
        "redis://u:p%0A@h",
        "redis://2852039166",
    ] {
        assert!(RedisUrl::try_from(wrong.to_owned()).is_err(), "{wrong}");
    }
}
