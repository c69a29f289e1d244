//! Restrictions of a value beyond the kind and the range of its setting: lengths, patterns, steps,
//! alternatives, and what stands inside lists and maps.
//!
//! Refused is only what the program surely refuses. Text in the place of a number is read as one, as
//! pydantic does. Not looked at are `format`, patterns that look around (`(?=...)`), the keys of a
//! model, and whatever a schema says in other keywords.

mod inlined;
#[cfg(test)]
mod tests;

use std::cell::Cell;
use std::cmp::Ordering;
use std::collections::BTreeMap;

use regex::{Regex, RegexBuilder};
use serde_json::{Number, Value};

use super::node::{Node, compared, text};

pub(super) use inlined::inlined;

/// Values and bytes that are looked at.
const MOST_STEPS: usize = 4 * 1024 * 1024;
/// The longest pattern, in bytes.
const LONGEST_PATTERN: usize = 1_000;
/// The largest program that a pattern may become, in bytes.
const LARGEST_PATTERN: usize = 256 * 1024;

/// Text that pydantic writes before the pattern of a `Decimal`.
const DECIMAL: &str = "^(?!^[-+.]*$)";

/// Checks `value` against `schema`, which is [`inlined`].
///
/// # Errors
/// The problem, as the end of a sentence that begins with "which". Nothing of the value is quoted.
pub(super) fn check(schema: &Value, value: &Value) -> Result<(), String> {
    let steps = Cell::new(MOST_STEPS);
    Rule::of(schema).check(value, &steps)
}

/// One node of a schema.
#[derive(Default)]
struct Rule {
    kinds: Vec<String>,
    values: Vec<Value>,
    numbers: BTreeMap<&'static str, Number>,
    pattern: Option<(String, Regex)>,
    has_format: bool,
    is_decimal: bool,
    items: Option<Box<Rule>>,
    first: Vec<Rule>,
    fields: BTreeMap<String, Rule>,
    others: Option<Box<Rule>>,
    any: Vec<Vec<Rule>>,
    all: Vec<Rule>,
}

/// Keywords with a number.
const NUMBERS: [&str; 11] = [
    "exclusiveMaximum",
    "exclusiveMinimum",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "multipleOf",
];

impl Rule {
    fn of(schema: &Value) -> Self {
        let rules = |key: &str| {
            let list = schema.get(key).and_then(Value::as_array);
            list.into_iter().flatten().map(Self::of).collect::<Vec<_>>()
        };
        let boxed = |key: &str| {
            let one = schema.get(key).filter(|one| one.is_object());
            one.map(|one| Box::new(Self::of(one)))
        };
        let strings = |key: &str| super::node::strings(schema.get(key));
        let one_kind = schema.get("type").and_then(Value::as_str);
        let numbers = NUMBERS.into_iter();
        let numbers = numbers.filter_map(|key| Some((key, schema.get(key)?.as_number()?.clone())));
        let fields = schema.get("properties").and_then(Value::as_object);
        let mut values: Vec<Value> = schema.get("const").into_iter().cloned().collect();
        let listed = schema.get("enum").and_then(Value::as_array);
        values.extend(listed.into_iter().flatten().cloned());
        let any = ["anyOf", "oneOf"].map(rules);
        let written = schema.get("pattern").and_then(Value::as_str);
        let mut rule = Self {
            kinds: one_kind.map_or_else(|| strings("type"), |one| vec![one.to_owned()]),
            values,
            numbers: numbers.collect(),
            pattern: written.and_then(|text| Some((text.to_owned(), compiled(text)?))),
            has_format: schema.get("format").is_some(),
            is_decimal: written.is_some_and(|text| text.starts_with(DECIMAL)),
            items: boxed("items"),
            first: rules("prefixItems"),
            fields: fields
                .into_iter()
                .flatten()
                .map(|(key, one)| (key.clone(), Self::of(one)))
                .collect(),
            others: boxed("additionalProperties"),
            any: any.into_iter().filter(|list| !list.is_empty()).collect(),
            all: rules("allOf"),
        };
        for list in &mut rule.any {
            // A `Decimal` is a number or a text: what holds for one holds for the other.
            if let Some(at) = list.iter().position(|one| one.is_decimal)
                && let Some(number) = list.get(1 - at.min(1))
                && list.len() == 2
                && number.kinds == ["number"]
            {
                let decimal = list.remove(at);
                list[0].pattern = decimal.pattern;
                list[0].is_decimal = true;
            }
        }
        rule
    }

    fn check(&self, value: &Value, steps: &Cell<usize>) -> Result<(), String> {
        let size = value.as_str().map_or(1, |text| text.len() + 1) + self.values.len();
        let Some(rest) = steps.get().checked_sub(size) else {
            return Ok(());
        };
        steps.set(rest);
        let same = |one: &Value| one == value || value.as_str().is_some_and(|it| it == text(one));
        if !self.values.is_empty() {
            let known = self.values.iter().any(same);
            return no(!known, || format!("is none of {}", listed(&self.values)));
        }
        for rule in &self.all {
            rule.check(value, steps)?;
        }
        for list in &self.any {
            let mut problems = list.iter().map(|rule| rule.check(value, steps).err());
            // One without a problem is enough.
            let all: Option<Vec<String>> = problems.by_ref().collect();
            match all.as_deref() {
                None => {}
                Some([only]) => return Err(only.clone()),
                Some(all) => return Err(all.join(", and ")),
            }
        }
        let mut first = None;
        for kind in &self.kinds {
            match self.check_kind(kind, value, steps) {
                Ok(()) => return Ok(()),
                Err(problem) => first = first.or(Some(problem)),
            }
        }
        first.map_or(Ok(()), Err)
    }

    fn check_kind(&self, kind: &str, value: &Value, steps: &Cell<usize>) -> Result<(), String> {
        match (kind, value) {
            ("string", Value::String(text)) => self.check_text(text),
            // A date or a duration may be a number.
            ("string", Value::Number(_) | Value::Bool(_)) if self.has_format => Ok(()),
            ("string", _) => Err("is not text".to_owned()),
            ("integer" | "number", _) => self.check_number(kind, value),
            ("boolean", _) => no(!is_boolean(value), || {
                "is neither true nor false".to_owned()
            }),
            ("null", _) => no(!value.is_null(), || "is not null".to_owned()),
            ("array", Value::Array(items)) => self.check_items(items, steps),
            ("array", _) => Err("is not a list".to_owned()),
            ("object", Value::Object(members)) => self.check_members(members, steps),
            ("object", _) => Err("is not a map".to_owned()),
            _ => Ok(()),
        }
    }

    fn check_text(&self, text: &str) -> Result<(), String> {
        // Of bytes and the like, the program knows the length.
        if !self.has_format {
            self.check_size("Length", text.chars().count(), "characters")?;
        }
        self.check_pattern(text)
    }

    fn check_pattern(&self, text: &str) -> Result<(), String> {
        match &self.pattern {
            Some((written, pattern)) if !pattern.is_match(text) => {
                let shown: String = written.chars().take(100).collect();
                Err(format!("does not match the pattern {shown}"))
            }
            _ => Ok(()),
        }
    }

    fn check_number(&self, kind: &str, value: &Value) -> Result<(), String> {
        let number = match value {
            Value::Number(number) => Some(number.clone()),
            Value::String(text) => read_number(text),
            Value::Bool(one) => Some(Number::from(u8::from(*one))),
            _ => None,
        };
        let Some(number) = number else {
            let what = if kind == "integer" { "whole " } else { "" };
            return Err(format!("is not a {what}number"));
        };
        let float = number.as_f64().unwrap_or_default();
        no(kind == "integer" && float.fract() != 0.0, || {
            "is not a whole number".to_owned()
        })?;
        for (key, wrong, words) in [
            ("minimum", &[Ordering::Less][..], "less than"),
            ("maximum", &[Ordering::Greater], "more than"),
            (
                "exclusiveMinimum",
                &[Ordering::Less, Ordering::Equal],
                "not more than",
            ),
            (
                "exclusiveMaximum",
                &[Ordering::Greater, Ordering::Equal],
                "not less than",
            ),
        ] {
            if let Some(bound) = self.numbers.get(key)
                && compared(&number, bound).is_some_and(|order| wrong.contains(&order))
            {
                return Err(format!("is {words} {bound}"));
            }
        }
        if let Some(step) = self.numbers.get("multipleOf") {
            no(!is_multiple(&number, step), || {
                format!("is not a multiple of {step}")
            })?;
        }
        let text = text(value);
        let plain = text
            .bytes()
            .all(|c| c.is_ascii_digit() || b"+-.".contains(&c));
        if self.is_decimal && plain && self.check_pattern(&text).is_err() {
            return Err("has more digits than are allowed".to_owned());
        }
        Ok(())
    }

    fn check_items(&self, items: &[Value], steps: &Cell<usize>) -> Result<(), String> {
        self.check_size("Items", items.len(), "entries")?;
        for (at, item) in items.iter().enumerate() {
            let rule = self.first.get(at).or(self.items.as_deref());
            if let Some(rule) = rule {
                let problem = rule.check(item, steps);
                problem.map_err(|problem| format!("has an entry that {problem}"))?;
            }
        }
        Ok(())
    }

    fn check_members(&self, members: &Node, steps: &Cell<usize>) -> Result<(), String> {
        self.check_size("Properties", members.len(), "keys")?;
        for (key, value) in members {
            // Which keys there must be is the model's to say: it may take a field by two names.
            if let Some(rule) = self.fields.get(key).or(self.others.as_deref()) {
                let problem = rule.check(value, steps);
                problem.map_err(|problem| format!("has a value that {problem}"))?;
            }
        }
        Ok(())
    }

    /// Checks `count` against `min...` and `max...`.
    fn check_size(&self, of: &str, count: usize, unit: &str) -> Result<(), String> {
        let bound = |key: &str| -> Option<usize> {
            let bound = self.numbers.get(format!("{key}{of}").as_str())?;
            bound.as_u64()?.try_into().ok()
        };
        let (least, most) = (
            bound("min").unwrap_or(0),
            bound("max").unwrap_or(usize::MAX),
        );
        no(count < least, || format!("has fewer than {least} {unit}"))?;
        no(count > most, || format!("has more than {most} {unit}"))
    }
}

fn no(wrong: bool, problem: impl FnOnce() -> String) -> Result<(), String> {
    if wrong { Err(problem()) } else { Ok(()) }
}

/// `pattern`, where it is one that can be read here. A pattern matches anywhere, as JSON Schema has it.
fn compiled(pattern: &str) -> Option<Regex> {
    // What it looks ahead for is told by the number beside it.
    let rest = pattern.strip_prefix(DECIMAL);
    let pattern = rest.map_or_else(|| pattern.to_owned(), |rest| format!("^{rest}"));
    let small = pattern.len() <= LONGEST_PATTERN;
    let mut builder = RegexBuilder::new(&pattern);
    builder.size_limit(LARGEST_PATTERN);
    small.then(|| builder.build().ok()).flatten()
}

/// `text` as a number: digits may have `_` between them.
fn read_number(text: &str) -> Option<Number> {
    let text = text.trim().replace('_', "");
    if let Ok(whole) = text.parse::<i128>() {
        return Number::from_i128(whole).or_else(|| Number::from_f64(text.parse().ok()?));
    }
    Number::from_f64(text.parse().ok()?)
}

fn is_multiple(number: &Number, step: &Number) -> bool {
    if let (Some(number), Some(step)) = (number.as_i128(), step.as_i128()) {
        return step == 0 || number % step == 0;
    }
    let (Some(number), Some(step)) = (number.as_f64(), step.as_f64()) else {
        return true;
    };
    let ratio = number / step;
    // 0.3 is a multiple of 0.1, and no float says so.
    !ratio.is_finite() || (ratio - ratio.round()).abs() <= 1e-9 * ratio.abs().max(1.0)
}

/// Checks whether pydantic reads `value` as a boolean.
fn is_boolean(value: &Value) -> bool {
    let words = [
        "0", "1", "f", "false", "n", "no", "off", "on", "t", "true", "y", "yes",
    ];
    match value {
        Value::Bool(_) => true,
        Value::Number(number) => ["0", "0.0", "1", "1.0"].contains(&number.to_string().as_str()),
        Value::String(text) => words.contains(&text.to_ascii_lowercase().as_str()),
        _ => false,
    }
}

/// The first of `values`.
fn listed(values: &[Value]) -> String {
    let first: Vec<_> = values.iter().take(20).map(text).collect();
    let more = if values.len() > first.len() {
        ", ..."
    } else {
        ""
    };
    first.join(", ") + more
}
