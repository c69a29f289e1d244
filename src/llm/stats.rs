//! Counters of the cache, which `/metrics` and `/health/cache` both read.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::registry::Registry;

/// Counters of this process; clones share them.
#[derive(Clone, Debug, Default)]
pub struct CacheStats {
    pub(super) hits: Counter,
    pub(super) misses: Counter,
    pub(super) bypassed: Counter,
    pub(super) coalesced: Counter,
    pub(super) errors: Counter,
    pub(super) stored: Counter,
    pub(super) bytes: Counter,
    pub(super) saved_tokens: Counter,
    pub(super) saved_ms: Counter,
    pub(super) tokens: Counter,
    pub(super) tokens_refused: Counter,
}

/// A snapshot of the counters.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Counts {
    /// Requests answered from the cache.
    pub hits: u64,
    /// Requests that made a call of the upstream whose answer may be kept.
    pub misses: u64,
    /// Requests that the cache had nothing to do with.
    pub bypassed: u64,
    /// Requests answered by the call that another one had made.
    pub coalesced: u64,
    /// Reads and writes of the cache that failed.
    pub errors: u64,
    /// Answers kept.
    pub stored: u64,
    /// Bytes of their bodies.
    pub bytes: u64,
    /// Tokens that hits did not cost.
    pub saved_tokens: u64,
    /// Milliseconds that the upstream had taken for what hits gave at once.
    pub saved_ms: u64,
}

impl CacheStats {
    /// Makes the counters known to `registry`.
    pub fn register(&self, registry: &mut Registry) {
        let counters = [
            ("hits", "Requests answered from the cache", &self.hits),
            (
                "misses",
                "Requests passed on whose answer may be kept",
                &self.misses,
            ),
            (
                "bypassed",
                "Requests that the cache had nothing to do with",
                &self.bypassed,
            ),
            (
                "coalesced",
                "Requests answered by another one's call",
                &self.coalesced,
            ),
            (
                "errors",
                "Reads and writes of the cache that failed",
                &self.errors,
            ),
            ("stored", "Answers kept", &self.stored),
            ("stored_bytes", "Bytes of the answers kept", &self.bytes),
            (
                "saved_tokens",
                "Tokens that hits did not cost",
                &self.saved_tokens,
            ),
            (
                "saved_milliseconds",
                "Time that hits did not take",
                &self.saved_ms,
            ),
        ];
        for (name, help, counter) in counters {
            registry.register(format!("aura_llm_cache_{name}"), help, counter.clone());
        }
        let help = "Tokens that the upstream took, or is thought to have taken";
        registry.register("aura_llm_tokens", help, self.tokens.clone());
        let help = "Calls refused because the tokens of the day were used up";
        registry.register("aura_llm_tokens_refused", help, self.tokens_refused.clone());
    }

    /// Takes a snapshot.
    #[must_use]
    pub fn counts(&self) -> Counts {
        Counts {
            hits: self.hits.get(),
            misses: self.misses.get(),
            bypassed: self.bypassed.get(),
            coalesced: self.coalesced.get(),
            errors: self.errors.get(),
            stored: self.stored.get(),
            bytes: self.bytes.get(),
            saved_tokens: self.saved_tokens.get(),
            saved_ms: self.saved_ms.get(),
        }
    }
}

impl Counts {
    /// Hits out of hits and misses, from 0 to 1; 0 where there were none.
    #[must_use]
    pub fn hit_ratio(&self) -> f64 {
        let all = self.hits + self.misses;
        if all == 0 {
            return 0.0;
        }
        #[expect(clippy::cast_precision_loss, reason = "a ratio needs no more digits")]
        let ratio = self.hits as f64 / all as f64;
        (ratio * 10_000.0).round() / 10_000.0
    }
}
