//! What went wrong, as a page in plain words that says what to do next.

use askama::Template;
use poem::http::{HeaderName, HeaderValue, StatusCode, header};
use poem::{IntoResponse, Response};

use super::fields::{again_in, sentence};
use super::page::page;
use super::visit::Visit;
use crate::http::Problem;

/// Why there is no page.
#[derive(Debug)]
pub(super) enum Fault {
    /// Nobody is signed in; where to go after that, as a value in a query.
    SignIn(Option<String>),
    /// Somebody is, who is no administrator.
    NotAdmin,
    /// The form's token is not good for this browser.
    Stale,
    /// The body is no form.
    NoForm,
    /// The form's cookie did not come back.
    NoCookie,
    /// The form's cookie cannot come back: it is for TLS only.
    PlainHttp,
    /// Anything else.
    Problem(Problem),
}

impl<E: Into<Problem>> From<E> for Fault {
    fn from(error: E) -> Self {
        Self::Problem(error.into())
    }
}

#[derive(Template)]
#[template(path = "dashboard/fault.html", whitespace = "minimize")]
struct Page<'a> {
    title: &'static str,
    words: &'static str,
    detail: String,
    address: String,
    link: &'static str,
    /// The page all the same, where only a browser knows that it is not as it seems.
    anyway: String,
    request_id: &'a str,
}

/// The answer to `fault`.
pub(super) fn answer(visit: &mut Visit, fault: Fault) -> Response {
    let (status, title, words) = match &fault {
        Fault::SignIn(next) => {
            let address = match next {
                Some(next) => format!("/sign-in?next={next}"),
                None => "/sign-in".to_owned(),
            };
            return visit.see(&address);
        }
        Fault::NotAdmin => (
            StatusCode::FORBIDDEN,
            "This page is for administrators",
            "Your account does not have the role “admin”. Ask an administrator for it.",
        ),
        Fault::Stale => (
            StatusCode::FORBIDDEN,
            "This form is out of date",
            "You have signed in or out since the page was opened. Nothing was changed. Open the \
             page anew and try again.",
        ),
        Fault::NoForm => (
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "This is not a form",
            "This address takes the forms of the dashboard. The API has its own addresses.",
        ),
        Fault::NoCookie => (
            StatusCode::FORBIDDEN,
            "Your browser sent no cookie",
            "Signing in needs cookies. Allow them for this site, then open the page anew.",
        ),
        Fault::PlainHttp => (
            StatusCode::FORBIDDEN,
            "This page needs https",
            "Over plain http anyone on the way could read a password and the session cookie, so this \
             form is not shown, and browsers would not keep the cookie. Open this site by an https \
             address. On the machine that runs the server, http://localhost works too.",
        ),
        Fault::Problem(problem) => {
            let code = problem.code;
            (code.status(), code.title(), code.sentence())
        }
    };
    let is_plain = matches!(fault, Fault::PlainHttp);
    let problem = match fault {
        Fault::Problem(problem) => Some(problem),
        _ => None,
    };
    let (mut address, mut link) = onward(visit, status);
    let mut anyway = String::new();
    if is_plain {
        let (by_tls, as_it_is) = visit.https_addresses();
        if let Some(by_tls) = by_tls {
            (address, link) = (by_tls, "Open this page by https");
        }
        anyway = as_it_is;
    }
    let request_id = visit.context.request_id.clone();
    let body = Page {
        title,
        words,
        detail: problem.as_ref().map(detail).unwrap_or_default(),
        address,
        link,
        anyway,
        request_id: request_id.as_str(),
    };
    let mut response = page(visit, status, title, &body);
    if let Some(problem) = problem {
        keep_headers(&mut response, problem);
    }
    response
}

/// A page of a form with what is wrong with it: the refusal's headers, and its status where that
/// says when to come back.
pub(super) fn keep_headers(response: &mut Response, problem: Problem) {
    let of_problem = problem.into_response();
    let wanted: [HeaderName; 2] = [header::RETRY_AFTER, header::ALLOW];
    for name in wanted {
        if let Some(value) = of_problem.headers().get(&name) {
            let value: HeaderValue = value.clone();
            response.headers_mut().insert(name, value);
        }
    }
}

/// The status of a form's page that shows `problem`.
pub(super) fn status_of_form(problem: &Problem) -> StatusCode {
    match problem.code.status() {
        status @ (StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) => status,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    }
}

/// The detail of this occurrence, or else the time to come back.
fn detail(problem: &Problem) -> String {
    match (problem.own_detail(), problem.retry_after) {
        (Some(own), _) => sentence(own),
        (None, Some(seconds)) => again_in(seconds).trim().to_owned(),
        (None, None) => String::new(),
    }
}

/// Where to go from here.
fn onward(visit: &Visit, status: StatusCode) -> (String, &'static str) {
    let here = match status {
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => visit.page(),
        _ => None,
    };
    match here {
        Some(address) => (address, "Try again"),
        None => ("/".to_owned(), "To the start page"),
    }
}
