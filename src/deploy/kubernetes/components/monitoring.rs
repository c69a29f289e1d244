//! Metrics for Prometheus: a Service that no route leads to, and a `ServiceMonitor`.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::{Value, json};

use crate::deploy::kubernetes::base::service_object;
use crate::deploy::kubernetes::folder::{Folder, custom};
use crate::deploy::kubernetes::names::{self, METRICS};
use crate::deploy::plan::Environment;
use crate::deploy::service::Service;

/// The file of the `ServiceMonitor`, in the component and in an overlay.
pub(crate) const FILE: &str = "servicemonitor.yaml";

/// The port of the metrics Service; pods may listen on another.
const PORT: i32 = 9000;

pub(super) fn fill(folder: &mut Folder, service: &Service) {
    let metrics = service_object(service, &names::metrics(service), METRICS, PORT);
    folder.resource("service.yaml", &metrics);
    let spec = json!({
        // The Service that serves is selected as well; it has no port of that name.
        "selector": names::selector(&service.name),
        "endpoints": [{ "port": METRICS, "path": "/metrics", "interval": "30s" }],
    });
    let monitor = monitor(&names::meta(service, &service.name), &spec);
    folder.resource(FILE, &monitor);
}

/// <https://prometheus-operator.dev/docs/api-reference/api/#monitoring.coreos.com/v1.ServiceMonitor>
fn monitor(metadata: &ObjectMeta, spec: &Value) -> Value {
    custom("monitoring.coreos.com/v1", "ServiceMonitor", metadata, spec)
}

/// The labels by which the Prometheus of `environment` finds it; none where it asks for none.
pub(crate) fn overlay(service: &Service, environment: &Environment) -> Option<Value> {
    let labels = &environment.monitoring_labels;
    let metadata = ObjectMeta {
        labels: Some(labels.clone()),
        ..names::patch_meta(service, &service.name)
    };
    (!labels.is_empty()).then(|| monitor(&metadata, &Value::Null))
}
