//! Components of the tree of manifests.

use schemars::JsonSchema;
use serde::Deserialize;

/// A part of the tree that an overlay may list. The order is the order in which they are applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Component {
    /// A Job that brings the database up to date, and pods that leave it as it is.
    MigrateJob,
    /// Secrets as mounted files instead of variables.
    SecretFiles,
    /// An `ExternalSecret` that fills the Secret from a store outside the cluster.
    ExternalSecret,
    /// A `SealedSecret` with every key, over which you lay what `kubeseal` writes.
    SealedSecret,
    /// More than one pod: autoscaling, a disruption budget, and a spread over nodes.
    Ha,
    /// Peers that may talk to the pods, and peers that the pods may talk to.
    NetworkPolicy,
    /// An `HTTPRoute` at a Gateway, the way in from outside.
    Gateway,
    /// An Ingress with TLS, for controllers without the Gateway API.
    Ingress,
    /// A Service for the metrics, and a `ServiceMonitor`.
    Monitoring,
}

impl Component {
    /// Every component, in the order in which they are applied.
    pub const ALL: [Self; 9] = [
        Self::MigrateJob,
        Self::SecretFiles,
        Self::ExternalSecret,
        Self::SealedSecret,
        Self::Ha,
        Self::NetworkPolicy,
        Self::Gateway,
        Self::Ingress,
        Self::Monitoring,
    ];

    /// The name of its folder, and in `deploy.toml`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MigrateJob => "migrate-job",
            Self::SecretFiles => "secret-files",
            Self::ExternalSecret => "external-secret",
            Self::SealedSecret => "sealed-secret",
            Self::Ha => "ha",
            Self::NetworkPolicy => "network-policy",
            Self::Gateway => "gateway",
            Self::Ingress => "ingress",
            Self::Monitoring => "monitoring",
        }
    }
}
