//! Places and metadata of pods and objects, beyond what the service needs.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::deploy::toml_file::words;

/// Annotations, by the kind of object that carries them. Those of a kind that is not rendered are
/// refused.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Annotations {
    /// Of every pod, those of Jobs among them.
    pub pods: BTreeMap<String, String>,
    /// Of the Service that serves; that of the metrics has none.
    pub service: BTreeMap<String, String>,
    /// Of the `ServiceAccount`: a role of a cloud, for example.
    pub service_account: BTreeMap<String, String>,
    /// Of the Ingress; needs the component `ingress`.
    pub ingress: BTreeMap<String, String>,
    /// Of the `HTTPRoute`; needs the component `gateway`.
    pub http_route: BTreeMap<String, String>,
}

/// Nodes on which pods land, and the user as which they run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Placement {
    /// Secrets of the namespace with which images are pulled.
    pub image_pull_secrets: Vec<String>,
    /// Labels that a node must have.
    pub node_selector: BTreeMap<String, String>,
    /// Taints of nodes that are tolerated.
    pub tolerations: Vec<Toleration>,
    /// The `PriorityClass`, where it is not the cluster's default.
    pub priority_class: Option<String>,
    /// Source of the user ids of pods.
    pub run_as: RunAs,
}

/// A taint that pods tolerate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Toleration {
    /// The key of the taint; none stands for every key.
    pub key: Option<String>,
    /// The comparison of key and value.
    pub operator: Operator,
    /// The value of the taint.
    pub value: Option<String>,
    /// The effect of the taint; none stands for every effect.
    pub effect: Option<Effect>,
    /// Seconds for which a pod stays on a node that gets the taint; none: for ever.
    pub seconds: Option<u32>,
}

/// Source of the numeric user and group of pods.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RunAs {
    /// The manifests, which name the user of the image.
    #[default]
    Image,
    /// The cluster, whose admission gives each namespace ids of its own.
    Cluster,
}

words!(
    /// Comparison of a toleration with a taint.
    pub enum Operator {
        /// Key and value are the same.
        Equal = "Equal",
        /// The key is the same.
        Exists = "Exists",
    }
);

words!(
    /// Effect of a taint on pods that do not tolerate it.
    pub enum Effect {
        /// New ones stay away.
        NoSchedule = "NoSchedule",
        /// New ones stay away where they can.
        PreferNoSchedule = "PreferNoSchedule",
        /// Running ones have to leave, too.
        NoExecute = "NoExecute",
    }
);
