//! [`Problem`]: the one error body (RFC 9457).

use poem::http::{HeaderName, HeaderValue, StatusCode, header};
use poem::{IntoResponse, Response};

use super::code::Code;

/// One fault of one input field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// The field's name in the body.
    pub field: String,
    /// Stable, snake case.
    pub code: &'static str,
    /// The fault and its remedy; never quotes a secret.
    pub message: String,
}

impl FieldError {
    /// A fault of `field`.
    pub fn new(field: impl Into<String>, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            code,
            message: message.into(),
        }
    }
}

/// An error as clients see it.
///
/// As a response it carries itself in the response's extensions; the outermost middleware
/// ([`super::documents`]) writes the body, because only there the request id and the route's
/// dialect are known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The kind of error.
    pub code: Code,
    /// This occurrence and its remedy; reveals nothing internal.
    pub detail: String,
    /// The fields at fault, for [`Code::InvalidInput`].
    pub errors: Vec<FieldError>,
    /// Seconds after which trying again makes sense.
    pub retry_after: Option<u64>,
    /// Headers of this answer alone, such as `Allow`.
    pub headers: Vec<(HeaderName, HeaderValue)>,
}

impl Problem {
    /// A problem with its detail. A 503 asks to come back in a second, until told otherwise.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        let retry_after = (code.status() == StatusCode::SERVICE_UNAVAILABLE).then_some(1);
        Self {
            code,
            detail: detail.into(),
            errors: Vec::new(),
            retry_after,
            headers: Vec::new(),
        }
    }

    /// Invalid input; `errors` names every field at fault.
    #[must_use]
    pub fn invalid(errors: Vec<FieldError>) -> Self {
        let fields: Vec<&str> = errors.iter().map(|error| error.field.as_str()).collect();
        let detail = format!("not valid: {}; see errors", fields.join(", "));
        Self {
            errors,
            ..Self::new(Code::InvalidInput, detail)
        }
    }

    /// A fault of the server's own, whose cause stays in the log.
    #[must_use]
    pub fn internal() -> Self {
        Code::Internal.into()
    }

    /// The detail, where it was written for this occurrence and not taken from the table.
    #[must_use]
    pub fn own_detail(&self) -> Option<&str> {
        Some(self.detail.as_str()).filter(|detail| *detail != self.code.detail())
    }

    /// The same, to be tried again after `seconds`.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// The same with one more header.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }
}

impl From<Code> for Problem {
    fn from(code: Code) -> Self {
        Self::new(code, code.detail())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = Response::builder().status(self.code.status()).finish();
        let headers = response.headers_mut();
        // A 401 names a scheme (RFC 9110 section 15.5.2); an `error` only where a token was sent (RFC 6750
        // section 3.1).
        if self.code.status() == StatusCode::UNAUTHORIZED {
            let challenge = match self.code {
                Code::InvalidToken => "Bearer realm=\"aura\", error=\"invalid_token\"",
                Code::InvalidClient => "Basic realm=\"aura\"",
                _ => "Bearer realm=\"aura\"",
            };
            headers.insert(
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static(challenge),
            );
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        for (name, value) in &self.headers {
            headers.insert(name, value.clone());
        }
        response.extensions_mut().insert(self);
        response
    }
}

impl From<Problem> for poem::Error {
    fn from(problem: Problem) -> Self {
        // An error hands over its own extensions in place of its response's.
        let mut error = Self::from_response(problem.clone().into_response());
        error.set_data(problem);
        error
    }
}
