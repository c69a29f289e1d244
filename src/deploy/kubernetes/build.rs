//! An overlay as kustomize would build it, without kustomize: the tree's own files, merged.
//!
//! It knows what the files of this tree say and no more: it is not a kustomize. Every fault is an
//! error.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::folder::ARTEFACT;
use super::manifests;
use crate::deploy::artefact::Project;
use crate::deploy::emit;
use crate::deploy::emit::RenderError;
use crate::deploy::file::{self, File};
use crate::deploy::kustomize::{
    Files, Step, Tree, Unbuildable, apply, is_deletion, is_same, is_target, items, text_at,
};

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
        let value = serde_saphyr::from_str(&file.text).map_err(|error| {
            RenderError::Facts(format!("{}: not valid YAML: {error}", file.path))
        })?;
        Ok((file.path.clone(), value))
    });
    let files = parsed.collect::<Result<_, RenderError>>()?;
    let built = folders(&files, &[format!("k8s/overlays/{name}")])?;
    Ok(built.into_iter().flatten().collect())
}

/// The objects of each of `folders`, built of `files`, which are known by their paths, in the order in
/// which they are applied. The bounds of a tree hold for all folders together.
///
/// # Errors
/// [`RenderError::Facts`] where a file is missing, is not an object, or is built upon itself.
pub(crate) fn folders(
    files: &BTreeMap<String, Value>,
    folders: &[String],
) -> Result<Vec<Vec<Value>>, RenderError> {
    let files: Files = files
        .iter()
        .map(|(path, value)| (path.as_str(), vec![value]))
        .collect();
    let mut tree = Tree::of(&files);
    let built = folders.iter().map(|name| folder(&mut tree, name));
    built.collect()
}

fn folder(tree: &mut Tree<'_>, name: &str) -> Result<Vec<Value>, RenderError> {
    let mut objects = Vec::new();
    tree.walk(name, &mut |step| take(&mut objects, step))?;
    objects.sort_by_cached_key(|object| {
        let kind = text_at(object, "/kind");
        let rank = ORDER.iter().position(|known| *known == kind);
        let name = text_at(object, "/metadata/name").to_owned();
        (rank.unwrap_or(ORDER.len()), kind.to_owned(), name)
    });
    Ok(objects)
}

impl From<Unbuildable> for RenderError {
    fn from(Unbuildable { folder, problem }: Unbuildable) -> Self {
        Self::Facts(format!("{folder}: {problem}"))
    }
}

/// Takes one step of the tree.
fn take(objects: &mut Vec<Value>, step: Step) -> Result<(), RenderError> {
    match step {
        Step::Resource(path, documents) => {
            for object in documents {
                let mut named = ["/kind", "/metadata/name"].into_iter();
                if named.any(|key| text_at(object, key).is_empty()) {
                    return Err(RenderError::Facts(format!(
                        "{path}: not a Kubernetes object: it has no kind or no metadata.name"
                    )));
                }
                objects.push((*object).clone());
            }
        }
        Step::Patch(_, documents, target) => {
            for document in documents {
                patch(objects, document, target);
            }
        }
        Step::Fields(list) => {
            for object in objects {
                fields(object, list);
            }
        }
        Step::Absent(path) => {
            return Err(RenderError::Facts(format!("{path}: is not in the tree")));
        }
    }
    Ok(())
}

/// Changes `object` by the fields of a kustomization that hold for all of them.
fn fields(object: &mut Value, list: &Value) {
    for new in items(&list["images"]) {
        image(object, new);
    }
    for new in items(&list["labels"]) {
        labels(object, new);
    }
    // A Namespace is in none.
    let namespaced = text_at(object, "/kind") != "Namespace";
    let metadata = object.get_mut("metadata").and_then(Value::as_object_mut);
    if let (Some(namespace), Some(metadata), true) = (list.get("namespace"), metadata, namespaced) {
        metadata.insert("namespace".to_owned(), namespace.clone());
    }
}

/// Applies `patch` to every object that it is for.
fn patch(objects: &mut Vec<Value>, patch: &Value, target: &Value) {
    // Without a target, kustomize compares the namespace too: the base's, because an overlay sets
    // its own after its patches.
    let namespace = |object: &Value| text_at(object, "/metadata/namespace").to_owned();
    let is_meant = |object: &Value| match target {
        Value::Null => is_same(object, patch) && namespace(object) == namespace(patch),
        target => is_target(object, target),
    };
    if is_deletion(patch) {
        objects.retain(|object| !is_meant(object));
        return;
    }
    let mut renamed = BTreeMap::new();
    for object in objects.iter_mut().filter(|object| is_meant(object)) {
        let old = text_at(object, "/metadata/name").to_owned();
        apply(object, patch);
        let new = text_at(object, "/metadata/name");
        if new != old && text_at(object, "/kind") == "ConfigMap" {
            renamed.insert(old, new.to_owned());
        }
    }
    if !renamed.is_empty() {
        for object in objects {
            follow(object, &renamed);
        }
    }
}

/// The containers of the pods that `object` makes.
fn containers(object: &mut Value) -> impl Iterator<Item = &mut Value> {
    let containers = object.pointer_mut("/spec/template/spec/containers");
    containers
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
}

/// Leads the containers of `object` to each `ConfigMap` under its new name, known by the old one.
fn follow(object: &mut Value, renamed: &BTreeMap<String, String>) {
    // Kustomize follows a name wherever it stands; in this tree a ConfigMap is named here only.
    for container in containers(object) {
        let sources = container.get_mut("envFrom").and_then(Value::as_array_mut);
        for source in sources.into_iter().flatten() {
            if let Some(name) = source.pointer_mut("/configMapRef/name")
                && let Some(new) = name.as_str().and_then(|old| renamed.get(old))
            {
                *name = new.as_str().into();
            }
        }
    }
}

/// Puts `labels` onto `object`, and where they say so onto the pods that it makes.
fn labels(object: &mut Value, labels: &Value) {
    let mut metadata = json!({ "metadata": { "labels": labels["pairs"] } });
    let template = object.pointer("/spec/template").is_some();
    if template && labels["includeTemplates"] == true {
        metadata["spec"]["template"] = metadata.clone();
    }
    apply(object, &metadata);
}

/// Puts `image` in the place of the image of that name in every container of `object`.
fn image(object: &mut Value, image: &Value) {
    let name = text_at(image, "/name");
    for container in containers(object) {
        let rest = text_at(container, "/image").strip_prefix(name);
        // `r/ab:1` is another image than `r/a`.
        if !rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '@'])) {
            continue;
        }
        let new = image.get("newName").and_then(Value::as_str);
        let mut reference = new.unwrap_or(name).to_owned();
        for (key, mark) in [("newTag", ':'), ("digest", '@')] {
            if let Some(text) = image.get(key).and_then(Value::as_str) {
                reference.push(mark);
                reference.push_str(text);
            }
        }
        // A file that was edited may hold anything in the place of a container.
        if let Some(container) = container.as_object_mut() {
            container.insert("image".to_owned(), reference.into());
        }
    }
}

#[cfg(test)]
mod tests;
