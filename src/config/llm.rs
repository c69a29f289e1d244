//! The cache in front of a language model.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::proxy_url::ProxyUrl;
use crate::schema::{Bounded, Secret};

/// The cache in front of a language model.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Llm {
    /// Base URL of an OpenAI-compatible server, such as `https://api.openai.com/v1`. Unset: the
    /// routes under `/v1` are off.
    #[schemars(example = &"https://api.openai.com/v1", extend("format" = "uri"))]
    pub upstream_url: Option<String>,
    /// Key that is sent to `LLM_UPSTREAM_URL` as a bearer token. Unset: none is sent.
    ///
    /// A change of its file is taken over while the server runs.
    pub upstream_api_key: Option<Secret<String>>,
    /// Proxy that leads to `LLM_UPSTREAM_URL`: `http://[USER:PASSWORD@]HOST:PORT`, or `https://` where
    /// the proxy itself speaks TLS. Unset: the upstream is called directly; `HTTPS_PROXY` and its
    /// sisters are not read.
    #[schemars(example = &"http://USER:PASSWORD@proxy.example.com:3128")]
    pub upstream_proxy: Option<Secret<ProxyUrl>>,
    /// Roles whose accounts may ask under `/v1`, separated by commas; `*` stands for any account.
    /// Empty: any account in development, and `llm` or `admin` in staging and production.
    #[schemars(example = &"llm,staff")]
    pub allowed_roles: Vec<String>,
    /// Models that may be asked for, separated by commas, as the upstream names them; others are
    /// answered with 404. Empty: all of them.
    #[schemars(example = &"gpt-4o-mini,text-embedding-3-small")]
    pub models: Vec<String>,
    /// Tokens that each user may have of the upstream a day (UTC), those of the question included.
    /// 0: any number. Answers out of the cache take none.
    pub tokens_per_day: Bounded<0, 1_000_000_000_000>,
    /// Seconds for which the upstream may be silent, before its answer begins and within it, until
    /// the request is given up with 504.
    pub upstream_timeout_seconds: Bounded<1, 3_600>,
    /// Bytes of a request body under `/v1` above which it is refused with 413, in place of
    /// `SERVER_MAX_BODY_BYTES`: conversations and images are longer than forms.
    pub max_body_bytes: Bounded<1_024, 134_217_728>,
    /// Requests that are answered from the cache without asking for it.
    pub cache_requests: CacheRequests,
    /// Seconds an answer is kept, give or take a tenth, so that answers do not all end at once.
    pub cache_ttl_seconds: Bounded<1, 2_592_000>,
    /// Bytes above which an answer is passed on and not kept.
    pub cache_max_entry_bytes: Bounded<1_024, 67_108_864>,
    /// Bytes of answers kept in this process where `REDIS_ENABLED=false`; what was used least
    /// makes room. Redis has a limit of its own, `maxmemory`.
    pub cache_memory_bytes: Bounded<1_048_576, 17_179_869_184>,
    /// Sharing of cached answers between users.
    pub cache_scope: CacheScope,
}

impl Default for Llm {
    fn default() -> Self {
        Self {
            upstream_url: None,
            upstream_api_key: None,
            upstream_proxy: None,
            allowed_roles: Vec::new(),
            models: Vec::new(),
            tokens_per_day: Bounded::of::<0>(),
            upstream_timeout_seconds: Bounded::of::<300>(),
            max_body_bytes: Bounded::of::<16_777_216>(),
            cache_requests: CacheRequests::default(),
            cache_ttl_seconds: Bounded::of::<3_600>(),
            cache_max_entry_bytes: Bounded::of::<1_048_576>(),
            cache_memory_bytes: Bounded::of::<67_108_864>(),
            cache_scope: CacheScope::default(),
        }
    }
}

impl Llm {
    /// Time that an answer is cached.
    #[must_use]
    pub fn cache_ttl(&self) -> Duration {
        Duration::from_secs(self.cache_ttl_seconds.as_u64())
    }

    /// Longest silence of the upstream.
    #[must_use]
    pub fn upstream_timeout(&self) -> Duration {
        Duration::from_secs(self.upstream_timeout_seconds.as_u64())
    }
}

/// Requests that are answered from the cache without asking for it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum CacheRequests {
    /// Those whose answer should not vary: temperature 0, a seed, or embeddings. Any other asks for
    /// it with `Cache-Control: max-age=SECONDS`.
    #[default]
    Deterministic,
    /// All of them: who asks twice gets the first answer, however varied the model would be.
    All,
}

/// Sharing of cached answers between users.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum CacheScope {
    /// No sharing: each user is answered from that user's own questions.
    #[default]
    User,
    /// One cache: a user may be answered from the question of another.
    Shared,
}
