//! An `HTTPRoute` at a Gateway that is there already, and that ends TLS.
//!
//! Fields that the CRD would fill in are written, or the object in the cluster is never the one
//! that was applied, and Argo CD never in sync.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::{Value, json};

use crate::deploy::kubernetes::facts::Traffic;
use crate::deploy::kubernetes::folder::{Folder, custom};
use crate::deploy::kubernetes::names;
use crate::deploy::plan::Environment;
use crate::deploy::service::Service;

pub(super) fn fill(folder: &mut Folder, service: &Service) {
    let metadata = names::meta(service, &service.name);
    let spec = json!({ "rules": [rule(service)] });
    folder.resource("httproute.yaml", &route(&metadata, &spec));
}

/// <https://gateway-api.sigs.k8s.io/reference/spec/#httproute>
fn route(metadata: &ObjectMeta, spec: &Value) -> Value {
    custom("gateway.networking.k8s.io/v1", "HTTPRoute", metadata, spec)
}

fn rule(service: &Service) -> Value {
    let backend = json!({
        "group": "", "kind": "Service", "name": service.name, "port": 80, "weight": 1,
    });
    let all = json!({ "path": { "type": "PathPrefix", "value": "/" } });
    json!({ "matches": [all], "backendRefs": [backend] })
}

/// The route of `environment`: its Gateway and host. Where answers are streams there is no limit on
/// the whole of one: gateways have limits of their own (Envoy's is 15 seconds), while the service
/// limits each step of a request itself, and a drain may take as long as the stream does.
pub(crate) fn overlay(service: &Service, environment: &Environment) -> Value {
    let gateway = &environment.gateway;
    let parent = json!({
        "group": "gateway.networking.k8s.io",
        "kind": "Gateway",
        "name": gateway.name,
        "namespace": gateway.namespace,
        "sectionName": gateway.section,
    });
    let hosts: Vec<_> = environment.host.iter().collect();
    let mut spec = json!({ "parentRefs": [parent], "hostnames": hosts });
    if Traffic::of(service, environment).streams {
        // From the request to the last byte of the answer; support for it is extended, not core
        // (GEP-1742).
        let mut endless = rule(service);
        endless["timeouts"] = json!({ "request": "0s" });
        // A patch replaces the whole list of rules.
        spec["rules"] = json!([endless]);
    }
    let mut metadata = names::patch_meta(service, &service.name);
    metadata.annotations = Some(environment.annotations.http_route.clone());
    route(&metadata, &spec)
}
