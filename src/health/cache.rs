//! The check of the LLM cache, with its counters.

use super::report::{CacheStatistics, Report, Status};
use crate::llm::Llm;
use crate::storage::Storage;

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
