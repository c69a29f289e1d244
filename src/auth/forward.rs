//! Forward-auth: whether a request that a gateway holds may pass, and where a browser that has not
//! signed in is sent instead.
//!
//! A gateway tells in headers which request it holds. Whoever reaches us can write them, so they
//! say where a browser comes back to, among hosts that are listed, and nothing else.

use std::sync::Arc;

use percent_encoding::{AsciiSet, CONTROLS, percent_encode};
use poem::http::{HeaderMap, HeaderValue, Method, header};
use secrecy::ExposeSecret;

use super::browser::BrowserSessions;
use super::error::Error;
use super::keyring::Keyring;
use super::sessions::Session;
use super::tokens::Tokens;
use super::wiring::Auth;
use crate::config::{Config, CorsOrigin, Host};
use crate::http::next::in_query;
use crate::http::{Cookie, CookieRules, NextHosts};

/// Header of the whole address, which nginx is configured to send.
const ORIGINAL_URL: &str = "x-original-url";

/// Header of the method, which nginx is configured to send.
const ORIGINAL_METHOD: &str = "x-original-method";

/// Bytes of an address that [`NextHosts`] refuses and browsers may send: a backslash in a query, text
/// that is not percent-encoded.
const UNUSUAL: &AsciiSet = &CONTROLS.add(b' ').add(b'\\');

/// The rules by which requests pass.
#[derive(Clone, Debug)]
pub struct Forward {
    tokens: Arc<Tokens>,
    browsers: Arc<BrowserSessions>,
    keyring: Arc<Keyring>,
    cookies: CookieRules,
    next: NextHosts,
    public_url: String,
    /// Longest address of the sign-in page that comes back as the head of a request.
    max_sign_in_bytes: usize,
}

/// Decision on a request.
#[derive(Debug)]
pub enum Passage {
    /// It may pass.
    Pass {
        /// The session of the client.
        session: Box<Session>,
        /// The session cookie anew, when the browser is to keep it for longer.
        renewed: Option<HeaderValue>,
    },
    /// It is a browser's, which signs in at this address and comes back.
    SignIn(String),
}

impl Forward {
    /// Takes the rules from the settings.
    #[must_use]
    pub fn new(auth: &Auth, config: &Config) -> Self {
        let hosts = config.auth.forward_hosts.iter().map(Host::as_str);
        let public_url = config.auth.public_url.as_ref();
        Self {
            tokens: Arc::clone(&auth.tokens),
            browsers: Arc::clone(&auth.browsers),
            keyring: Arc::clone(&auth.keyring),
            cookies: CookieRules::of(config),
            next: NextHosts::new(hosts.map(str::to_owned).collect()),
            public_url: public_url.map_or("", CorsOrigin::as_str).to_owned(),
            // The rest of the head is for the headers of a browser.
            max_sign_in_bytes: config.server.max_header_bytes.as_usize() / 8 * 7,
        }
    }

    /// Judges a request to us by its method and headers: who has all of `roles` may pass.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`], [`Error::InvalidToken`], [`Error::Forbidden`], or an outage.
    pub async fn judge(
        &self,
        method: &Method,
        headers: &HeaderMap,
        roles: &[String],
    ) -> Result<Passage, Error> {
        let token = bearer(headers);
        let by_token = match token {
            Some(token) => self.program(token).await?,
            None => None,
        };
        let found = match by_token {
            Some(session) => Some((session, None)),
            None => self.browser(headers).await?,
        };
        let Some((session, renewed)) = found else {
            return match token {
                Some(_) => Err(Error::InvalidToken),
                None => self.nobody(method, headers),
            };
        };
        if let Some(role) = roles
            .iter()
            .find(|role| !session.owner.roles.contains(role))
        {
            return Err(Error::Forbidden(role.clone()));
        }
        Ok(Passage::Pass {
            session: Box::new(session),
            renewed,
        })
    }

    /// The session of a token; `None` where the token is not one of ours, and so is meant for the
    /// application behind. A program that shows a token of ours means that token, whatever its
    /// cookies are.
    async fn program(&self, token: &str) -> Result<Option<Session>, Error> {
        match self.tokens.authenticate(token).await {
            Ok(caller) => Ok(Some(caller.session)),
            Err(Error::InvalidToken) if !self.keyring.issued(token) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Authenticates a session cookie; gives the cookie anew where it is time.
    async fn browser(
        &self,
        headers: &HeaderMap,
    ) -> Result<Option<(Session, Option<HeaderValue>)>, Error> {
        let ours = |value: &str| self.keyring.made_cookie(value);
        let Some(cookie) = self.cookies.read(headers, Cookie::Shared, ours) else {
            return Ok(None);
        };
        let Some(found) = self.browsers.authenticate(cookie, false).await? else {
            return Ok(None);
        };
        let age = Some(found.max_age_seconds);
        let renewed = found.renewed.and_then(|cookie| {
            let cookies = &self.cookies;
            cookies.set(headers, Cookie::Shared, cookie.expose_secret(), age)
        });
        Ok(Some((found.caller.session, renewed)))
    }

    /// The answer to a request without a session and without a bearer token.
    fn nobody(&self, method: &Method, headers: &HeaderMap) -> Result<Passage, Error> {
        let held = Held::of(method, headers);
        let url = held.url.filter(|url| held.by_browser && self.next.has(url));
        let Some(url) = url else {
            return Err(Error::Unauthenticated(None));
        };
        let sign_in = format!("{}/sign-in", self.public_url);
        let back = self.next.allowed(&url);
        let back = back.map(|next| format!("{sign_in}?next={}", in_query(next)));
        // Better without a way back than an address that some server on the way refuses.
        let location = back
            .filter(|address| address.len() <= self.max_sign_in_bytes)
            .unwrap_or(sign_in);
        if held.redirects {
            return Ok(Passage::SignIn(location));
        }
        Err(Error::Unauthenticated(Some(location)))
    }
}

/// The request that a gateway holds, as the gateway tells it.
struct Held {
    /// Its whole address.
    url: Option<String>,
    /// A person looks at the answer.
    by_browser: bool,
    /// The gateway passes a redirect on; `auth_request` of nginx takes 401 and 403 only.
    redirects: bool,
}

impl Held {
    fn of(method: &Method, headers: &HeaderMap) -> Self {
        let redirects = !headers.contains_key(ORIGINAL_URL);
        let text = |name| {
            let value = headers.get(name)?.as_bytes();
            Some(percent_encode(value, UNUSUAL).to_string())
        };
        let (url, told) = if redirects {
            let parts = ["x-forwarded-proto", "x-forwarded-host", "x-forwarded-uri"].map(text);
            let url = match parts {
                [Some(scheme), Some(host), Some(uri)] => Some(format!("{scheme}://{host}{uri}")),
                _ => None,
            };
            (url, text("x-forwarded-method"))
        } else {
            (text(ORIGINAL_URL), text(ORIGINAL_METHOD))
        };
        let told = told.as_deref().unwrap_or(method.as_str());
        Self {
            url,
            by_browser: matches!(told, "GET" | "HEAD") && accepts_html(headers),
            redirects,
        }
    }
}

/// The roles that a query demands, which may be none: `role=NAME`, any number of times.
///
/// # Errors
/// [`Error::InvalidDemand`] for a query that holds anything else, or a `role` without a name: a slip in
/// what was meant to demand a role must not let every account pass.
pub(super) fn demanded_roles(query: &str) -> Result<Vec<String>, Error> {
    let refused = Error::InvalidDemand;
    let pairs: Vec<(String, String)> = serde_urlencoded::from_str(query)
        .map_err(|_| refused("the query of /auth/verify cannot be read"))?;
    let demanded = pairs.into_iter().map(|(name, role)| match name.as_str() {
        "role" if role.is_empty() => Err(refused("role= needs the name of a role")),
        "role" => Ok(role),
        _ => Err(refused(
            "the query of /auth/verify may hold role=NAME and nothing else",
        )),
    });
    demanded.collect()
}

/// Checks whether the client accepts HTML. Programs name JSON, or anything.
fn accepts_html(headers: &HeaderMap) -> bool {
    let lines = headers.get_all(header::ACCEPT).iter();
    let mut kinds = lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
        .filter_map(|kind| kind.split(';').next());
    kinds.any(|kind| kind.trim().eq_ignore_ascii_case("text/html"))
}

/// The token of a bearer header (RFC 6750 section 2.1), not checked yet.
#[must_use]
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| token.trim_start())
}
