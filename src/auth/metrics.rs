//! Sign-in counters, for `/metrics` and the overview.

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

/// Sign-ins since the process began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SignInCounts {
    /// Those that succeeded.
    pub accepted: u64,
    /// Those with a wrong e-mail or password.
    pub refused: u64,
}

impl AuthMetrics {
    /// The present values.
    #[must_use]
    pub fn sign_ins(&self) -> SignInCounts {
        let count = |outcome| {
            let counter = self.logins.get(&Outcome { outcome });
            counter.map_or(0, |counter| counter.get())
        };
        SignInCounts {
            accepted: count("accepted"),
            refused: count("refused"),
        }
    }

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
