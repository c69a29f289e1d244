//! `deploy.toml` as it is written. The doc comments are its reference page and its JSON Schema.
//!
//! Everything may be left out: defaults are in `resolve.rs`, contradictions in `checks.rs`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::cidr::Cidr;
use super::cluster::{GitOps, KubernetesVersion};
use super::component::Component;
use super::destination::Network;
use super::dns::{Host, Label, ObjectName};
use super::endpoint::BackendFile;
use super::image::Image;
use super::labels::{LabelKey, LabelValue, Labels};
use super::placement::{Annotations, Effect, Operator, RunAs};
use super::quantity::Quantity;
use super::secret_store::ExternalSecretFile;
use super::setting_file::SettingFile;
use crate::schema::Bounded;

/// Pods that a Deployment may have.
pub(super) type Replicas = Bounded<1, 1_000>;

/// Seconds for which a pod stays on a node with a taint; a year at most.
pub(super) type Seconds = Bounded<0, 31_536_000>;

/// Deployment of a service: the facts that its code cannot know.
///
/// Every key may be left out, and so may the whole file.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Deploy")]
pub(super) struct DeployFile {
    /// The image that runs, as it is pulled. Without a tag and a digest, the version of the service
    /// is its tag. A digest pins it: production should have one. Left out: the name and the version
    /// of the service.
    pub image: Option<Image>,
    /// Peers that the network policies of every environment allow besides the backends.
    pub network: Network,
    /// The environments, by name, each a table `[environments.NAME]`. Those that are not mentioned are rendered with their defaults.
    pub environments: BTreeMap<String, EnvironmentFile>,
}

/// One environment.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Environment")]
pub(super) struct EnvironmentFile {
    /// The image of this environment, where it is not the one above.
    pub image: Option<Image>,
    /// The Kubernetes namespace. No two environments may share one. Left out: the name of the
    /// service in production, and the name with the environment behind it elsewhere.
    pub namespace: Option<Label>,
    /// The DNS name under which people reach the service. It adds the component `gateway`, unless
    /// `ingress` is listed. Left out: it is not reached from outside the cluster.
    pub host: Option<Host>,
    /// Pods that run at least. More than one needs backends outside the process.
    /// Left out: as the table at the end says.
    pub replicas: Option<Replicas>,
    /// Pods that run at most; needs the component `ha`. Left out: 10 with `ha`, or twice `replicas`
    /// from 10 on; otherwise `replicas`.
    pub max_replicas: Option<Replicas>,
    /// Components of the overlay. A list here replaces that of the table at the end, which leaves
    /// `ha` out where `replicas` is 1; a `host` still adds `gateway`.
    pub components: Option<Vec<Component>>,
    /// The Gateway that sends requests from outside, or the class of the Ingress.
    pub gateway: GatewayFile,
    /// Peers that the network policy allows here, in addition to `[network]` at the top.
    pub network: Network,
    /// The namespace that Prometheus runs in. Left out: `monitoring`.
    #[schemars(example = &"monitoring")]
    pub monitoring_namespace: Option<Label>,
    /// The oldest version of Kubernetes that the manifests must run on. Below 1.30 a program of the
    /// image does what `preStop` cannot do by itself there. Left out: 1.30.
    pub kubernetes: Option<KubernetesVersion>,
    /// The program that applies the manifests from a repository: `argo-cd` or `flux`. The Job that migrates then
    /// stays until the next one, and no ConfigMap is pruned that an older revision needs. Left out:
    /// `kubectl apply`.
    pub gitops: Option<GitOps>,
    /// Additions to the component `monitoring`.
    pub monitoring: MonitoringFile,
    /// Requests and limits of a pod.
    pub resources: ResourcesFile,
    /// Labels of every object and every pod of the environment, beside those that are rendered
    /// anyway. Selectors do not go by them.
    pub labels: Labels,
    /// Annotations, by the kind of object that carries them.
    pub annotations: Annotations,
    /// Secrets with which nodes log in at the registry. They must be in the namespace. Left out:
    /// none.
    pub image_pull_secrets: Vec<ObjectName>,
    /// Labels that a node must have before a pod is placed there.
    pub node_selector: Labels,
    /// Taints of nodes that pods tolerate: `[[environments.NAME.tolerations]]`.
    pub tolerations: Vec<TolerationFile>,
    /// The `PriorityClass` of every pod, which must be in the cluster. Left out: the cluster's
    /// default.
    #[schemars(example = &"high")]
    pub priority_class: Option<ObjectName>,
    /// The numeric user and group of pods: those of the image, or, with `cluster`, whatever the
    /// admission of the cluster assigns. `restricted-v2` of `OpenShift` wants `cluster`. On a
    /// cluster that assigns none, the component `secret-files` then has files that no process can
    /// read. Left out: `image`.
    pub run_as: Option<RunAs>,
    /// Source of the secrets that the component `external-secret` fetches.
    pub external_secret: ExternalSecretFile,
    /// Backends of the service: `scheme://host[:port]`, or the word for "inside the process",
    /// where a database ends with its pod: in production it is refused. Users and passwords belong
    /// into the Secret.
    pub backends: BTreeMap<String, BackendFile>,
    /// Variables that differ from their defaults. Never a secret.
    pub settings: BTreeMap<String, SettingFile>,
}

/// The Gateway or the ingress controller that sends requests from outside.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Gateway")]
pub(super) struct GatewayFile {
    /// The name of the Gateway that routes attach to. Left out: `public`.
    pub name: Option<ObjectName>,
    /// The namespace that the Gateway, or the ingress controller, runs in; only its pods may
    /// connect. Left out: `gateway`.
    #[schemars(example = &"gateway")]
    pub namespace: Option<Label>,
    /// The listener of the Gateway that routes attach to, so that none of them answers without
    /// TLS; needs the component `gateway`. Left out: `https`.
    #[schemars(example = &"https")]
    pub section: Option<ObjectName>,
    /// The class of the Ingress, where the component `ingress` is listed. Left out: `traefik`.
    #[schemars(example = &"traefik")]
    pub ingress_class: Option<ObjectName>,
    /// Networks from which load balancers outside the cluster connect to the pods; needs the component
    /// `network-policy`. The pods of `namespace` may connect all the same.
    pub cidrs: Vec<Cidr>,
}

/// Additions to the component `monitoring`.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Monitoring")]
pub(super) struct MonitoringFile {
    /// Labels of the `ServiceMonitor`, where a Prometheus selects by them, such as
    /// `{ release = "kube-prometheus-stack" }`; needs the component `monitoring`.
    pub labels: Labels,
}

/// A taint of nodes that pods tolerate.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Toleration")]
pub(super) struct TolerationFile {
    /// The key of the taint. Left out, with the operator `Exists`: every taint.
    #[schemars(example = &"dedicated")]
    pub key: Option<LabelKey>,
    /// Left out: `Equal` with a value, `Exists` without one.
    pub operator: Option<Operator>,
    /// The value of the taint.
    #[schemars(example = &"auth")]
    pub value: Option<LabelValue>,
    /// The effect of the taint. Left out: every effect.
    pub effect: Option<Effect>,
    /// Seconds for which a pod stays on a node that gets the taint `NoExecute`. Left out: for ever.
    pub seconds: Option<Seconds>,
}

/// Requests and limits of a pod. Where one side is written, the other follows.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Resources")]
pub(super) struct ResourcesFile {
    /// Amounts that are kept free for a pod.
    pub requests: AmountsFile,
    /// Amounts that a pod may take; it is slowed down above its CPU, and killed above its memory.
    pub limits: AmountsFile,
}

/// Amounts of the resources of a pod.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(rename = "Amounts")]
pub(super) struct AmountsFile {
    /// CPUs: `1`, or thousandths of one: `250m`.
    #[schemars(example = &"250m")]
    pub cpu: Option<Quantity>,
    /// Memory: `256Mi`, `1Gi`.
    pub memory: Option<Quantity>,
    /// Disk of the node, for logs and temporary files.
    #[schemars(example = &"64Mi")]
    pub ephemeral_storage: Option<Quantity>,
}

impl AmountsFile {
    /// The amount of the resource that Kubernetes calls `name`.
    pub(super) fn get(&self, name: &str) -> Option<&Quantity> {
        match name {
            "cpu" => self.cpu.as_ref(),
            "memory" => self.memory.as_ref(),
            "ephemeral-storage" => self.ephemeral_storage.as_ref(),
            _ => None,
        }
    }
}
