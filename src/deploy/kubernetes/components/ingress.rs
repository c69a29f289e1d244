//! An Ingress, for clusters without a Gateway. TLS is not left out.

use k8s_openapi::api::networking::v1::{
    HTTPIngressPath, HTTPIngressRuleValue, Ingress, IngressBackend, IngressRule,
    IngressServiceBackend, IngressSpec, IngressTLS, ServiceBackendPort,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::deploy::Service;
use crate::deploy::emit::EmitError;
use crate::deploy::kubernetes::folder::Folder;
use crate::deploy::kubernetes::names::{self, HTTP};
use crate::deploy::plan::Environment;

pub(super) fn fill(folder: &mut Folder, service: &Service) -> Result<(), EmitError> {
    let metadata = names::meta(service, &service.name);
    folder.resource("ingress.yaml", &ingress(service, metadata, None, None))
}

/// Of which class, and under which name.
pub(in crate::deploy::kubernetes) fn overlay(
    service: &Service,
    environment: &Environment,
) -> Ingress {
    let class = Some(environment.gateway.ingress_class.as_str());
    let metadata = names::patch_meta(service, &service.name);
    ingress(service, metadata, class, environment.host.as_deref())
}

fn ingress(
    service: &Service,
    metadata: ObjectMeta,
    class: Option<&str>,
    host: Option<&str>,
) -> Ingress {
    let path = HTTPIngressPath {
        path: Some("/".to_owned()),
        path_type: "Prefix".to_owned(),
        backend: IngressBackend {
            service: Some(IngressServiceBackend {
                name: service.name.clone(),
                port: Some(ServiceBackendPort {
                    name: Some(HTTP.to_owned()),
                    ..ServiceBackendPort::default()
                }),
            }),
            ..IngressBackend::default()
        },
    };
    Ingress {
        metadata,
        spec: Some(IngressSpec {
            ingress_class_name: class.map(str::to_owned),
            rules: Some(vec![IngressRule {
                host: host.map(str::to_owned),
                http: Some(HTTPIngressRuleValue { paths: vec![path] }),
            }]),
            tls: Some(vec![IngressTLS {
                hosts: host.map(|host| vec![host.to_owned()]),
                secret_name: Some(format!("{}-tls", service.name)),
            }]),
            ..IngressSpec::default()
        }),
        ..Ingress::default()
    }
}
