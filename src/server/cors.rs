//! Cross-origin requests (Fetch standard): the origins of `SERVER_CORS_ALLOWED_ORIGINS` may read
//! answers, no other. Tokens travel in headers, never in cookies, so credentials are not allowed.

use poem::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use poem::{IntoResponse, Response};

use crate::http::{Code, Context, Problem};

/// Seconds for which a browser keeps the answer to a preflight.
const MAX_AGE: u32 = 600;

/// Most bytes of the header names that a preflight asks for: what it asks for is sent back.
const MAX_NAMES: usize = 2048;

/// Most characters of a client's own that an explanation repeats.
const MAX_REPEATED: usize = 120;

/// Headers that pages may read. The star stands for all of them, in browsers that know it.
const EXPOSED: &str = "*, retry-after, ratelimit, ratelimit-policy, x-request-id, www-authenticate, \
    x-cache, age, link, aura-device, retry-after-ms, x-should-retry, x-upstream-request-id";

/// The origins that may read answers.
#[derive(Debug)]
pub(super) struct Cors(Vec<HeaderValue>);

impl Cors {
    pub(super) fn new<'a>(origins: impl Iterator<Item = &'a str>) -> Self {
        Self(
            origins
                .filter_map(|origin| HeaderValue::from_str(origin).ok())
                .collect(),
        )
    }

    /// The request's origin, if it may read the answer.
    pub(super) fn origin(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        headers
            .get(header::ORIGIN)
            .filter(|origin| self.0.contains(origin))
            .cloned()
    }

    /// The answer to an `OPTIONS` request that is a preflight, at a route that takes the methods
    /// `allowed`; `None` for any other. One that is refused says why, in its body and in the log.
    pub(super) fn preflight(
        &self,
        headers: &HeaderMap,
        allowed: Option<&str>,
        context: &Context,
    ) -> Option<Response> {
        let origin = headers.get(header::ORIGIN)?;
        let wanted = headers.get(header::ACCESS_CONTROL_REQUEST_METHOD)?;
        let agreed = self.agree(origin, wanted, headers, allowed);
        Some(agreed.unwrap_or_else(|reason| {
            tracing::info!(client = %context.client, %reason, "a preflight is refused");
            let code = match allowed {
                Some(_) => Code::Forbidden,
                None => Code::NotFound,
            };
            Problem::new(code, reason).into_response()
        }))
    }

    /// Lets the page of `origin` send a request, or says why not.
    fn agree(
        &self,
        origin: &HeaderValue,
        wanted: &HeaderValue,
        headers: &HeaderMap,
        allowed: Option<&str>,
    ) -> Result<Response, String> {
        if !self.0.contains(origin) {
            let origin = text(origin);
            return Err(format!(
                "the origin {origin:?} is not in SERVER_CORS_ALLOWED_ORIGINS"
            ));
        }
        let allowed = allowed.ok_or("there is nothing at this address")?;
        // Browsers send the methods of plain forms without being allowed to.
        let simple = ["GET", "HEAD", "POST"].contains(&text(wanted).as_str());
        if !simple && !allowed.split(", ").any(|method| method == text(wanted)) {
            let wanted = text(wanted);
            return Err(format!(
                "this address takes {allowed}, and not the method {wanted:?}"
            ));
        }
        let mut response = Response::builder().status(StatusCode::NO_CONTENT).finish();
        let answer = response.headers_mut();
        let methods = HeaderValue::from_str(allowed).map_err(|_| "no method is allowed")?;
        answer.insert(header::ACCESS_CONTROL_ALLOW_METHODS, methods);
        // A page may send any header: what none of our routes reads, such as the `traceparent` of a
        // tracing library, does no harm.
        if let Some(names) = requested_names(headers)? {
            answer.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, names);
        }
        answer.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from(MAX_AGE));
        Ok(response)
    }

    /// Lets `origin` read the answer.
    pub(super) fn write(&self, headers: &mut HeaderMap, origin: Option<HeaderValue>) {
        if self.0.is_empty() {
            return;
        }
        // Also without a match: a cache must not give the answer to one origin to another (Fetch,
        // CORS protocol and HTTP caches).
        headers.append(header::VARY, HeaderValue::from_name(header::ORIGIN));
        if let Some(origin) = origin {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            let exposed: HeaderName = header::ACCESS_CONTROL_EXPOSE_HEADERS;
            headers.insert(exposed, HeaderValue::from_static(EXPOSED));
        }
    }
}

/// The names of the headers that a preflight asks for, checked.
fn requested_names(headers: &HeaderMap) -> Result<Option<HeaderValue>, String> {
    let Some(names) = headers.get(header::ACCESS_CONTROL_REQUEST_HEADERS) else {
        return Ok(None);
    };
    if names.len() > MAX_NAMES {
        return Err(format!(
            "the names of the headers have more than {MAX_NAMES} bytes"
        ));
    }
    let mut parts = names.as_bytes().split(|byte| *byte == b',');
    match parts.find(|part| HeaderName::from_bytes(part.trim_ascii()).is_err()) {
        None => Ok(Some(names.clone())),
        Some(wrong) => {
            let wrong = String::from_utf8_lossy(wrong.trim_ascii());
            let wrong: String = wrong.chars().take(MAX_REPEATED).collect();
            Err(format!("{wrong:?} is not the name of a header"))
        }
    }
}

/// The start of what a client sent.
fn text(value: &HeaderValue) -> String {
    let text = String::from_utf8_lossy(value.as_bytes());
    text.chars().take(MAX_REPEATED).collect()
}

#[cfg(test)]
mod tests;
