//! An `HTTPRoute` at a Gateway that is there already, and that ends TLS.
//!
//! Fields that the CRD would fill in are written, or the object in the cluster is never the one
//! that was applied, and Argo CD never in sync.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Serialize;

use crate::deploy::kubernetes::facts::Traffic;
use crate::deploy::kubernetes::folder::{Custom, Folder};
use crate::deploy::kubernetes::names;
use crate::deploy::plan::Environment;
use crate::deploy::service::Service;

/// <https://gateway-api.sigs.k8s.io/reference/spec/#httproute>, as far as it is used here.
pub(in crate::deploy::kubernetes) type HttpRoute = Custom<Spec>;

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::deploy::kubernetes) struct Spec {
    parent_refs: Vec<Parent>,
    hostnames: Vec<String>,
    rules: Vec<Rule>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Parent {
    group: &'static str,
    kind: &'static str,
    name: String,
    namespace: String,
    section_name: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    matches: Vec<Match>,
    backend_refs: Vec<BackendRef>,
    timeouts: Option<Timeouts>,
}

/// Support for it is extended, not core (GEP-1742).
#[derive(Debug, Serialize)]
struct Timeouts {
    /// From the request to the last byte of the answer.
    request: &'static str,
}

#[derive(Debug, Serialize)]
struct Match {
    path: Path,
}

#[derive(Debug, Serialize)]
struct Path {
    r#type: &'static str,
    value: &'static str,
}

#[derive(Debug, Serialize)]
struct BackendRef {
    group: &'static str,
    kind: &'static str,
    name: String,
    port: u16,
    weight: u32,
}

fn route(metadata: ObjectMeta, spec: Spec) -> HttpRoute {
    Custom {
        api_version: "gateway.networking.k8s.io/v1",
        kind: "HTTPRoute",
        metadata,
        spec,
    }
}

pub(super) fn fill(folder: &mut Folder, service: &Service) {
    let spec = Spec {
        rules: vec![rule(service, None)],
        ..Spec::default()
    };
    let metadata = names::meta(service, &service.name);
    folder.resource("httproute.yaml", &route(metadata, spec));
}

fn rule(service: &Service, timeouts: Option<Timeouts>) -> Rule {
    Rule {
        matches: vec![Match {
            path: Path {
                r#type: "PathPrefix",
                value: "/",
            },
        }],
        backend_refs: vec![BackendRef {
            group: "",
            kind: "Service",
            name: service.name.clone(),
            port: 80,
            weight: 1,
        }],
        timeouts,
    }
}

/// The route of `environment`: its Gateway and host. Where answers are streams there is no limit on
/// the whole of one: gateways have limits of their own (Envoy's is 15 seconds), while the service
/// limits each step of a request itself, and a drain may take as long as the stream does.
pub(in crate::deploy::kubernetes) fn overlay(
    service: &Service,
    environment: &Environment,
) -> HttpRoute {
    let endless = Timeouts { request: "0s" };
    // A patch replaces the whole list of rules.
    let rules = Traffic::of(service, environment)
        .streams
        .then(|| rule(service, Some(endless)));
    let spec = Spec {
        parent_refs: vec![Parent {
            group: "gateway.networking.k8s.io",
            kind: "Gateway",
            name: environment.gateway.name.clone(),
            namespace: environment.gateway.namespace.clone(),
            section_name: environment.gateway.section.clone(),
        }],
        hostnames: environment.host.iter().cloned().collect(),
        rules: rules.into_iter().collect(),
    };
    let mut metadata = names::patch_meta(service, &service.name);
    metadata.annotations = Some(environment.annotations.http_route.clone());
    route(metadata, spec)
}
