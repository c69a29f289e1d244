//! Whether the LLM cache answers, and what it has done.

use poem_openapi::Object;

use super::{Report, Status};
use crate::llm::Llm;
use crate::storage::Storage;

/// What was counted of the LLM cache; all but `entries` since this process began.
#[derive(Clone, Debug, PartialEq, Object)]
pub struct CacheStatistics {
    /// Requests answered from the cache.
    pub hits: u64,
    /// Requests passed on whose answer may be kept.
    pub misses: u64,
    /// Hits out of hits and misses, from 0 to 1.
    pub hit_ratio: f64,
    /// Requests that the cache had nothing to do with.
    pub bypassed: u64,
    /// Requests answered by the call that another one had made.
    pub coalesced: u64,
    /// Reads and writes of the cache that failed.
    pub errors: u64,
    /// Answers kept.
    pub stored: u64,
    /// Answers in the cache now, kept by any process; 0 while it does not answer.
    pub entries: u64,
    /// Bytes of the answers kept.
    pub bytes: u64,
    /// Tokens that hits did not cost.
    pub saved_tokens: u64,
    /// Milliseconds that the upstream had taken for what hits gave at once.
    pub saved_ms: u64,
}

#[derive(Debug)]
pub(super) struct CacheCheck(Llm);

impl CacheCheck {
    /// Without the cache every request is still answered.
    pub(super) const ROLLS_UP: bool = false;

    pub(super) fn new(_: &Storage, llm: &Llm) -> Self {
        Self(llm.clone())
    }

    pub(super) async fn run(&self) -> Report {
        let entries = if self.0.enabled() {
            self.0.entries().await.ok()
        } else {
            None
        };
        let status = match entries {
            _ if !self.0.enabled() => Status::Disabled,
            Some(_) => Status::Healthy,
            None => Status::Unhealthy,
        };
        let counts = self.0.stats().counts();
        Report {
            connected: Some(entries.is_some()),
            statistics: Some(CacheStatistics {
                hits: counts.hits,
                misses: counts.misses,
                hit_ratio: counts.hit_ratio(),
                bypassed: counts.bypassed,
                coalesced: counts.coalesced,
                errors: counts.errors,
                stored: counts.stored,
                entries: entries.unwrap_or(0),
                bytes: counts.bytes,
                saved_tokens: counts.saved_tokens,
                saved_ms: counts.saved_ms,
            }),
            ..Report::new(status)
        }
    }
}
