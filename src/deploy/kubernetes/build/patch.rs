//! Changes that a kustomization makes to objects: its patches, strategic ones and the operations of
//! JSON Patch (RFC 6902) that occur in this tree, its labels and its images.

use serde_json::{Value, json};

use crate::deploy::kustomize::{is_deletion, merge, operate, text_at};

/// Applies `patch` to every object that it is for.
pub(super) fn patch(objects: &mut Vec<Value>, patch: &Value, target: Option<&Value>) {
    let same = |object: &Value, with: &Value, pointers: &[(&str, &str)]| {
        let mut pairs = pointers.iter();
        pairs.all(|(own, its)| text_at(object, own) == text_at(with, its))
    };
    let is_meant = |object: &Value| match target {
        Some(target) => same(
            object,
            target,
            &[("/kind", "/kind"), ("/metadata/name", "/name")],
        ),
        None => same(
            object,
            patch,
            &[
                ("/kind", "/kind"),
                ("/metadata/name", "/metadata/name"),
                ("/metadata/namespace", "/metadata/namespace"),
            ],
        ),
    };
    if is_deletion(patch) {
        objects.retain(|object| !is_meant(object));
        return;
    }
    let mut renamed = Vec::new();
    for object in objects.iter_mut().filter(|object| is_meant(object)) {
        let old = text_at(object, "/metadata/name").to_owned();
        match patch {
            Value::Array(operations) => operations.iter().for_each(|one| operate(object, one)),
            patch => merge(object, patch),
        }
        let new = text_at(object, "/metadata/name");
        if new != old && text_at(object, "/kind") == "ConfigMap" {
            renamed.push((old, new.to_owned()));
        }
    }
    for (old, new) in renamed {
        for object in objects.iter_mut() {
            follow(object, &old, &new);
        }
    }
}

/// Leads the containers of `object` from the ConfigMap `old` to the same under its name `new`.
fn follow(object: &mut Value, old: &str, new: &str) {
    let containers = object.pointer_mut("/spec/template/spec/containers");
    let containers = containers.and_then(Value::as_array_mut);
    for container in containers.into_iter().flatten() {
        let sources = container.get_mut("envFrom").and_then(Value::as_array_mut);
        for source in sources.into_iter().flatten() {
            if let Some(name) = source.pointer_mut("/configMapRef/name")
                && *name == old
            {
                *name = new.into();
            }
        }
    }
}

/// Puts `labels` onto `object`, and where they say so onto the pods that it makes.
pub(super) fn labels(object: &mut Value, labels: &Value) {
    let mut metadata = json!({ "metadata": { "labels": labels["pairs"] } });
    let template = object.pointer("/spec/template").is_some();
    if template && labels["includeTemplates"] == true {
        metadata["spec"]["template"] = metadata.clone();
    }
    merge(object, &metadata);
}

/// Puts `image` in the place of the image of that name in every container of `object`.
pub(super) fn image(object: &mut Value, image: &Value) {
    let containers = object.pointer_mut("/spec/template/spec/containers");
    let Some(Value::Array(containers)) = containers else {
        return;
    };
    let name = text_at(image, "/name");
    for container in containers {
        let old = text_at(container, "/image");
        let rest = old.strip_prefix(name);
        if !rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '@'])) {
            continue;
        }
        let mut reference = image
            .get("newName")
            .and_then(Value::as_str)
            .unwrap_or(name)
            .to_owned();
        for (key, mark) in [("newTag", ':'), ("digest", '@')] {
            if let Some(text) = image.get(key).and_then(Value::as_str) {
                reference.push(mark);
                reference.push_str(text);
            }
        }
        if let Some(container) = container.as_object_mut() {
            container.insert("image".to_owned(), reference.into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_replaced_by_name_only() {
        let object = |image: &str| json!({ "spec": { "template": { "spec": { "containers": [{ "image": image }] } } } });
        let new = json!({ "name": "r/a", "newTag": "2", "digest": "sha256:0" });
        for (old, expected) in [("r/a:1", "r/a:2@sha256:0"), ("r/ab:1", "r/ab:1")] {
            let mut changed = object(old);
            image(&mut changed, &new);
            assert_eq!(changed, object(expected));
        }
    }
}
