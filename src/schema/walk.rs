//! From a JSON Schema to the flat list of settings.
//!
//! A schema node with `properties` is a section, everything else is a setting. What the list is
//! used for is not decided here.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde_json::{Map, Value};

use super::setting::{Kind, Section, Setting, Settings, Variant};

/// Deeper nesting than this is taken for a circle.
const MAX_DEPTH: usize = 16;

/// A schema that does not describe settings.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SchemaError {
    /// Two fields would be read from one variable.
    #[error("two settings are named {0}; rename one of the fields")]
    Duplicate(String),
    /// A `$ref` leads nowhere.
    #[error("{at}: the reference {reference} leads nowhere")]
    Reference {
        /// The variable or section.
        at: String,
        /// The `$ref` as written.
        reference: String,
    },
    /// A field of a kind that no variable can hold.
    #[error("{at}: a variable cannot hold this ({what}); use text, a number, a list or an enum")]
    Unsupported {
        /// The variable.
        at: String,
        /// What the schema says.
        what: String,
    },
}

impl Settings {
    /// The settings of `T`.
    pub fn of<T: JsonSchema>() -> Result<Self, SchemaError> {
        Self::from_schema(schemars::schema_for!(T).as_value())
    }

    /// The settings that a JSON Schema describes, whoever wrote it.
    pub fn from_schema(schema: &Value) -> Result<Self, SchemaError> {
        let mut walk = Walk {
            root: schema,
            settings: Vec::new(),
            sections: Vec::new(),
        };
        let (top, _) = walk.resolve(schema, &[])?;
        walk.section(&top, &mut Vec::new(), None)?;
        let mut names = BTreeSet::new();
        for setting in &walk.settings {
            for name in [Some(setting.name.clone()), setting.file_variable()] {
                if let Some(taken) = name.and_then(|name| names.replace(name)) {
                    return Err(SchemaError::Duplicate(taken));
                }
            }
        }
        Ok(Self {
            settings: walk.settings,
            sections: walk.sections,
        })
    }
}

struct Walk<'a> {
    root: &'a Value,
    settings: Vec<Setting>,
    sections: Vec<Section>,
}

type Node = Map<String, Value>;

impl Walk<'_> {
    fn section(
        &mut self,
        node: &Node,
        path: &mut Vec<String>,
        default: Option<&Value>,
    ) -> Result<(), SchemaError> {
        if path.len() > MAX_DEPTH {
            return Err(unsupported(path, "sections within sections without end"));
        }
        let required = strings(node.get("required"));
        let Some(properties) = node.get("properties").and_then(Value::as_object) else {
            return Err(unsupported(path, "no properties"));
        };
        for (key, field) in properties {
            path.push(key.clone());
            let (child, optional) = self.resolve(field, path)?;
            let default = child
                .get("default")
                .or_else(|| default.and_then(|whole| whole.get(key)))
                .cloned();
            if child.contains_key("properties") {
                self.sections.push(Section {
                    path: path.clone(),
                    docs: docs(&child),
                });
                self.section(&child, path, default.as_ref())?;
            } else {
                let required = required.contains(key);
                let setting = self.setting(&child, path, default, required, optional)?;
                self.settings.push(setting);
            }
            path.pop();
        }
        Ok(())
    }

    fn setting(
        &self,
        node: &Node,
        path: &[String],
        default: Option<Value>,
        required: bool,
        optional: bool,
    ) -> Result<Setting, SchemaError> {
        let (kind, variants) = self.kind(node, path)?;
        let secret = node.get("writeOnly") == Some(&Value::Bool(true));
        // The default of a secret counts only where its own field says that it may be shown.
        let default = if secret {
            node.get("default").cloned()
        } else {
            default
        };
        let examples = node.get("examples").and_then(Value::as_array);
        Ok(Setting {
            name: name(path),
            path: path.to_vec(),
            docs: docs(node),
            kind,
            secret,
            required,
            required_in: strings(node.get("x-required-in")),
            optional,
            default: default.filter(|value| !value.is_null()),
            default_in: node
                .get("x-default-in")
                .and_then(Value::as_object)
                .into_iter()
                .flatten()
                .map(|(environment, value)| (environment.clone(), value.clone()))
                .collect(),
            example: examples.and_then(|examples| examples.first()).cloned(),
            deprecated: node.get("deprecated") == Some(&Value::Bool(true)),
            minimum: node.get("minimum").and_then(Value::as_number).cloned(),
            maximum: node.get("maximum").and_then(Value::as_number).cloned(),
            variants,
            format: node
                .get("format")
                .and_then(Value::as_str)
                .map(str::to_owned),
        })
    }

    /// Follows `$ref`, and takes the one alternative beside `null`; says whether there was a
    /// `null`. What stands beside a reference wins over what it leads to.
    fn resolve(&self, node: &Value, path: &[String]) -> Result<(Node, bool), SchemaError> {
        let mut node = node.as_object().cloned().unwrap_or_default();
        let mut optional = false;
        for _ in 0..MAX_DEPTH {
            if let Some(reference) = node.remove("$ref") {
                let target = reference
                    .as_str()
                    .and_then(|text| text.strip_prefix('#'))
                    .and_then(|pointer| self.root.pointer(pointer))
                    .and_then(Value::as_object)
                    .ok_or_else(|| SchemaError::Reference {
                        at: name(path),
                        reference: reference.as_str().unwrap_or_default().to_owned(),
                    })?;
                node = beneath(target, node);
            } else if let Some((target, null)) = only_alternative(&node) {
                optional |= null;
                for key in ["allOf", "anyOf", "oneOf"] {
                    node.remove(key);
                }
                node = beneath(&target, node);
            } else {
                let null = Value::from("null");
                optional |= node
                    .get("type")
                    .and_then(Value::as_array)
                    .is_some_and(|types| types.contains(&null));
                return Ok((node, optional));
            }
        }
        Err(unsupported(path, "references without end"))
    }

    fn kind(&self, node: &Node, path: &[String]) -> Result<(Kind, Vec<Variant>), SchemaError> {
        let variants = variants(node);
        if !variants.is_empty() {
            return Ok((Kind::Enum, variants));
        }
        let kind = match node.get("type") {
            Some(Value::String(one)) => one.as_str(),
            Some(Value::Array(several)) => {
                let mut kinds = several
                    .iter()
                    .filter_map(Value::as_str)
                    .filter(|&kind| kind != "null");
                match (kinds.next(), kinds.next()) {
                    (Some(only), None) => only,
                    _ => return Err(unsupported(path, "several kinds")),
                }
            }
            _ => return Err(unsupported(path, "no kind")),
        };
        match kind {
            "string" => Ok((Kind::String, Vec::new())),
            "integer" => Ok((Kind::Integer, Vec::new())),
            "number" => Ok((Kind::Number, Vec::new())),
            "boolean" => Ok((Kind::Boolean, Vec::new())),
            "array" => {
                let items = node.get("items").unwrap_or(&Value::Null);
                let (items, _) = self.resolve(items, path)?;
                match self.kind(&items, path)? {
                    (Kind::List(_), _) => Err(unsupported(path, "a list of lists")),
                    (kind, variants) => Ok((Kind::List(Box::new(kind)), variants)),
                }
            }
            other => Err(unsupported(path, other)),
        }
    }
}

/// `over`, with what it does not say taken from `target`.
fn beneath(target: &Node, over: Node) -> Node {
    let mut merged = target.clone();
    merged.extend(over);
    merged
}

/// The single alternative of `allOf`, `anyOf` or `oneOf` once `null` is set aside, and whether
/// there was a `null`.
fn only_alternative(node: &Node) -> Option<(Node, bool)> {
    ["allOf", "anyOf", "oneOf"].into_iter().find_map(|key| {
        let all = node.get(key)?.as_array()?;
        let mut rest = all
            .iter()
            .filter(|one| one.get("type") != Some(&Value::from("null")));
        match (rest.next(), rest.next()) {
            // A lone constant is an enum of one, which `variants` reads.
            (Some(only), None) if only.get("const").is_none() => {
                let null = all.len() > 1;
                only.as_object().map(|only| (only.clone(), null))
            }
            _ => None,
        }
    })
}

/// The variants of an enum: `enum`, `const`, or alternatives of these.
fn variants(node: &Node) -> Vec<Variant> {
    if let Some(values) = node.get("enum").and_then(Value::as_array) {
        let values = values.iter().filter_map(Value::as_str);
        return values.map(|value| variant(value, String::new())).collect();
    }
    if let Some(value) = node.get("const").and_then(Value::as_str) {
        return vec![variant(value, docs(node))];
    }
    let alternatives = ["oneOf", "anyOf"]
        .into_iter()
        .find_map(|key| node.get(key)?.as_array());
    alternatives
        .into_iter()
        .flatten()
        .filter_map(Value::as_object)
        .flat_map(variants)
        .collect()
}

fn variant(value: &str, docs: String) -> Variant {
    Variant {
        value: value.to_owned(),
        docs,
    }
}

fn name(path: &[String]) -> String {
    path.join("_").replace('-', "_").to_uppercase()
}

fn docs(node: &Node) -> String {
    let docs = node.get("description").and_then(Value::as_str);
    docs.unwrap_or_default().to_owned()
}

fn strings(list: Option<&Value>) -> Vec<String> {
    let list = list.and_then(Value::as_array).into_iter().flatten();
    list.filter_map(Value::as_str).map(str::to_owned).collect()
}

fn unsupported(path: &[String], what: &str) -> SchemaError {
    SchemaError::Unsupported {
        at: name(path),
        what: what.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn reads_sections_references_and_alternatives() {
        let schema = json!({
            "$defs": {
                "Mode": { "description": "of the type", "oneOf": [
                    { "enum": ["plain"], "type": "string" },
                    { "const": "loud", "description": "Louder." },
                ]},
                "Inner": { "type": "object", "required": ["key"], "properties": {
                    "key": { "type": "string", "writeOnly": true },
                    "size": { "type": ["integer", "null"], "minimum": 1, "maximum": 9 },
                    "modes": { "type": "array", "items": { "$ref": "#/$defs/Mode" } },
                }},
            },
            "type": "object",
            "properties": {
                "mode": { "$ref": "#/$defs/Mode", "description": "of the field", "default": "plain" },
                "maybe": { "anyOf": [{ "$ref": "#/$defs/Mode" }, { "type": "null" }] },
                "inner": { "$ref": "#/$defs/Inner", "description": "Inside." },
            },
        });
        let settings = Settings::from_schema(&schema).unwrap();
        let names: Vec<_> = settings.iter().map(|s| s.name.as_str()).collect();
        assert_eq!(
            names,
            ["MODE", "MAYBE", "INNER_KEY", "INNER_SIZE", "INNER_MODES"]
        );
        let get = |name| settings.get(name).unwrap();
        assert_eq!(get("MODE").docs, "of the field");
        assert_eq!(get("MODE").default, Some("plain".into()));
        assert_eq!(get("MODE").allowed().unwrap(), "plain, loud");
        assert_eq!(get("MAYBE").kind, Kind::Enum);
        assert!(get("MAYBE").optional && !get("MODE").optional);
        assert!(get("INNER_KEY").secret && get("INNER_KEY").required);
        assert_eq!(get("INNER_SIZE").allowed().unwrap(), "1 to 9");
        assert!(get("INNER_SIZE").optional);
        assert_eq!(get("INNER_MODES").kind, Kind::List(Box::new(Kind::Enum)));
        assert_eq!(settings.sections()[0].docs, "Inside.");
    }

    #[test]
    fn one_name_is_one_setting() {
        let text = json!({ "type": "string" });
        let clash = json!({ "properties": {
            "a_b": text,
            "a": { "properties": { "b": text } },
        }});
        assert_eq!(
            Settings::from_schema(&clash),
            Err(SchemaError::Duplicate("A_B".to_owned()))
        );
        let file = json!({ "properties": {
            "a": { "type": "string", "writeOnly": true },
            "a_file": text,
        }});
        assert_eq!(
            Settings::from_schema(&file),
            Err(SchemaError::Duplicate("A_FILE".to_owned()))
        );
    }

    #[test]
    fn what_no_variable_can_hold_is_an_error() {
        for field in [
            json!({ "type": "object" }),
            json!({ "type": "array", "items": { "type": "array", "items": { "type": "string" } } }),
            json!({ "type": ["string", "integer"] }),
            json!(true),
        ] {
            let schema = json!({ "properties": { "x": field } });
            assert!(
                matches!(Settings::from_schema(&schema), Err(SchemaError::Unsupported { at, .. }) if at == "X")
            );
        }
        let circle = json!({ "properties": { "x": { "$ref": "#/properties/x" } } });
        assert!(Settings::from_schema(&circle).is_err());
        let nowhere = json!({ "properties": { "x": { "$ref": "#/$defs/None" } } });
        assert!(matches!(
            Settings::from_schema(&nowhere),
            Err(SchemaError::Reference { .. })
        ));
    }
}
