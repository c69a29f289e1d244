//! The plan of a deployment, which the code cannot know: image, environments, hosts, backends. Read
//! from `deploy.toml`, or built from defaults where there is none.
//!
//! From ground to roof, as in `src/lib.rs`: a file imports only what stands above it.

/// Environments of a service, and their tiers.
mod tier;

/// Signs of a secret in names and values that should not hold one.
pub(crate) mod secret_signs;

/// Names of DNS and of Kubernetes objects.
mod dns;

/// Networks, as Kubernetes takes them.
mod cidr;

/// Labels of Kubernetes objects.
mod labels;

/// Kubernetes quantities.
mod quantity;

/// The version of Kubernetes, and the program that applies the manifests.
mod cluster;

/// Image references.
mod image;

/// Backends and their addresses.
mod endpoint;

/// Destinations of the pods besides their backends.
mod destination;

/// Components of the tree of manifests.
mod component;

/// Places and metadata of pods and objects.
mod placement;

/// Stores from which secrets are fetched.
mod secret_store;

/// Settings as they are written in TOML.
mod setting_file;

/// `deploy.toml` as it is written.
mod file;

/// The resolved plan, from which every artefact is rendered.
mod environment;

/// One environment on its way from file to plan.
mod draft;

/// Backends of one environment.
mod backends;

/// Sizes of variables, and addresses at which the service listens.
mod limits;

/// Variables of one environment.
mod settings;

/// Requests and limits of a pod.
mod resources;

/// Nodes, priority and user ids of pods.
mod pods;

/// Labels and annotations that operators add.
mod metadata;

/// Secrets of one environment in a store.
mod external_secret;

/// Peers of the pods, and the Gateway in front.
mod network;

/// Numbers of pods.
mod scale;

/// Contradictions within and between environments.
mod checks;

/// From the file, or from nothing, to the plan: the defaults.
mod resolve;

/// The JSON Schema of `deploy.toml`.
pub(crate) mod schema;

/// The reference page of `deploy.toml`.
pub(crate) mod reference;

/// A service for tests, and the faults of its plans.
#[cfg(test)]
mod example;

pub(crate) use backends::default_endpoint;
pub use cidr::Cidr;
pub use cluster::{GitOps, KubernetesVersion};
pub use component::Component;
pub use destination::{Destination, Network, Peer, Port};
pub(crate) use dns::Label;
pub use endpoint::{Backend, Endpoint, Location};
pub use environment::{Environment, Gateway, Plan, Resources};
pub use image::Image;
pub use placement::{Annotations, Effect, Operator, Placement, RunAs, Toleration};
pub(crate) use quantity::amount;
pub use resources::production_memory;
pub(crate) use scale::DATABASE;
pub use secret_store::{ExternalSecret, Remote, StoreKind};
pub use tier::Tier;
pub(crate) use tier::{environments, tier};
