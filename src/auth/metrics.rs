//! What is counted of sign-ins, for `/metrics`.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

/// Counters of this process; clones share them.
#[derive(Clone, Debug, Default)]
pub struct AuthMetrics {
    logins: Family<Outcome, Counter>,
    refreshes: Family<Outcome, Counter>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    outcome: &'static str,
}

impl AuthMetrics {
    /// Makes the counters known to `registry`.
    pub fn register(&self, registry: &mut Registry) {
        registry.register("aura_logins", "Sign-ins, by outcome", self.logins.clone());
        registry.register(
            "aura_refreshes",
            "Refreshes, by outcome",
            self.refreshes.clone(),
        );
    }

    pub(super) fn login(&self, outcome: &'static str) {
        self.logins.get_or_create(&Outcome { outcome }).inc();
    }

    pub(super) fn refresh(&self, outcome: &'static str) {
        self.refreshes.get_or_create(&Outcome { outcome }).inc();
    }
}
