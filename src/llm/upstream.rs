//! The language model's server: one OpenAI-compatible base URL, called over HTTP/1.1.
//!
//! It is sent the body as it came, the key of the configuration and a request id, and nothing else
//! of the client's. Its answers come back whatever their status, but bounded in size and time, with a
//! few of their headers, and without the key.

use std::error::Error as _;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use arc_swap::ArcSwap;
use http_body_util::Full;
use hyper::body::Bytes;
use poem::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use reqwest::{Body, Client, Response, Url};
use tokio::time::Instant;

pub(super) use super::error::UpstreamError;
use super::redact::{Masking, Secrets};
use crate::auth::ids::UserId;
use crate::config::Llm as Config;
use crate::http::context::{REQUEST_ID, RequestId};
use crate::storage::BadUrl;

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(5);

/// How long a connection is kept for the next request: shorter than servers and balancers keep
/// theirs, so that none is used that the other side has just closed.
const IDLE: Duration = Duration::from_secs(30);

/// Longest time from a request to the end of its answer, however slowly that comes.
const LIFETIME: Duration = Duration::from_hours(2);

/// Longest answer, in bytes; what follows is not read.
const MAX_BYTES: u64 = 256 * 1024 * 1024;

/// Longest answer that is an error, in bytes.
const MAX_ERROR_BYTES: u64 = 256 * 1024;

/// Headers of an answer that are passed back.
const PASSED: [HeaderName; 3] = [
    header::CONTENT_TYPE,
    header::CONTENT_LENGTH,
    header::RETRY_AFTER,
];

/// The beginning of the names of others that are: they tell how much may still be asked.
const PASSED_PREFIX: &str = "x-ratelimit-";

/// Headers that are passed back of one answer.
const MAX_PASSED: usize = 16;

/// Longest name and longest value of a header that is passed back, in bytes.
const MAX_NAME: usize = 64;
const MAX_VALUE: usize = 256;

/// What can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Route {
    Chat,
    Completions,
    Embeddings,
    Models,
}

impl Route {
    /// The path behind the base URL.
    pub(super) const fn path(self) -> &'static str {
        match self {
            Self::Chat => "/chat/completions",
            Self::Completions => "/completions",
            Self::Embeddings => "/embeddings",
            Self::Models => "/models",
        }
    }

    const fn method(self) -> Method {
        match self {
            Self::Models => Method::GET,
            _ => Method::POST,
        }
    }
}

/// One call.
#[derive(Debug)]
pub(super) struct Call {
    /// The user for whom it is made.
    pub(super) user: UserId,
    pub(super) route: Route,
    pub(super) body: Bytes,
    /// Whether server-sent events are asked for.
    pub(super) stream: bool,
    /// Tokens of the question, estimated.
    pub(super) prompt: u64,
    /// Tokens that question and answer may have together, estimated.
    pub(super) most: u64,
    pub(super) request_id: RequestId,
}

/// What an answer begins with.
#[derive(Clone, Debug)]
pub(super) struct Head {
    pub(super) status: StatusCode,
    /// Those that are passed back.
    pub(super) headers: HeaderMap,
}

impl Head {
    /// The media type without its parameters, in lower case.
    pub(super) fn media_type(&self) -> String {
        let value = self.headers.get(header::CONTENT_TYPE);
        let text = value.and_then(|value| value.to_str().ok());
        let essence = text.and_then(|text| text.split(';').next());
        essence.unwrap_or_default().trim().to_ascii_lowercase()
    }

    /// Whether the body is server-sent events.
    pub(super) fn is_stream(&self) -> bool {
        self.media_type() == "text/event-stream"
    }

    /// Whether nobody can do anything with a part of the body.
    pub(super) fn is_one_piece(&self) -> bool {
        let measured = self.headers.contains_key(header::CONTENT_LENGTH);
        !self.is_stream() && (measured || self.media_type() == "application/json")
    }

    /// Whether others who asked the same should get this answer: not where it says that this was
    /// the wrong moment.
    pub(super) fn is_for_all(&self) -> bool {
        let passing = [
            StatusCode::REQUEST_TIMEOUT,
            StatusCode::TOO_EARLY,
            StatusCode::TOO_MANY_REQUESTS,
        ];
        !self.status.is_server_error() && !passing.contains(&self.status)
    }
}

/// The key of the configuration: as it is sent, and as it is found in what comes back.
#[derive(Debug)]
pub struct UpstreamKey {
    authorization: Option<HeaderValue>,
    secrets: Secrets,
}

impl UpstreamKey {
    /// The key that `config` names, if it names one.
    ///
    /// # Errors
    /// [`BadUrl`] for a key that cannot be sent.
    pub(super) fn new(config: &Config) -> Result<Self, BadUrl> {
        let key = config.upstream_api_key.as_ref();
        let authorization = key.map(|key| {
            let value = format!("Bearer {}", key.expose());
            let mut value = HeaderValue::from_bytes(value.as_bytes()).map_err(|_| BadUrl {
                variable: "LLM_UPSTREAM_API_KEY",
                reason: "it holds a character that no header may hold".to_owned(),
            })?;
            value.set_sensitive(true);
            Ok(value)
        });
        Ok(Self {
            authorization: authorization.transpose()?,
            secrets: key.map_or_else(Secrets::default, |key| Secrets::of(key.expose())),
        })
    }
}

/// The server.
#[derive(Debug)]
pub(super) struct Upstream {
    base: String,
    /// Host and port, for the log.
    address: Arc<str>,
    key: ArcSwap<UpstreamKey>,
    silence: Duration,
    client: OnceLock<Client>,
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
        Ok(Some(Self {
            base,
            address: format!("{host}:{port}").into(),
            key: ArcSwap::from_pointee(UpstreamKey::new(config)?),
            silence: config.upstream_timeout(),
            client: OnceLock::new(),
        }))
    }

    /// Sends `key` from now on.
    pub(super) fn use_key(&self, key: UpstreamKey) {
        self.key.store(Arc::new(key));
    }

    /// Its base URL.
    pub(super) fn base(&self) -> &str {
        &self.base
    }

    /// Sends a call and waits for the head of the answer.
    ///
    /// # Errors
    /// [`UpstreamError`]; the log has the cause.
    pub(super) async fn send(&self, call: Call) -> Result<Incoming, UpstreamError> {
        let deadline = Instant::now() + LIFETIME;
        let url = format!("{}{}", self.base, call.route.path());
        let accept = if call.stream {
            "text/event-stream"
        } else {
            "application/json"
        };
        let mut request = self
            .client()?
            .request(call.route.method(), url)
            .header(header::ACCEPT, accept)
            .header(header::ACCEPT_ENCODING, "identity")
            .header(REQUEST_ID, call.request_id.as_str());
        if call.route.method() == Method::POST {
            request = request
                .header(header::CONTENT_TYPE, "application/json")
                // A body that is sent once is dropped once it is sent, not when the answer begins.
                .body(Body::wrap(Full::new(call.body)));
        }
        let key = self.key.load_full();
        if let Some(key) = &key.authorization {
            request = request.header(header::AUTHORIZATION, key.clone());
        }
        let sent = tokio::time::timeout(self.silence, request.send()).await;
        let response = settle(sent, &self.address, "before its answer")?;
        let status = response.status();
        let is_error = status.is_client_error() || status.is_server_error();
        let left = if is_error { MAX_ERROR_BYTES } else { MAX_BYTES };
        // Nothing was asked for that could answer so; and in a coded body no key would be found.
        let coded = response.headers().get(header::CONTENT_ENCODING);
        let fault = if status.is_redirection() {
            "it sends elsewhere"
        } else if coded.is_some_and(|coding| coding != "identity") {
            "its answer is coded"
        } else if response
            .content_length()
            .is_some_and(|length| length > left)
        {
            "its answer is too long"
        } else {
            return Ok(Incoming {
                head: Head {
                    status,
                    headers: passed(response.headers(), &key.secrets),
                },
                response,
                masking: Some(key.secrets.masking()),
                left,
                silence: self.silence,
                deadline,
                address: Arc::clone(&self.address),
            });
        };
        let address = &*self.address;
        tracing::warn!(address, fault, "the upstream failed");
        Err(UpstreamError::Unavailable)
    }

    /// Made at the first call: it reads the system's certificates.
    fn client(&self) -> Result<&Client, UpstreamError> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let client = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            // Decoded here, a body would have no length, and could grow beyond all bounds.
            .no_gzip()
            .no_brotli()
            .no_deflate()
            .no_zstd()
            .referer(false)
            .connect_timeout(CONNECT)
            .pool_idle_timeout(IDLE)
            .tcp_nodelay(true)
            .user_agent(concat!("aura/", env!("CARGO_PKG_VERSION")))
            .build();
        let client = client.map_err(|error| {
            tracing::error!(cause = causes(&error), "no client for the upstream");
            UpstreamError::Unavailable
        })?;
        Ok(self.client.get_or_init(|| client))
    }
}

/// An answer that is arriving. Dropped, it is given up.
#[derive(Debug)]
pub(super) struct Incoming {
    pub(super) head: Head,
    response: Response,
    /// Gone at the end.
    masking: Option<Masking>,
    /// Bytes that may follow.
    left: u64,
    silence: Duration,
    deadline: Instant,
    address: Arc<str>,
}

impl Incoming {
    /// The next part of the body; `None` at its end.
    ///
    /// # Errors
    /// [`UpstreamError`]; the log has the cause.
    pub(super) async fn part(&mut self) -> Result<Option<Bytes>, UpstreamError> {
        loop {
            let until = self.deadline.min(Instant::now() + self.silence);
            let part = tokio::time::timeout_at(until, self.response.chunk()).await;
            let part = settle(part, &self.address, "within its answer")?;
            let Some(part) = part else {
                let rest = self.masking.take().map(|mut masking| masking.end());
                return Ok(rest.filter(|rest| !rest.is_empty()));
            };
            let left = self.left.checked_sub(part.len() as u64);
            self.left = left.ok_or_else(|| {
                tracing::warn!("the upstream's answer is too long");
                UpstreamError::Unavailable
            })?;
            let passed = match &mut self.masking {
                Some(masking) => masking.push(&part),
                None => part,
            };
            // Empty while all of it may be the beginning of the key.
            if !passed.is_empty() {
                return Ok(Some(passed));
            }
        }
    }
}

/// The headers that are passed back: the first of each name, none of them long.
fn passed(headers: &HeaderMap, secrets: &Secrets) -> HeaderMap {
    let is_passed = |name: &HeaderName| {
        let name_is_short = name.as_str().len() <= MAX_NAME;
        PASSED.contains(name) || (name_is_short && name.as_str().starts_with(PASSED_PREFIX))
    };
    let mut passed = HeaderMap::new();
    for (name, value) in headers {
        if passed.len() < MAX_PASSED
            && is_passed(name)
            && value.len() <= MAX_VALUE
            && !passed.contains_key(name)
            && let Some(value) = secrets.masked_value(value)
        {
            passed.insert(name, value);
        }
    }
    passed
}

/// Logs what failed, once, without the URL, whose path and query may be secrets.
fn settle<T>(
    outcome: Result<reqwest::Result<T>, tokio::time::error::Elapsed>,
    address: &str,
    when: &str,
) -> Result<T, UpstreamError> {
    let (error, cause) = match outcome {
        Ok(Ok(value)) => return Ok(value),
        Ok(Err(error)) if error.is_timeout() => (UpstreamError::Timeout, causes(&error)),
        Ok(Err(error)) => (UpstreamError::Unavailable, causes(&error)),
        Err(_) => (UpstreamError::Timeout, "silence".to_owned()),
    };
    tracing::warn!(address, when, cause, "the upstream failed");
    Err(error)
}

/// An error and what is behind it, but for the URL.
fn causes(error: &reqwest::Error) -> String {
    let mut text = if error.is_connect() {
        "no connection".to_owned()
    } else if error.is_timeout() {
        "time-out".to_owned()
    } else {
        "a broken connection or answer".to_owned()
    };
    let mut source = error.source();
    while let Some(cause) = source {
        // Some libraries repeat what is behind them.
        let said = cause.to_string();
        if !text.ends_with(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        source = cause.source();
    }
    text
}
