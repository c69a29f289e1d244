//! The layout and the headers of every page, and redirects from one to another.

use std::fmt;

use askama::Template;
use askama::filters::HtmlSafe;
use poem::Response;
use poem::http::{HeaderValue, StatusCode, header};

use super::address::first_segment;
use super::flash::{self, Flash};
use super::request::PageRequest;
use super::site::MenuItem;
use crate::auth::users::ADMIN;
use crate::http::asset;

/// Longest title in characters; titles contain e-mails.
const TITLE: usize = 40;

/// Text that is already HTML: a rendered template.
pub(super) struct Markup<'a>(pub(super) &'a dyn fmt::Display);

impl fmt::Display for Markup<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl HtmlSafe for Markup<'_> {}

/// The header's navigation for a signed-in user.
struct Nav {
    email: String,
    links: Vec<MenuItem>,
    /// Path of the link that the page belongs to; empty where it belongs to none.
    current: &'static str,
    form_token: String,
}

impl Nav {
    fn of(request: &mut PageRequest) -> Option<Self> {
        let caller = request.browser.caller()?;
        let is_administrator = caller.has(ADMIN);
        let menu = request.site.menu.iter().copied();
        let links: Vec<MenuItem> = menu
            .filter(|item| is_administrator || !item.for_administrators)
            .collect();
        let folder = first_segment(request.address.path());
        let current = links.iter().find(|item| first_segment(item.path) == folder);
        Some(Self {
            email: caller.session.owner.email.shown(),
            current: current.map_or("", |item| item.path),
            links,
            form_token: request.browser.form_token(),
        })
    }
}

#[derive(Template)]
#[template(path = "dashboard/layout.html", whitespace = "minimize")]
struct Layout<'a> {
    title: String,
    version: &'static str,
    nav: Option<Nav>,
    flash: Option<&'static str>,
    body: Markup<'a>,
}

/// A page with the layout around `body`, a template.
pub(super) fn page(
    request: &mut PageRequest,
    status: StatusCode,
    title: &str,
    body: &dyn fmt::Display,
) -> Response {
    // The page that asks whether to sign out has one button for it.
    let nav = Nav::of(request).filter(|_| request.address.path() != "/sign-out");
    let done = request.address.query("done");
    let flash = flash::read(&request.browser, &done, request.site.clock.now());
    // People who use a screen reader hear the title first.
    let mut title: String = title.chars().take(TITLE).collect();
    if status.is_client_error() || status.is_server_error() {
        title.insert_str(0, "Error: ");
    }
    let layout = Layout {
        title,
        version: env!("CARGO_PKG_VERSION"),
        nav,
        flash,
        body: Markup(body),
    };
    let text = layout.to_string();
    finish(
        request,
        asset::html(request.browser.headers(), status, text),
    )
}

/// A part of a page, for the script that replaces it.
pub(super) fn part(request: &mut PageRequest, body: &dyn fmt::Display) -> Response {
    let text = body.to_string();
    finish(
        request,
        asset::html(request.browser.headers(), StatusCode::OK, text),
    )
}

/// Adds the headers of every answer: policy, cookies, no caching.
pub(super) fn finish(request: &mut PageRequest, mut response: Response) -> Response {
    let policy = request.site.policy.clone();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    for cookie in request.browser.take_cookies() {
        headers.append(header::SET_COOKIE, cookie);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Not `no-referrer`: browsers would then send `Origin: null` with forms, and the check for forms
    // of other sites would refuse our own.
    headers.insert(
        header::REFERRER_POLICY,
        HeaderValue::from_static("same-origin"),
    );
    response
}

/// Redirects to an address, which must be one of ours or checked.
pub(super) fn redirect(request: &mut PageRequest, address: &str) -> Response {
    let location = HeaderValue::from_str(address);
    let location = location.unwrap_or_else(|_| HeaderValue::from_static("/"));
    let response = Response::builder()
        .status(StatusCode::SEE_OTHER)
        .header(header::LOCATION, location)
        .finish();
    finish(request, response)
}

/// Redirects to a page of ours, which shows `flash`.
pub(super) fn redirect_with(request: &mut PageRequest, address: &str, flash: Flash) -> Response {
    let done = flash::write(&mut request.browser, flash, request.site.clock.now());
    redirect(request, &format!("{address}?done={done}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dashboard::hostile::{HOSTILE, is_text};

    #[test]
    fn title_and_email_are_escaped() {
        let nav = Nav {
            email: HOSTILE.to_owned(),
            links: vec![MenuItem {
                path: "/",
                label: "Overview",
                for_administrators: true,
            }],
            current: "/",
            form_token: HOSTILE.to_owned(),
        };
        let layout = Layout {
            title: HOSTILE.to_owned(),
            version: "1",
            nav: Some(nav),
            flash: None,
            body: Markup(&""),
        };
        // Ours, and nothing inline.
        let script = "<script src=\"/assets/aura.js\" defer></script>";
        let text = layout.to_string().replace(script, "");
        is_text(&text, 3);
        assert!(text.contains("href=\"/\" aria-current=\"page\""), "{text}");
    }
}
