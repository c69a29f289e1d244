//! What operators ask of pods and objects beyond what the service needs: labels, annotations,
//! nodes, priority, and whose user ids pods have.
//!
//! Kubernetes' own syntax is held here, so that a slip is told with its line rather than by an API
//! server.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::draft::Draft;
use super::file::TolerationFile;
use super::labels::{self, LabelKey};
use super::{Component, Environment};
use crate::schema::FaultKind;

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

/// Where pods land, and as whom they run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Placement {
    /// Secrets of the namespace with which images are pulled.
    pub image_pull_secrets: Vec<String>,
    /// Labels that a node must have.
    pub node_selector: BTreeMap<String, String>,
    /// Taints of nodes that are tolerated.
    pub tolerations: Vec<Toleration>,
    /// The `PriorityClass`, where it is not the cluster's default.
    pub priority_class: Option<String>,
    /// Whose user ids pods have.
    pub run_as: RunAs,
}

/// Annotations by the kind of object that carries them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Annotations {
    /// Of every pod.
    pub pods: BTreeMap<String, String>,
    /// Of the Service that serves.
    pub service: BTreeMap<String, String>,
    /// Of the `ServiceAccount`.
    pub service_account: BTreeMap<String, String>,
    /// Of the Ingress.
    pub ingress: BTreeMap<String, String>,
    /// Of the `HTTPRoute`.
    pub http_route: BTreeMap<String, String>,
}

/// A taint that pods tolerate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Toleration {
    /// The key of the taint; none stands for every key.
    pub key: Option<String>,
    /// How key and value are compared.
    pub operator: Operator,
    /// The value of the taint.
    pub value: Option<String>,
    /// The effect of the taint; none stands for every effect.
    pub effect: Option<Effect>,
    /// Seconds for which a pod stays on a node that gets the taint; none: for ever.
    pub seconds: Option<u32>,
}

/// Source of the numeric user and group of pods.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RunAs {
    /// The manifests, which name the user of the image.
    #[default]
    Image,
    /// The cluster, whose admission gives each namespace ids of its own.
    Cluster,
}

/// How a toleration meets a taint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum Operator {
    /// Key and value are the same.
    Equal,
    /// The key is the same.
    Exists,
}

/// What a taint does to pods that do not tolerate it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum Effect {
    /// New ones stay away.
    NoSchedule,
    /// New ones stay away where they can.
    PreferNoSchedule,
    /// Running ones have to leave, too.
    NoExecute,
}

impl Operator {
    /// As Kubernetes writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Equal => "Equal",
            Self::Exists => "Exists",
        }
    }
}

impl Effect {
    /// As Kubernetes writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoSchedule => "NoSchedule",
            Self::PreferNoSchedule => "PreferNoSchedule",
            Self::NoExecute => "NoExecute",
        }
    }
}

/// Where the pods of one environment land.
pub(super) fn resolve(draft: &mut Draft<'_>) -> Placement {
    let file = draft.file;
    let node_selector = labels::plain(&file.node_selector);
    let os = "kubernetes.io/os";
    if node_selector.get(os).is_some_and(|name| name != "linux") {
        draft.conflict(
            &["node_selector", os],
            "is not linux, and the image runs nowhere else",
            "take it out",
        );
    }
    let tolerations = file.tolerations.iter().enumerate();
    Placement {
        image_pull_secrets: file
            .image_pull_secrets
            .iter()
            .cloned()
            .map(String::from)
            .collect(),
        node_selector,
        tolerations: tolerations
            .map(|(at, one)| toleration(draft, at, one))
            .collect(),
        priority_class: file.priority_class.clone().map(String::from),
        run_as: file.run_as.unwrap_or_default(),
    }
}

fn toleration(draft: &mut Draft<'_>, at: usize, file: &TolerationFile) -> Toleration {
    let entry = format!("[{at}]");
    let path = |key: &'static str| ["tolerations", entry.as_str(), key];
    let operator = file.operator.unwrap_or(match file.value {
        Some(_) => Operator::Equal,
        None => Operator::Exists,
    });
    if file.key.is_none() && (operator == Operator::Equal || file.operator.is_none()) {
        draft.conflict(
            &path("key"),
            "is missing: which taint is tolerated?",
            "name it, or write operator = \"Exists\" for every taint",
        );
    }
    if operator == Operator::Exists && file.value.is_some() {
        draft.conflict(
            &path("value"),
            "has no effect beside the operator Exists",
            "take one of them out",
        );
    }
    if file.seconds.is_some() && file.effect != Some(Effect::NoExecute) {
        draft.conflict(
            &path("seconds"),
            "has no effect: only NoExecute makes pods leave",
            "add effect = \"NoExecute\", or take it out",
        );
    }
    Toleration {
        key: file.key.clone().map(String::from),
        operator,
        value: file.value.clone().map(String::from),
        effect: file.effect,
        seconds: file.seconds.map(super::file::Seconds::as_u32),
    }
}

/// The labels that every object of one environment gets.
pub(super) fn labels(draft: &mut Draft<'_>) -> BTreeMap<String, String> {
    let labels = labels::plain(&draft.file.labels);
    own(draft, &["labels"], &labels);
    labels
}

/// The labels of the `ServiceMonitor` of one environment.
pub(super) fn monitoring_labels(draft: &mut Draft<'_>) -> BTreeMap<String, String> {
    let labels = labels::plain(&draft.file.monitoring.labels);
    own(draft, &["monitoring", "labels"], &labels);
    labels
}

/// Refuses those of `labels`, which stand at `path`, that are not an operator's to write.
fn own(draft: &mut Draft<'_>, path: &[&str], labels: &BTreeMap<String, String>) {
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
                draft.refuse(FaultKind::Invalid, &path, problem, remedy);
            }
        }
        let bytes = annotations.iter().map(|(key, text)| key.len() + text.len());
        if bytes.sum::<usize>() > MAX_ANNOTATIONS {
            draft.refuse(
                FaultKind::Invalid,
                &["annotations", kind],
                "has more than 240 KiB, and Kubernetes takes little more on one object",
                "shorten it",
            );
        }
    }
    Annotations {
        pods: file.pods.clone(),
        service: file.service.clone(),
        service_account: file.service_account.clone(),
        ingress: file.ingress.clone(),
        http_route: file.http_route.clone(),
    }
}

/// Why an operator may not write the annotation `key` there, and what to do instead.
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

/// Looks for what has no effect in the finished environment.
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
