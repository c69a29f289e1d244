//! Cookies of browsers that are signed in: names, scope and attributes (RFC 6265bis).
//!
//! `__Host-` keeps every other host from setting the cookie and from seeing it. It asks for `Secure`
//! and no domain, so two cases go without: `AUTH_COOKIE_DOMAIN`, where the cookie is meant for the
//! hosts of a domain, and a loopback address without TLS, where some browsers take no `Secure`.

use poem::http::{HeaderMap, HeaderValue, header};

/// Which cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cookie {
    /// Names the session; goes to the hosts of `AUTH_COOKIE_DOMAIN`.
    Session,
    /// Binds a form to the browser that it was sent to, before there is a session.
    Form,
}

/// How this server names and bounds its cookies.
#[derive(Clone, Debug, Default)]
pub struct CookieRules {
    domain: Option<String>,
    always_secure: bool,
}

impl CookieRules {
    /// Session cookies for `domain`, or for the host alone. `always_secure`: also at a loopback
    /// address.
    #[must_use]
    pub const fn new(domain: Option<String>, always_secure: bool) -> Self {
        Self {
            domain,
            always_secure,
        }
    }

    /// The value of a cookie of ours; `None` where there is none, or where it stands twice, so that
    /// nobody knows which is meant.
    #[must_use]
    pub fn read<'a>(&self, headers: &'a HeaderMap, cookie: Cookie) -> Option<&'a str> {
        let name = self.name(headers, cookie);
        let lines = headers.get_all(header::COOKIE).iter();
        let pairs = lines
            .filter_map(|line| line.to_str().ok())
            .flat_map(|line| line.split(';'));
        let mut values = pairs.filter_map(|pair| {
            let (key, value) = pair.trim().split_once('=')?;
            (key == name).then_some(value)
        });
        let value = values.next()?;
        values.all(|other| other == value).then_some(value)
    }

    /// The header `Set-Cookie` that keeps `value`, which is plain ASCII, for `max_age` seconds, or
    /// until the browser is closed. `headers` are those of the request.
    #[must_use]
    pub fn set(
        &self,
        headers: &HeaderMap,
        cookie: Cookie,
        value: &str,
        max_age: Option<i64>,
    ) -> Option<HeaderValue> {
        let name = self.name(headers, cookie);
        let mut text = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax");
        if self.secure(headers) {
            text.push_str("; Secure");
        }
        if let Some(domain) = self.domain_of(cookie) {
            text.push_str("; Domain=");
            text.push_str(domain);
        }
        if let Some(seconds) = max_age {
            text.push_str("; Max-Age=");
            text.push_str(&seconds.to_string());
        }
        HeaderValue::from_str(&text).ok()
    }

    /// The header `Set-Cookie` that takes a cookie back.
    #[must_use]
    pub fn clear(&self, headers: &HeaderMap, cookie: Cookie) -> Option<HeaderValue> {
        self.set(headers, cookie, "", Some(0))
    }

    /// Whether a browser that sent `headers` keeps our cookies over TLS only.
    #[must_use]
    pub fn secure(&self, headers: &HeaderMap) -> bool {
        self.always_secure || self.domain.is_some() || !is_loopback(headers)
    }

    fn domain_of(&self, cookie: Cookie) -> Option<&str> {
        match cookie {
            Cookie::Session => self.domain.as_deref(),
            Cookie::Form => None,
        }
    }

    fn name(&self, headers: &HeaderMap, cookie: Cookie) -> &'static str {
        match (
            cookie,
            self.secure(headers),
            self.domain_of(cookie).is_some(),
        ) {
            (Cookie::Session, true, false) => "__Host-aura_session",
            (Cookie::Session, true, true) => "__Secure-aura_session",
            (Cookie::Session, false, _) => "aura_session",
            (Cookie::Form, true, _) => "__Host-aura_form",
            (Cookie::Form, false, _) => "aura_form",
        }
    }
}

/// Whether the browser reached us at an address of its own machine.
fn is_loopback(headers: &HeaderMap) -> bool {
    let host = headers
        .get(header::HOST)
        .and_then(|value| value.to_str().ok());
    host.is_some_and(is_loopback_host)
}

/// Whether `host`, with or without a port, is a loopback name or address.
#[must_use]
pub fn is_loopback_host(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, _)) if !host.ends_with(']') => name,
        _ => host,
    };
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    let address = bare.parse::<std::net::IpAddr>();
    bare.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
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
    fn the_name_says_what_nobody_else_can_do() {
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
            set(&shared, "auth.example.com", Cookie::Session),
            "__Secure-aura_session=v; Path=/; HttpOnly; SameSite=Lax; Secure; Domain=example.com; \
             Max-Age=60"
        );
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
            rules.read(&headers, Cookie::Session).map(str::to_owned)
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
        assert_eq!(read(&[]), None);
    }
}
