//! Unit tests of `next`.

use super::*;
use proptest::prelude::*;

fn hosts() -> NextHosts {
    NextHosts::new(vec![
        "app.example.com".to_owned(),
        "wiki.example.com:8443".to_owned(),
        "localhost:8080".to_owned(),
        "plain.example.com:443".to_owned(),
        "localhost".to_owned(),
        "127.0.0.1".to_owned(),
    ])
}

#[test]
fn paths_of_ours_and_listed_hosts_are_followed() {
    for good in [
        "/",
        "/users?q=a%20b#x",
        "/a//b",
        "https://app.example.com",
        "https://App.Example.com/x?y=https://evil.org",
        "https://wiki.example.com:8443/",
        "http://localhost:8080/x",
        "https://app.example.com:443/x",
        "https://app.example.com.:443/x#y",
        "https://plain.example.com/",
        "https://plain.example.com:443/",
        "http://localhost/",
        "http://127.0.0.1:80/",
    ] {
        assert_eq!(hosts().allowed(good), Some(good));
    }
}

#[test]
fn other_targets_are_refused() {
    for bad in [
        "",
        "//evil.org",
        "/\\evil.org",
        "\\/evil.org",
        "/\t/evil.org",
        "/\n/evil.org",
        " /",
        "users",
        "https:evil.org",
        "https:///evil.org",
        "https://evil.org",
        "https://evil.org/app.example.com",
        "https://app.example.com.evil.org",
        "https://app.example.com@evil.org",
        "https://evil.org@app.example.com",
        "https://app.example.com:444",
        "https://app.example.com:80",
        "https://app.example.com:443:443",
        "https://app.example.com:",
        "https://app.example.com:443@evil.org",
        "https://evil.org:443@app.example.com",
        "https://wiki.example.com",
        "https://wiki.example.com:443",
        "https://plain.example.com:80",
        "http://app.example.com:443",
        "http://localhost:443",
        "HTTPS://app.example.com",
        "https:/app.example.com",
        "https:\\\\app.example.com",
        "https://app\u{3002}example.com",
        "https://\u{ff41}pp.example.com",
        "https://app.example.com\u{2215}evil.org",
        "https://app.example.com%2fevil.org",
        "https://app.example.com;@evil.org",
        "https://app.example.com\t.evil.org",
        "https://app.example.com\r\n",
        "\u{feff}https://app.example.com",
        "https://evil.org\\@app.example.com",
        "https://evil.org#@app.example.com",
        "http://app.example.com",
        "javascript:alert(1)",
        "javascript://app.example.com/%0aalert(1)",
        "data:text/html,x",
        "/ü",
    ] {
        assert_eq!(hosts().allowed(bad), None, "{bad:?}");
    }
    assert_eq!(
        hosts().allowed(&format!("/{}", "x".repeat(MAX_NEXT_BYTES))),
        None
    );
}

#[test]
fn an_address_of_eight_kibibytes_is_followed_and_a_longer_one_is_known() {
    let address = |length: usize| {
        let start = "https://app.example.com/";
        format!("{start}{}", "x".repeat(length - start.len()))
    };
    let (longest, longer) = (address(MAX_NEXT_BYTES), address(MAX_NEXT_BYTES + 1));
    assert_eq!(hosts().allowed(&longest), Some(longest.as_str()));
    assert_eq!(hosts().allowed(&longer), None);
    assert!(
        hosts()
            .allowed(&format!("/{}", "%2F".repeat(2_700)))
            .is_some()
    );
    assert_eq!(hosts().allowed(&format!("/{}", "&".repeat(8_000))), None);
    assert!(hosts().has(&longer) && !hosts().has("/x"));
}

proptest! {
    #[test]
    fn a_value_in_a_query_comes_back(address in ".{0,60}") {
        let query = format!("a=b&next={}&c=d", in_query(&address));
        let pairs: Vec<(String, String)> = serde_urlencoded::from_str(&query).unwrap();
        prop_assert_eq!(pairs.len(), 3);
        prop_assert_eq!(&pairs[1].1, &address);
        prop_assert!(query.is_ascii() && !query.contains(['#', ' ', '\\']));
    }


    #[test]
    fn what_is_followed_starts_with_one_slash_or_a_listed_host(next in "[/\\\\htps:.@a-z0-9#?\t -]{0,40}") {
        if let Some(followed) = hosts().allowed(&next) {
            prop_assert!(followed.starts_with('/') && !followed.starts_with("//"));
            prop_assert!(!followed.contains('\\'));
        }
    }
}
