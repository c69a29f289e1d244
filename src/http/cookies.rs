//! Cookies of browsers that are signed in: names, scope and attributes (RFC 6265bis).
//!
//! `__Host-` keeps every other host from setting the cookie and from seeing it. It asks for `Secure`
//! and no domain, so two cases go without: `AUTH_COOKIE_DOMAIN`, where the cookie is meant for the
//! hosts of a domain, and a loopback address without TLS, where some browsers take no `Secure`.

use poem::http::{HeaderMap, HeaderValue, header};

use crate::config::{Config, Tier};

/// Which cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cookie {
    /// Names the session; goes to the hosts of `AUTH_COOKIE_DOMAIN`.
    Session,
    /// Binds a form to the browser that it was sent to, before there is a session.
    Form,
}

impl Cookie {
    /// Its name where no TLS protects it.
    const fn plain_name(self) -> &'static str {
        match self {
            Self::Session => "aura_session",
            Self::Form => "aura_form",
        }
    }
}

/// How this server names and bounds its cookies.
#[derive(Clone, Debug, Default)]
pub struct CookieRules {
    domain: Option<String>,
    always_secure: bool,
}

impl CookieRules {
    /// As the settings say.
    #[must_use]
    pub fn of(config: &Config) -> Self {
        let domain = config.auth.cookie_domain.as_ref();
        let domain = domain.map(|domain| domain.as_str().to_owned());
        Self::new(domain, config.environment == Tier::Production)
    }

    /// Session cookies for `domain`, or for the host alone. `always_secure`: also at a loopback
    /// address.
    #[must_use]
    const fn new(domain: Option<String>, always_secure: bool) -> Self {
        Self {
            domain,
            always_secure,
        }
    }

    /// The value of a cookie of ours that `is_ours` knows; `None` where there is none, or where there
    /// are several, so that nobody knows which is meant.
    #[must_use]
    pub fn read<'a>(
        &self,
        headers: &'a HeaderMap,
        cookie: Cookie,
        is_ours: impl Fn(&str) -> bool,
    ) -> Option<&'a str> {
        let mut values = self.values(headers, cookie).filter(|value| is_ours(value));
        let value = values.next()?;
        values.all(|other| other == value).then_some(value)
    }

    /// Whether the browser sent any cookie of that name.
    #[must_use]
    pub fn any(&self, headers: &HeaderMap, cookie: Cookie) -> bool {
        self.values(headers, cookie).next().is_some()
    }

    fn values<'a>(&self, headers: &'a HeaderMap, cookie: Cookie) -> impl Iterator<Item = &'a str> {
        let name = self.name(headers, cookie);
        // At an address of this machine a gateway may hand on what a browser got without it.
        let here = !self.always_secure && self.domain.is_none();
        let here = here && host(headers).is_some_and(is_loopback_host);
        let plain = here.then_some(cookie.plain_name());
        let lines = headers.get_all(header::COOKIE).iter();
        let pairs = lines
            .filter_map(|line| line.to_str().ok())
            .flat_map(|line| line.split(';'));
        pairs.filter_map(move |pair| {
            let (key, value) = pair.trim().split_once('=')?;
            (key == name || Some(key) == plain).then_some(value)
        })
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

    /// The headers `Set-Cookie` that take a cookie back: for the scope that it is set for, and for
    /// every other that it may once have been set for (`AUTH_COOKIE_DOMAIN` was another), or two of
    /// one name would stand in each other's way.
    #[must_use]
    pub fn clear(&self, headers: &HeaderMap, cookie: Cookie) -> Vec<HeaderValue> {
        let mut cleared: Vec<HeaderValue> =
            self.set(headers, cookie, "", Some(0)).into_iter().collect();
        if self.domain_of(cookie).is_none() {
            return cleared;
        }
        let name = self.name(headers, cookie);
        let mut clear = |domain: &str| {
            let text =
                format!("{name}=; Path=/; HttpOnly; SameSite=Lax; Secure{domain}; Max-Age=0");
            cleared.extend(HeaderValue::from_str(&text).ok());
        };
        clear("");
        let host = host(headers).unwrap_or_default();
        let mut domain = host.rsplit_once(':').map_or(host, |(name, _)| name);
        while domain.contains('.') {
            clear(&format!("; Domain={domain}"));
            domain = domain.split_once('.').map_or("", |(_, parent)| parent);
        }
        cleared
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
            (Cookie::Form, true, _) => "__Host-aura_form",
            (_, false, _) => cookie.plain_name(),
        }
    }
}

/// Whether the browser reached us at an address of its own machine. Not what a proxy says that names
/// itself: it may have put its own address for that of a site which has TLS.
#[must_use]
pub fn is_loopback(headers: &HeaderMap) -> bool {
    let forwarded = [
        "forwarded",
        "x-forwarded-for",
        "x-forwarded-proto",
        "x-forwarded-host",
    ];
    host(headers).is_some_and(is_loopback_host)
        && !forwarded.iter().any(|name| headers.contains_key(*name))
}

fn host(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::HOST)?.to_str().ok()
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
        let cleared = rules.clear(&request("auth.eu.example.com:8443", &[]), Cookie::Session);
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
            [
                "eu.example.com",
                "",
                "auth.eu.example.com",
                "eu.example.com",
                "example.com"
            ]
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
    fn a_proxy_that_puts_its_own_address_takes_no_protection_away() {
        let mut headers = request("127.0.0.1:8000", &[]);
        assert!(!CookieRules::default().secure(&headers));
        headers.insert("x-forwarded-proto", "https".parse().unwrap());
        assert!(CookieRules::default().secure(&headers));
    }
}
