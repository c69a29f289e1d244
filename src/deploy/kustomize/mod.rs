//! Reading of a kustomize tree: how its lists are read, where a path leads,
//! and what a patch does to an object.
//!
//! Nothing here knows what the files are for.

mod merge;

use serde_json::Value;

pub(crate) use merge::merge;

/// The items of the list `key` of `value`.
pub(crate) fn items<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value
        .get(key)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

/// The texts of the list `key` of `value`.
pub(crate) fn texts<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a str> {
    items(value, key).filter_map(Value::as_str)
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
            label.is_some_and(|label| items(expression, "values").any(|one| one == label));
        match text_at(expression, "/operator") {
            "In" => is_listed,
            "NotIn" => !is_listed,
            "Exists" => label.is_some(),
            _ => label.is_none(),
        }
    };
    wanted.into_iter().all(|(key, value)| labels[key] == *value)
        && items(selector, "matchExpressions").all(holds)
}

/// Checks whether `patch` removes something instead of changing it.
/// Checks whether `patch` takes something out instead of changing it.
pub(crate) fn is_deletion(patch: &Value) -> bool {
    text_at(patch, "/$patch") == "delete"
}

/// Checks whether `patch` is an operation of JSON Patch rather than a part of an object.
pub(crate) fn is_operation(patch: &Value) -> bool {
    patch["op"].is_string()
}

/// Does `operation` of JSON Patch (RFC 6902) to `object`: `remove`, `replace` and `add` of a member.
pub(crate) fn operate(object: &mut Value, operation: &Value) {
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
