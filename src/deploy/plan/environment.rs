//! The resolved plan: a service in all its environments, from which every artefact is rendered.

use std::collections::{BTreeMap, BTreeSet};

use super::cidr::Cidr;
use super::cluster::{GitOps, KubernetesVersion};
use super::component::Component;
use super::destination::Network;
use super::endpoint::Backend;
use super::image::Image;
use super::placement::{Annotations, Placement};
use super::secret_store::ExternalSecret;
use super::tier::Tier;
use crate::deploy::emit::RenderError;
use crate::deploy::service::Service;
use crate::schema::{Fault, Setting};

/// A deployment of a service in all its environments.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The image, where an environment names no other.
    pub image: Image,
    /// Every environment of the service, in the order of its setting's variants.
    pub environments: Vec<Environment>,
    /// Names of the environments that `deploy.toml` mentions, in the same order.
    pub mentioned: Vec<String>,
    /// Advice on what works and may hurt later.
    pub warnings: Vec<Fault>,
}

/// One environment of the service.
#[derive(Debug, Clone)]
pub struct Environment {
    /// `development`, `staging`, `production`.
    pub name: String,
    /// Its tier, from trial to production.
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
    /// Requests and limits of a pod.
    pub resources: Resources,
    /// Components of the overlay.
    pub components: BTreeSet<Component>,
    /// Labels of every object and pod beside those that are rendered anyway.
    pub labels: BTreeMap<String, String>,
    /// Annotations by the kind of object.
    pub annotations: Annotations,
    /// Nodes on which pods land, and the user as which they run.
    pub placement: Placement,
    /// Source of the secrets of the component `external-secret`.
    pub external_secret: ExternalSecret,
    /// The Gateway (or ingress controller) in front.
    pub gateway: Gateway,
    /// Peers that the network policy allows besides the backends.
    pub network: Network,
    /// The namespace of Prometheus.
    pub monitoring_namespace: String,
    /// The oldest version of Kubernetes that the manifests are for.
    pub kubernetes: KubernetesVersion,
    /// The program that applies the manifests; none: a person or a pipeline.
    pub gitops: Option<GitOps>,
    /// Labels of the `ServiceMonitor` by which a Prometheus finds it.
    pub monitoring_labels: BTreeMap<String, String>,
    /// Backends by the name of their kind (`database`, `redis`, `upstream`), without those that are
    /// not used.
    pub backends: BTreeMap<String, Backend>,
    /// Variables that differ from their defaults, the environment's own name among them. Never a
    /// secret.
    pub settings: BTreeMap<String, String>,
}

/// Requests and limits of a pod, as Kubernetes quantities.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resources {
    /// `cpu`, `memory`, `ephemeral-storage`.
    pub requests: BTreeMap<String, String>,
    /// The same resources.
    pub limits: BTreeMap<String, String>,
}

/// The Gateway or the ingress controller that sends requests from outside.
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
    /// Addresses of load balancers outside the cluster.
    pub cidrs: Vec<Cidr>,
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

impl Environment {
    /// Checks whether `component` is part of the overlay.
    #[must_use]
    pub fn has(&self, component: Component) -> bool {
        self.components.contains(&component)
    }

    /// Tells whether `setting` must be given here, with the settings that the plan has, and the
    /// secrets that its `external_secret.keys` name. A value that is required elsewhere only is made
    /// up by each process here, so several replicas, which would refuse each other's, need it as well.
    #[must_use]
    pub fn needs(&self, service: &Service, setting: &Setting) -> bool {
        let plain = |name: &str| {
            let setting = service.settings.get(name).filter(|one| !one.secret)?;
            let given = self.settings.get(name).cloned();
            given.or_else(|| setting.default_text_in(&self.name))
        };
        let fetched = self.external_secret.keys.keys();
        let fetched = fetched.filter(|_| self.has(Component::ExternalSecret));
        let held = service.secrets_needed(&self.name, &plain, fetched.cloned().collect());
        let value = |name: &str| held.get(name).cloned().or_else(|| plain(name));
        let scaled = self.has(Component::Ha).then_some(self.max_replicas);
        let shared = self.replicas.max(scaled.unwrap_or_default()) > 1;
        let made_up = !setting.required_in.is_empty();
        (made_up && shared) || setting.need(&self.name, &value).is_some()
    }
}
