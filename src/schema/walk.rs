//! From a JSON Schema to the flat list of settings.
//!
//! A schema node with `properties` is a section, everything else is a setting. What the list is
//! used for is not decided here.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde_json::Value;

use super::document::{Document, Resolved};
use super::node::{Node, docs, strings};
use super::schema_error::{MAX_DEPTH, MAX_HELD, MAX_SETTINGS, SchemaError};
use super::setting::{Condition, Section, Setting, Settings};
use super::spelling::{Spelling, is_of_the_system, is_variable};
use super::{keywords, rules};

impl Settings {
    /// The settings of `T`.
    pub fn of<T: JsonSchema>() -> Result<Self, SchemaError> {
        Self::from_schema(schemars::schema_for!(T).as_value())
    }

    /// The settings that a JSON Schema of any origin describes.
    pub fn from_schema(schema: &Value) -> Result<Self, SchemaError> {
        Self::spelled(schema, &Spelling::default())
    }

    /// The same, with names and texts as `spelling` says.
    pub fn spelled(schema: &Value, spelling: &Spelling) -> Result<Self, SchemaError> {
        let mut walk = Walk {
            document: Document {
                root: schema,
                spelling,
            },
            settings: Vec::new(),
            sections: Vec::new(),
            open: Vec::new(),
            held: 0,
        };
        let top = walk.document.resolve(schema, &[])?;
        walk.open = top.references;
        walk.section(&top.node, &mut Vec::new(), None, false)?;
        let mut names = BTreeSet::new();
        for setting in &walk.settings {
            if !is_variable(&setting.name) {
                return Err(SchemaError::Name(setting.name.clone()));
            }
            if is_of_the_system(&setting.name) {
                return Err(SchemaError::System(setting.name.clone()));
            }
            for name in [Some(setting.name.clone()), setting.file_variable()] {
                if let Some(taken) = name.and_then(|name| names.replace(name)) {
                    return Err(SchemaError::Duplicate(taken));
                }
            }
        }
        let conditions = walk.settings.iter().flat_map(|one| &one.required_when);
        let unknown = |name: &&Condition| !names.contains(&name.setting);
        if let Some(condition) = conditions.into_iter().find(unknown) {
            return Err(SchemaError::Condition(condition.setting.clone()));
        }
        Ok(Self {
            settings: walk.settings,
            sections: walk.sections,
        })
    }
}

struct Walk<'a> {
    document: Document<'a>,
    settings: Vec<Setting>,
    sections: Vec<Section>,
    /// References that led to the sections around the field that is looked at.
    open: Vec<String>,
    /// Bytes of JSON of the settings and sections so far.
    held: usize,
}

impl Walk<'_> {
    /// `absent`: the section itself may be left out, and is where nothing is said. A default in it
    /// would bring it into being.
    fn section(
        &mut self,
        node: &Node,
        path: &mut Vec<String>,
        default: Option<&Value>,
        absent: bool,
    ) -> Result<(), SchemaError> {
        if path.len() > MAX_DEPTH {
            return Err(self
                .document
                .unsupported(path, "sections within sections without end"));
        }
        let required = strings(node.get("required"));
        let Some(properties) = node.get("properties").and_then(Value::as_object) else {
            return Err(self.document.unsupported(path, "no properties"));
        };
        for (key, field) in properties {
            path.push(key.clone());
            let Resolved {
                node: child,
                optional,
                references,
            } = self.document.resolve(field, path)?;
            self.held += serde_json::to_vec(&child).map_or(MAX_HELD, |text| text.len());
            if self.held > MAX_HELD {
                return Err(SchemaError::TooLarge);
            }
            // A model within itself has no end, and is JSON where it may be left out.
            let ends = (optional || !required.contains(key))
                && self.document.is_foreign()
                && references.iter().any(|one| self.open.contains(one));
            let own = child.get("default");
            let of_section = default.and_then(|whole| whole.get(key));
            let differs = self.document.is_foreign() && of_section.is_some() && of_section != own;
            let default = if self.document.is_foreign() {
                // Where nothing is set, the program takes the default of the section as a whole.
                of_section.or(own).cloned()
            } else {
                own.or(of_section).cloned()
            };
            if self.settings.len().max(self.sections.len()) >= MAX_SETTINGS {
                return Err(SchemaError::TooMany);
            }
            if child.contains_key("properties") && !ends {
                self.sections.push(Section {
                    path: path.clone(),
                    docs: docs(&child),
                });
                let unset = default.as_ref().is_none_or(Value::is_null);
                let within = absent && required.contains(key);
                let absent = absent || (self.document.is_foreign() && optional && unset);
                let first = self.settings.len();
                let depth = self.open.len();
                self.open.extend(references);
                self.section(&child, path, default.as_ref(), absent)?;
                self.open.truncate(depth);
                if absent && !within {
                    keywords::together(&mut self.settings[first..]);
                }
            } else {
                let required = required.contains(key);
                let mut setting = self.setting(&child, path, default, required, optional)?;
                if absent {
                    setting.default = None;
                    setting.optional = true;
                }
                setting.of_section = differs && setting.default.is_some();
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
        let (kind, variants) = self.document.kind(node, path)?;
        let name = self.document.spelling.name(path);
        let secret = self.document.spelling.secrets.contains(&name)
            || keywords::is_secret(self.document.root, node);
        let default = if secret && self.document.is_foreign() {
            // pydantic writes the default of a secret as asterisks; another may be a real one.
            None
        } else if secret {
            // The default of a secret counts only where its own field says that it may be shown.
            node.get("default").cloned()
        } else {
            default
        };
        let default = default.filter(|value| !value.is_null());
        let required = required && !(self.document.is_foreign() && default.is_some());
        let bounds = keywords::bounds(node, &kind);
        let examples = node.get("examples").and_then(Value::as_array);
        Ok(Setting {
            name,
            reader: self.document.spelling.reader,
            path: path.to_vec(),
            docs: docs(node),
            kind,
            secret,
            required,
            required_in: strings(node.get("x-required-in")),
            required_when: Condition::all(node.get("x-required-when")),
            optional,
            default,
            of_section: false,
            default_in: node
                .get("x-default-in")
                .and_then(Value::as_object)
                .into_iter()
                .flatten()
                .map(|(environment, value)| (environment.clone(), value.clone()))
                .collect(),
            example: examples.and_then(|examples| examples.first()).cloned(),
            deprecated: node.get("deprecated") == Some(&Value::Bool(true)),
            minimum: bounds.minimum,
            maximum: bounds.maximum,
            exclusive_minimum: bounds.above,
            exclusive_maximum: bounds.below,
            variants,
            rules: if self.document.is_foreign() {
                rules::inlined(self.document.root, node)
            } else {
                Value::Null
            },
            format: node
                .get("format")
                .and_then(Value::as_str)
                // It says that the value is a secret, and nothing of its form.
                .filter(|format| *format != "password")
                .map(str::to_owned),
        })
    }
}

#[cfg(test)]
mod tests;
