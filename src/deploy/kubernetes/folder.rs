//! A folder of the tree: its files, and the kustomization that lists them.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Serialize;
use serde_json::{Value, json};

use super::names;
use crate::deploy::emit::{self, EmitError};
use crate::deploy::file::File;
use crate::deploy::service::Service;

/// Name of the artefact, which marks every file of the tree.
pub(super) const ARTEFACT: &str = "k8s";

/// `kustomization.yaml`, as far as it is used here.
/// <https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/>
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Kustomization {
    api_version: &'static str,
    kind: &'static str,
    pub(super) namespace: Option<String>,
    configurations: Vec<String>,
    pub(super) resources: Vec<String>,
    pub(super) components: Vec<String>,
    patches: Vec<Value>,
    /// Pairs of labels, for objects and, where it says so, for pods; never for selectors.
    pub(super) labels: Vec<Value>,
    /// Replacements of every image of a name.
    pub(super) images: Vec<Value>,
}

/// The object that a patch is for. One that does not exist is ignored by kustomize.
#[derive(Debug, Serialize)]
pub(super) struct Target {
    pub(super) kind: &'static str,
    pub(super) name: String,
}

impl Target {
    /// The Deployment.
    pub(super) fn deployment(service: &Service) -> Self {
        let name = service.name.clone();
        let kind = "Deployment";
        Self { kind, name }
    }

    /// The Job that migrates.
    pub(super) fn job(service: &Service) -> Self {
        let name = names::job(service);
        Self { kind: "Job", name }
    }
}

/// The step of a JSON patch (RFC 6902) that removes what is at `path`.
pub(super) fn remove(path: impl Into<String>) -> Value {
    json!({ "op": "remove", "path": path.into() })
}

/// The step that replaces it by `value`.
pub(super) fn replace(path: &str, value: impl Serialize) -> Value {
    json!({ "op": "replace", "path": path, "value": value })
}

/// A patch that removes the Secret, so that an apply cannot overwrite the one in the cluster.
pub(super) fn without_secret(service: &Service) -> Value {
    let metadata = names::patch_meta(service, &names::secret(service));
    json!({ "apiVersion": "v1", "kind": "Secret", "metadata": metadata, "$patch": "delete" })
}

/// An object of a kind that is not Kubernetes' own; the schemas of these kinds are in the tests.
pub(super) fn custom(
    api_version: &str,
    kind: &str,
    metadata: &ObjectMeta,
    spec: &impl Serialize,
) -> Value {
    json!({ "apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": spec })
}

/// A folder of the tree.
pub(super) struct Folder {
    path: String,
    pub(super) kustomization: Kustomization,
    files: Vec<(String, Result<String, EmitError>)>,
}

impl Folder {
    /// A base or an overlay.
    pub(super) fn kustomization(path: &str) -> Self {
        Self::new(path, "kustomize.config.k8s.io/v1beta1", "Kustomization")
    }

    /// A component.
    pub(super) fn component(path: &str) -> Self {
        Self::new(path, "kustomize.config.k8s.io/v1alpha1", "Component")
    }

    fn new(path: &str, api_version: &'static str, kind: &'static str) -> Self {
        Self {
            path: path.to_owned(),
            kustomization: Kustomization {
                api_version,
                kind,
                ..Kustomization::default()
            },
            files: Vec::new(),
        }
    }

    /// Fields of custom kinds, for kustomize.
    pub(super) fn configuration(&mut self, file: &str, configuration: &impl Serialize) {
        self.kustomization.configurations.push(file.to_owned());
        self.add(file, emit::yaml(configuration));
    }

    /// An object of this folder.
    pub(super) fn resource(&mut self, file: &str, object: &impl Serialize) {
        self.resource_with_comments(file, object, &[]);
    }

    /// An object with comments on its data; see [`emit::yaml_with_comments`].
    pub(super) fn resource_with_comments(
        &mut self,
        file: &str,
        object: &impl Serialize,
        comments: &[(&str, String)],
    ) {
        self.kustomization.resources.push(file.to_owned());
        self.add(file, emit::yaml_with_comments(object, comments));
    }

    /// A strategic merge patch of an object that must exist.
    pub(super) fn patch(&mut self, file: &str, object: &impl Serialize) {
        self.add_patch(file, object, json!({ "path": file }));
    }

    /// The same for an object that may be missing: without a target, kustomize fails where no object
    /// is found; with one, it goes on.
    pub(super) fn patch_if_there(&mut self, file: &str, target: &Target, object: &impl Serialize) {
        self.add_patch(file, object, json!({ "path": file, "target": target }));
    }

    /// A JSON patch.
    pub(super) fn operations(&mut self, file: &str, target: &Target, operations: &[Value]) {
        self.patch_if_there(file, target, &operations);
    }

    /// A JSON patch that changes the name of an object.
    pub(super) fn rename(&mut self, file: &str, target: &Target, name: &str) {
        let entry = json!({
            "path": file, "target": target, "options": { "allowNameChange": true },
        });
        self.add_patch(file, &[replace("/metadata/name", name)], entry);
    }

    fn add_patch(&mut self, file: &str, patch: &impl Serialize, entry: Value) {
        self.kustomization.patches.push(entry);
        self.add(file, emit::yaml(patch));
    }

    fn add(&mut self, file: &str, text: Result<String, EmitError>) {
        self.files.push((file.to_owned(), text));
    }

    /// The text of a file that was added before; empty where there is none.
    pub(super) fn text(&self, file: &str) -> &str {
        let found = self.files.iter().find(|(name, _)| name == file);
        found.map_or("", |(_, text)| text.as_deref().unwrap_or_default())
    }

    /// The files, the kustomization first.
    ///
    /// # Errors
    /// [`EmitError`] of the first object that cannot be written.
    pub(super) fn into_files(self, service: &Service) -> Result<Vec<File>, EmitError> {
        let first = (
            "kustomization.yaml".to_owned(),
            emit::yaml(&self.kustomization),
        );
        let files = std::iter::once(first).chain(self.files);
        let file = |(name, text): (String, Result<String, EmitError>)| {
            let path = format!("{}/{name}", self.path);
            Ok(File::with_hash_mark(service, ARTEFACT, path, &text?))
        };
        files.map(file).collect()
    }
}
