//! The browser that sent a request: who is signed in, the token of its forms, and the cookies that
//! the answer sets.

use std::sync::Arc;

use poem::http::{HeaderMap, HeaderValue};
use secrecy::ExposeSecret;

use super::form_token::{Nonce, mask, unmask};
use super::site::Site;
use crate::auth::sessions::Session;
use crate::auth::{Caller, Error};
use crate::http::cookies::Cookie;
use crate::http::device_proof::DEVICE_SECONDS;

/// A browser.
pub(super) struct Browser {
    site: Arc<Site>,
    headers: HeaderMap,
    caller: Option<Caller>,
    /// Binds forms to the browser while nobody is signed in.
    nonce: Option<Nonce>,
    /// The token of this page's forms, once it was asked for.
    form_token: Option<String>,
    set_cookies: Vec<HeaderValue>,
}

impl Browser {
    pub(super) fn new(site: Arc<Site>, headers: HeaderMap) -> Self {
        let is_nonce = |value: &str| Nonce::parse(value).is_some();
        let nonce = site.cookies.read(&headers, Cookie::Form, is_nonce);
        Self {
            nonce: nonce.and_then(Nonce::parse),
            site,
            headers,
            caller: None,
            form_token: None,
            set_cookies: Vec::new(),
        }
    }

    pub(super) const fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Looks the session of the cookie up. A request that `polls` does not count as use of the
    /// session, or an open tab would keep it alive for ever.
    pub(super) async fn recognize(&mut self, polls: bool) -> Result<(), Error> {
        let (headers, cookies) = (&self.headers, &self.site.cookies);
        let ours = |value: &str| self.site.auth.keyring.made_cookie(value);
        let Some(cookie) = cookies.read(headers, Cookie::Session, ours) else {
            // Forged, of a dropped key, or two that differ: kept, it would hide every later one.
            if cookies.any(headers, Cookie::Session) {
                self.set_cookies.extend(cookies.forget(headers));
            }
            return Ok(());
        };
        if let Some(known) = self.site.auth.browsers.authenticate(cookie, polls).await? {
            // Another host of the domain may have put its own cookie in the place of ours.
            let differs = cookies.shared_differs(headers, cookie);
            let renewed = known.renewed.as_ref().map(ExposeSecret::expose_secret);
            if let Some(kept) = renewed.or(differs.then_some(cookie)) {
                let kept = cookies.keep(headers, kept, known.max_age_seconds);
                self.set_cookies.extend(kept);
            }
            self.caller = Some(known.caller);
        } else {
            self.set_cookies.extend(cookies.forget(headers));
        }
        Ok(())
    }

    /// The signed-in user.
    pub(super) const fn caller(&self) -> Option<&Caller> {
        self.caller.as_ref()
    }

    /// The session of the signed-in user.
    pub(super) fn session(&self) -> Option<&Session> {
        self.caller.as_ref().map(|caller| &caller.session)
    }

    /// The value that forms and messages are bound to: the session, or before there is one the form
    /// cookie.
    pub(super) fn binding(&self) -> Option<String> {
        match (self.session(), &self.nonce) {
            (Some(session), _) => Some(session.id.to_string()),
            (None, Some(nonce)) => Some(nonce.as_str().to_owned()),
            (None, None) => None,
        }
    }

    /// The binding; sets a form cookie where there is none yet.
    pub(super) fn bind(&mut self) -> String {
        if let Some(binding) = self.binding() {
            return binding;
        }
        let nonce = Nonce::random();
        let (headers, cookies) = (&self.headers, &self.site.cookies);
        let set = cookies.set(headers, Cookie::Form, nonce.as_str(), None);
        self.set_cookies.extend(set);
        let binding = nonce.as_str().to_owned();
        self.nonce = Some(nonce);
        binding
    }

    /// The token that every form of this page carries.
    pub(super) fn form_token(&mut self) -> String {
        if let Some(token) = &self.form_token {
            return token.clone();
        }
        let binding = self.bind();
        let token = mask(&self.sign(&binding));
        self.form_token = Some(token.clone());
        token
    }

    /// Checks a form's token against `binding`.
    pub(super) fn is_form_token(&self, binding: &str, masked: &str) -> bool {
        unmask(masked).is_some_and(|token| self.is_signature(binding, &token))
    }

    /// Our signature under `text`; empty, and so never accepted, while there is no key.
    pub(super) fn sign(&self, text: &str) -> String {
        self.site.auth.keyring.form_token(text).unwrap_or_default()
    }

    /// Verifies a signature of [`Self::sign`].
    pub(super) fn is_signature(&self, text: &str, signature: &str) -> bool {
        self.site.auth.keyring.form_token_is_good(text, signature)
    }

    /// Keeps a session in the browser, in place of any other.
    pub(super) fn keep(&mut self, cookie: &str, max_age: i64, device: &str) {
        let (headers, cookies) = (&self.headers, &self.site.cookies);
        // What was set before belongs to the session that this one replaces.
        self.set_cookies = cookies.keep(headers, cookie, max_age);
        self.set_cookies
            .extend(cookies.clear(headers, Cookie::Form));
        self.keep_device(device);
    }

    /// Keeps the proof that the account has signed in with this browser, in place of any other.
    pub(super) fn keep_device(&mut self, proof: &str) {
        let (headers, cookies) = (&self.headers, &self.site.cookies);
        let set = cookies.set(headers, Cookie::Device, proof, Some(DEVICE_SECONDS));
        self.set_cookies.extend(set);
    }

    /// Takes the session from the browser.
    pub(super) fn forget(&mut self) {
        self.caller = None;
        // It was bound to the session.
        self.form_token = None;
        let cleared = self.site.cookies.forget(&self.headers);
        self.set_cookies.extend(cleared);
    }

    /// The `Set-Cookie` headers of the answer.
    pub(super) fn take_cookies(&mut self) -> Vec<HeaderValue> {
        std::mem::take(&mut self.set_cookies)
    }
}
