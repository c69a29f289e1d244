//! An `HTTPRoute` at a Gateway that somebody else runs, which also ends TLS.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Serialize;

use crate::deploy::Service;
use crate::deploy::emit::EmitError;
use crate::deploy::kubernetes::folder::Folder;
use crate::deploy::kubernetes::names;
use crate::deploy::plan::Environment;

/// <https://gateway-api.sigs.k8s.io/reference/spec/#httproute>, as far as it is used here.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::deploy::kubernetes) struct HttpRoute {
    api_version: &'static str,
    kind: &'static str,
    metadata: ObjectMeta,
    spec: Spec,
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Spec {
    parent_refs: Vec<Parent>,
    hostnames: Vec<String>,
    rules: Vec<Rule>,
}

#[derive(Debug, Serialize)]
struct Parent {
    name: String,
    namespace: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    matches: Vec<Match>,
    backend_refs: Vec<BackendRef>,
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
    name: String,
    port: u16,
}

fn route(metadata: ObjectMeta, spec: Spec) -> HttpRoute {
    HttpRoute {
        api_version: "gateway.networking.k8s.io/v1",
        kind: "HTTPRoute",
        metadata,
        spec,
    }
}

pub(super) fn fill(folder: &mut Folder, service: &Service) -> Result<(), EmitError> {
    let rule = Rule {
        matches: vec![Match {
            path: Path {
                r#type: "PathPrefix",
                value: "/",
            },
        }],
        backend_refs: vec![BackendRef {
            name: service.name.clone(),
            port: 80,
        }],
    };
    let spec = Spec {
        rules: vec![rule],
        ..Spec::default()
    };
    let metadata = names::meta(service, &service.name);
    folder.resource("httproute.yaml", &route(metadata, spec))
}

/// At which Gateway, and under which name.
pub(in crate::deploy::kubernetes) fn overlay(
    service: &Service,
    environment: &Environment,
) -> HttpRoute {
    let spec = Spec {
        parent_refs: vec![Parent {
            name: environment.gateway.name.clone(),
            namespace: environment.gateway.namespace.clone(),
        }],
        hostnames: environment.host.iter().cloned().collect(),
        ..Spec::default()
    };
    route(names::patch_meta(service, &service.name), spec)
}
