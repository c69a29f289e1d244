//! Metrics for Prometheus: a Service that no route leads to, and a `ServiceMonitor`.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};
use serde::Serialize;

use crate::deploy::kubernetes::base::service_object;
use crate::deploy::kubernetes::folder::{Custom, Folder};
use crate::deploy::kubernetes::names::{self, METRICS};
use crate::deploy::plan::Environment;
use crate::deploy::service::Service;

/// The file of the `ServiceMonitor`, in the component and in an overlay.
pub(in crate::deploy::kubernetes) const FILE: &str = "servicemonitor.yaml";

/// The port of the metrics Service; pods may listen on another.
const PORT: i32 = 9000;

/// <https://prometheus-operator.dev/docs/api-reference/api/#monitoring.coreos.com/v1.ServiceMonitor>,
/// as far as it is used here.
pub(in crate::deploy::kubernetes) type ServiceMonitor = Custom<Option<Spec>>;

#[derive(Debug, Serialize)]
pub(in crate::deploy::kubernetes) struct Spec {
    selector: LabelSelector,
    endpoints: Vec<Endpoint>,
}

#[derive(Debug, Serialize)]
struct Endpoint {
    port: &'static str,
    path: &'static str,
    interval: &'static str,
}

pub(super) fn fill(folder: &mut Folder, service: &Service) {
    let metrics = service_object(service, &names::metrics(service), METRICS, PORT);
    folder.resource("service.yaml", &metrics);
    let spec = Spec {
        // The Service that serves is selected as well; it has no port of that name.
        selector: names::selector(&service.name),
        endpoints: vec![Endpoint {
            port: METRICS,
            path: "/metrics",
            interval: "30s",
        }],
    };
    let monitor = monitor(names::meta(service, &service.name), Some(spec));
    folder.resource(FILE, &monitor);
}

fn monitor(metadata: ObjectMeta, spec: Option<Spec>) -> ServiceMonitor {
    Custom {
        api_version: "monitoring.coreos.com/v1",
        kind: "ServiceMonitor",
        metadata,
        spec,
    }
}

/// The labels by which the Prometheus of `environment` finds it; none where it asks for none.
pub(in crate::deploy::kubernetes) fn overlay(
    service: &Service,
    environment: &Environment,
) -> Option<ServiceMonitor> {
    let labels = &environment.monitoring_labels;
    let metadata = ObjectMeta {
        labels: Some(labels.clone()),
        ..names::patch_meta(service, &service.name)
    };
    (!labels.is_empty()).then(|| monitor(metadata, None))
}
