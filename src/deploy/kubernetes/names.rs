//! Names and labels of objects.
//!
//! Selectors hold two labels that never change; everything that may change is on the objects only.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};

pub(super) use crate::deploy::facts::{config_map, secret};
use crate::deploy::service::Service;

/// The container that serves.
pub(super) const CONTAINER: &str = "backend";
/// The container that migrates.
pub(super) const MIGRATE: &str = "migrate";
/// The port that serves, by name: Service, probes and policies follow the number by themselves.
pub(super) const HTTP: &str = "http";
/// The port of the metrics.
pub(super) const METRICS: &str = "metrics";

const NAME: &str = "app.kubernetes.io/name";
/// The released version; the one label that differs from release to release.
pub(super) const VERSION: &str = "app.kubernetes.io/version";

/// The Job that migrates, and its policy.
pub(super) fn job(service: &Service) -> String {
    format!("{}-{MIGRATE}", service.name)
}

/// The Job of a command that a person runs, and its policy.
pub(super) fn run(service: &Service) -> String {
    format!("{}-run", service.name)
}

/// The Service of the metrics.
pub(super) fn metrics(service: &Service) -> String {
    format!("{}-{METRICS}", service.name)
}

/// The labels of the pods of `name`.
pub(super) fn pod_labels(service: &Service, name: &str, part: &str) -> BTreeMap<String, String> {
    let mut labels = selector_labels(name);
    labels.insert("app.kubernetes.io/component".to_owned(), part.to_owned());
    labels.insert("app.kubernetes.io/part-of".to_owned(), service.name.clone());
    labels.insert(
        "app.kubernetes.io/managed-by".to_owned(),
        "kustomize".to_owned(),
    );
    labels
}

/// Labels that select the pods of `name`.
pub(super) fn selector_labels(name: &str) -> BTreeMap<String, String> {
    [NAME, "app.kubernetes.io/instance"]
        .map(|key| (key.to_owned(), name.to_owned()))
        .into()
}

/// Labels that select the pods of `name`.
pub(super) fn selector(name: &str) -> LabelSelector {
    LabelSelector {
        match_labels: Some(selector_labels(name)),
        ..LabelSelector::default()
    }
}

/// The same by one label: scanners take a policy that selects by two for one that selects
/// nothing.
pub(super) fn policy_selector(name: &str) -> LabelSelector {
    LabelSelector {
        match_labels: Some([(NAME.to_owned(), name.to_owned())].into()),
        ..LabelSelector::default()
    }
}

/// The metadata of an object that belongs to what serves.
pub(super) fn meta(service: &Service, object: &str) -> ObjectMeta {
    meta_of(service, object, &service.name, CONTAINER)
}

/// The metadata of `object`, which belongs to the pods of `name`.
pub(super) fn meta_of(service: &Service, object: &str, name: &str, part: &str) -> ObjectMeta {
    let mut labels = pod_labels(service, name, part);
    if let Some(version) = label(&service.version) {
        labels.insert(VERSION.to_owned(), version);
    }
    ObjectMeta {
        labels: Some(labels),
        ..patch_meta(service, object)
    }
}

/// Metadata by which a patch finds its object: kustomize compares the namespace, and that is the
/// base's until the overlay sets its own.
pub(super) fn patch_meta(service: &Service, object: &str) -> ObjectMeta {
    ObjectMeta {
        name: Some(object.to_owned()),
        namespace: Some(service.name.clone()),
        ..ObjectMeta::default()
    }
}

/// `version` as the value of a label, where it can be one: 63 characters, and no `+`.
pub(super) fn label(version: &str) -> Option<String> {
    let text = version.replace('+', "_");
    let ends = |c: char| c.is_ascii_alphanumeric();
    let fits = text.len() <= 63
        && text.starts_with(ends)
        && text.ends_with(ends)
        && text
            .chars()
            .all(|c| ends(c) || matches!(c, '-' | '_' | '.'));
    fits.then_some(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::deploy::facts::{LONGEST_NAME, REVISION_DIGITS};

    proptest! {
        #[test]
        fn a_label_is_one_that_kubernetes_takes(text in "[a-z0-9._+-]{0,70}|\\PC{0,8}") {
            if let Some(label) = label(&text) {
                prop_assert!(label.len() <= 63 && !label.is_empty());
                prop_assert!(!label.starts_with(['-', '_', '.']));
                prop_assert!(!label.ends_with(['-', '_', '.']));
                prop_assert!(label.is_ascii() && !label.contains('+'));
            }
        }
    }

    #[test]
    fn names_made_of_the_longest_name_are_labels() {
        let schema = serde_json::json!({ "properties": {} });
        let service = Service::new(&"x".repeat(LONGEST_NAME), "1", schema).unwrap();
        let digest = "-".len() + REVISION_DIGITS;
        assert_eq!(job(&service).len() + digest, 63);
        assert!(run(&service).len() + digest <= 63);
        assert!(metrics(&service).len() <= 63);
    }

    #[test]
    fn a_release_is_a_label() {
        assert_eq!(label("1.2.0").as_deref(), Some("1.2.0"));
        assert_eq!(label("1.2.0+build.7").as_deref(), Some("1.2.0_build.7"));
        assert_eq!(label(""), None);
    }
}
