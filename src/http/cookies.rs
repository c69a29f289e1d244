//! Cookies of browsers that are signed in: names, scope and attributes (RFC 6265bis).
//!
//! `__Host-` keeps every other host from setting the cookie and from seeing it. It asks for `Secure`
//! and no domain, so two cases go without: the cookie for the hosts of `AUTH_COOKIE_DOMAIN`, which
//! any of them can set, so that the pages of this server never read it; and a loopback address
//! without TLS, where some browsers take no `Secure`.

use poem::http::{HeaderMap, HeaderValue, header};

use super::head::host;
use crate::config::{Config, Tier};

/// Most cookies of one name of ours that are looked at: each costs a MAC.
const MAX_SAME_NAME: usize = 8;

/// Most domains beside the configured one for which a cookie is taken back.
const MAX_OTHER_DOMAINS: usize = 3;

/// A cookie of this server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cookie {
    /// Names the session to the pages of this server; no other host sees or sets it.
    Session,
    /// Names the session to forward-auth: goes to the hosts of `AUTH_COOKIE_DOMAIN`, each of which
    /// can set it. Without a domain it is [`Self::Session`].
    Shared,
    /// Binds a form to the browser that it was sent to, before there is a session.
    Form,
    /// Proves that the browser has signed in to an account; outlives the session.
    Device,
}

impl Cookie {
    /// Its name where no TLS protects it.
    const fn plain_name(self) -> &'static str {
        match self {
            Self::Session | Self::Shared => "aura_session",
            Self::Form => "aura_form",
            Self::Device => "aura_device",
        }
    }
}

/// Names and attributes of this server's cookies.
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
        let url = config.auth.public_url.as_ref();
        let by_tls = url.is_some_and(|url| url.as_str().starts_with("https://"));
        Self::new(domain, by_tls || config.environment == Tier::Production)
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
    /// are several, because it is unknown which is meant.
    #[must_use]
    pub fn read<'a>(
        &self,
        headers: &'a HeaderMap,
        cookie: Cookie,
        is_ours: impl Fn(&str) -> bool,
    ) -> Option<&'a str> {
        let values = self.values(headers, cookie).take(MAX_SAME_NAME);
        let mut values = values.filter(|value| is_ours(value));
        let value = values.next()?;
        values.all(|other| other == value).then_some(value)
    }

    /// Checks whether the browser sent any cookie of that name.
    #[must_use]
    pub fn any(&self, headers: &HeaderMap, cookie: Cookie) -> bool {
        self.values(headers, cookie).next().is_some()
    }

    fn values<'a>(&self, headers: &'a HeaderMap, cookie: Cookie) -> impl Iterator<Item = &'a str> {
        let name = self.name(headers, cookie);
        // At an address of this machine a gateway may hand on what a browser got without it.
        let here = !self.always_secure && self.domain.is_none();
        let here = here && host(headers).is_some_and(|host| host.is_loopback());
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
        // Not `Strict`: the way back from an application is a navigation from another site, on which a
        // browser would leave the cookie out, and the user would have to sign in again.
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

    /// The headers `Set-Cookie` that keep `value` as the session of a browser for `max_age` seconds.
    #[must_use]
    pub fn keep(&self, headers: &HeaderMap, value: &str, max_age: i64) -> Vec<HeaderValue> {
        let shared = self.domain.as_ref().map(|_| Cookie::Shared);
        let cookies = [Some(Cookie::Session), shared].into_iter().flatten();
        cookies
            .filter_map(|cookie| self.set(headers, cookie, value, Some(max_age)))
            .collect()
    }

    /// Checks whether forward-auth would miss the session `value`: there is a domain, and its cookie says
    /// something else.
    #[must_use]
    pub fn shared_differs(&self, headers: &HeaderMap, value: &str) -> bool {
        let mut values = self.values(headers, Cookie::Shared);
        self.domain.is_some() && (values.next() != Some(value) || values.next().is_some())
    }

    /// The headers `Set-Cookie` that take the session from a browser.
    #[must_use]
    pub fn forget(&self, headers: &HeaderMap) -> Vec<HeaderValue> {
        let mut cleared = self.clear(headers, Cookie::Session);
        if self.domain.is_some() {
            cleared.extend(self.clear(headers, Cookie::Shared));
        }
        cleared
    }

    /// The headers `Set-Cookie` that take a cookie back: for the scope that it is set for, and for
    /// those that it may have been set for while `AUTH_COOKIE_DOMAIN` was another, or two of one
    /// name would stand in each other's way. Their number is bounded, whatever host is asked for.
    #[must_use]
    pub fn clear(&self, headers: &HeaderMap, cookie: Cookie) -> Vec<HeaderValue> {
        let mut cleared: Vec<HeaderValue> =
            self.set(headers, cookie, "", Some(0)).into_iter().collect();
        let Some(own) = self.domain_of(cookie) else {
            return cleared;
        };
        let name = self.name(headers, cookie);
        let mut clear = |domain: &str| {
            let text =
                format!("{name}=; Path=/; HttpOnly; SameSite=Lax; Secure{domain}; Max-Age=0");
            cleared.extend(HeaderValue::from_str(&text).ok());
        };
        clear("");
        let host = host(headers).map_or("", |host| host.name());
        let parents = std::iter::successors(Some(host), |domain| {
            domain.split_once('.').map(|(_, parent)| parent)
        });
        let parents = parents.filter(|domain| domain.contains('.') && *domain != own);
        for domain in parents.take(MAX_OTHER_DOMAINS) {
            clear(&format!("; Domain={domain}"));
        }
        cleared
    }

    /// Checks whether a browser that sent `headers` keeps our cookies over TLS only.
    #[must_use]
    pub fn secure(&self, headers: &HeaderMap) -> bool {
        self.always_secure || self.domain.is_some() || !is_loopback(headers)
    }

    fn domain_of(&self, cookie: Cookie) -> Option<&str> {
        match cookie {
            Cookie::Shared => self.domain.as_deref(),
            Cookie::Session | Cookie::Form | Cookie::Device => None,
        }
    }

    fn name(&self, headers: &HeaderMap, cookie: Cookie) -> &'static str {
        let shared = self.domain_of(cookie).is_some();
        match (cookie, self.secure(headers)) {
            (_, true) if shared => "__Secure-aura_session",
            (Cookie::Session | Cookie::Shared, true) => "__Host-aura_session",
            (Cookie::Form, true) => "__Host-aura_form",
            (Cookie::Device, true) => "__Host-aura_device",
            (_, false) => cookie.plain_name(),
        }
    }
}

/// Checks whether the browser reached us at a loopback address. A proxy that announces itself does not
/// count: it may have replaced the address of a site that has TLS by its own.
#[must_use]
pub fn is_loopback(headers: &HeaderMap) -> bool {
    let forwarded = [
        "forwarded",
        "x-forwarded-for",
        "x-forwarded-proto",
        "x-forwarded-host",
    ];
    host(headers).is_some_and(|host| host.is_loopback())
        && !forwarded.iter().any(|name| headers.contains_key(*name))
}

#[cfg(test)]
mod tests;
