//! The Namespace of an environment, which holds every pod in it to the restricted standard.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::names;
use crate::deploy::plan::Environment;
use crate::deploy::service::Service;

/// The version of the Pod Security Standard that is meant; a newer one may ask for more.
const VERSION: &str = "v1.33";

/// <https://kubernetes.io/docs/concepts/security/pod-security-admission/>
pub(super) fn namespace(service: &Service, environment: &Environment) -> Namespace {
    let mut labels = BTreeMap::new();
    for mode in ["enforce", "audit", "warn"] {
        let key = format!("pod-security.kubernetes.io/{mode}");
        labels.insert(format!("{key}-version"), VERSION.to_owned());
        labels.insert(key, "restricted".to_owned());
    }
    labels.extend(
        names::meta(service, &service.name)
            .labels
            .unwrap_or_default(),
    );
    Namespace {
        metadata: ObjectMeta {
            name: Some(environment.namespace.clone()),
            labels: Some(labels),
            ..ObjectMeta::default()
        },
        ..Namespace::default()
    }
}
