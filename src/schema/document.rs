//! A schema document: references followed, alternatives that leave no choice taken, kinds told.

use serde_json::Value;

use super::keywords;
use super::node::{Node, target};
use super::schema_error::{MAX_DEPTH, SchemaError};
use super::setting::{Kind, Variant};
use super::spelling::{Reader, Spelling};

/// A JSON Schema, and the spelling of its variables.
#[derive(Clone, Copy)]
pub(super) struct Document<'a> {
    pub(super) root: &'a Value,
    pub(super) spelling: &'a Spelling,
}

/// A node without `$ref` and without alternatives that leave no choice.
pub(super) struct Resolved {
    pub(super) node: Node,
    /// A `null` stood beside it.
    pub(super) optional: bool,
    /// References that led to it.
    pub(super) references: Vec<String>,
}

impl Document<'_> {
    /// Checks whether the variables are read by a program of its own.
    pub(super) fn is_foreign(&self) -> bool {
        self.spelling.reader != Reader::Loader
    }

    pub(super) fn unsupported(&self, path: &[String], what: &str) -> SchemaError {
        SchemaError::Unsupported {
            at: self.spelling.name(path),
            what: what.to_owned(),
        }
    }

    /// Follows `$ref`, and takes the one alternative beside `null`. What stands beside a reference
    /// wins over what it leads to.
    pub(super) fn resolve(&self, node: &Value, path: &[String]) -> Result<Resolved, SchemaError> {
        let mut node = node.as_object().cloned().unwrap_or_default();
        let mut optional = false;
        let mut references = Vec::new();
        for _ in 0..MAX_DEPTH {
            if let Some(reference) = node.remove("$ref") {
                let target = reference
                    .as_str()
                    .and_then(|text| target(self.root, text)?.as_object())
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
                optional |= keywords::takes_null(&node);
                return Ok(Resolved {
                    node,
                    optional,
                    references,
                });
            }
        }
        Err(self.unsupported(path, "references without end"))
    }

    pub(super) fn kind(
        &self,
        node: &Node,
        path: &[String],
    ) -> Result<(Kind, Vec<Variant>), SchemaError> {
        match self.strict_kind(node, path) {
            Err(SchemaError::Unsupported { .. }) if self.is_foreign() => {
                Ok((keywords::kind(self.root, node), Vec::new()))
            }
            kind => kind,
        }
    }

    fn strict_kind(
        &self,
        node: &Node,
        path: &[String],
    ) -> Result<(Kind, Vec<Variant>), SchemaError> {
        let variants = keywords::variants(node, self.is_foreign());
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
                if keywords::is_list(&items) {
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
