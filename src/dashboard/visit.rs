//! One request to the dashboard: who asks, what they sent, and what the answer has to carry.

use std::sync::Arc;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use poem::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use poem::{Request, RequestBody, Response};
use secrecy::ExposeSecret;

use super::fault::Fault;
use super::form::{self, Nonce};
use super::page::{Nav, finish};
use super::{Site, done};
use crate::auth::sessions::Session;
use crate::auth::users::ADMIN;
use crate::auth::{ActingAs, Caller, Error};
use crate::config::CorsOrigin;
use crate::http::body::Unread;
use crate::http::cookies::{Cookie, is_loopback};
use crate::http::device_proof::DEVICE_SECONDS;
use crate::http::next::MAX_NEXT_BYTES;
use crate::http::same_site::refuse_other_sites;
use crate::http::{Context, FormFields, Problem, parameters};

/// Longest parameter of an address, in bytes, `next` aside.
const MAX_PARAMETER: usize = 2048;

/// Longest `next` of an own page, in bytes as it stands in the address of the sign-in page: more
/// would not fit into the head of a request.
const MAX_ESCAPED_NEXT: usize = 6 * 1024;

/// Largest form of a page, in bytes, whatever `SERVER_MAX_BODY_BYTES` says: each byte of the longest
/// `next` may take three, and other fields stand beside it.
const MAX_FORM: usize = 4 * MAX_NEXT_BYTES;

/// Most characters of a search, as many as an e-mail has at most.
const MAX_SEARCH: usize = 254;

/// One request.
pub(super) struct Visit {
    pub(super) site: Arc<Site>,
    pub(super) context: Context,
    request: Request,
    body: RequestBody,
    caller: Option<Caller>,
    /// What binds a form to the browser while nobody is signed in.
    nonce: Option<Nonce>,
    /// The forms' token, once it was asked for.
    token: Option<String>,
    cookies: Vec<HeaderValue>,
}

impl Visit {
    pub(super) fn new(site: Arc<Site>, context: Context, request: Request) -> Self {
        let (request, body) = request.split();
        let ours = |value: &str| Nonce::parse(value).is_some();
        let nonce = site.cookies.read(request.headers(), Cookie::Form, ours);
        Self {
            nonce: nonce.and_then(Nonce::parse),
            site,
            context,
            request,
            body,
            caller: None,
            token: None,
            cookies: Vec::new(),
        }
    }

    pub(super) fn headers(&self) -> &HeaderMap {
        self.request.headers()
    }

    pub(super) fn path(&self) -> &str {
        self.request.uri().path()
    }

    /// The part of the header that the page belongs to.
    pub(super) fn here(&self) -> &'static str {
        match self.path().split('/').nth(1) {
            Some("" | "live") => "/",
            Some("users") => "/users",
            Some("audit") => "/audit",
            Some("configuration") => "/configuration",
            Some("account") => "/account",
            _ => "",
        }
    }

    /// Whether the method is `method`; a page is asked for by HEAD as well as by GET.
    pub(super) fn asks(&self, method: &Method) -> bool {
        let asked = self.request.method();
        asked == method || *method == Method::GET && *asked == Method::HEAD
    }

    /// Whether only the headers are asked for.
    pub(super) fn is_head(&self) -> bool {
        self.request.method() == Method::HEAD
    }

    /// The page's address, to be asked for again; a form has none, and neither has an address that
    /// leads elsewhere when it stands in a link (`//evil.example/x`).
    pub(super) fn page(&self) -> Option<String> {
        let whole = self.own_address().filter(|_| self.asks(&Method::GET));
        whole.map(str::to_owned)
    }

    /// The address that was asked for, where it leads back here as a link or a `next`.
    pub(super) fn own_address(&self) -> Option<&str> {
        let whole = self.request.uri().path_and_query()?.as_str();
        self.site.next.allowed(whole)
    }

    /// Where browsers reach this server: what is configured, or what this one asked for.
    pub(super) fn origin(&self) -> String {
        if let Some(url) = &self.site.public_url {
            return url.clone();
        }
        // A form came from the page before it, whose address the browser tells.
        let origin = self.request.header(header::ORIGIN).unwrap_or_default();
        if let Ok(origin) = CorsOrigin::try_from(origin.to_owned()) {
            return origin.as_str().to_owned();
        }
        let host = self.request.header(header::HOST).unwrap_or_default();
        let scheme = if self.site.cookies.secure(self.headers()) {
            "https"
        } else {
            "http"
        };
        format!("{scheme}://{host}")
    }

    /// What `admin` does, for the audit trail.
    pub(super) fn by(&self, admin: &Caller) -> ActingAs {
        self.site.auth.administrator(&self.context, admin)
    }

    /// True when the set-up page exists for this request: the server was started for trying out,
    /// the request seems to come from the machine it runs on, and no administrator can sign in. The
    /// page still asks for its code.
    pub(super) async fn offers_setup(&self) -> Result<bool, Fault> {
        let may = self.site.setup.is_some()
            && self.context.client.is_loopback()
            && is_loopback(self.headers());
        if !may {
            return Ok(false);
        }
        let any = self.site.auth.users().any_administrator().await;
        Ok(!any.map_err(Error::from)?)
    }

    /// A parameter of the address that is looked for: no name or e-mail is longer than what is taken
    /// of it, and a page that repeats it does not grow with it.
    pub(super) fn search(&self, name: &str) -> String {
        let whole = self.query(name);
        whole.trim().chars().take(MAX_SEARCH).collect()
    }

    /// A parameter of the address; empty where it is missing, or longer than any of ours.
    pub(super) fn query(&self, name: &str) -> String {
        self.parameter(name, MAX_PARAMETER)
    }

    /// The parameter that says where to go on to, not checked yet: `next`, or else `rd`, its name in
    /// the annotations of ingress-nginx.
    pub(super) fn asked_next(&self) -> String {
        let names = ["next", "rd"].into_iter();
        let mut values = names.map(|name| self.parameter(name, MAX_NEXT_BYTES));
        values.find(|value| !value.is_empty()).unwrap_or_default()
    }

    fn parameter(&self, name: &str, max_bytes: usize) -> String {
        let query = self.request.uri().query().unwrap_or_default();
        let pairs: Vec<(String, String)> =
            serde_urlencoded::from_bytes(query.as_bytes()).unwrap_or_default();
        let mut pairs = pairs.into_iter();
        pairs
            .find(|(key, _)| key == name)
            .map(|(_, value)| value)
            .filter(|value| value.len() <= max_bytes)
            .unwrap_or_default()
    }

    /// Refuses parameters of the address that the page does not know: a filter that is misspelt would
    /// show everything. `done`, which every page may carry, is known.
    pub(super) fn refuse_unknown(&self, known: &[&str]) -> Result<(), Problem> {
        let query = self.request.uri().query().unwrap_or_default();
        let known: Vec<&str> = known.iter().chain(&["done"]).copied().collect();
        parameters::check(query, &known)
    }

    /// Finds out who is signed in.
    pub(super) async fn recognize(&mut self) -> Result<(), Fault> {
        let headers = self.request.headers();
        let cookies = &self.site.cookies;
        let ours = |value: &str| self.site.auth.keyring().made_cookie(value);
        let Some(cookie) = cookies.read(headers, Cookie::Session, ours) else {
            if cookies.any(headers, Cookie::Session) {
                self.cookies.extend(cookies.forget(headers));
            }
            return Ok(());
        };
        let polls = self.request.uri().path() == "/live";
        if let Some(known) = self.site.auth.browser_caller(cookie, polls).await? {
            // Another host of the domain may have put its own cookie in the place of ours.
            let differs = cookies.shared_differs(headers, cookie);
            let renewed = known.renewed.as_ref().map(ExposeSecret::expose_secret);
            if let Some(kept) = renewed.or(differs.then_some(cookie)) {
                let seconds = known.max_age_seconds;
                self.cookies.extend(cookies.keep(headers, kept, seconds));
            }
            self.caller = Some(known.caller);
        } else {
            self.cookies.extend(cookies.forget(headers));
        }
        Ok(())
    }

    /// The session, where somebody is signed in.
    pub(super) fn session(&self) -> Option<&Session> {
        self.caller.as_ref().map(|caller| &caller.session)
    }

    /// Whoever is signed in.
    pub(super) fn caller(&self) -> Result<Caller, Fault> {
        self.caller.clone().ok_or_else(|| self.sign_in())
    }

    /// Whoever is signed in, who must be an administrator.
    pub(super) fn admin(&self) -> Result<Caller, Fault> {
        let caller = self.caller()?;
        if caller.has(ADMIN) {
            Ok(caller)
        } else {
            Err(Fault::NotAdmin)
        }
    }

    /// To the sign-in page, and back here where that makes sense.
    fn sign_in(&self) -> Fault {
        let uri = self.request.uri();
        let returns = self.request.method().is_safe() && !matches!(uri.path(), "/" | "/live");
        let back = self.own_address().filter(|_| returns);
        let back = back.map(escape);
        Fault::SignIn(back.filter(|back| back.len() <= MAX_ESCAPED_NEXT))
    }

    /// What binds a form: the session, or the cookie of whoever has none yet.
    pub(super) fn binding(&self) -> Option<String> {
        match (self.session(), &self.nonce) {
            (Some(session), _) => Some(session.id.to_string()),
            (None, Some(nonce)) => Some(nonce.as_str().to_owned()),
            (None, None) => None,
        }
    }

    /// Gives the secret that binds to this browser, and sets a form cookie where there is none yet.
    pub(super) fn bind(&mut self) -> String {
        if let Some(binding) = self.binding() {
            return binding;
        }
        let nonce = Nonce::random();
        let headers = self.request.headers();
        let cookies = &self.site.cookies;
        let set = cookies.set(headers, Cookie::Form, nonce.as_str(), None);
        self.cookies.extend(set);
        let text = nonce.as_str().to_owned();
        self.nonce = Some(nonce);
        text
    }

    /// The token that every form of this page carries.
    pub(super) fn token(&mut self) -> String {
        if let Some(token) = &self.token {
            return token.clone();
        }
        let binding = self.bind();
        let token = form::mask(&self.tag(&binding));
        self.token = Some(token.clone());
        token
    }

    /// Our signature under `text`. Without a key there is none, and what should carry it is refused.
    pub(super) fn tag(&self, text: &str) -> String {
        self.site
            .auth
            .keyring()
            .form_token(text)
            .unwrap_or_default()
    }

    /// The fields of the form, if it is one of ours and from this browser. Pages for signed-in
    /// people only ask for them first: a stranger's body is not read.
    pub(super) async fn form(&mut self) -> Result<FormFields, Fault> {
        self.refuse_foreign_form()?;
        self.read_form().await
    }

    /// The same for a page whose forms count against the address that sends them. They are charged
    /// before they are read, and not where another site made the browser send them.
    pub(super) async fn limited_form(&mut self) -> Result<FormFields, Fault> {
        self.refuse_foreign_form()?;
        self.site.auth.admit(&self.context).await?;
        self.read_form().await
    }

    /// The field `next` of a form that may belong to a session before this one, or to none: nothing
    /// else of it may be used. Empty for a form that another site had sent.
    pub(super) async fn stale_next(&mut self) -> String {
        if self.refuse_foreign_form().is_err() {
            return String::new();
        }
        let fields = self.read_fields().await.ok();
        let next = fields.and_then(|mut fields| fields.take("next"));
        next.unwrap_or_default()
    }

    fn refuse_foreign_form(&self) -> Result<(), Fault> {
        refuse_other_sites(self.request.headers())?;
        let kind = self.request.content_type().unwrap_or_default();
        let essence = kind.split(';').next().unwrap_or_default().trim();
        if essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            Ok(())
        } else {
            Err(Fault::NoForm)
        }
    }

    async fn read_form(&mut self) -> Result<FormFields, Fault> {
        let mut fields = self.read_fields().await?;
        let Some(binding) = self.binding() else {
            return Err(self.without_cookie());
        };
        let token = fields.take("form").unwrap_or_default();
        let good = form::unmask(&token).is_some_and(|token| {
            self.site
                .auth
                .keyring()
                .form_token_is_good(&binding, &token)
        });
        if good { Ok(fields) } else { Err(Fault::Stale) }
    }

    async fn read_fields(&mut self) -> Result<FormFields, Fault> {
        let unread = Unread::take(&self.request, &mut self.body)?.at_least(MAX_FORM);
        Ok(FormFields::parse(&unread.read().await?)?)
    }

    /// Why a browser sends back no cookie.
    fn without_cookie(&self) -> Fault {
        let origin = self.request.header(header::ORIGIN).unwrap_or_default();
        let plain = origin.starts_with("http://");
        if plain && self.site.cookies.secure(self.headers()) {
            Fault::PlainHttp
        } else {
            Fault::NoCookie
        }
    }

    /// Who is signed in, for the header of a page.
    pub(super) fn nav(&mut self, here: &'static str) -> Option<Nav> {
        let caller = self.caller.as_ref()?;
        let (email, admin) = (caller.session.owner.email.shown(), caller.has(ADMIN));
        Some(Nav {
            email,
            admin,
            here,
            form: self.token(),
        })
    }

    /// What was done a moment ago, if the address says so and we said it.
    pub(super) fn done(&self) -> Option<&'static str> {
        done::read(self, &self.query("done"))
    }

    /// Keeps a session in the browser, in place of any other.
    pub(super) fn keep(&mut self, cookie: &str, max_age: i64, device: &str) {
        let headers = self.request.headers();
        self.cookies.clear();
        let rules = &self.site.cookies;
        self.cookies.extend(rules.keep(headers, cookie, max_age));
        self.cookies.extend(rules.clear(headers, Cookie::Form));
        self.keep_device(device);
    }

    /// Keeps the proof that the browser has signed in, in place of any other.
    pub(super) fn keep_device(&mut self, proof: &str) {
        let (headers, rules) = (self.request.headers(), &self.site.cookies);
        let cookie = rules.set(headers, Cookie::Device, proof, Some(DEVICE_SECONDS));
        self.cookies.extend(cookie);
    }

    /// Takes the session from the browser.
    pub(super) fn forget(&mut self) {
        self.caller = None;
        self.token = None;
        let cleared = self.site.cookies.forget(self.request.headers());
        self.cookies.extend(cleared);
    }

    pub(super) fn take_cookies(&mut self) -> Vec<HeaderValue> {
        std::mem::take(&mut self.cookies)
    }

    pub(super) fn policy(&self) -> HeaderValue {
        self.site.policy.clone()
    }

    /// Goes on to an address: one of ours, or one that was checked.
    pub(super) fn see(&mut self, address: &str) -> Response {
        let location = HeaderValue::from_str(address);
        let location = location.unwrap_or_else(|_| HeaderValue::from_static("/"));
        let response = Response::builder()
            .status(StatusCode::SEE_OTHER)
            .header(header::LOCATION, location)
            .finish();
        finish(self, response)
    }

    /// Goes on to a page of ours, which says what was done.
    pub(super) fn see_done(&mut self, address: &str, done: done::Done) -> Response {
        let said = done::write(self, done);
        self.see(&format!("{address}?done={said}"))
    }
}

/// A value in a query.
pub(super) fn escape(value: &str) -> String {
    utf8_percent_encode(value, NON_ALPHANUMERIC).to_string()
}
