//! A folder of the tree: its files, and the kustomization that lists them.

use std::collections::BTreeMap;

use serde::Serialize;

use super::ARTEFACT;
use crate::deploy::emit::{self, EmitError};
use crate::deploy::file::File;
use crate::deploy::service::Service;

/// `kustomization.yaml`, as far as it is used here.
/// <https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/>
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Kustomization {
    api_version: &'static str,
    kind: &'static str,
    namespace: Option<String>,
    configurations: Vec<String>,
    resources: Vec<String>,
    components: Vec<String>,
    patches: Vec<Patch>,
    labels: Vec<Labels>,
    images: Vec<Image>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Patch {
    path: String,
    target: Option<Target>,
    options: Option<Options>,
}

/// Labels that go onto objects and not into selectors.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Labels {
    pairs: BTreeMap<String, String>,
    /// True if pods get them, too.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    include_templates: bool,
}

/// What an image of that name is replaced by.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Image {
    pub(super) name: String,
    pub(super) new_name: Option<String>,
    pub(super) new_tag: Option<String>,
    pub(super) digest: Option<String>,
}

/// Which objects a patch is for. One that is nowhere is passed over in silence.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Target {
    pub(super) kind: &'static str,
    pub(super) name: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Options {
    allow_name_change: bool,
}

/// One step of a JSON patch (RFC 6902).
#[derive(Debug, Serialize)]
pub(super) struct Operation {
    pub(super) op: &'static str,
    pub(super) path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) value: Option<serde_json::Value>,
}

/// A patch that takes an object out.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Deletion {
    api_version: &'static str,
    kind: &'static str,
    metadata: k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta,
    #[serde(rename = "$patch")]
    patch: &'static str,
}

impl Deletion {
    /// Takes the Secret out, so that an apply cannot overwrite the one in the cluster.
    pub(super) fn of_secret(service: &Service) -> Self {
        Self {
            api_version: "v1",
            kind: "Secret",
            metadata: super::names::patch_meta(service, &super::names::secret(service)),
            patch: "delete",
        }
    }
}

/// A folder of the tree.
#[derive(Debug)]
pub(super) struct Folder {
    path: String,
    kustomization: Kustomization,
    files: Vec<(String, String)>,
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
                namespace: None,
                configurations: Vec::new(),
                resources: Vec::new(),
                components: Vec::new(),
                patches: Vec::new(),
                labels: Vec::new(),
                images: Vec::new(),
            },
            files: Vec::new(),
        }
    }

    pub(super) fn namespace(&mut self, namespace: &str) {
        self.kustomization.namespace = Some(namespace.to_owned());
    }

    /// What kustomize has to know of the fields of objects.
    pub(super) fn configuration(
        &mut self,
        file: &str,
        configuration: &impl Serialize,
    ) -> Result<(), EmitError> {
        self.kustomization.configurations.push(file.to_owned());
        self.files
            .push((file.to_owned(), emit::yaml(configuration)?));
        Ok(())
    }

    /// An object of this folder.
    pub(super) fn resource(
        &mut self,
        file: &str,
        object: &impl Serialize,
    ) -> Result<(), EmitError> {
        let text = emit::yaml(object)?;
        self.resource_text(file, text);
        Ok(())
    }

    /// An object that is text already, with comments in it.
    pub(super) fn resource_text(&mut self, file: &str, text: String) {
        self.kustomization.resources.push(file.to_owned());
        self.files.push((file.to_owned(), text));
    }

    /// A folder whose objects are taken over.
    pub(super) fn base(&mut self, path: &str) {
        self.kustomization.resources.push(path.to_owned());
    }

    /// A component that is listed here.
    pub(super) fn uses(&mut self, path: String) {
        self.kustomization.components.push(path);
    }

    /// A strategic merge patch of an object that must be there.
    pub(super) fn patch(&mut self, file: &str, object: &impl Serialize) -> Result<(), EmitError> {
        self.add_patch(file, emit::yaml(object)?, None, None);
        Ok(())
    }

    /// The same for an object that need not be there.
    pub(super) fn patch_if_there(
        &mut self,
        file: &str,
        target: Target,
        object: &impl Serialize,
    ) -> Result<(), EmitError> {
        self.add_patch(file, emit::yaml(object)?, Some(target), None);
        Ok(())
    }

    /// A JSON patch.
    pub(super) fn operations(
        &mut self,
        file: &str,
        target: Target,
        operations: &[Operation],
    ) -> Result<(), EmitError> {
        self.add_patch(file, emit::yaml(&operations)?, Some(target), None);
        Ok(())
    }

    /// A JSON patch that changes the name of an object.
    pub(super) fn rename(
        &mut self,
        file: &str,
        target: Target,
        name: &str,
    ) -> Result<(), EmitError> {
        let operation = Operation {
            op: "replace",
            path: "/metadata/name".to_owned(),
            value: Some(name.into()),
        };
        let options = Options {
            allow_name_change: true,
        };
        self.add_patch(file, emit::yaml(&[operation])?, Some(target), Some(options));
        Ok(())
    }

    fn add_patch(
        &mut self,
        file: &str,
        text: String,
        target: Option<Target>,
        options: Option<Options>,
    ) {
        self.kustomization.patches.push(Patch {
            path: file.to_owned(),
            target,
            options,
        });
        self.files.push((file.to_owned(), text));
    }

    pub(super) fn label(&mut self, key: &str, value: String) {
        let pairs = [(key.to_owned(), value)].into();
        self.kustomization.labels.push(Labels {
            pairs,
            include_templates: false,
        });
    }

    /// Labels of every object and of every pod.
    pub(super) fn labels(&mut self, pairs: BTreeMap<String, String>) {
        self.kustomization.labels.push(Labels {
            pairs,
            include_templates: true,
        });
    }

    pub(super) fn image(&mut self, image: Image) {
        self.kustomization.images.push(image);
    }

    /// The text of a file that was added before; empty where there is none.
    pub(super) fn text(&self, file: &str) -> &str {
        let found = self.files.iter().find(|(name, _)| name == file);
        found.map_or("", |(_, text)| text)
    }

    /// The files, the kustomization first.
    pub(super) fn into_files(self, service: &Service) -> Result<Vec<File>, EmitError> {
        let Self {
            path,
            kustomization,
            files,
        } = self;
        let first = ("kustomization.yaml".to_owned(), emit::yaml(&kustomization)?);
        let files = std::iter::once(first).chain(files);
        Ok(files
            .map(|(name, text)| {
                File::with_hash_mark(service, ARTEFACT.name, format!("{path}/{name}"), &text)
            })
            .collect())
    }
}
