//! The cache in front of a language model.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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
    pub upstream_api_key: Option<Secret<String>>,
    /// Seconds an answer is kept.
    pub cache_ttl_seconds: Bounded<1, 2_592_000>,
    /// Bytes above which an answer is passed on and not kept.
    pub cache_max_entry_bytes: Bounded<1_024, 67_108_864>,
    /// Who shares the answers that are kept.
    pub cache_scope: CacheScope,
}

impl Default for Llm {
    fn default() -> Self {
        Self {
            upstream_url: None,
            upstream_api_key: None,
            cache_ttl_seconds: Bounded::of::<3_600>(),
            cache_max_entry_bytes: Bounded::of::<1_048_576>(),
            cache_scope: CacheScope::default(),
        }
    }
}

impl Llm {
    /// How long an answer is kept.
    #[must_use]
    pub fn cache_ttl(&self) -> Duration {
        Duration::from_secs(self.cache_ttl_seconds.as_u64())
    }
}

/// Who shares the answers that are kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum CacheScope {
    /// Nobody: each user is answered from that user's own questions.
    #[default]
    User,
    /// Everybody: one user may be answered from what another asked.
    Shared,
}
