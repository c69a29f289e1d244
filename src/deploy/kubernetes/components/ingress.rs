//! An Ingress, for clusters without a Gateway. TLS is not left out.
//!
//! Sizes and times of requests have no field in an Ingress. They are annotations of ingress-nginx,
//! whose own limits (1 MiB, 60 seconds of silence) are below those of the service; other
//! controllers pass them over, and most of them have no such limits.

use std::collections::BTreeMap;

use k8s_openapi::api::networking::v1::{
    HTTPIngressPath, HTTPIngressRuleValue, Ingress, IngressBackend, IngressRule,
    IngressServiceBackend, IngressSpec, IngressTLS, ServiceBackendPort,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::deploy::kubernetes::facts::Traffic;
use crate::deploy::kubernetes::folder::Folder;
use crate::deploy::kubernetes::names::{self, HTTP};
use crate::deploy::plan::Environment;
use crate::deploy::service::Service;

pub(super) fn fill(folder: &mut Folder, service: &Service) {
    let metadata = names::meta(service, &service.name);
    folder.resource("ingress.yaml", &ingress(service, metadata, None, None));
}

/// Seconds of silence after which ingress-nginx gives up unless it is told otherwise.
const NGINX_SECONDS: u64 = 60;

/// Seconds by which the service is to give up first: its answer says what was wrong.
const SPARE_SECONDS: u64 = 5;

/// The Ingress of `environment`: its class, its host, and the limits of the service.
pub(crate) fn overlay(service: &Service, environment: &Environment) -> Ingress {
    let class = Some(environment.gateway.ingress_class.as_str());
    let mut annotations = limits(&Traffic::of(service, environment));
    annotations.extend(environment.annotations.ingress.clone());
    let metadata = ObjectMeta {
        annotations: Some(annotations),
        ..names::patch_meta(service, &service.name)
    };
    ingress(service, metadata, class, environment.host.as_deref())
}

/// Annotations that tell ingress-nginx of `traffic`. Its times are limits of silence, not of the
/// whole, so that a stream takes as long as it does.
fn limits(traffic: &Traffic) -> BTreeMap<String, String> {
    let silent = traffic.silent_seconds;
    let silent = silent.map(|seconds| (seconds + SPARE_SECONDS).max(NGINX_SECONDS).to_string());
    let buffering = traffic.streams.then(|| "off".to_owned());
    let bytes = traffic.body_bytes.map(|bytes| bytes.to_string());
    let pairs = [
        ("proxy-body-size", bytes),
        ("proxy-buffering", buffering),
        ("proxy-read-timeout", silent.clone()),
        ("proxy-send-timeout", silent),
    ];
    let annotation = |(name, text): (&str, Option<String>)| {
        Some((format!("nginx.ingress.kubernetes.io/{name}"), text?))
    };
    pairs.into_iter().filter_map(annotation).collect()
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
