//! The one layout around every page, and the headers of every page.

use std::fmt;

use askama::Template;
use askama::filters::HtmlSafe;
use poem::Response;
use poem::http::{HeaderValue, StatusCode, header};

use super::visit::Visit;
use crate::http::asset;

/// The longest part of a title that comes from outside.
const TITLE: usize = 40;

/// Something that is HTML already: a template that was rendered by rules of its own.
pub(super) struct Markup<'a>(pub(super) &'a dyn fmt::Display);

impl fmt::Display for Markup<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl HtmlSafe for Markup<'_> {}

/// Who is signed in, and where they are.
pub(super) struct Nav {
    pub(super) email: String,
    pub(super) admin: bool,
    /// The address in [`Self::links`] that the page belongs to.
    pub(super) here: &'static str,
    pub(super) form: String,
}

impl Nav {
    /// Where the header leads to.
    fn links(&self) -> &'static [(&'static str, &'static str)] {
        const ALL: [(&str, &str); 5] = [
            ("/", "Overview"),
            ("/users", "Users"),
            ("/audit", "Audit"),
            ("/configuration", "Configuration"),
            ("/account", "My account"),
        ];
        if self.admin { &ALL } else { &ALL[4..] }
    }
}

#[derive(Template)]
#[template(path = "dashboard/layout.html", whitespace = "minimize")]
struct Layout<'a> {
    title: String,
    version: &'static str,
    nav: Option<Nav>,
    /// What was done a moment ago.
    done: Option<&'static str>,
    body: Markup<'a>,
}

/// A page of `body`: a template.
pub(super) fn page(
    visit: &mut Visit,
    status: StatusCode,
    title: &str,
    body: &dyn fmt::Display,
) -> Response {
    let here = visit.here();
    // The page that asks whether to sign out has one button for it.
    let nav = visit.nav(here).filter(|_| visit.path() != "/sign-out");
    let done = visit.done();
    let mut title: String = title.chars().take(TITLE).collect();
    if status.is_client_error() || status.is_server_error() {
        title.insert_str(0, "Error: ");
    }
    let layout = Layout {
        title,
        version: env!("CARGO_PKG_VERSION"),
        nav,
        done,
        body: Markup(body),
    };
    let text = layout.to_string();
    finish(visit, asset::html(visit.headers(), status, text))
}

/// A part of a page, which a script puts into its place.
pub(super) fn part(visit: &mut Visit, body: &dyn fmt::Display) -> Response {
    let text = body.to_string();
    finish(visit, asset::html(visit.headers(), StatusCode::OK, text))
}

/// Adds what every answer of the dashboard carries.
pub(super) fn finish(visit: &mut Visit, mut response: Response) -> Response {
    let policy = visit.policy();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    for cookie in visit.take_cookies() {
        headers.append(header::SET_COOKIE, cookie);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Without any, browsers would not tell where a form comes from.
    headers.insert(
        header::REFERRER_POLICY,
        HeaderValue::from_static("same-origin"),
    );
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dashboard::hostile::{HOSTILE, is_text};

    #[test]
    fn titles_and_names_are_text() {
        let nav = Nav {
            email: HOSTILE.to_owned(),
            admin: true,
            here: "/",
            form: HOSTILE.to_owned(),
        };
        let layout = Layout {
            title: HOSTILE.to_owned(),
            version: "1",
            nav: Some(nav),
            done: None,
            body: Markup(&""),
        };
        // Ours, and nothing inline.
        let script = "<script src=\"/assets/aura.js\" defer></script>";
        let text = layout.to_string().replace(script, "");
        is_text(&text, 3);
        assert!(text.contains("href=\"/\" aria-current=\"page\""), "{text}");
    }
}
