//! A service and its plan to a kustomize tree: one base, components, an overlay an environment.
//!
//! What every environment shares is in `base.rs`, what an overlay may list in `components/`, what
//! differs from environment to environment in `overlay.rs`. Which variables there are is decided
//! by the settings, how a pod is hardened by `pod.rs`, and what scanners are told by `waiver.rs`.
//! `name_references.rs` is for kustomizations that rename or label what is rendered here.
//! `build/` merges an overlay for those who have no kustomize.
//! Objects are typed; how they are written is the emitter's business.

mod base;
pub(crate) mod build;
mod components;
mod config;
mod deployment;
mod facts;
mod folder;
mod job;
mod name_references;
mod names;
mod namespace;
mod overlay;
mod place;
mod pod;
pub(crate) mod probes;
mod run_as;
mod secret;
mod values;
mod waiver;

#[cfg(test)]
mod example;
#[cfg(test)]
mod tests;

use super::artefact::{Artefact, Project};
use super::emit::RenderError;
use super::file::File;

pub use build::stream;
pub(crate) use components::EVERYWHERE;
pub(crate) use deployment::CHECKSUM;
pub use job::job;
pub use place::{Place, place};
pub(crate) use secret::{needed as needed_secrets, needed_in as needed_secrets_in};
pub(crate) use values::{PRE_STOP_SECONDS, checksum, drain_seconds, initial as initial_text};
pub use waiver::{Scanner, Waiver};

/// Kubernetes manifests.
pub const ARTEFACT: Artefact = Artefact {
    name: "k8s",
    about: "Kubernetes manifests: a kustomize base, components and an overlay for each environment",
    render,
};

/// Every file of the tree, the base first.
///
/// # Errors
/// [`RenderError::Facts`] where the plan asks for what the service cannot do; all of it at once.
fn render(project: &Project) -> Result<Vec<File>, RenderError> {
    facts::check(project)?;
    let mut files = base::folder(project)?.into_files(&project.service)?;
    for component in components::of(&project.service) {
        files.extend(components::folder(component, project)?.into_files(&project.service)?);
    }
    for environment in &project.plan.environments {
        files.extend(overlay::folder(project, environment)?.into_files(&project.service)?);
    }
    Ok(files)
}

/// The data of the ConfigMap of `environment`.
pub(crate) fn values(
    service: &super::service::Service,
    environment: &super::plan::Environment,
) -> std::collections::BTreeMap<String, String> {
    let values = values::Values::of(service, environment);
    values
        .iter()
        .map(|(name, text)| (name.clone(), text.clone()))
        .collect()
}

/// The waivers of one environment, with their reasons: those on the Deployment, then those on the
/// Job that migrates, the ConfigMap and the autoscaler.
#[must_use]
pub fn waivers(project: &Project, environment: &super::plan::Environment) -> Vec<Waiver> {
    let mut waivers = waiver::deployment(&project.service, environment);
    waivers.extend(waiver::job(&project.service, environment));
    waivers.extend(waiver::config_map(&project.service));
    waivers.extend(waiver::autoscaler(environment));
    waivers
}
