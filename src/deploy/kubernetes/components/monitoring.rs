//! Metrics for Prometheus: a Service that no route leads to, and a `ServiceMonitor`.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};
use serde::Serialize;

use crate::deploy::Service;
use crate::deploy::emit::EmitError;
use crate::deploy::kubernetes::base::service_object;
use crate::deploy::kubernetes::folder::Folder;
use crate::deploy::kubernetes::names::{self, METRICS};

/// The port of the metrics Service; pods may listen on another.
const PORT: i32 = 9000;

/// <https://prometheus-operator.dev/docs/api-reference/api/#monitoring.coreos.com/v1.ServiceMonitor>,
/// as far as it is used here.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ServiceMonitor {
    api_version: &'static str,
    kind: &'static str,
    metadata: ObjectMeta,
    spec: Spec,
}

#[derive(Debug, Serialize)]
struct Spec {
    selector: LabelSelector,
    endpoints: Vec<Endpoint>,
}

#[derive(Debug, Serialize)]
struct Endpoint {
    port: &'static str,
    path: &'static str,
    interval: &'static str,
}

pub(super) fn fill(folder: &mut Folder, service: &Service) -> Result<(), EmitError> {
    let metrics = service_object(service, &names::metrics(service), METRICS, PORT);
    folder.resource("service.yaml", &metrics)?;
    let monitor = ServiceMonitor {
        api_version: "monitoring.coreos.com/v1",
        kind: "ServiceMonitor",
        metadata: names::meta(service, &service.name),
        spec: Spec {
            // The Service that serves is selected as well; it has no port of that name.
            selector: names::selector(&service.name),
            endpoints: vec![Endpoint {
                port: METRICS,
                path: "/metrics",
                interval: "30s",
            }],
        },
    };
    folder.resource("servicemonitor.yaml", &monitor)
}
