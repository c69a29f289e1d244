//! Unit tests of `same_site`.

use super::*;

#[test]
fn the_usual_port_makes_no_other_site() {
    for (host, origin, good) in [
        ("auth.example.com:443", "https://auth.example.com", true),
        ("auth.example.com:80", "http://auth.example.com", true),
        (
            "auth.example.com:8443",
            "https://auth.example.com:8443",
            true,
        ),
        ("auth.example.com:8443", "https://auth.example.com", false),
        ("auth.example.com", "https://auth.example.com:8443", false),
    ] {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, host.parse().unwrap());
        headers.insert(header::ORIGIN, origin.parse().unwrap());
        assert_eq!(
            refuse_other_sites(&headers).is_ok(),
            good,
            "{host} {origin}"
        );
    }
}

#[test]
fn only_pages_of_ours_may_send_forms() {
    for (site, origin, good) in [
        (Some("same-origin"), None, true),
        (Some("none"), None, true),
        (Some("same-site"), None, false),
        (Some("cross-site"), None, false),
        // What the browser says of itself counts more.
        (Some("cross-site"), Some("https://auth.example.com"), false),
        (None, Some("https://auth.example.com"), true),
        (None, Some("https://auth.example.com.evil.org"), false),
        (None, Some("null"), false),
        (None, None, true),
    ] {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, "auth.example.com".parse().unwrap());
        if let Some(site) = site {
            headers.insert(FETCH_SITE, site.parse().unwrap());
        }
        if let Some(origin) = origin {
            headers.insert(header::ORIGIN, origin.parse().unwrap());
        }
        assert_eq!(
            refuse_other_sites(&headers).is_ok(),
            good,
            "{site:?} {origin:?}"
        );
    }
}
