//! TOML text to a tree of values and the position of each.
//!
//! The meaning of the values is not known here.

use serde_json::{Map, Number, Value};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::report::{Position, Report};
use crate::schema::refusal::Path;

/// The tree of `text`, the positions of its keys put into `report`; none of invalid TOML, all
/// faults of the syntax in `report`.
pub(super) fn parse(text: &str, report: &mut Report) -> Option<Value> {
    let (table, errors) = DeTable::parse_recoverable(text);
    if errors.is_empty() {
        let lines = Lines::of(text);
        return Some(Value::Object(object(
            table.get_ref(),
            &mut Vec::new(),
            &lines,
            report,
        )));
    }
    let lines = Lines::of(text);
    let mut last = None;
    for error in errors {
        let (line, column) = lines.position(error.span().map_or(text.len(), |span| span.start));
        // What follows on the same line is mostly the same mistake.
        if last.replace(line) != Some(line) {
            let message = error.message();
            report.refuse_at((line, column), &format!("invalid TOML: {message}"), "");
        }
    }
    None
}

fn object(
    table: &DeTable<'_>,
    path: &mut Path,
    lines: &Lines<'_>,
    report: &mut Report,
) -> Map<String, Value> {
    let mut out = Map::new();
    for (key, value) in table {
        path.push(key.get_ref().to_string());
        report.place(path.clone(), lines.position(key.span().start));
        if let Some(value) = node(value, path, lines, report) {
            out.insert(key.get_ref().to_string(), value);
        }
        path.pop();
    }
    out
}

/// The value, and none for what JSON has no word for.
fn node(
    value: &Spanned<DeValue<'_>>,
    path: &mut Path,
    lines: &Lines<'_>,
    report: &mut Report,
) -> Option<Value> {
    match value.get_ref() {
        DeValue::String(text) => Some(Value::from(text.as_ref())),
        DeValue::Boolean(value) => Some(Value::Bool(*value)),
        DeValue::Integer(digits) => {
            let number = i64::from_str_radix(digits.as_str(), digits.radix());
            refusing(
                number.ok().map(Value::from),
                path,
                "is a number out of range",
                report,
            )
        }
        DeValue::Float(digits) => {
            let number = digits.as_str().parse().ok().and_then(Number::from_f64);
            refusing(
                number.map(Value::Number),
                path,
                "is not a finite number",
                report,
            )
        }
        DeValue::Datetime(_) => refusing(None, path, "is a date", report),
        DeValue::Array(items) => {
            // Without one of its entries, a list would count the others wrongly.
            let mut out = Some(Vec::new());
            for (at, item) in items.iter().enumerate() {
                path.push(format!("[{at}]"));
                report.place(path.clone(), lines.position(item.span().start));
                match (node(item, path, lines, report), &mut out) {
                    (Some(item), Some(list)) => list.push(item),
                    _ => out = None,
                }
                path.pop();
            }
            out.map(Value::Array)
        }
        DeValue::Table(table) => Some(Value::Object(object(table, path, lines, report))),
    }
}

fn refusing(
    value: Option<Value>,
    path: &Path,
    problem: &str,
    report: &mut Report,
) -> Option<Value> {
    if value.is_none() {
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let remedy = "put it into quotes, if it is meant as text";
        report.invalid(&path, problem, remedy);
    }
    value
}

/// Beginnings of the lines of a text.
struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
    /// Characters before each [`BLOCK`] of bytes: a line may be as long as the file.
    characters: Vec<usize>,
}

/// Bytes whose characters are counted for each position.
const BLOCK: usize = 1024;

/// Characters that begin in `bytes`, a part of UTF-8.
fn characters(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte & 0xc0 != 0x80).count()
}

impl<'a> Lines<'a> {
    fn of(text: &'a str) -> Self {
        let breaks = text.match_indices('\n').map(|(at, _)| at + 1);
        let mut before = 0;
        let blocks = text.as_bytes().chunks(BLOCK).map(|block| {
            before += characters(block);
            before
        });
        Self {
            text,
            starts: std::iter::once(0).chain(breaks).collect(),
            characters: std::iter::once(0).chain(blocks).collect(),
        }
    }

    /// Characters before the byte at `offset`.
    fn before(&self, offset: usize) -> usize {
        let block = offset / BLOCK;
        let rest = self.text.as_bytes().get(block * BLOCK..offset);
        self.characters.get(block).copied().unwrap_or_default() + rest.map_or(0, characters)
    }

    /// Line and column, from 1, of the byte at `offset`.
    fn position(&self, offset: usize) -> Position {
        let line = self.starts.partition_point(|start| *start <= offset).max(1);
        let start = self.before(self.starts[line - 1]);
        (line, self.before(offset).saturating_sub(start) + 1)
    }
}

#[cfg(test)]
mod tests;
