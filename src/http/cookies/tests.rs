//! Unit tests of `cookies`.

use super::*;

fn request(host: &str, cookies: &[&str]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(header::HOST, host.parse().unwrap());
    for line in cookies {
        headers.append(header::COOKIE, line.parse().unwrap());
    }
    headers
}

#[test]
fn the_prefix_of_the_name_tells_which_hosts_can_set_it() {
    let host_only = CookieRules::default();
    let shared = CookieRules::new(Some("example.com".to_owned()), false);
    let set = |rules: &CookieRules, host, cookie| {
        let value = rules.set(&request(host, &[]), cookie, "v", Some(60));
        value.unwrap().to_str().unwrap().to_owned()
    };
    assert_eq!(
        set(&host_only, "auth.example.com", Cookie::Session),
        "__Host-aura_session=v; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=60"
    );
    assert_eq!(
        set(&shared, "auth.example.com", Cookie::Shared),
        "__Secure-aura_session=v; Path=/; HttpOnly; SameSite=Lax; Secure; Domain=example.com; \
             Max-Age=60"
    );
    for cookie in [Cookie::Session, Cookie::Shared] {
        let text = set(&host_only, "auth.example.com", cookie);
        assert!(text.starts_with("__Host-aura_session=v;"), "{text}");
    }
    assert!(set(&shared, "auth.example.com", Cookie::Session).starts_with("__Host-aura_s"));
    assert!(set(&shared, "auth.example.com", Cookie::Form).starts_with("__Host-aura_form=v;"));
    for host in ["localhost:8000", "127.0.0.1", "[::1]:8000", "[::1]"] {
        let text = set(&host_only, host, Cookie::Session);
        assert!(
            text.starts_with("aura_session=v;") && !text.contains("Secure"),
            "{text}"
        );
        let production = CookieRules::new(None, true);
        assert!(set(&production, host, Cookie::Session).contains("; Secure"));
    }
    for host in ["localhost.evil.org", "127.0.0.1.evil.org", "10.0.0.1", ""] {
        let text = set(&host_only, host, Cookie::Session);
        assert!(text.contains("; Secure"), "{host}");
    }
}

#[test]
fn a_cookie_is_found_by_its_whole_name_and_once() {
    let rules = CookieRules::default();
    let read = |cookies: &[&str]| {
        let headers = request("auth.example.com", cookies);
        let ours = |value: &str| value != "junk";
        let value = rules.read(&headers, Cookie::Session, ours);
        value.map(str::to_owned)
    };
    assert_eq!(
        read(&["a=b; __Host-aura_session=x; c=d"]).as_deref(),
        Some("x")
    );
    assert_eq!(
        read(&["a=b", "__Host-aura_session=x"]).as_deref(),
        Some("x")
    );
    assert_eq!(read(&["aura_session=x; x__Host-aura_session=y"]), None);
    assert_eq!(
        read(&["__Host-aura_session=x; __Host-aura_session=y"]),
        None
    );
    assert_eq!(
        read(&["__Host-aura_session=junk; __Host-aura_session=y"]).as_deref(),
        Some("y")
    );
    assert_eq!(read(&[]), None);
}

#[test]
fn a_cookie_is_taken_back_wherever_it_may_have_been_set() {
    let rules = CookieRules::new(Some("eu.example.com".to_owned()), false);
    let cleared = rules.clear(&request("auth.eu.example.com:8443", &[]), Cookie::Shared);
    let domains: Vec<&str> = cleared
        .iter()
        .map(|value| {
            let text = value.to_str().unwrap();
            assert!(text.starts_with("__Secure-aura_session=;") && text.ends_with("Max-Age=0"));
            let domain = text.split_once("Domain=").map_or("", |(_, rest)| rest);
            domain.split(';').next().unwrap()
        })
        .collect();
    assert_eq!(
        domains,
        ["eu.example.com", "", "auth.eu.example.com", "example.com"]
    );
    let alone = CookieRules::default();
    assert_eq!(
        alone
            .clear(&request("auth.example.com", &[]), Cookie::Session)
            .len(),
        1
    );
}

#[test]
fn taking_a_cookie_back_costs_the_same_for_every_host() {
    let rules = CookieRules::new(Some("example.com".to_owned()), false);
    let longest = format!("{}.example.com", ["a"; 120].join("."));
    for host in [
        "",
        "localhost",
        "auth.example.com",
        &longest,
        "a.b.c.d.e.f.example.com",
    ] {
        let cleared = rules.clear(&request(host, &[]), Cookie::Shared);
        assert!(
            cleared.len() <= 2 + MAX_OTHER_DOMAINS,
            "{host}: {cleared:?}"
        );
    }
    let endless = format!("{}.example.com", vec!["a"; 7_900].join("."));
    let cleared = rules.clear(&request(&endless, &[]), Cookie::Shared);
    assert_eq!(cleared.len(), 2);
}

#[test]
fn forward_auth_gets_the_session_of_the_pages() {
    let rules = CookieRules::new(Some("example.com".to_owned()), false);
    let kept = rules.keep(&request("auth.example.com", &[]), "v", 60);
    let names = kept.iter().map(|value| value.to_str().unwrap());
    let names: Vec<&str> = names.filter_map(|text| text.split('=').next()).collect();
    assert_eq!(names, ["__Host-aura_session", "__Secure-aura_session"]);
    let differs = |line: &str| {
        let headers = request("auth.example.com", &[line]);
        rules.shared_differs(&headers, "v")
    };
    assert!(!differs("__Secure-aura_session=v"));
    assert!(differs("x=y") && differs("__Secure-aura_session=w"));
    assert!(differs("__Secure-aura_session=v; __Secure-aura_session=w"));
    let alone = CookieRules::default();
    assert_eq!(
        alone.keep(&request("auth.example.com", &[]), "v", 60).len(),
        1
    );
    assert!(!alone.shared_differs(&request("auth.example.com", &[]), "v"));
}

#[test]
fn a_proxy_that_puts_its_own_address_takes_no_protection_away() {
    let mut headers = request("127.0.0.1:8000", &[]);
    assert!(!CookieRules::default().secure(&headers));
    headers.insert("x-forwarded-proto", "https".parse().unwrap());
    assert!(CookieRules::default().secure(&headers));
}
