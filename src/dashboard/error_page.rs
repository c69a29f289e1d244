//! The page that reports an error and says what to do next.

use askama::Template;
use poem::Response;
use poem::http::StatusCode;

use super::error::{PageError, detail, keep_headers};
use super::origin::https_addresses;
use super::page::{page, redirect};
use super::request::PageRequest;

#[derive(Template)]
#[template(path = "dashboard/error.html", whitespace = "minimize")]
struct Page<'a> {
    title: &'static str,
    words: &'static str,
    detail: String,
    address: String,
    link: &'static str,
    /// The same page over plain HTTP, for a browser that knows better; empty where there is none.
    anyway: String,
    request_id: &'a str,
}

/// Answers with the page of `error`, or leads to the sign-in page.
pub(super) fn answer(request: &mut PageRequest, error: PageError) -> Response {
    let (status, title, words) = error.words();
    let (mut address, mut link) = next_step(request, status);
    let mut anyway = String::new();
    let mut problem = None;
    match error {
        PageError::SignIn(Some(next)) => {
            return redirect(request, &format!("/sign-in?next={next}"));
        }
        PageError::SignIn(None) => return redirect(request, "/sign-in"),
        PageError::PlainHttp => {
            let (by_tls, as_it_is) = https_addresses(request);
            if let Some(by_tls) = by_tls {
                (address, link) = (by_tls, "Open this page by https");
            }
            anyway = as_it_is;
        }
        PageError::Problem(error) => problem = Some(error),
        PageError::NotAdministrator
        | PageError::StaleForm
        | PageError::NotForm
        | PageError::NoCookie => {}
    }
    let request_id = request.context.request_id.clone();
    let body = Page {
        title,
        words,
        detail: problem.as_ref().map(detail).unwrap_or_default(),
        address,
        link,
        anyway,
        request_id: request_id.as_str(),
    };
    let mut response = page(request, status, title, &body);
    if let Some(problem) = problem {
        keep_headers(&mut response, problem);
    }
    response
}

/// The address and words of the page's button. A form has no address to open again.
fn next_step(request: &PageRequest, status: StatusCode) -> (String, &'static str) {
    let passes = matches!(
        status,
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS
    );
    match request.own_address() {
        Some(address) if passes && request.address.is_get_or_head() => {
            (address.to_owned(), "Try again")
        }
        _ => ("/".to_owned(), "To the start page"),
    }
}
