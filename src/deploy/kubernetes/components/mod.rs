//! Components that an overlay may list, one a file.
//!
//! A component holds for every environment that lists it; what it needs to know of one is patched
//! in by the overlay (`overlay.rs`).

pub(super) mod external_secret;
pub(super) mod gateway;
pub(super) mod ha;
pub(super) mod ingress;
pub(super) mod migrate_job;
pub(super) mod monitoring;
pub(super) mod network_policy;
pub(super) mod sealed_secret;
mod secret_files;

pub(crate) use network_policy::EVERYWHERE;

use super::folder::Folder;
use crate::deploy::artefact::Project;
use crate::deploy::plan::Component;

/// `k8s/components/NAME`.
pub(super) fn folder(component: Component, project: &Project) -> Folder {
    let service = &project.service;
    let mut folder = Folder::component(&format!("k8s/components/{}", component.as_str()));
    match component {
        Component::MigrateJob => migrate_job::fill(&mut folder, project),
        Component::SecretFiles => secret_files::fill(&mut folder, service),
        Component::ExternalSecret => external_secret::fill(&mut folder, service),
        Component::SealedSecret => sealed_secret::fill(&mut folder, service),
        Component::Ha => ha::fill(&mut folder, service),
        Component::NetworkPolicy => network_policy::fill(&mut folder, service),
        Component::Gateway => gateway::fill(&mut folder, service),
        Component::Ingress => ingress::fill(&mut folder, service),
        Component::Monitoring => monitoring::fill(&mut folder, service),
    }
    folder
}
