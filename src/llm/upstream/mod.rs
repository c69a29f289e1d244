//! The language model's server: one OpenAI-compatible base URL, called over HTTP/1.1, through a proxy
//! where the configuration names one.
//!
//! It is sent the body as it came, the key of the configuration and a request id, and nothing else
//! of the client's. Its answers come back whatever their status, but bounded in size and time, with a
//! few of their headers, and without the key.

mod head;
mod incoming;
mod key;
mod outage;
mod outgoing;
mod route;

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use hyper::body::Bytes;
use poem::http::{HeaderMap, Method, StatusCode, header};
use reqwest::{Body, RequestBuilder, Response, Url};
use tokio::sync::Notify;
use tokio::time::Instant;

pub(super) use self::head::Head;
pub use self::head::UPSTREAM_REQUEST_ID;
pub(super) use self::incoming::Incoming;
pub use self::key::UpstreamKey;
use self::outage::Outage;
use self::outgoing::Outgoing;
pub(super) use self::route::{Route, model_path};
pub(super) use super::error::UpstreamError;
use crate::config::Llm as Config;
use crate::http::context::{REQUEST_ID, RequestId};
use crate::identity::UserId;
use crate::schema::Secret;
use crate::storage::BadUrl;

/// Longest time from a request to the end of its answer, however slowly that comes.
const LIFETIME: Duration = Duration::from_hours(2);

/// Longest answer, in bytes; what follows is not read.
const MAX_BYTES: u64 = 256 * 1024 * 1024;

/// Longest answer that is an error, in bytes.
const MAX_ERROR_BYTES: u64 = 256 * 1024;

/// Most characters of an address that the upstream names, as the log has it.
const MAX_NAMED: usize = 256;

/// One call.
#[derive(Debug)]
pub(super) struct Call {
    /// The user for whom it is made.
    pub(super) user: UserId,
    pub(super) route: Route,
    /// The end of the path behind that of the route; empty for most.
    pub(super) path: String,
    pub(super) body: Bytes,
    /// True if server-sent events are asked for.
    pub(super) stream: bool,
    /// The body holds figures as an answer's usage does.
    pub(super) figures: bool,
    /// Tokens of the question, estimated.
    pub(super) prompt: u64,
    /// Tokens that question and answer may have together, estimated.
    pub(super) most: u64,
    pub(super) request_id: RequestId,
}

/// The server.
#[derive(Debug)]
pub(super) struct Upstream {
    base: String,
    key: ArcSwap<UpstreamKey>,
    silence: Duration,
    outage: Arc<Outage>,
}

impl Upstream {
    /// The server that `config` names, if it names one; does no I/O.
    ///
    /// # Errors
    /// [`BadUrl`] for a URL or a key that cannot be sent.
    pub(super) fn new(config: &Config) -> Result<Option<Self>, BadUrl> {
        let Some(base) = config.upstream_url.as_deref().filter(|url| !url.is_empty()) else {
            return Ok(None);
        };
        let base = base.trim_end_matches('/').to_owned();
        let url = Url::parse(&base).map_err(|error| BadUrl {
            variable: "LLM_UPSTREAM_URL",
            reason: error.to_string(),
        })?;
        let Some(host) = url.host_str() else {
            return Err(BadUrl {
                variable: "LLM_UPSTREAM_URL",
                reason: "it names no host".to_owned(),
            });
        };
        let port = url.port_or_known_default().unwrap_or_default();
        let mut address = format!("{host}:{port}");
        let through = config.upstream_proxy.as_ref().map(Secret::expose);
        if let Some(through) = through {
            address = format!("{address} by the proxy {}", through.address());
        }
        Ok(Some(Self {
            base,
            key: ArcSwap::from_pointee(UpstreamKey::new(config)?),
            silence: config.upstream_timeout(),
            outage: Arc::new(Outage::none(address)),
        }))
    }

    /// Sends `key` from now on.
    pub(super) fn use_key(&self, key: UpstreamKey) {
        key.keep_client(&self.key.load());
        self.key.store(Arc::new(key));
    }

    /// Its base URL.
    pub(super) fn base(&self) -> &str {
        &self.base
    }

    /// Sends a call and waits for the head of the answer. The upstream may be silent for its time,
    /// counted from the last part of the body that it took.
    ///
    /// # Errors
    /// [`UpstreamError`]; the log has the cause.
    pub(super) async fn send(&self, call: Call) -> Result<Incoming, UpstreamError> {
        let deadline = Instant::now() + LIFETIME;
        // One key for the whole call, although another may come into use: the answer is masked by the
        // key that was sent.
        let key = self.key.load_full();
        let progress = Arc::new(Notify::new());
        let request = self.request(call, &key, &progress)?;
        let sent = request.send();
        tokio::pin!(sent);
        let response = loop {
            let until = deadline.min(Instant::now() + self.silence);
            tokio::select! {
                biased;
                sent = &mut sent => {
                    break sent.map_err(|error| self.outage.failed(Some(&error)))?;
                }
                () = progress.notified() => {}
                () = tokio::time::sleep_until(until) => return Err(self.outage.failed(None)),
            }
        };
        let status = response.status();
        let is_error = status.is_client_error() || status.is_server_error();
        let left = if is_error { MAX_ERROR_BYTES } else { MAX_BYTES };
        let head = Head {
            status,
            headers: head::passed(status, response.headers(), &key.secrets),
        };
        if let Some((error, fault)) = self.refusal(&response, &head, &key, left) {
            let id = head.headers.get(UPSTREAM_REQUEST_ID);
            let id = id.and_then(|id| id.to_str().ok());
            self.outage.refused(&fault, head.status, id);
            return Err(error);
        }
        self.outage.over();
        Ok(Incoming {
            head,
            response,
            masking: Some(key.secrets.masking()),
            left,
            silence: self.silence,
            deadline,
            outage: Arc::clone(&self.outage),
        })
    }

    /// The request of a call, which notifies `progress` while its body is sent.
    fn request(
        &self,
        call: Call,
        key: &UpstreamKey,
        progress: &Arc<Notify>,
    ) -> Result<RequestBuilder, UpstreamError> {
        let url = format!("{}{}{}", self.base, call.route.path(), call.path);
        let accept = if call.stream {
            "text/event-stream"
        } else {
            "application/json"
        };
        let mut request = key
            .client()?
            .request(call.route.method(), url)
            .header(header::ACCEPT, accept)
            // In a compressed body the key could not be found and masked.
            .header(header::ACCEPT_ENCODING, "identity")
            .header(REQUEST_ID, call.request_id.as_str());
        if call.route.method() == Method::POST {
            let body = Outgoing::new(call.body, Arc::clone(progress));
            request = request
                .header(header::CONTENT_TYPE, "application/json")
                .body(Body::wrap(body));
        }
        if let Some(key) = &key.authorization {
            request = request.header(header::AUTHORIZATION, key.clone());
        }
        Ok(request)
    }

    /// The reason why an answer of at most `left` bytes is not passed on, for the client and for the log.
    fn refusal(
        &self,
        response: &Response,
        head: &Head,
        key: &UpstreamKey,
        left: u64,
    ) -> Option<(UpstreamError, String)> {
        let headers = response.headers();
        // Nothing was asked for that could answer so; and in a coded body no key would be found.
        let coded = headers.get(header::CONTENT_ENCODING);
        let refusal = if head.status == StatusCode::NOT_MODIFIED {
            let fault = "it answers 304 to a question without a condition (RFC 9110 section 15.4.5); \
                         look at the cache in it, or before it";
            (UpstreamError::Unavailable, fault.to_owned())
        } else if head.status.is_redirection() {
            let to = self.redirect_target(headers).map_or_else(
                || "without saying where".to_owned(),
                |to| format!("to {to}, which is not followed"),
            );
            let fault = format!("it redirects {to}; write its final address into LLM_UPSTREAM_URL");
            (UpstreamError::Redirected, fault)
        } else if !(200..600).contains(&head.status.as_u16()) {
            let fault = format!("its status {} is not one of HTTP", head.status.as_u16());
            (UpstreamError::Unavailable, fault)
        } else if key.proxy.is_some() && head.status == StatusCode::PROXY_AUTHENTICATION_REQUIRED {
            let fault = "the proxy in front of it demands other credentials; write them into \
                         LLM_UPSTREAM_PROXY";
            (UpstreamError::Unavailable, fault.to_owned())
        } else if coded.is_some_and(|coding| coding != "identity") {
            (UpstreamError::Unavailable, "its answer is coded".to_owned())
        } else if response
            .content_length()
            .is_some_and(|length| length > left)
        {
            (
                UpstreamError::Unavailable,
                "its answer is too long".to_owned(),
            )
        } else {
            return None;
        };
        Some(refusal)
    }

    /// The target of a redirect, without path and query, which may be secrets.
    fn redirect_target(&self, headers: &HeaderMap) -> Option<String> {
        let location = headers.get(header::LOCATION);
        let location = location.and_then(|location| location.to_str().ok());
        let url = Url::parse(&self.base).ok();
        let to = url?.join(location?).ok()?;
        let origin = to.origin().ascii_serialization();
        Some(origin.chars().take(MAX_NAMED).collect())
    }
}
