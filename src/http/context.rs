//! The context of a request before any handler runs: its id, its client, the limits it was charged to.

use std::fmt;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use poem::http::{HeaderMap, HeaderName, header};
use poem::{FromRequest, Request, RequestBody};

use super::budget::Hold;
use super::device_proof::device_proofs;
use super::limit_headers::LimitState;
use super::problem::Problem;
use crate::clock::unique_id;

/// The header that carries the request id, both ways.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Longest request id that is taken over from a client.
const MAX_REQUEST_ID: usize = 64;

/// Longest user agent that is kept.
const MAX_USER_AGENT: usize = 256;

/// Names one request in answers and logs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(String);

impl RequestId {
    /// The client's own id where it is harmless to print, a new one otherwise.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Self {
        headers
            .get(REQUEST_ID)
            .and_then(|value| value.to_str().ok())
            .filter(|id| {
                // Spaces, quotes and line ends could forge fields or lines of a log.
                let harmless = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
                !id.is_empty() && id.len() <= MAX_REQUEST_ID && id.bytes().all(harmless)
            })
            .map_or_else(|| Self(unique_id().to_string()), |id| Self(id.to_owned()))
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One request's particulars; clones share them. Handlers take it as an argument.
#[derive(Clone, Debug)]
pub struct Context {
    /// Names the request.
    pub request_id: RequestId,
    /// The client, seen through the trusted proxies.
    pub client: IpAddr,
    /// The client's `User-Agent`: printable, at most 256 characters, empty when it sent none.
    pub user_agent: String,
    shared: Arc<Shared>,
}

/// State that clones of one context share.
#[derive(Debug, Default)]
struct Shared {
    devices: Vec<String>,
    limits: Mutex<Vec<LimitState>>,
    admitted: AtomicBool,
    held: Mutex<Vec<Hold<IpAddr>>>,
}

impl Context {
    /// The particulars of the request `request_id` from `client` with `headers`.
    #[must_use]
    pub fn new(request_id: RequestId, client: IpAddr, headers: &HeaderMap) -> Self {
        let user_agent = headers
            .get(header::USER_AGENT)
            .and_then(|value| value.to_str().ok())
            .map(|text| {
                text.chars()
                    .filter(|c| !c.is_control())
                    .take(MAX_USER_AGENT)
                    .collect()
            })
            .unwrap_or_default();
        Self {
            request_id,
            client,
            user_agent,
            shared: Arc::new(Shared {
                devices: device_proofs(headers),
                ..Shared::default()
            }),
        }
    }

    /// The proofs that the client sends of having signed in before, not judged yet; four at most.
    #[must_use]
    pub fn device_proofs(&self) -> &[String] {
        &self.shared.devices
    }

    /// Notes what the request was charged, for the answer's headers.
    pub fn note(&self, limits: impl IntoIterator<Item = LimitState>) {
        lock(&self.shared.limits).extend(limits);
    }

    /// The limits that the request was charged to so far.
    #[must_use]
    pub fn limits(&self) -> Vec<LimitState> {
        lock(&self.shared.limits).clone()
    }

    /// Checks whether the call has been charged to its address: no call is charged twice.
    #[must_use]
    pub fn is_admitted(&self) -> bool {
        self.shared.admitted.load(Ordering::Acquire)
    }

    /// Notes that the call has been charged to its address.
    pub fn admit(&self) {
        self.shared.admitted.store(true, Ordering::Release);
    }

    /// Keeps the memory of a body held until the request has been answered: what was made of the
    /// body lives that long.
    pub fn keep(&self, hold: Hold<IpAddr>) {
        lock(&self.shared.held).push(hold);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<'a> FromRequest<'a> for Context {
    async fn from_request(request: &'a Request, _: &mut RequestBody) -> poem::Result<Self> {
        // Shared, so that a route which does not ask for it pays for no copy.
        request
            .data::<Arc<Self>>()
            .map(|context| Self::clone(context))
            .ok_or_else(|| Problem::internal().into())
    }
}
