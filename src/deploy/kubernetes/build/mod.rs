//! An overlay as kustomize would build it, without kustomize: the tree's own files, merged.
//!
//! It knows what the files of this tree say and no more: it is not a kustomize. What a patch does
//! to one object is in `patch.rs`.

mod patch;

use std::collections::BTreeMap;

use serde_json::Value;

use super::folder::ARTEFACT;
use super::manifests;
use crate::deploy::artefact::Project;
use crate::deploy::emit;
use crate::deploy::emit::RenderError;
use crate::deploy::file::{self, File};
use crate::deploy::kustomize::{items, join, text_at, texts};

/// Kinds in the order in which they are applied; all others follow by name.
const ORDER: &[&str] = &[
    "Namespace",
    "ServiceAccount",
    "ConfigMap",
    "Secret",
    "Service",
    "Deployment",
    "PodDisruptionBudget",
    "HorizontalPodAutoscaler",
    "Job",
];

/// Kustomizations upon kustomizations.
const MAX_DEPTH: usize = 16;

/// The objects of `environment`, or of every environment, as one stream of YAML documents.
///
/// # Errors
/// [`RenderError`] as for the tree, and where there is no such environment.
pub fn stream(project: &Project, environment: Option<&str>) -> Result<String, RenderError> {
    if let Some(name) = environment {
        project.plan.environment(name)?;
    }
    let names = project.plan.environments.iter().map(|one| &one.name);
    let files = manifests::render(project)?;
    let mut text = format!("# {}\n", file::mark(&project.service, ARTEFACT));
    for name in names.filter(|name| environment.is_none_or(|only| only == *name)) {
        for object in overlay(&files, name)? {
            text += "---\n";
            text += &emit::yaml(&object)?;
        }
    }
    Ok(text)
}

/// The objects of the overlay `name`, in the order in which they are applied.
pub(super) fn overlay(files: &[File], name: &str) -> Result<Vec<Value>, RenderError> {
    let parsed = files.iter().map(|file| {
        let value = serde_saphyr::from_str(&file.text)
            .map_err(|error| RenderError::Facts(format!("{}: is no YAML: {error}", file.path)))?;
        Ok((file.path.clone(), value))
    });
    let files = parsed.collect::<Result<_, RenderError>>()?;
    folder(&files, &format!("k8s/overlays/{name}"))
}

/// The objects that the kustomization in `folder` makes of `files`, which are known by their
/// paths, in the order in which they are applied.
///
/// # Errors
/// [`RenderError::Facts`] where a file is missing, is no object, or is built upon itself.
pub(crate) fn folder(
    files: &BTreeMap<String, Value>,
    folder: &str,
) -> Result<Vec<Value>, RenderError> {
    let mut objects = Vec::new();
    Tree(files).add(folder, &mut objects, 0)?;
    objects.sort_by_cached_key(|object| {
        let kind = text_at(object, "/kind");
        let rank = ORDER.iter().position(|known| *known == kind);
        let name = text_at(object, "/metadata/name").to_owned();
        (rank.unwrap_or(ORDER.len()), kind.to_owned(), name)
    });
    Ok(objects)
}

/// The files by their paths.
struct Tree<'a>(&'a BTreeMap<String, Value>);

impl Tree<'_> {
    /// Does to `objects` what the kustomization in `folder` says.
    fn add(&self, folder: &str, objects: &mut Vec<Value>, depth: usize) -> Result<(), RenderError> {
        if depth > MAX_DEPTH {
            return Err(RenderError::Facts(format!(
                "{folder}: is built upon itself"
            )));
        }
        let list = self.read(&format!("{folder}/kustomization.yaml"))?;
        for name in texts(list, "resources") {
            let path = join(folder, name);
            if self.0.contains_key(path.as_str()) {
                objects.push(self.object(&path)?);
            } else {
                self.add(&path, objects, depth + 1)?;
            }
        }
        for name in texts(list, "components") {
            self.add(&join(folder, name), objects, depth + 1)?;
        }
        for entry in items(list, "patches") {
            let content = self.read(&join(folder, text_at(entry, "/path")))?;
            patch::patch(objects, content, entry.get("target"));
        }
        for object in objects.iter_mut() {
            for image in items(list, "images") {
                patch::image(object, image);
            }
            for labels in items(list, "labels") {
                patch::labels(object, labels);
            }
            let namespaced = text_at(object, "/kind") != "Namespace";
            let metadata = object.get_mut("metadata").and_then(Value::as_object_mut);
            if let (Some(namespace), Some(metadata), true) =
                (list.get("namespace"), metadata, namespaced)
            {
                metadata.insert("namespace".to_owned(), namespace.clone());
            }
        }
        Ok(())
    }

    fn object(&self, path: &str) -> Result<Value, RenderError> {
        let object = self.read(path)?;
        let named = ["/kind", "/metadata/name"];
        if named.iter().any(|key| text_at(object, key).is_empty()) {
            return Err(RenderError::Facts(format!(
                "{path}: is no object of Kubernetes: it has no kind or no metadata.name"
            )));
        }
        Ok(object.clone())
    }

    fn read(&self, path: &str) -> Result<&Value, RenderError> {
        let found = self.0.get(path);
        found.ok_or_else(|| RenderError::Facts(format!("{path}: is not in the tree")))
    }
}

#[cfg(test)]
mod tests;
