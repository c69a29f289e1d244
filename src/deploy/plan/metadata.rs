//! Labels and annotations that operators add to objects.
//!
//! Kubernetes' own syntax is held here, so that a slip is told with its line rather than by an API
//! server.

use std::collections::BTreeMap;

use super::component::Component;
use super::draft::Draft;
use super::environment::Environment;
use super::labels::{self, LabelKey, Labels};
use super::placement::Annotations;

/// Bytes of annotations that Kubernetes takes on one object, less room for those rendered here.
const MAX_ANNOTATIONS: usize = 240 * 1024;

/// Labels that every object has already; selectors go by two of them.
const RENDERED: [&str; 6] = [
    "app.kubernetes.io/component",
    "app.kubernetes.io/instance",
    "app.kubernetes.io/managed-by",
    "app.kubernetes.io/name",
    "app.kubernetes.io/part-of",
    "app.kubernetes.io/version",
];

/// Labels without a prefix by which controllers of Kubernetes tell their pods apart.
const SET_BY_CONTROLLERS: [&str; 5] = [
    "controller-revision-hash",
    "controller-uid",
    "job-name",
    "pod-template-generation",
    "pod-template-hash",
];

/// The labels `written` at `path`; those are refused that are not an operator's to write.
pub(super) fn labels(
    draft: &mut Draft<'_>,
    path: &[&str],
    written: &Labels,
) -> BTreeMap<String, String> {
    let labels = labels::plain(written);
    for key in labels.keys() {
        let path = [path, &[key.as_str()]].concat();
        if RENDERED.contains(&key.as_str()) {
            let problem = "is a label that every object has already; selectors rely on them";
            draft.conflict(&path, problem, "take it out, or choose another name");
        } else if SET_BY_CONTROLLERS.contains(&key.as_str()) {
            let problem = "is a label that Kubernetes itself writes, and finds its objects by";
            draft.conflict(&path, problem, "take it out, or choose another name");
        } else if is_of_kubernetes(key) {
            let problem = "has a prefix that is kept for Kubernetes itself";
            draft.conflict(&path, problem, "use a prefix of your own, or none");
        }
    }
    labels
}

/// Checks whether the prefix of `key` is one that Kubernetes keeps for itself: some of these labels mean
/// something, such as the Pod Security Standard that a namespace enforces.
fn is_of_kubernetes(key: &str) -> bool {
    let prefix = key.split_once('/').map_or("", |(prefix, _)| prefix);
    ["kubernetes.io", "k8s.io"].iter().any(|own| {
        let rest = prefix.strip_suffix(own);
        rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    })
}

/// The annotations of one environment.
pub(super) fn annotations(draft: &mut Draft<'_>) -> Annotations {
    let file = &draft.file.annotations;
    for (kind, annotations) in [
        ("pods", &file.pods),
        ("service", &file.service),
        ("service_account", &file.service_account),
        ("ingress", &file.ingress),
        ("http_route", &file.http_route),
    ] {
        for key in annotations.keys() {
            let path = ["annotations", kind, key];
            if let Some((problem, remedy)) = rendered(kind, key) {
                draft.conflict(&path, problem, remedy);
            } else if LabelKey::try_from(key.to_lowercase().as_str()).is_err() {
                // Case does not count in the prefix of an annotation.
                let problem = "is a key that no annotation has";
                let remedy = "write it like example.com/owner";
                draft.invalid(&path, problem, remedy);
            }
        }
        // Kubernetes counts keys and values together (`ValidateAnnotationsSize`).
        let bytes = annotations.iter().map(|(key, text)| key.len() + text.len());
        if bytes.sum::<usize>() > MAX_ANNOTATIONS {
            draft.invalid(
                &["annotations", kind],
                "has more than 240 KiB, and Kubernetes takes little more on one object",
                "shorten it",
            );
        }
    }
    file.clone()
}

/// The reason for which an operator may not write the annotation `key` there, and the remedy.
fn rendered(kind: &str, key: &str) -> Option<(&'static str, &'static str)> {
    match key {
        "kubectl.kubernetes.io/last-applied-configuration" => {
            Some(("is written by kubectl", "take it out"))
        }
        "kubernetes.io/ingress.class" if kind == "ingress" => Some((
            "names the class a second time, which Kubernetes refuses",
            "write the class into gateway.ingress_class",
        )),
        _ if kind == "pods" && is_confinement(key) => Some((
            "loosens the confinement of the pods, or says it a second time",
            "take it out: the pods have the profile RuntimeDefault",
        )),
        _ if kind == "pods" && key.starts_with("checksum/") => Some((
            "is written here, so that pods follow their settings",
            "choose another name",
        )),
        _ => None,
    }
}

/// Checks whether `key` is one of the annotations by which kubelets still take `AppArmor` and seccomp
/// profiles, which the Pod Security Standards judge as they do the fields. Case does not count in
/// the prefix of an annotation.
fn is_confinement(key: &str) -> bool {
    let prefix = key.split('/').next().unwrap_or(key).to_lowercase();
    [
        "container.apparmor.security.beta.kubernetes.io",
        "container.seccomp.security.alpha.kubernetes.io",
        "seccomp.security.alpha.kubernetes.io",
    ]
    .contains(&prefix.as_str())
}

/// Refuses annotations that have no effect in the finished environment.
pub(super) fn check(draft: &mut Draft<'_>, environment: &Environment) {
    if draft.failed(&["components"]) || draft.failed(&["host"]) {
        return;
    }
    for (kind, component) in [
        ("ingress", Component::Ingress),
        ("http_route", Component::Gateway),
    ] {
        let path = ["annotations", kind];
        if draft.has(&path) && !environment.has(component) {
            let name = component.as_str();
            draft.conflict(
                &path,
                format!("has no effect without the component {name}"),
                format!("list {name}, or take it out"),
            );
        }
    }
}

#[cfg(test)]
mod tests;
