//! Forward-auth: whether a request that a gateway holds may pass, and where a browser that has not
//! signed in is sent instead.
//!
//! A gateway tells in headers which request it holds. Whoever reaches us can write them, so they
//! say where a browser comes back to, among hosts that are listed, and nothing else.

use poem::http::{HeaderMap, HeaderValue, Method, header};

use super::sessions::Session;
use super::{Auth, Error};
use crate::config::{Config, CorsOrigin, Host};
use crate::http::{Code, Cookie, CookieRules, NextHosts, Problem};

/// What nginx is told to send: the whole address.
const ORIGINAL_URL: &str = "x-original-url";

/// What nginx is told to send: the method.
const ORIGINAL_METHOD: &str = "x-original-method";

/// The rules by which requests pass.
#[derive(Clone, Debug)]
pub struct Forward {
    auth: Auth,
    cookies: CookieRules,
    next: NextHosts,
    public_url: String,
}

/// What becomes of a request.
#[derive(Debug)]
pub enum Passage {
    /// It may pass.
    Pass {
        /// Who sends it.
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
            auth: auth.clone(),
            cookies: CookieRules::of(config),
            next: NextHosts::new(hosts.map(str::to_owned).collect()),
            public_url: public_url.map_or("", CorsOrigin::as_str).to_owned(),
        }
    }

    /// Judges a request to us by its method and headers: who has all of `roles` may pass.
    ///
    /// # Errors
    /// 401, 403, or an outage.
    pub async fn judge(
        &self,
        method: &Method,
        headers: &HeaderMap,
        roles: &[String],
    ) -> Result<Passage, Problem> {
        let (session, renewed) = match bearer(headers) {
            // A program that shows a token means that token, whatever its cookies are.
            Some(token) => (self.auth.authenticate(token).await?.session, None),
            None => match self.browser(headers).await? {
                Some(found) => found,
                None => return self.nobody(method, headers),
            },
        };
        if let Some(role) = roles
            .iter()
            .find(|role| !session.owner.roles.contains(role))
        {
            let detail = format!("the role {role:?} is needed here");
            return Err(Problem::new(Code::Forbidden, detail));
        }
        Ok(Passage::Pass {
            session: Box::new(session),
            renewed,
        })
    }

    /// Who shows a session cookie, and the cookie anew where it is time.
    async fn browser(
        &self,
        headers: &HeaderMap,
    ) -> Result<Option<(Session, Option<HeaderValue>)>, Error> {
        let ours = |value: &str| self.auth.made_cookie(value);
        let Some(cookie) = self.cookies.read(headers, Cookie::Shared, ours) else {
            return Ok(None);
        };
        let Some(found) = self.auth.browser_caller(cookie).await? else {
            return Ok(None);
        };
        let renewed = found
            .renewed
            .and_then(|age| self.cookies.set(headers, Cookie::Shared, cookie, Some(age)));
        Ok(Some((found.caller.session, renewed)))
    }

    /// The answer to a request without a session.
    fn nobody(&self, method: &Method, headers: &HeaderMap) -> Result<Passage, Problem> {
        let detail = "send the header: Authorization: Bearer <access token>";
        let refused = Problem::new(Code::MissingToken, detail);
        let held = Held::of(method, headers);
        let back = held.url.filter(|_| held.by_browser);
        let back = back.and_then(|url| {
            let elsewhere = url.contains("://") && self.next.allowed(&url).is_some();
            elsewhere.then(|| {
                let query = serde_urlencoded::to_string([("next", url)]);
                format!("{}/sign-in?{}", self.public_url, query.unwrap_or_default())
            })
        });
        let Some(location) = back else {
            return Err(refused);
        };
        if held.redirects {
            return Ok(Passage::SignIn(location));
        }
        Err(match HeaderValue::from_str(&location) {
            Ok(value) => refused.header(header::LOCATION, value),
            Err(_) => refused,
        })
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
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let (url, told) = if redirects {
            let parts = ["x-forwarded-proto", "x-forwarded-host", "x-forwarded-uri"].map(text);
            let url = match parts {
                [Some(scheme), Some(host), Some(uri)] => Some(format!("{scheme}://{host}{uri}")),
                _ => None,
            };
            (url, text("x-forwarded-method"))
        } else {
            let url = text(ORIGINAL_URL).map(str::to_owned);
            (url, text(ORIGINAL_METHOD))
        };
        let reads = matches!(told.unwrap_or(method.as_str()), "GET" | "HEAD");
        let by_browser =
            reads && accepts_html(headers) && !headers.contains_key(header::AUTHORIZATION);
        Self {
            url,
            by_browser,
            redirects,
        }
    }
}

/// The roles that a query demands, which may be none: `role=NAME`, any number of times.
///
/// # Errors
/// 403 for a query that holds anything else, or a `role` without a name: a slip in what was meant to
/// demand a role must not let every account pass.
pub(super) fn demanded_roles(query: &str) -> Result<Vec<String>, Problem> {
    let refused = |detail: &str| Problem::new(Code::Forbidden, detail);
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

/// Whether the client names HTML among what it takes. Programs name JSON, or anything.
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
