//! Cross-origin requests (Fetch standard): the origins of `SERVER_CORS_ALLOWED_ORIGINS` may read
//! answers, no other. Tokens travel in headers, never in cookies, so credentials are not allowed.

use poem::Response;
use poem::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

/// How long a browser keeps the answer to a preflight, in seconds.
const MAX_AGE: u32 = 600;

const EXPOSED: &str = "retry-after, ratelimit, ratelimit-policy, x-request-id, www-authenticate, x-cache, \
    age, link, aura-device";

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

    /// The answer to an `OPTIONS` request that is a preflight, `None` for any other.
    pub(super) fn preflight(&self, headers: &HeaderMap, allowed: Option<&str>) -> Option<Response> {
        let asks = headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
        if !asks || self.origin(headers).is_none() {
            return None;
        }
        let methods = HeaderValue::from_str(allowed?).ok()?;
        let mut response = Response::builder().status(StatusCode::NO_CONTENT).finish();
        let answer = response.headers_mut();
        answer.insert(header::ACCESS_CONTROL_ALLOW_METHODS, methods);
        let names =
            HeaderValue::from_static("authorization, cache-control, content-type, x-request-id");
        answer.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, names);
        answer.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from(MAX_AGE));
        Some(response)
    }

    /// Lets `origin` read the answer.
    pub(super) fn write(&self, headers: &mut HeaderMap, origin: Option<HeaderValue>) {
        if self.0.is_empty() {
            return;
        }
        headers.append(header::VARY, HeaderValue::from_name(header::ORIGIN));
        if let Some(origin) = origin {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            let exposed: HeaderName = header::ACCESS_CONTROL_EXPOSE_HEADERS;
            headers.insert(exposed, HeaderValue::from_static(EXPOSED));
        }
    }
}
