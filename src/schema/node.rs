//! Nodes of a JSON Schema, and JSON values as the text of a variable.

use serde_json::{Map, Value};

/// An object of a JSON Schema.
pub(super) type Node = Map<String, Value>;

/// The description of `node`; empty where it has none.
pub(super) fn docs(node: &Node) -> String {
    let docs = node.get("description").and_then(Value::as_str);
    docs.unwrap_or_default().to_owned()
}

/// The node that `reference` leads to in the document `root`.
pub(super) fn target<'a>(root: &'a Value, reference: &str) -> Option<&'a Value> {
    root.pointer(reference.strip_prefix('#')?)
}

/// The texts of a list; none of what is not a list.
pub(super) fn strings(list: Option<&Value>) -> Vec<String> {
    let list = list.and_then(Value::as_array).into_iter().flatten();
    list.filter_map(Value::as_str).map(str::to_owned).collect()
}

/// `value` as it would be written into a variable; lists are joined by commas.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(text).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}
