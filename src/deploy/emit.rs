//! Typed objects to YAML: one order of keys, one way to quote, nothing empty.
//!
//! Objects arrive as anything that serialises (types of Kubernetes, small structs of our own) and
//! leave as text that is the same on every machine. What an object says is not decided here.

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_json::{Map, Value};
use serde_saphyr::{DoubleQuoted, ser_options};

/// Keys that stand first wherever they occur, in this order; all others follow by name.
const ORDER: &[&str] = &[
    "apiVersion",
    "kind",
    "metadata",
    "type",
    "name",
    "namespace",
    "labels",
    "annotations",
    "image",
    "imagePullPolicy",
    "command",
    "args",
    "ports",
    "replicas",
    "selector",
    "strategy",
    "template",
    "containers",
    "spec",
    "data",
    "stringData",
];

/// Keys whose maps hold an operator's own words: their strings are always quoted, and their order
/// is by name.
const WORDS: &[&str] = &["annotations", "data", "encryptedData", "stringData"];

/// Keys of the last maps of an object, whose entries take comments.
const COMMENTED: [&str; 2] = ["data", "stringData"];

/// Keys whose maps have keys of their own, which [`ORDER`] does not know.
const NAMES: &[&str] = &[
    "labels",
    "matchLabels",
    "limits",
    "requests",
    "nodeSelector",
];

/// Keys of maps that mean something while they are empty: everything, a volume's default, or a
/// Secret without keys.
const MEANINGFUL: &[&str] = &[
    "podSelector",
    "namespaceSelector",
    "emptyDir",
    "encryptedData",
];

/// An object that cannot be written as YAML.
#[derive(Debug, thiserror::Error)]
#[error("cannot be written as YAML: {0}")]
pub struct EmitError(String);

/// `object` as one YAML document, ending in a line break.
///
/// # Errors
/// [`EmitError`] for what YAML has no words for.
pub fn yaml(object: &impl Serialize) -> Result<String, EmitError> {
    yaml_with_comments(object, &[])
}

/// The same with comments on the texts that the object ends in (`data`, `stringData`), by key: each
/// above its entry, those without an entry at the end, where they name what could stand there.
pub(crate) fn yaml_with_comments(
    object: &impl Serialize,
    comments: &[(&str, String)],
) -> Result<String, EmitError> {
    let value = serde_json::to_value(object).map_err(|error| EmitError(error.to_string()))?;
    let mut value = tidy(value, "");
    let mut data = Map::new();
    let mut text = String::new();
    if !comments.is_empty()
        && let Some(members) = value.as_object_mut()
        && let Some((key, Value::Object(last))) = COMMENTED
            .iter()
            .find_map(|key| members.shift_remove_entry(*key))
    {
        text = format!("{key}:\n");
        data = last;
    }
    for (name, value) in &data {
        let comment = comments.iter().find(|(key, _)| key == name);
        if let Some((_, comment)) = comment.filter(|(_, comment)| !comment.is_empty()) {
            text.extend(["  # ", comment, "\n"]);
        }
        let value = &Value::Object([(name.clone(), value.clone())].into_iter().collect());
        let quoted = true;
        text.extend(["  ", &print(&Node { value, quoted })?]);
    }
    for (key, comment) in comments.iter().filter(|(key, _)| !data.contains_key(*key)) {
        let gap = if comment.is_empty() { "" } else { ": " };
        text.extend(["  # ", key, gap, comment, "\n"]);
    }
    let value = &value;
    Ok(print(&Node {
        value,
        quoted: false,
    })? + &text)
}

fn print(node: &Node<'_>) -> Result<String, EmitError> {
    let options = ser_options! {
        no_lang_directive: true,
        prefer_block_scalars: false,
        compact_list_indent: true,
    };
    let mut text = serde_saphyr::to_string_with_options(node, options)
        .map_err(|error| EmitError(error.to_string()))?;
    if !text.ends_with('\n') {
        text.push('\n');
    }
    Ok(text)
}

/// Orders keys and drops what is empty. `key` is where the value stands.
fn tidy(value: Value, key: &str) -> Value {
    match value {
        Value::Object(map) => Value::Object(tidy_map(map, key)),
        Value::Array(items) => items.into_iter().map(|item| tidy(item, "")).collect(),
        other => other,
    }
}

fn tidy_map(map: Map<String, Value>, key: &str) -> Map<String, Value> {
    let own_keys = WORDS.contains(&key) || NAMES.contains(&key);
    let rank = |name: &str| {
        let known = ORDER.iter().position(|known| *known == name);
        known.filter(|_| !own_keys).unwrap_or(ORDER.len())
    };
    let mut entries: Vec<(String, Value)> = map
        .into_iter()
        .map(|(name, value)| {
            let value = tidy(value, &name);
            (name, value)
        })
        .filter(|(name, value)| !is_empty(value) || MEANINGFUL.contains(&name.as_str()))
        .collect();
    entries.sort_by(|(a, _), (b, _)| rank(a).cmp(&rank(b)).then_with(|| a.cmp(b)));
    entries.into_iter().collect()
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(map) => map.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

/// A value on its way out, and whether its strings must be quoted.
struct Node<'a> {
    value: &'a Value,
    quoted: bool,
}

impl Serialize for Node<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.value {
            Value::String(text) if self.quoted => DoubleQuoted(text).serialize(serializer),
            Value::Array(items) => {
                let mut list = serializer.serialize_seq(Some(items.len()))?;
                for value in items {
                    list.serialize_element(&Node { value, ..*self })?;
                }
                list.end()
            }
            Value::Object(map) => {
                let mut out = serializer.serialize_map(Some(map.len()))?;
                for (key, value) in map {
                    let quoted = self.quoted || WORDS.contains(&key.as_str());
                    out.serialize_entry(key, &Node { value, quoted })?;
                }
                out.end()
            }
            other => other.serialize(serializer),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn keys_have_one_order_and_words_are_quoted() {
        let object = json!({
            "data": { "B": "yes", "A": "0123" },
            "metadata": { "labels": {}, "name": "x" },
            "kind": "ConfigMap",
            "apiVersion": "v1",
            "spec": { "podSelector": {}, "nothing": null, "list": [] },
        });
        let text = yaml(&object).unwrap();
        assert_eq!(
            text,
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\nspec:\n  podSelector: {}\n\
             data:\n  A: \"0123\"\n  B: \"yes\"\n"
        );
    }
}

/// An artefact that could not be rendered.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// An object could not be written.
    #[error(transparent)]
    Emit(#[from] EmitError),
    /// A template could not be filled.
    #[error("a template cannot be filled: {0}")]
    Template(#[from] askama::Error),
    /// The facts contradict each other.
    #[error("{0}")]
    Facts(String),
}
