//! What every environment shares.

use k8s_openapi::api::core::v1::{
    Service as ServiceObject, ServiceAccount, ServicePort, ServiceSpec,
};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::folder::Folder;
use super::names::{self, HTTP};
use super::{config, deployment, name_references, secret};
use crate::deploy::artefact::Project;
use crate::deploy::emit::EmitError;
use crate::deploy::service::Service;

/// Where it is.
pub(super) const FOLDER: &str = "k8s/base/backend";

/// `k8s/base/backend`.
pub(super) fn folder(project: &Project) -> Result<Folder, EmitError> {
    let service = &project.service;
    let mut folder = Folder::kustomization(FOLDER);
    name_references::fill(&mut folder)?;
    folder.resource_text(config::FILE, config::base(service)?);
    if secret::any(service) {
        folder.resource_text(secret::FILE, secret::base(service)?);
    }
    folder.resource("deployment.yaml", &deployment::base(project))?;
    folder.resource(
        "service.yaml",
        &service_object(service, &service.name, HTTP, 80),
    )?;
    folder.resource("serviceaccount.yaml", &service_account(service))?;
    Ok(folder)
}

/// The image of the base, always with a tag or a digest.
pub(super) fn image(project: &Project) -> String {
    let mut image = project.plan.image.clone();
    if image.tag.is_none() && image.digest.is_none() {
        image.tag = Some(project.service.version.replace('+', "_"));
    }
    image.reference()
}

/// A Service `name` before the pods that serve, from `port` to their port `target`.
pub(super) fn service_object(
    service: &Service,
    name: &str,
    target: &str,
    port: i32,
) -> ServiceObject {
    ServiceObject {
        metadata: names::meta(service, name),
        spec: Some(ServiceSpec {
            type_: Some("ClusterIP".to_owned()),
            ports: Some(vec![ServicePort {
                name: Some(target.to_owned()),
                port,
                target_port: Some(IntOrString::String(target.to_owned())),
                protocol: Some("TCP".to_owned()),
                ..ServicePort::default()
            }]),
            selector: Some(names::selector_labels(&service.name)),
            ..ServiceSpec::default()
        }),
        ..ServiceObject::default()
    }
}

/// An account of its own, that may do nothing.
fn service_account(service: &Service) -> ServiceAccount {
    ServiceAccount {
        metadata: names::meta(service, &service.name),
        automount_service_account_token: Some(false),
        ..ServiceAccount::default()
    }
}
