//! What an overlay may list: one component a file.
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
use super::secret;
use crate::deploy::artefact::Project;
use crate::deploy::emit::EmitError;
use crate::deploy::plan::Component;
use crate::deploy::service::Service;

/// The components that `service` can have, in the order in which they are applied.
pub(super) fn of(service: &Service) -> impl Iterator<Item = Component> {
    let able = |component: &Component| missing(*component, service).is_none();
    Component::ALL.into_iter().filter(able)
}

/// What `service` lacks for `component`; none where it can have it.
pub(super) fn missing(component: Component, service: &Service) -> Option<&'static str> {
    let secrets = secret::any(service);
    let (able, why) = match component {
        Component::MigrateJob => (
            service.program.migrate.is_some(),
            "the service has no command that migrates",
        ),
        Component::SecretFiles => (
            secrets && service.program.secrets_variable.is_some(),
            "the service reads no secrets from a folder",
        ),
        Component::ExternalSecret | Component::SealedSecret => {
            (secrets, "the service has no secret")
        }
        Component::Monitoring => (
            service.metrics_port_number().is_some(),
            "the service has no metrics",
        ),
        Component::Ha | Component::NetworkPolicy | Component::Gateway | Component::Ingress => {
            (true, "")
        }
    };
    (!able).then_some(why)
}

/// `k8s/components/NAME`.
pub(super) fn folder(component: Component, project: &Project) -> Result<Folder, EmitError> {
    let service = &project.service;
    let mut folder = Folder::component(&format!("k8s/components/{}", component.as_str()));
    match component {
        Component::MigrateJob => migrate_job::fill(&mut folder, project)?,
        Component::SecretFiles => secret_files::fill(&mut folder, service)?,
        Component::ExternalSecret => external_secret::fill(&mut folder, service)?,
        Component::SealedSecret => sealed_secret::fill(&mut folder, service)?,
        Component::Ha => ha::fill(&mut folder, service)?,
        Component::NetworkPolicy => network_policy::fill(&mut folder, service)?,
        Component::Gateway => gateway::fill(&mut folder, service)?,
        Component::Ingress => ingress::fill(&mut folder, service)?,
        Component::Monitoring => monitoring::fill(&mut folder, service)?,
    }
    Ok(folder)
}
