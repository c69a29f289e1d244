//! Unit tests of `server`.

use super::*;

#[test]
fn origins_are_kept_as_browsers_send_them() {
    for (given, kept) in [
        ("https://App.Example.com", "https://app.example.com"),
        ("https://app.example.com:443", "https://app.example.com"),
        ("http://localhost:5173", "http://localhost:5173"),
        ("http://[::1]:3000", "http://[::1]:3000"),
        ("http://[::1]", "http://[::1]"),
        ("tauri://localhost", "tauri://localhost"),
    ] {
        assert_eq!(Origin::try_from(given.to_owned()).unwrap().as_str(), kept);
    }
    for wrong in [
        "*",
        "null",
        "app.example.com",
        "https://",
        "https://a.com/",
        "https://a.com/x",
        "https://a.com?x",
        "https://u@a.com",
        "https://a.com:0",
        "https://a.com:99999",
        "https://a b.com",
        "https://*.a.com",
        "https://::1",
        "://a.com",
    ] {
        assert!(Origin::try_from(wrong.to_owned()).is_err(), "{wrong}");
    }
}

#[test]
fn networks_take_lone_addresses() {
    let lone = Cidr::try_from("10.1.2.3".to_owned()).unwrap();
    assert_eq!(String::from(lone), "10.1.2.3/32");
    let net = Cidr::try_from("10.1.2.3/8".to_owned()).unwrap();
    assert!(net.contains(&"10.200.0.1".parse().unwrap()));
    assert!(Cidr::try_from("10.0.0.0/33".to_owned()).is_err());
}
