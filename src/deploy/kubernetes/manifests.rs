//! Every file of the tree, and the views of one environment that other artefacts are made of.

use std::collections::BTreeMap;

use super::values::Values;
use super::waiver::{self, Waiver};
use super::{base, components, facts, folder, overlay};
use crate::deploy::artefact::{Artefact, Project};
use crate::deploy::emit::RenderError;
use crate::deploy::file::File;
use crate::deploy::plan::Environment;
use crate::deploy::service::Service;

/// Kubernetes manifests.
pub const ARTEFACT: Artefact = Artefact {
    name: folder::ARTEFACT,
    about: "Kubernetes manifests: a kustomize base, components and an overlay for each environment",
    render,
};

/// Renders the base, the components and an overlay an environment.
///
/// # Errors
/// [`RenderError::Facts`] where the plan asks for what the service cannot do; all of it at once.
pub(super) fn render(project: &Project) -> Result<Vec<File>, RenderError> {
    facts::check(project)?;
    let service = &project.service;
    let components = facts::possible(service).map(|one| components::folder(one, project));
    let environments = project.plan.environments.iter();
    let overlays = environments.map(|environment| overlay::folder(project, environment));
    let mut files = Vec::new();
    let base = std::iter::once(base::folder(project));
    for folder in base.chain(components).chain(overlays) {
        files.extend(folder.into_files(service)?);
    }
    Ok(files)
}

/// The data of the ConfigMap of `environment`.
pub(crate) fn values(service: &Service, environment: &Environment) -> BTreeMap<String, String> {
    Values::of(service, environment).beyond(&Values::default())
}

/// The waivers of one environment, with their reasons: those on the Deployment, then those on the
/// Job that migrates, the ConfigMap and the autoscaler.
#[must_use]
pub fn waivers(project: &Project, environment: &Environment) -> Vec<Waiver> {
    let mut waivers = waiver::deployment(&project.service, environment);
    waivers.extend(waiver::job(&project.service, environment));
    waivers.extend(waiver::config_map(&project.service));
    waivers.extend(waiver::autoscaler(environment));
    waivers
}
