//! A folder of the tree: its files, and the kustomization that lists them.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Serialize;

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
    patches: Vec<Patch>,
    pub(super) labels: Vec<Labels>,
    pub(super) images: Vec<Image>,
}

#[derive(Debug, Serialize)]
struct Patch {
    path: String,
    target: Option<Target>,
    options: Option<Options>,
}

/// Labels of objects, but not of selectors.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Labels {
    pub(super) pairs: BTreeMap<String, String>,
    /// True if pods get them, too.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) include_templates: bool,
}

/// The replacement of every image of that name.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Image {
    pub(super) name: String,
    pub(super) new_name: Option<String>,
    pub(super) new_tag: Option<String>,
    pub(super) digest: Option<String>,
}

/// The object that a patch is for. One that does not exist is ignored by kustomize.
#[derive(Debug, Clone, Serialize)]
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

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Options {
    allow_name_change: bool,
}

/// One step of a JSON patch (RFC 6902).
#[derive(Debug, Serialize)]
pub(super) struct Operation {
    op: &'static str,
    path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<serde_json::Value>,
}

impl Operation {
    pub(super) fn remove(path: impl Into<String>) -> Self {
        Self {
            op: "remove",
            path: path.into(),
            value: None,
        }
    }

    pub(super) fn replace(path: &str, value: impl Serialize) -> Self {
        Self {
            op: "replace",
            path: path.to_owned(),
            value: serde_json::to_value(value).ok(),
        }
    }
}

/// A patch that removes an object.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Deletion {
    api_version: &'static str,
    kind: &'static str,
    metadata: ObjectMeta,
    #[serde(rename = "$patch")]
    patch: &'static str,
}

impl Deletion {
    /// Removes the Secret, so that an apply cannot overwrite the one in the cluster.
    pub(super) fn of_secret(service: &Service) -> Self {
        Self {
            api_version: "v1",
            kind: "Secret",
            metadata: names::patch_meta(service, &names::secret(service)),
            patch: "delete",
        }
    }
}

/// An object of a kind that is not Kubernetes' own.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Custom<S> {
    pub(super) api_version: &'static str,
    pub(super) kind: &'static str,
    pub(super) metadata: ObjectMeta,
    pub(super) spec: S,
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
        self.add_patch(file, object, None, None);
    }

    /// The same for an object that may be missing.
    pub(super) fn patch_if_there(&mut self, file: &str, target: Target, object: &impl Serialize) {
        self.add_patch(file, object, Some(target), None);
    }

    /// A JSON patch.
    pub(super) fn operations(&mut self, file: &str, target: Target, operations: &[Operation]) {
        self.add_patch(file, &operations, Some(target), None);
    }

    /// A JSON patch that changes the name of an object.
    pub(super) fn rename(&mut self, file: &str, target: Target, name: &str) {
        let operation = Operation::replace("/metadata/name", name);
        let options = Options {
            allow_name_change: true,
        };
        self.add_patch(file, &[operation], Some(target), Some(options));
    }

    fn add_patch(
        &mut self,
        file: &str,
        patch: &impl Serialize,
        target: Option<Target>,
        options: Option<Options>,
    ) {
        // Without a target, kustomize fails where no object is found; with one, it goes on.
        self.kustomization.patches.push(Patch {
            path: file.to_owned(),
            target,
            options,
        });
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
