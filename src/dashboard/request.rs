//! One request to the dashboard: its address, its browser, and the form that it carries.

use std::sync::Arc;

use poem::Request;
use poem::http::header;

use super::address::{Address, PathParameters, escape};
use super::browser::Browser;
use super::error::PageError;
use super::site::Site;
use crate::auth::users::ADMIN;
use crate::auth::{ActingAs, Caller};
use crate::http::body::Unread;
use crate::http::next::MAX_NEXT_BYTES;
use crate::http::same_site::refuse_other_sites;
use crate::http::{Context, FormFields, Problem};

/// Longest `next` of an own page in bytes, as it stands in the address of the sign-in page: more
/// would not fit into the head of a request.
const MAX_ESCAPED_NEXT: usize = 6 * 1024;

/// Largest form of a page in bytes, whatever `SERVER_MAX_BODY_BYTES` says: each byte of the longest
/// `next` may take three, and other fields stand beside it.
const MAX_FORM: usize = 4 * MAX_NEXT_BYTES;

/// Address of the part of the overview that its script asks for again and again.
const LIVE: &str = "/live";

/// A request.
pub(super) struct PageRequest {
    pub(super) site: Arc<Site>,
    pub(super) context: Context,
    pub(super) address: Address,
    pub(super) browser: Browser,
    /// Not read before the caller is known: nobody else's body takes memory or time.
    body: Option<Unread>,
}

impl PageRequest {
    pub(super) fn new(
        site: Arc<Site>,
        context: Context,
        request: Request,
        path_parameters: PathParameters,
    ) -> Self {
        let (request, mut body) = request.split();
        let body = Unread::take(&request, &mut body).ok();
        let (parts, _) = request.into_parts();
        Self {
            context,
            address: Address::new(parts.method, parts.uri, path_parameters),
            browser: Browser::new(Arc::clone(&site), parts.headers),
            body: body.map(|body| body.at_least(MAX_FORM)),
            site,
        }
    }

    /// Finds out who is signed in.
    pub(super) async fn recognize(&mut self) -> Result<(), PageError> {
        let polls = self.address.path() == LIVE;
        Ok(self.browser.recognize(polls).await?)
    }

    /// The signed-in user; anyone else is sent to the sign-in page.
    pub(super) fn caller(&self) -> Result<Caller, PageError> {
        let caller = self.browser.caller().cloned();
        caller.ok_or_else(|| self.sign_in())
    }

    /// The signed-in administrator.
    pub(super) fn administrator(&self) -> Result<Caller, PageError> {
        let caller = self.caller()?;
        if caller.has(ADMIN) {
            Ok(caller)
        } else {
            Err(PageError::NotAdministrator)
        }
    }

    /// The signed-in administrator as the actor of a change.
    pub(super) fn by(&self) -> Result<ActingAs, PageError> {
        let administrator = self.administrator()?;
        Ok(self
            .site
            .auth
            .administration
            .administrator(&self.context, &administrator))
    }

    /// To the sign-in page, and back here where that makes sense.
    fn sign_in(&self) -> PageError {
        // A redirect cannot repeat a form, and the start page is where a sign-in leads anyway.
        let returns = self.address.is_safe() && !matches!(self.address.path(), "/" | LIVE);
        let back = self.own_address().filter(|_| returns).map(escape);
        PageError::SignIn(back.filter(|back| back.len() <= MAX_ESCAPED_NEXT))
    }

    /// Path and query, where they lead back here as a link or a `next`: `//evil.example/x` does not.
    pub(super) fn own_address(&self) -> Option<&str> {
        self.site.next.allowed(self.address.path_and_query())
    }

    /// The fields of the form, if it is one of ours and from this browser.
    pub(super) async fn form(&mut self) -> Result<FormFields, PageError> {
        self.refuse_foreign_form()?;
        self.read_form().await
    }

    /// The same for a page whose forms count against the address that sends them. They are charged
    /// before they are read, and not where another site made the browser send them.
    pub(super) async fn limited_form(&mut self) -> Result<FormFields, PageError> {
        // Each step costs more than the one before, so a refused form costs as little as possible.
        self.refuse_foreign_form()?;
        self.site.auth.limits.admit(&self.context).await?;
        self.read_form().await
    }

    /// The field `next` of a form that may belong to a session before this one, or to none: nothing
    /// else of it may be used. Empty for a form that another site had sent.
    pub(super) async fn stale_next(&mut self) -> String {
        if self.refuse_foreign_form().is_err() {
            return String::new();
        }
        // An address is checked wherever it is followed, so it needs no token; everything else does.
        let fields = self.read_fields().await.ok();
        let next = fields.and_then(|mut fields| fields.take("next"));
        next.unwrap_or_default()
    }

    fn refuse_foreign_form(&self) -> Result<(), PageError> {
        refuse_other_sites(self.browser.headers())?;
        let essence = self.header(header::CONTENT_TYPE).split(';').next();
        let essence = essence.unwrap_or_default().trim();
        if essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            Ok(())
        } else {
            Err(PageError::NotForm)
        }
    }

    async fn read_form(&mut self) -> Result<FormFields, PageError> {
        let mut fields = self.read_fields().await?;
        let Some(binding) = self.browser.binding() else {
            return Err(self.without_cookie());
        };
        let token = fields.take("form").unwrap_or_default();
        if self.browser.is_form_token(&binding, &token) {
            Ok(fields)
        } else {
            Err(PageError::StaleForm)
        }
    }

    async fn read_fields(&mut self) -> Result<FormFields, PageError> {
        let body = self.body.take().ok_or_else(Problem::internal)?;
        Ok(FormFields::parse(&body.read().await?)?)
    }

    /// Why a browser sends back no cookie.
    fn without_cookie(&self) -> PageError {
        // Over plain HTTP browsers drop cookies with `Secure`: that is then the likelier cause.
        let is_plain = self.header(header::ORIGIN).starts_with("http://");
        if is_plain && self.site.cookies.secure(self.browser.headers()) {
            PageError::PlainHttp
        } else {
            PageError::NoCookie
        }
    }

    /// A header as text; empty where it is missing or is none.
    pub(super) fn header(&self, name: header::HeaderName) -> &str {
        let value = self.browser.headers().get(name);
        value
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }
}
