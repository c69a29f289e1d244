//! Keywords of a JSON Schema as facts of a setting: bounds, variants, secrets, in the shapes that
//! schemars writes and in those of pydantic (unions, exclusive bounds, secrets inside lists and maps).

use std::cmp::Ordering;
use std::collections::BTreeSet;

use serde_json::{Number, Value};

use super::node::{Node, compared, docs, target, text};
use super::setting::{Condition, Kind, Setting, Variant};

/// The most settings of a section that are held against one another: each is against all.
const LARGEST_SECTION: usize = 64;

/// Limits of a number.
#[derive(Default)]
pub(super) struct Bounds {
    pub(super) minimum: Option<Number>,
    pub(super) maximum: Option<Number>,
    pub(super) above: Option<Number>,
    pub(super) below: Option<Number>,
}

/// The limits that `node` sets. Whole numbers above 0 are those from 1 on.
pub(super) fn bounds(node: &Node, kind: &Kind) -> Bounds {
    let kind = match kind {
        Kind::List(items) => items,
        kind => kind,
    };
    // A `Decimal` is a number or a text of digits; the limits are the number's.
    let node = alternatives(node)
        .find(|one| kinds(one).any(|kind| kind == "number"))
        .unwrap_or(node);
    let number = |key: &str| node.get(key).and_then(Value::as_number).cloned();
    let mut bounds = Bounds {
        minimum: number("minimum"),
        maximum: number("maximum"),
        above: number("exclusiveMinimum"),
        below: number("exclusiveMaximum"),
    };
    if *kind == Kind::Integer {
        let above = bounds.above.take();
        let above = above.and_then(|bound| beside(&bound, f64::floor, 1));
        bounds.minimum = stricter(bounds.minimum, above, Ordering::Greater);
        let below = bounds.below.take();
        let below = below.and_then(|bound| beside(&bound, f64::ceil, -1));
        bounds.maximum = stricter(bounds.maximum, below, Ordering::Less);
    }
    bounds
}

/// The whole number next to `bound`: `step` from it, once `round` has made it one.
fn beside(bound: &Number, round: fn(f64) -> f64, step: i128) -> Option<Number> {
    let whole = bound.as_i128().or_else(|| {
        let rounded = round(bound.as_f64()?);
        format!("{rounded:.0}").parse().ok()
    })?;
    Number::from_i128(whole.checked_add(step)?)
}

/// Of two limits, the one that the other lets pass; `order` is how it compares to the other.
fn stricter(one: Option<Number>, other: Option<Number>, order: Ordering) -> Option<Number> {
    let (Some(left), Some(right)) = (&one, &other) else {
        return one.or(other);
    };
    if compared(left, right) == Some(order) {
        one
    } else {
        other
    }
}

/// The kind of a variable whose values no single kind describes. Text fits everything but maps and
/// lists.
pub(super) fn kind(root: &Value, node: &Node) -> Kind {
    // One step: a definition that only refers to another one is a model.
    let referred = |one: &'_ Node| {
        let reference = one.get("$ref").and_then(Value::as_str);
        let found = reference.and_then(|reference| target(root, reference)?.as_object());
        found.filter(|found| found.contains_key("type")).cloned()
    };
    let followed: Vec<Node> = alternatives(node)
        .map(|one| referred(one).unwrap_or_else(|| one.clone()))
        .collect();
    let mut all: Vec<&str> = followed.iter().flat_map(kinds).collect();
    if all.is_empty() {
        all = kinds(node).collect();
    }
    all.retain(|kind| *kind != "null");
    let only = |wanted: &[&str]| !all.is_empty() && all.iter().all(|kind| wanted.contains(kind));
    // Keywords that tell a `Decimal` from a number or any text.
    let is_decimal = || {
        let keys = [
            "pattern",
            "minimum",
            "maximum",
            "exclusiveMinimum",
            "exclusiveMaximum",
        ];
        alternatives(node).any(|one| keys.iter().any(|key| one.contains_key(*key)))
    };
    if only(&["object", "array"]) {
        Kind::Json
    } else if only(&["integer", "number"]) || (only(&["number", "string"]) && is_decimal()) {
        Kind::Number
    } else {
        Kind::String
    }
}

/// The variants of an enum: `enum`, `const`, or alternatives that are all of these. Numbers count
/// only where `numbers` says so: the loader reads those as numbers.
pub(super) fn variants(node: &Node, numbers: bool) -> Vec<Variant> {
    let written = |value: &Value| match value {
        Value::String(_) => Some(text(value)),
        Value::Number(_) | Value::Bool(_) if numbers => Some(text(value)),
        _ => None,
    };
    let variant = |value: String, docs: String| Variant { value, docs };
    if let Some(values) = node.get("enum").and_then(Value::as_array) {
        let values = values.iter().filter_map(written);
        return values.map(|value| variant(value, String::new())).collect();
    }
    if let Some(value) = node.get("const").and_then(written) {
        return vec![variant(value, docs(node))];
    }
    let alternatives = ["oneOf", "anyOf"]
        .into_iter()
        .find_map(|key| node.get(key)?.as_array());
    let each = alternatives
        .into_iter()
        .flatten()
        .filter_map(Value::as_object)
        .filter(|one| one.get("type") != Some(&Value::from("null")))
        .map(|one| variants(one, numbers));
    let each: Vec<_> = each.collect();
    // Beside text of any kind, a constant restricts nothing.
    if each.iter().any(Vec::is_empty) {
        return Vec::new();
    }
    each.into_iter().flatten().collect()
}

/// Requires what has no default in a section that may be left out once any of its settings is given.
pub(super) fn together(section: &mut [Setting]) {
    let names: Vec<String> = section.iter().map(|one| one.name.clone()).collect();
    for setting in section.iter_mut().filter(|one| one.required) {
        setting.required = false;
        if names.len() > LARGEST_SECTION {
            continue;
        }
        let others = names.iter().filter(|name| **name != setting.name);
        let given = |name: &String| Condition {
            setting: name.clone(),
            values: Vec::new(),
        };
        setting.required_when.extend(others.map(given));
    }
}

/// Checks whether `node` takes `null` beside what else it takes.
pub(super) fn takes_null(node: &Node) -> bool {
    kinds(node).any(|kind| kind == "null")
        || alternatives(node).any(|one| kinds(one).any(|kind| kind == "null"))
}

/// Checks whether `node` takes a list.
pub(super) fn is_list(node: &Node) -> bool {
    kinds(node).any(|kind| kind == "array")
}

/// Checks whether a value of `node` is a secret, or holds one.
pub(super) fn is_secret(root: &Value, node: &Node) -> bool {
    // No recursion: definitions may refer to one another in a chain as long as the file.
    let mut seen = BTreeSet::new();
    let mut waiting = vec![node];
    while let Some(node) = waiting.pop() {
        if node.get("writeOnly") == Some(&Value::Bool(true))
            || node.get("format").and_then(Value::as_str) == Some("password")
        {
            return true;
        }
        let one = |key: &str| node.get(key);
        let target = one("$ref")
            .and_then(Value::as_str)
            .filter(|reference| seen.insert(*reference))
            .and_then(|reference| target(root, reference));
        let inside = [target, one("items"), one("additionalProperties")];
        let several = ["anyOf", "oneOf", "allOf", "prefixItems"];
        let several = several.iter().filter_map(|key| node.get(*key)?.as_array());
        let named = node.get("properties").and_then(Value::as_object);
        let all = inside
            .into_iter()
            .flatten()
            .chain(several.flatten())
            .chain(named.into_iter().flat_map(|fields| fields.values()));
        waiting.extend(all.filter_map(Value::as_object));
    }
    false
}

/// The alternatives of `anyOf` and `oneOf`.
fn alternatives(node: &Node) -> impl Iterator<Item = &Node> {
    let lists = ["anyOf", "oneOf"]
        .into_iter()
        .filter_map(|key| node.get(key)?.as_array());
    lists.flatten().filter_map(Value::as_object)
}

/// The kinds that `type` names. A reference is to a model: an object.
fn kinds(node: &Node) -> impl Iterator<Item = &str> {
    let one = node.get("type").and_then(Value::as_str);
    let several = node.get("type").and_then(Value::as_array);
    let reference = node.contains_key("$ref").then_some("object");
    one.into_iter()
        .chain(several.into_iter().flatten().filter_map(Value::as_str))
        .chain(reference)
}
