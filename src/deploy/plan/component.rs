//! Components of the tree of manifests.

use crate::deploy::toml_file::words;

words!(
    /// A part of the tree that an overlay may list. The order is the order in which they are applied.
    pub enum Component {
        /// A Job that brings the database up to date, and pods that leave it as it is.
        MigrateJob = "migrate-job",
        /// Secrets as mounted files instead of variables.
        SecretFiles = "secret-files",
        /// An `ExternalSecret` that fills the Secret from a store outside the cluster.
        ExternalSecret = "external-secret",
        /// A `SealedSecret` with every key, over which you lay what `kubeseal` writes.
        SealedSecret = "sealed-secret",
        /// More than one pod: autoscaling, a disruption budget, and a spread over nodes.
        Ha = "ha",
        /// Peers that may talk to the pods, and peers that the pods may talk to.
        NetworkPolicy = "network-policy",
        /// An `HTTPRoute` at a Gateway, the way in from outside.
        Gateway = "gateway",
        /// An Ingress with TLS, for controllers without the Gateway API.
        Ingress = "ingress",
        /// A Service for the metrics, and a `ServiceMonitor`.
        Monitoring = "monitoring",
    }
);
