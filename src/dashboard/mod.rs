//! The dashboard: pages from the server, with one stylesheet and one script, without which everything
//! works but the live charts, the showing of passwords and the part of an address behind `#`.
//!
//! One file a page; `page.rs` is the layout around all of them, `visit.rs` one request, `fields.rs`
//! and `form.rs` forms. What pages show and do is `auth`'s, `admin`'s and `audit`'s business; every
//! error becomes a page here, in plain words.

mod account;
mod assets;
mod audit;
pub mod chart;
mod configuration;
mod device;
mod done;
mod fault;
mod fields;
mod form;
mod form_page;
#[cfg(test)]
mod hostile;
mod moment;
mod overview;
mod page;
mod plain_http;
mod register;
mod reset;
mod session_row;
mod setup;
mod sign_in;
mod user;
mod users;
mod visit;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use poem::http::{HeaderMap, HeaderValue, Method, header};
use poem::{Endpoint, Request, Response};
use poem_openapi::OperationId;

pub use self::setup::SetupCode;

use self::fault::Fault;
use self::visit::Visit;
use crate::activity::Activity;
use crate::admin::configuration::Configuration;
use crate::audit::Audit;
use crate::auth::Auth;
use crate::clock::Clock;
use crate::config::{self, Config, HostPort};
use crate::health::Health;
use crate::http::cookies::CookieRules;
use crate::http::next::NextHosts;
use crate::http::{Code, Context, Problem};
use crate::llm::Llm;

/// What a handler gives.
type Answer = Result<Response, Fault>;

/// The addresses of the pages and the methods that each takes.
pub const ROUTES: [(&str, &[&str]); 29] = [
    ("/", &["GET"]),
    ("/live", &["GET"]),
    ("/sign-in", &["GET", "POST"]),
    ("/sign-out", &["GET", "POST"]),
    ("/register", &["GET", "POST"]),
    ("/reset", &["GET", "POST"]),
    ("/setup", &["GET", "POST"]),
    ("/account", &["GET"]),
    ("/account/password", &["POST"]),
    ("/account/sessions/end-others", &["POST"]),
    ("/account/sessions/{id}/end", &["POST"]),
    ("/users", &["GET"]),
    ("/users/new", &["GET", "POST"]),
    ("/users/{id}", &["GET"]),
    ("/users/{id}/roles", &["POST"]),
    ("/users/{id}/disable", &["POST"]),
    ("/users/{id}/enable", &["POST"]),
    ("/users/{id}/end-sessions", &["POST"]),
    ("/users/{id}/require-password-change", &["POST"]),
    ("/users/{id}/reset", &["POST"]),
    ("/users/{id}/delete", &["POST"]),
    ("/users/{id}/erase", &["POST"]),
    ("/audit", &["GET"]),
    ("/audit/export", &["GET"]),
    ("/configuration", &["GET"]),
    (CHANGE_PASSWORD, &["GET"]),
    ("/assets/aura.css", &["GET"]),
    ("/assets/aura.js", &["GET"]),
    ("/assets/icon.svg", &["GET"]),
];

/// Where password managers look for the page on which a password is changed (W3C, "A Well-Known URL
/// for Changing Passwords").
const CHANGE_PASSWORD: &str = "/.well-known/change-password";

/// What the pages stand on.
pub struct Parts {
    /// Accounts and sessions.
    pub auth: Auth,
    /// Who did what.
    pub audit: Audit,
    /// Whether all is well.
    pub health: Health,
    /// The last hour in numbers.
    pub activity: Activity,
    /// The tokens of the day.
    pub llm: Llm,
    /// Every setting.
    pub configuration: Arc<Configuration>,
    /// The time.
    pub clock: Clock,
    /// The code of `/setup`, on a server that was started for trying out.
    pub setup: Option<Arc<SetupCode>>,
}

/// The pages; one endpoint.
pub struct Dashboard(Arc<Site>);

/// What all requests share.
struct Site {
    auth: Auth,
    audit: Audit,
    health: Health,
    activity: Activity,
    llm: Llm,
    configuration: Arc<Configuration>,
    clock: Clock,
    cookies: CookieRules,
    next: NextHosts,
    policy: HeaderValue,
    public_url: Option<String>,
    registration_open: bool,
    min_password: usize,
    setup: Option<Arc<SetupCode>>,
}

impl Dashboard {
    /// The pages of a server with `config`.
    #[must_use]
    pub fn new(parts: Parts, config: &Config) -> Self {
        let hosts = config.auth.forward_hosts.iter();
        let hosts: Vec<String> = hosts.map(|host| host.as_str().to_owned()).collect();
        let public_url = config.auth.public_url.as_ref();
        Self(Arc::new(Site {
            auth: parts.auth,
            audit: parts.audit,
            health: parts.health,
            activity: parts.activity,
            llm: parts.llm,
            configuration: parts.configuration,
            clock: parts.clock,
            cookies: CookieRules::of(config),
            policy: policy(&hosts),
            next: NextHosts::new(hosts),
            public_url: public_url.map(|url| url.as_str().to_owned()),
            registration_open: config.auth.registration == config::Registration::Open,
            min_password: config.password.min_length.as_usize(),
            setup: parts.setup,
        }))
    }

    /// Whether `path` is an address of the dashboard, or would be one.
    #[must_use]
    pub fn owns(path: &str) -> bool {
        let first = path.split('/').nth(1).unwrap_or_default();
        path == "/"
            || path == CHANGE_PASSWORD
            || matches!(
                first,
                "live"
                    | "sign-in"
                    | "sign-out"
                    | "register"
                    | "reset"
                    | "setup"
                    | "account"
                    | "users"
                    | "audit"
                    | "configuration"
                    | "assets"
                    | "favicon.ico"
            )
    }

    /// Whether a person looks at the answer: a browser says that it would like a page.
    #[must_use]
    pub fn is_browser(headers: &HeaderMap) -> bool {
        let accept = headers.get(header::ACCEPT);
        accept.is_some_and(|value| value.to_str().is_ok_and(|text| text.contains("text/html")))
    }

    async fn answer(&self, request: Request) -> Result<Response, Problem> {
        let context = request.data::<Arc<Context>>();
        let context = context.map(|context| Context::clone(context));
        let context = context.ok_or_else(Problem::internal)?;
        let mut visit = Visit::new(Arc::clone(&self.0), context, request);
        // What failed in the middle leaves nothing behind but the answer that it would have given.
        let handled = AssertUnwindSafe(handle(&mut visit)).catch_unwind().await;
        let outcome = handled.unwrap_or_else(|_| Err(Problem::internal().into()));
        match outcome {
            Ok(response) => Ok(response),
            // A program that has gone astray reads what the API says of it.
            Err(Fault::Problem(problem))
                if matches!(problem.code, Code::NotFound | Code::MethodNotAllowed)
                    && !Self::is_browser(visit.headers()) =>
            {
                Err(problem)
            }
            Err(fault) => Ok(fault::answer(&mut visit, fault)),
        }
    }
}

impl Endpoint for Dashboard {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        // Apart from the requests of the API, whose own state would grow by all of this.
        let mut response = Box::pin(self.answer(request)).await?;
        response.set_data(OperationId("dashboard"));
        Ok(response)
    }
}

/// Everything from this server and nothing inline; nobody else's page may frame it. Browsers hold
/// the redirect after a form to `form-action` too.
fn policy(hosts: &[String]) -> HeaderValue {
    let mut text = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; \
                    connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
        .to_owned();
    for host in hosts {
        let here = HostPort::parse(host).is_some_and(|host| host.is_loopback());
        let scheme = if here { "http" } else { "https" };
        text.extend([" ", scheme, "://", host]);
    }
    HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static("default-src 'none'"))
}

async fn handle(visit: &mut Visit) -> Answer {
    let path = visit.path().to_owned();
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    let segments = segments.as_slice();
    if let ["assets", name] = segments
        && visit.asks(&Method::GET)
    {
        return assets::show(visit, name).ok_or_else(not_found);
    }
    if let ["favicon.ico"] = segments
        && visit.asks(&Method::GET)
    {
        return assets::show(visit, "icon.svg").ok_or_else(not_found);
    }
    visit.recognize().await?;
    if visit.asks(&Method::GET) {
        // Before a password is typed, not after it was sent in clear.
        if matches!(segments, ["sign-in" | "register" | "reset" | "setup"])
            && visit.session().is_none()
            && visit.lacks_https()
        {
            return Err(Fault::PlainHttp);
        }
        match segments {
            [""] => return overview::show(visit).await,
            ["live"] => return overview::live(visit).await,
            ["sign-in"] => return sign_in::show(visit).await,
            ["sign-out"] => return Ok(sign_in::show_sign_out(visit)),
            ["register"] => return register::show(visit).await,
            ["reset"] => return reset::show(visit).await,
            ["setup"] => return setup::show(visit).await,
            ["account"] => return account::show(visit).await,
            [".well-known", "change-password"] => return account::lead_to_password(visit),
            ["users"] => return users::show(visit).await,
            ["users", "new"] => return users::show_new(visit),
            ["users", id] => return user::show(visit, id).await,
            ["audit"] => return audit::show(visit).await,
            ["audit", "export"] => return audit::download(visit).await,
            ["configuration"] => return configuration::show(visit),
            _ => {}
        }
    }
    if visit.asks(&Method::POST) {
        match segments {
            ["sign-in"] => return sign_in::send(visit).await,
            ["sign-out"] => return sign_in::sign_out(visit).await,
            ["register"] => return register::send(visit).await,
            ["reset"] => return reset::send(visit).await,
            ["setup"] => return setup::send(visit).await,
            ["account", "password"] => return account::change_password(visit).await,
            ["account", "sessions", "end-others"] => return account::end_others(visit).await,
            ["account", "sessions", id, "end"] => return account::end_session(visit, id).await,
            ["users", "new"] => return users::create(visit).await,
            ["users", id, action] => return user::act(visit, id, action).await,
            _ => {}
        }
    }
    if ROUTES.iter().any(|(pattern, _)| fits(pattern, segments)) {
        return Err(Code::MethodNotAllowed.into());
    }
    Err(not_found())
}

fn not_found() -> Fault {
    Code::NotFound.into()
}

/// Whether an address is of a form such as `/users/{id}`.
fn fits(pattern: &str, segments: &[&str]) -> bool {
    let wanted: Vec<&str> = pattern.split('/').skip(1).collect();
    wanted.len() == segments.len()
        && wanted
            .iter()
            .zip(segments)
            .all(|(wanted, segment)| wanted.starts_with('{') || wanted == segment)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_front_sends_us_every_address_of_ours() {
        for (path, _) in ROUTES {
            assert!(Dashboard::owns(path), "{path}");
        }
        for path in [
            "//",
            "/docs",
            "/auth/login",
            "/admin/users",
            "/userships",
            "/x",
        ] {
            assert!(!Dashboard::owns(path), "{path}");
        }
    }

    #[test]
    fn forms_may_lead_to_listed_hosts_and_nothing_comes_from_elsewhere() {
        let policy = policy(&["app.example.com".to_owned(), "localhost:8080".to_owned()]);
        let text = policy.to_str().unwrap();
        assert!(text.ends_with("form-action 'self' https://app.example.com http://localhost:8080"));
        assert!(text.starts_with("default-src 'none';") && !text.contains("unsafe"));
    }
}
