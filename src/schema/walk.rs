//! From a JSON Schema to the flat list of settings.
//!
//! A schema node with `properties` is a section, everything else is a setting. What the list is
//! used for is not decided here.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde_json::{Map, Value};

use super::setting::{Condition, Kind, Section, Setting, Settings, Variant, strings};
use super::spelling::{Reader, Spelling, is_of_the_system, is_variable};
use super::{loose, rules};

/// Deeper nesting than this is taken for a circle.
pub(super) const MAX_DEPTH: usize = 16;

/// More settings or sections than this are no configuration. Without a limit, a small schema whose
/// definitions refer to one another several times each would have no end.
const MAX_SETTINGS: usize = 1_000;
/// Bytes of JSON that all settings and sections may have, definitions resolved.
const MAX_HELD: usize = 16 << 20;

/// A schema that does not describe settings.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SchemaError {
    /// Two fields would be read from one variable.
    #[error("two settings are named {0}; rename one of the fields")]
    Duplicate(String),
    /// A name that no variable can have.
    #[error("{0:?} cannot be the name of a variable; use letters, digits and _")]
    Name(String),
    /// A variable that means something to the system.
    #[error(
        "{0} is a variable that the system itself reads or sets; rename the field, or give the \
         variables a prefix"
    )]
    System(String),
    /// A schema without end.
    #[error("the schema has more than {MAX_SETTINGS} settings or sections")]
    TooMany,
    /// A large definition that many settings refer to counts for each of them.
    #[error(
        "the descriptions, choices and defaults of the settings come to more than {} MiB, each \
         definition counted for every setting that refers to it; shorten the largest",
        MAX_HELD >> 20
    )]
    TooLarge,
    /// A condition names no setting.
    #[error("x-required-when names {0}, and no setting is called that; write its variable")]
    Condition(String),
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
        Self::spelled(schema, &Spelling::default())
    }

    /// The same, with names and texts as `spelling` says.
    pub fn spelled(schema: &Value, spelling: &Spelling) -> Result<Self, SchemaError> {
        let mut walk = Walk {
            root: schema,
            spelling,
            settings: Vec::new(),
            sections: Vec::new(),
            open: Vec::new(),
            held: 0,
        };
        let top = walk.resolve(schema, &[])?;
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
    root: &'a Value,
    spelling: &'a Spelling,
    settings: Vec<Setting>,
    sections: Vec<Section>,
    /// References that led to the sections around the field that is looked at.
    open: Vec<String>,
    /// Bytes of JSON of the settings and sections so far.
    held: usize,
}

/// A node without `$ref` and without alternatives that leave no choice.
struct Resolved {
    node: Node,
    /// A `null` stood beside it.
    optional: bool,
    /// References that led to it.
    references: Vec<String>,
}

pub(super) type Node = Map<String, Value>;

impl Walk<'_> {
    /// Checks whether the variables are read by a program of its own.
    fn is_foreign(&self) -> bool {
        self.spelling.reader != Reader::Loader
    }

    fn unsupported(&self, path: &[String], what: &str) -> SchemaError {
        SchemaError::Unsupported {
            at: self.spelling.name(path),
            what: what.to_owned(),
        }
    }

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
            return Err(self.unsupported(path, "sections within sections without end"));
        }
        let required = strings(node.get("required"));
        let Some(properties) = node.get("properties").and_then(Value::as_object) else {
            return Err(self.unsupported(path, "no properties"));
        };
        for (key, field) in properties {
            path.push(key.clone());
            let Resolved {
                node: child,
                optional,
                references,
            } = self.resolve(field, path)?;
            self.held += serde_json::to_vec(&child).map_or(MAX_HELD, |text| text.len());
            if self.held > MAX_HELD {
                return Err(SchemaError::TooLarge);
            }
            // A model within itself has no end, and is JSON where it may be left out.
            let ends = (optional || !required.contains(key))
                && self.is_foreign()
                && references.iter().any(|one| self.open.contains(one));
            let own = child.get("default");
            let of_section = default.and_then(|whole| whole.get(key));
            let differs = self.is_foreign() && of_section.is_some() && of_section != own;
            let default = if self.is_foreign() {
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
                let absent = absent || (self.is_foreign() && optional && unset);
                let first = self.settings.len();
                let depth = self.open.len();
                self.open.extend(references);
                self.section(&child, path, default.as_ref(), absent)?;
                self.open.truncate(depth);
                if absent && !within {
                    loose::together(&mut self.settings[first..]);
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
        let (kind, variants) = self.kind(node, path)?;
        let name = self.spelling.name(path);
        let secret = self.spelling.secrets.contains(&name) || loose::is_secret(self.root, node);
        let default = if secret && self.is_foreign() {
            // pydantic writes the default of a secret as asterisks; another may be a real one.
            None
        } else if secret {
            // The default of a secret counts only where its own field says that it may be shown.
            node.get("default").cloned()
        } else {
            default
        };
        let default = default.filter(|value| !value.is_null());
        let required = required && !(self.is_foreign() && default.is_some());
        let bounds = loose::bounds(node, &kind);
        let examples = node.get("examples").and_then(Value::as_array);
        Ok(Setting {
            name,
            reader: self.spelling.reader,
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
            rules: if self.is_foreign() {
                rules::inlined(self.root, node)
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

    /// Follows `$ref`, and takes the one alternative beside `null`. What stands beside a reference
    /// wins over what it leads to.
    fn resolve(&self, node: &Value, path: &[String]) -> Result<Resolved, SchemaError> {
        let mut node = node.as_object().cloned().unwrap_or_default();
        let mut optional = false;
        let mut references = Vec::new();
        for _ in 0..MAX_DEPTH {
            if let Some(reference) = node.remove("$ref") {
                let target = reference
                    .as_str()
                    .and_then(|text| text.strip_prefix('#'))
                    .and_then(|pointer| self.root.pointer(pointer))
                    .and_then(Value::as_object)
                    .ok_or_else(|| SchemaError::Reference {
                        at: self.spelling.name(path),
                        reference: reference.as_str().unwrap_or_default().to_owned(),
                    })?;
                references.extend(reference.as_str().map(str::to_owned));
                node = beneath(target, node);
            } else if let Some((target, null)) = only_alternative(&node) {
                optional |= null;
                for key in ["allOf", "anyOf", "oneOf"] {
                    node.remove(key);
                }
                node = beneath(&target, node);
            } else {
                optional |= loose::takes_null(&node);
                return Ok(Resolved {
                    node,
                    optional,
                    references,
                });
            }
        }
        Err(self.unsupported(path, "references without end"))
    }

    fn kind(&self, node: &Node, path: &[String]) -> Result<(Kind, Vec<Variant>), SchemaError> {
        match self.strict_kind(node, path) {
            Err(SchemaError::Unsupported { .. }) if self.is_foreign() => {
                Ok((loose::kind(self.root, node), Vec::new()))
            }
            kind => kind,
        }
    }

    fn strict_kind(
        &self,
        node: &Node,
        path: &[String],
    ) -> Result<(Kind, Vec<Variant>), SchemaError> {
        let variants = loose::variants(node, self.is_foreign());
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
                    _ => return Err(self.unsupported(path, "several kinds")),
                }
            }
            _ => return Err(self.unsupported(path, "no kind")),
        };
        match kind {
            "string" => Ok((Kind::String, Vec::new())),
            "integer" => Ok((Kind::Integer, Vec::new())),
            "number" => Ok((Kind::Number, Vec::new())),
            "boolean" => Ok((Kind::Boolean, Vec::new())),
            "array" => {
                let items = node.get("items").unwrap_or(&Value::Null);
                let items = self.resolve(items, path)?.node;
                // Not by recursion: a list may be defined as one of itself.
                if loose::is_list(&items) {
                    return Err(self.unsupported(path, "a list of lists"));
                }
                let (kind, variants) = self.strict_kind(&items, path)?;
                Ok((Kind::List(Box::new(kind)), variants))
            }
            other => Err(self.unsupported(path, other)),
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

pub(super) fn docs(node: &Node) -> String {
    let docs = node.get("description").and_then(Value::as_str);
    docs.unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests;
