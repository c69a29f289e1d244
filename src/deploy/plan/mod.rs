//! What the code cannot know: image, environments, hosts, backends. Read from `deploy.toml`, or
//! built from defaults where there is none.
//!
//! Here are the resolved types that every artefact works from. How the file is written is in
//! `file.rs`, how it is read in `read.rs`, what follows where it is silent in `resolve.rs`, what
//! may not stand together in `checks.rs`, and its own JSON Schema and reference in `schema.rs`.

mod backend_file;
mod backends;
mod checks;
mod cidr;
mod cluster;
mod destination;
mod dns;
mod draft;
mod endpoint;
#[cfg(test)]
mod example;
mod external_secret;
mod file;
mod image;
mod labels;
mod limits;
mod network;
mod placement;
mod quantity;
pub(crate) mod read;
pub(crate) mod reference;
pub(crate) mod report;
mod resolve;
mod resources;
mod scale;
pub(crate) mod schema;
pub(crate) mod secret_signs;
mod setting_file;
mod settings;
mod text;
mod tier;
mod tree;

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Deserialize;

use super::emit::RenderError;
use super::service::Service;
use crate::schema::{Fault, Setting};

pub(crate) use backends::default_endpoint;
pub use cidr::Cidr;
pub use cluster::{GitOps, KubernetesVersion};
pub use destination::{Destination, Peer, Port};
pub(crate) use dns::Label;
pub use endpoint::Location;
pub use external_secret::{ExternalSecret, Remote, StoreKind};
pub use placement::{Annotations, Effect, Operator, Placement, RunAs, Toleration};
pub(crate) use quantity::amount;
pub(crate) use resolve::environments;
pub use resources::production_memory;
pub(crate) use scale::DATABASE;
pub(crate) use schema::without_null;
pub(crate) use text::{shown, written_as_text};
pub use tier::Tier;

/// A deployment of a service in all its environments.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The image, where an environment names no other.
    pub image: Image,
    /// Every environment of the service, in the order of its setting's variants.
    pub environments: Vec<Environment>,
    /// Names of the environments that `deploy.toml` mentions, in the same order.
    pub mentioned: Vec<String>,
    /// What works and should still be looked at.
    pub warnings: Vec<Fault>,
}

/// Where the service runs once.
#[derive(Debug, Clone)]
pub struct Environment {
    /// `development`, `staging`, `production`.
    pub name: String,
    /// How much it is for real.
    pub tier: Tier,
    /// The Kubernetes namespace.
    pub namespace: String,
    /// The image of this environment.
    pub image: Image,
    /// The DNS name under which people reach it, where it is reached from outside.
    pub host: Option<String>,
    /// Pods that run at least.
    pub replicas: u32,
    /// Pods that run at most, where they scale.
    pub max_replicas: u32,
    /// What a pod asks for, and what it may take.
    pub resources: Resources,
    /// Components of the overlay.
    pub components: BTreeSet<Component>,
    /// Labels of every object and pod beside those that are rendered anyway.
    pub labels: BTreeMap<String, String>,
    /// Annotations by the kind of object.
    pub annotations: Annotations,
    /// Where pods land, and as whom they run.
    pub placement: Placement,
    /// Where the component `external-secret` fetches secrets.
    pub external_secret: ExternalSecret,
    /// The Gateway (or ingress controller) in front.
    pub gateway: Gateway,
    /// Peers that the network policy allows besides the backends.
    pub network: Network,
    /// Where Prometheus runs.
    pub monitoring_namespace: String,
    /// The oldest version of Kubernetes that the manifests are for.
    pub kubernetes: KubernetesVersion,
    /// What applies the manifests, where it is not a person or a pipeline.
    pub gitops: Option<GitOps>,
    /// Labels of the `ServiceMonitor` by which a Prometheus finds it.
    pub monitoring_labels: BTreeMap<String, String>,
    /// What it stands on, by the name of the kind (`database`, `redis`, `upstream`); an optional
    /// backend that is not used is not in it.
    pub backends: BTreeMap<String, Backend>,
    /// Variables that differ from their defaults, the environment's own name among them. Never a
    /// secret.
    pub settings: BTreeMap<String, String>,
}

/// A backend of one environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Backend {
    /// Inside the process.
    Embedded,
    /// Somewhere on the network.
    Remote(Endpoint),
}

/// Scheme, host and port; never a user or a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// `postgres`, `rediss`, `https`.
    pub scheme: String,
    /// A DNS name or an IP address (IPv6 without brackets).
    pub host: String,
    /// The port, the scheme's usual one where none was written.
    pub port: u16,
}

/// An image reference: `registry/name:tag@sha256:digest`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// Everything before the tag.
    pub name: String,
    /// The tag, where there is one.
    pub tag: Option<String>,
    /// `sha256:` and 64 hex digits, where the image is pinned.
    pub digest: Option<String>,
}

/// What a pod asks for and may take; Kubernetes quantities.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resources {
    /// `cpu`, `memory`, `ephemeral-storage`.
    pub requests: BTreeMap<String, String>,
    /// The same.
    pub limits: BTreeMap<String, String>,
}

/// Who sends requests from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gateway {
    /// The Gateway's name.
    pub name: String,
    /// The namespace it (and its pods) run in.
    pub namespace: String,
    /// The listener of the Gateway that routes attach to.
    pub section: String,
    /// The class of the Ingress component.
    pub ingress_class: String,
    /// Addresses of load balancers that are no pods.
    pub cidrs: Vec<Cidr>,
}

/// Peers that the network policy allows besides the backends.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Network {
    /// Resolvers that are no pods.
    pub dns: Vec<Cidr>,
    /// Further destinations of the pods.
    pub egress: Vec<Destination>,
}

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
    /// Who may talk to the pods, and whom they may talk to.
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

/// The tier of the environment `name` of `service`; none where it has no such one.
pub(crate) fn tier(service: &Service, name: &str) -> Option<Tier> {
    let names = environments(service);
    let at = names.iter().position(|known| known == name)?;
    tier::tiers(&names).get(at).copied()
}

impl Plan {
    /// The environment `name`.
    ///
    /// # Errors
    /// [`RenderError::Facts`] where there is none of that name.
    pub fn environment(&self, name: &str) -> Result<&Environment, RenderError> {
        let all = &self.environments;
        all.iter().find(|one| one.name == name).ok_or_else(|| {
            let known: Vec<_> = all.iter().map(|one| one.name.as_str()).collect();
            let known = known.join(", ");
            RenderError::Facts(format!(
                "there is no environment {name:?}; there are {known}"
            ))
        })
    }
}

impl Image {
    /// The reference as it is pulled.
    #[must_use]
    pub fn reference(&self) -> String {
        let tag = self
            .tag
            .as_ref()
            .map_or(String::new(), |tag| format!(":{tag}"));
        let digest = self
            .digest
            .as_ref()
            .map_or(String::new(), |digest| format!("@{digest}"));
        format!("{}{tag}{digest}", self.name)
    }
}

impl Environment {
    /// Whether `component` is part of the overlay.
    #[must_use]
    pub fn has(&self, component: Component) -> bool {
        self.components.contains(&component)
    }

    /// Tells whether `setting` must be given here, with the settings that the plan has, and the
    /// secrets that its `external_secret.keys` name. A value that is required elsewhere only is made up by
    /// each process here, so several replicas, which would not take each other's, need it as well.
    #[must_use]
    pub fn needs(&self, service: &Service, setting: &Setting) -> bool {
        let plain = |name: &str| {
            let setting = service.settings.get(name).filter(|one| !one.secret)?;
            let given = self.settings.get(name).cloned();
            given.or_else(|| setting.default_text_in(&self.name))
        };
        let fetched = self.external_secret.keys.keys();
        let fetched = fetched.filter(|_| self.has(Component::ExternalSecret));
        let held = settings::secrets(service, &self.name, &plain, fetched.cloned().collect());
        let value = |name: &str| held.get(name).cloned().or_else(|| plain(name));
        let scaled = self.has(Component::Ha).then_some(self.max_replicas);
        let shared = self.replicas.max(scaled.unwrap_or_default()) > 1;
        let made_up = !setting.required_in.is_empty();
        (made_up && shared) || setting.need(&self.name, &value).is_some()
    }
}
