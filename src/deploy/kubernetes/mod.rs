//! A service and its plan to a kustomize tree: one base, components, an overlay an environment.
//!
//! From ground to roof: a file imports only what stands above it. Objects are typed; how they are
//! written is the emitter's business.

/// Names and labels of objects.
mod names;

/// Variables and their values in one place.
mod values;

/// Folders of the tree, and their kustomizations.
mod folder;

/// The Secret: a template without values.
mod secret;

/// Conclusions from the plan that concern several objects, and contradictions in it.
mod facts;

/// Rules of scanners that are waived, with the reasons.
mod waiver;

/// The ConfigMap.
mod config;

/// Hardening of every pod.
mod pod;

/// Probes of the kubelet.
pub(crate) mod probes;

/// The Deployment.
mod deployment;

/// Fields of custom kinds, for kustomizations above that rename or label.
mod name_references;

/// The base, which all environments share.
mod base;

/// Components that an overlay may list.
mod components;

/// Overlays: the differences of one environment.
mod overlay;

/// The object that holds a setting.
mod object_ref;

/// Every file of the tree.
mod manifests;

/// A service for tests, in three environments.
#[cfg(test)]
mod example;

/// Overlays merged, for those who have no kustomize.
pub(crate) mod build;

/// A command of the program as a Job.
mod job;

#[cfg(test)]
mod tests;

pub use build::stream;
pub(crate) use components::EVERYWHERE;
pub(crate) use deployment::CHECKSUM;
pub use job::job;
pub(crate) use manifests::values;
pub use manifests::{ARTEFACT, waivers};
pub use object_ref::ObjectRef;
pub(crate) use secret::{needed as needed_secrets, needed_in as needed_secrets_in};
pub(crate) use values::{PRE_STOP_SECONDS, checksum, drain_seconds, initial as initial_text};
pub use waiver::{Scanner, Waiver};
