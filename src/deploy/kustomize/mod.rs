//! Reading of a kustomize tree: the kustomizations that are built upon one another, where a path
//! leads, and what a patch does to an object.
//!
//! Nothing here knows what the files are for.

mod merge;
mod tree;

use serde_json::Value;

pub(crate) use merge::merge;
pub(crate) use tree::{Files, Step, Tree, Unbuildable};

/// The items of a list; none of anything else.
pub(crate) fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

/// The texts of a list.
pub(crate) fn texts(list: &Value) -> impl Iterator<Item = &str> {
    items(list).filter_map(Value::as_str)
}

/// The text at `pointer` (RFC 6901); empty where there is none.
pub(crate) fn text_at<'a>(value: &'a Value, pointer: &str) -> &'a str {
    let text = value.pointer(pointer).and_then(Value::as_str);
    text.unwrap_or_default()
}

/// Checks whether a selector by labels chooses what has `labels`; an empty one chooses everything.
pub(crate) fn selects(selector: &Value, labels: &Value) -> bool {
    let wanted = selector["matchLabels"].as_object().into_iter().flatten();
    let holds = |expression: &Value| {
        let label = labels.get(text_at(expression, "/key"));
        let is_listed =
            label.is_some_and(|label| items(&expression["values"]).any(|one| one == label));
        match text_at(expression, "/operator") {
            "In" => is_listed,
            // It holds of objects without the label, too.
            "NotIn" => !is_listed,
            "Exists" => label.is_some(),
            _ => label.is_none(),
        }
    };
    wanted.into_iter().all(|(key, value)| labels[key] == *value)
        && items(&selector["matchExpressions"]).all(holds)
}

/// Checks whether `patch` takes something out instead of changing it.
pub(crate) fn is_deletion(patch: &Value) -> bool {
    text_at(patch, "/$patch") == "delete"
}

/// Checks whether `patch` is an operation of JSON Patch rather than a part of an object.
pub(crate) fn is_operation(patch: &Value) -> bool {
    patch["op"].is_string()
}

/// Checks whether two objects have the same kind and name.
pub(crate) fn is_same(one: &Value, other: &Value) -> bool {
    let mut keys = ["/kind", "/metadata/name"].into_iter();
    keys.all(|key| text_at(one, key) == text_at(other, key))
}

/// Checks whether `target` of a patch means `object`. Kustomize takes its texts for regular
/// expressions; here they are plain names, as in a rendered tree.
pub(crate) fn is_target(object: &Value, target: &Value) -> bool {
    text_at(object, "/kind") == text_at(target, "/kind")
        && text_at(object, "/metadata/name") == text_at(target, "/name")
}

/// Lays `patch` over `object`: a list of operations, one of them, or a part of an object.
pub(crate) fn apply(object: &mut Value, patch: &Value) {
    match patch {
        Value::Array(operations) => operations.iter().for_each(|one| operate(object, one)),
        one if is_operation(one) => operate(object, one),
        part => merge(object, part),
    }
}

/// Does `operation` of JSON Patch (RFC 6902) to `object`: `remove`, `replace` and `add` of a member.
fn operate(object: &mut Value, operation: &Value) {
    let Some((parent, key)) = text_at(operation, "/path").rsplit_once('/') else {
        return;
    };
    let Some(parent) = object.pointer_mut(parent).and_then(Value::as_object_mut) else {
        return;
    };
    match operation.get("value") {
        Some(value) => parent.insert(key.to_owned(), value.clone()),
        None => parent.shift_remove(key),
    };
}

/// `path` as seen from `folder`.
pub(crate) fn join(folder: &str, path: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_joined() {
        assert_eq!(join("k8s/overlays/production", "../../base"), "k8s/base");
        assert_eq!(join("", "./a.yaml"), "a.yaml");
        assert_eq!(join("a", "../../b"), "../b");
    }
}
