//! The finished objects of one environment, and how a check looks at them.
//!
//! An object that is not there indexes to null, so a check reads as what it asks for.

use serde_json::Value;

use crate::deploy::artefact::Project;
use crate::deploy::emit::RenderError;
use crate::deploy::kubernetes;

/// The objects of one environment as kustomize would build them.
#[derive(Debug, Clone)]
pub(super) struct Objects(pub(super) Vec<Value>);

impl Objects {
    /// Builds them.
    ///
    /// # Errors
    /// [`RenderError`] as for the manifests themselves.
    pub(super) fn of(project: &Project, environment: &str) -> Result<Self, RenderError> {
        let stream = kubernetes::stream(project, Some(environment))?;
        serde_saphyr::from_multiple(&stream)
            .map(Self)
            .map_err(|error| RenderError::Facts(format!("{environment}: not valid YAML: {error}")))
    }

    /// Those of `kind`.
    pub(super) fn kind<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Value> {
        self.0.iter().filter(move |object| object["kind"] == kind)
    }

    /// Checks whether there is a `kind` of that name.
    pub(super) fn has(&self, kind: &str, name: &Value) -> bool {
        self.kind(kind)
            .any(|object| object["metadata"]["name"] == *name)
    }

    /// Checks whether a kustomization above has renamed them: the label of the name stays.
    pub(super) fn is_copy(&self) -> bool {
        self.kind("Deployment").any(|deployment| {
            let metadata = &deployment["metadata"];
            let first = metadata["labels"]["app.kubernetes.io/name"].as_str();
            let name = metadata["name"].as_str();
            name.zip(first)
                .is_some_and(|(name, first)| name != first && name.contains(first))
        })
    }

    /// Objects that make pods: the Deployment and the Job.
    pub(super) fn workloads(&self) -> impl Iterator<Item = &Value> {
        self.0.iter().filter(|object| pod(object).is_object())
    }
}

/// The probes that a container may have.
pub(super) const PROBES: [&str; 3] = ["livenessProbe", "readinessProbe", "startupProbe"];

/// The specification of the pods of `owner`; null where it makes none.
pub(super) fn pod(owner: &Value) -> &Value {
    &owner["spec"]["template"]["spec"]
}

/// The labels of the pods of `owner`.
pub(super) fn pod_labels(owner: &Value) -> &Value {
    &owner["spec"]["template"]["metadata"]["labels"]
}

/// The containers of a pod, those that run first among them.
pub(super) fn containers(pod: &Value) -> impl Iterator<Item = &Value> {
    ["initContainers", "containers"]
        .into_iter()
        .flat_map(|key| items(&pod[key]))
}

/// The items of a list; none of what is no list.
pub(super) fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

/// Checks whether a list or a map is empty or missing.
pub(super) fn is_empty(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        other => other.is_null(),
    }
}

/// Checks whether `labels` has all that `selector` asks for, and it asks for something.
pub(super) fn selects(selector: &Value, labels: &Value) -> bool {
    // In a policy or a budget, an empty selector means every pod of the namespace.
    let wanted = selector.as_object();
    wanted.is_some_and(|wanted| {
        !wanted.is_empty() && wanted.iter().all(|(key, value)| labels[key] == *value)
    })
}
