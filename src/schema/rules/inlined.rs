//! The part of a schema that restricts one value, without references.

use serde_json::{Map, Value};

use super::NUMBERS;
use crate::schema::node::{Node, target};

/// The largest schema of a setting that is looked at, in bytes or so.
const MOST_BYTES: usize = 32 * 1024;
/// Cost of a pattern beside its bytes: its program is larger than its text.
const PATTERN_COST: usize = 1024;
/// Nodes within nodes.
const MOST_DEPTH: usize = 12;

/// `node` without references; `null`, which allows everything, where that would be large.
pub(in crate::schema) fn inlined(root: &Value, node: &Node) -> Value {
    let mut left = MOST_BYTES;
    let node = inlined_node(root, node, MOST_DEPTH, &mut left);
    node.map_or(Value::Null, Value::Object)
}

fn inlined_value(root: &Value, value: &Value, depth: usize, left: &mut usize) -> Option<Value> {
    match value {
        // A definition within itself: what lies below is the program's to judge.
        Value::Object(_) if depth == 0 => Some(Value::Bool(true)),
        Value::Object(node) => inlined_node(root, node, depth - 1, left).map(Value::Object),
        Value::Bool(_) => {
            *left = left.checked_sub(16)?;
            Some(value.clone())
        }
        _ => Some(Value::Bool(true)),
    }
}

fn inlined_node(root: &Value, node: &Node, depth: usize, left: &mut usize) -> Option<Node> {
    *left = left.checked_sub(32)?;
    let reference = node.get("$ref").and_then(Value::as_str);
    let mut out = match reference.and_then(|text| target(root, text)) {
        Some(target) => inlined_value(root, target, depth, left)?,
        None => Value::Null,
    };
    let mut out = out.as_object_mut().map(std::mem::take).unwrap_or_default();
    // Which of its keys a pattern has in charge is the program's to judge.
    let patterned = node.contains_key("patternProperties");
    for (key, value) in node {
        if patterned && key == "additionalProperties" {
            continue;
        }
        let inner = match (key.as_str(), value) {
            ("items" | "additionalProperties", one) => inlined_value(root, one, depth, left)?,
            ("anyOf" | "oneOf" | "allOf" | "prefixItems", Value::Array(all)) => {
                let all = all.iter();
                all.map(|one| inlined_value(root, one, depth, left))
                    .collect::<Option<Value>>()?
            }
            ("properties", Value::Object(all)) => {
                let mut fields = Map::new();
                for (key, one) in all {
                    *left = left.checked_sub(key.len())?;
                    fields.insert(key.clone(), inlined_value(root, one, depth, left)?);
                }
                Value::Object(fields)
            }
            ("enum", Value::Array(values)) => {
                *left = left.checked_sub(values.iter().map(cost).sum())?;
                value.clone()
            }
            ("type", _) | ("const" | "pattern" | "format", Value::String(_)) => {
                let compiled = if key == "pattern" { PATTERN_COST } else { 0 };
                *left = left.checked_sub(cost(value) + compiled)?;
                value.clone()
            }
            ("const", Value::Number(_) | Value::Bool(_)) => value.clone(),
            (key, Value::Number(_)) if NUMBERS.contains(&key) => value.clone(),
            _ => continue,
        };
        out.insert(key.clone(), inner);
    }
    Some(out)
}

/// Bytes of `value`, or so.
fn cost(value: &Value) -> usize {
    match value {
        Value::String(text) => 16 + text.len(),
        Value::Array(items) => 16 + items.iter().map(cost).sum::<usize>(),
        Value::Object(members) => members.iter().map(|(key, one)| key.len() + cost(one)).sum(),
        _ => 16,
    }
}
