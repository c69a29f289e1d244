//! The base, which every environment shares.

use k8s_openapi::api::core::v1::{
    Service as ServiceObject, ServiceAccount, ServicePort, ServiceSpec,
};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::folder::Folder;
use super::names::{self, HTTP};
use super::{config, deployment, name_references, secret};
use crate::deploy::artefact::Project;
use crate::deploy::service::Service;

/// Its folder.
pub(super) const FOLDER: &str = "k8s/base/backend";

/// `k8s/base/backend`.
pub(super) fn folder(project: &Project) -> Folder {
    let service = &project.service;
    let mut folder = Folder::kustomization(FOLDER);
    name_references::fill(&mut folder);
    config::add(service, &mut folder);
    if secret::any(service) {
        secret::add(service, &mut folder);
    }
    folder.resource("deployment.yaml", &deployment::base(project));
    let serving = service_object(service, &service.name, HTTP, 80);
    folder.resource("service.yaml", &serving);
    folder.resource("serviceaccount.yaml", &service_account(service));
    folder
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
