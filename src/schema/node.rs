//! Nodes of a JSON Schema, and JSON values as the text of a variable.

use std::cmp::Ordering;

use serde_json::{Map, Number, Value};

/// Gives a type the JSON Schema `$schema`, which stands in the place of the type rather than among
/// the definitions.
macro_rules! inline_schema {
    ($type:ty, $schema:tt) => {
        impl schemars::JsonSchema for $type {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!($schema)
            }
        }
    };
}

pub(crate) use inline_schema;

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

/// The order of two numbers: of whole ones exactly, of others as floats.
pub(super) fn compared(left: &Number, right: &Number) -> Option<Ordering> {
    match (left.as_i128(), right.as_i128()) {
        (Some(left), Some(right)) => Some(left.cmp(&right)),
        _ => left.as_f64()?.partial_cmp(&right.as_f64()?),
    }
}
