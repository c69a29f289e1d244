//! [`Head`]: what an answer begins with, and which of its headers clients see.

use poem::http::{HeaderMap, HeaderName, StatusCode, header};

use crate::llm::redact::Secrets;

/// Names the upstream's request to its support, beside `x-request-id`, which names ours.
pub const UPSTREAM_REQUEST_ID: HeaderName = HeaderName::from_static("x-upstream-request-id");

/// Headers by which servers name a request: OpenAI and most others, Anthropic, Azure, Amazon.
const REQUEST_IDS: [&str; 4] = [
    "x-request-id",
    "request-id",
    "apim-request-id",
    "x-amzn-requestid",
];

/// Headers of an answer that are passed back: its form, and when to try again. OpenAI's clients obey
/// the last two before `Retry-After`.
const PASSED: [HeaderName; 5] = [
    header::CONTENT_TYPE,
    header::CONTENT_LENGTH,
    header::RETRY_AFTER,
    HeaderName::from_static("retry-after-ms"),
    HeaderName::from_static("x-should-retry"),
];

/// The beginning of the names of others that are: they tell how much may still be asked, and what
/// the upstream says of itself.
const PASSED_PREFIXES: [&str; 2] = ["x-ratelimit-", "openai-"];

/// Headers with such a beginning that are passed back of one answer.
const MAX_PASSED: usize = 16;

/// Longest name and longest value of a header that is passed back, in bytes.
const MAX_NAME: usize = 64;
const MAX_VALUE: usize = 256;

/// The head of an answer.
#[derive(Clone, Debug)]
pub(in crate::llm) struct Head {
    pub(in crate::llm) status: StatusCode,
    /// Those that are passed back.
    pub(in crate::llm) headers: HeaderMap,
}

impl Head {
    /// The media type without its parameters, in lower case.
    pub(in crate::llm) fn media_type(&self) -> String {
        let value = self.headers.get(header::CONTENT_TYPE);
        let text = value.and_then(|value| value.to_str().ok());
        let essence = text.and_then(|text| text.split(';').next());
        essence.unwrap_or_default().trim().to_ascii_lowercase()
    }

    /// Checks whether the body is server-sent events.
    pub(in crate::llm) fn is_stream(&self) -> bool {
        self.media_type() == "text/event-stream"
    }

    /// Checks whether a part of the body is of no use.
    pub(in crate::llm) fn is_one_piece(&self) -> bool {
        let measured = self.headers.contains_key(header::CONTENT_LENGTH);
        !self.is_stream() && (measured || self.media_type() == "application/json")
    }

    /// Checks whether others who asked the same should get this answer: not where it says that this was
    /// the wrong moment.
    pub(in crate::llm) fn is_for_all(&self) -> bool {
        let passing = [
            StatusCode::REQUEST_TIMEOUT,
            StatusCode::TOO_EARLY,
            StatusCode::TOO_MANY_REQUESTS,
        ];
        !self.status.is_server_error() && !passing.contains(&self.status)
    }
}

/// The headers that are passed back: the first of each name, none of them long, without the key.
pub(super) fn passed(status: StatusCode, headers: &HeaderMap, secrets: &Secrets) -> HeaderMap {
    let mut passed = HeaderMap::new();
    let mut pass = |name: HeaderName, from: &HeaderName| {
        if let Some(value) = headers.get(from)
            && value.len() <= MAX_VALUE
            && let Some(value) = secrets.masked_value(value)
        {
            passed.insert(name, value);
        }
    };
    for name in PASSED {
        // An answer without content has no length (RFC 9110 section 8.6).
        if status != StatusCode::NO_CONTENT || name != header::CONTENT_LENGTH {
            pass(name.clone(), &name);
        }
    }
    let mut ids = REQUEST_IDS.iter().map(|id| HeaderName::from_static(id));
    if let Some(id) = ids.find(|id| headers.contains_key(id)) {
        pass(UPSTREAM_REQUEST_ID, &id);
    }
    let others = headers.keys().filter(|name| {
        let name = name.as_str();
        let begins = |prefix: &&str| name.starts_with(prefix);
        name.len() <= MAX_NAME && PASSED_PREFIXES.iter().any(begins)
    });
    for name in others.take(MAX_PASSED) {
        pass(name.clone(), name);
    }
    passed
}
