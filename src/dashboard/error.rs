//! Errors of the dashboard, and all sentences in which its pages report them.

use poem::http::{HeaderName, HeaderValue, StatusCode, header};
use poem::{IntoResponse, Response};

use super::moment::span;
use crate::http::{Code, Problem};

/// The result of a handler.
pub(super) type PageResult = Result<Response, PageError>;

/// A reason why a page is not shown.
#[derive(Debug)]
pub(super) enum PageError {
    /// The user must sign in first; holds the address to continue to afterwards, as a value in a
    /// query.
    SignIn(Option<String>),
    /// The signed-in user is not an administrator.
    NotAdministrator,
    /// The form's token is not valid for this browser.
    StaleForm,
    /// The body is not a form.
    NotForm,
    /// The form's cookie did not come back.
    NoCookie,
    /// The form's cookie cannot come back: it is for TLS only.
    PlainHttp,
    /// Any error of the API.
    Problem(Problem),
}

impl<E: Into<Problem>> From<E> for PageError {
    fn from(error: E) -> Self {
        Self::Problem(error.into())
    }
}

impl PageError {
    /// The error of an address without a page.
    pub(super) fn not_found() -> Self {
        Code::NotFound.into()
    }

    /// Status, heading and explanation of the page that shows it.
    pub(super) fn words(&self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::SignIn(_) => of_code(Code::InvalidToken),
            Self::NotAdministrator => (
                StatusCode::FORBIDDEN,
                "This page is for administrators",
                "Your account does not have the role “admin”. Ask an administrator for it.",
            ),
            Self::StaleForm => (
                StatusCode::FORBIDDEN,
                "This form is out of date",
                "You have signed in or out since the page was opened. Nothing was changed. \
                 Reload the page and try again.",
            ),
            Self::NotForm => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "This request is not a form",
                "This address accepts only forms of the dashboard. The API has its own addresses.",
            ),
            Self::NoCookie => (
                StatusCode::FORBIDDEN,
                "Your browser sent no cookie",
                "Signing in requires cookies. Allow them for this site, then reload the page.",
            ),
            Self::PlainHttp => (
                StatusCode::FORBIDDEN,
                "This page requires https",
                "Over plain http anyone on the way could read a password and the session cookie, so \
                 this form is not shown, and browsers would not keep the cookie. Open this site by \
                 an https address. On the machine that runs the server, http://localhost works too.",
            ),
            Self::Problem(problem) => of_code(problem.code),
        }
    }
}

/// Status, heading and explanation, as the table of codes has them.
const fn of_code(code: Code) -> (StatusCode, &'static str, &'static str) {
    (code.status(), code.title(), code.sentence())
}

/// The detail of this occurrence, or else the time to come back; empty where there is neither.
pub(super) fn detail(problem: &Problem) -> String {
    match (problem.own_detail(), problem.retry_after) {
        (Some(own), _) => sentence(own),
        (None, Some(seconds)) => again_in(seconds),
        (None, None) => String::new(),
    }
}

/// Adds the refusal's headers to a page that shows it.
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

/// The sentence that says when to come back.
pub(super) fn again_in(seconds: u64) -> String {
    let span = span(i64::try_from(seconds).unwrap_or(i64::MAX));
    format!("Try again in {span}.")
}

/// Turns a message of the API, which starts in lower case and has no full stop, into a sentence.
pub(super) fn sentence(message: &str) -> String {
    let mut letters = message.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    let mut text: String = first.chain(letters).collect();
    if !text.ends_with(['.', '!', '?']) {
        text.push('.');
    }
    text
}
