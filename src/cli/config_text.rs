//! Values of settings in print, for people and for scripts. No I/O.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::schema::{Entry, REDACTED, Shown};

/// Stands for a missing value.
const NOT_SET: &str = "[not set]";

/// One line a setting: name, value, origin.
pub(super) fn entries(entries: &[Entry]) -> String {
    let values: Vec<_> = entries.iter().map(|entry| shown(&entry.shown)).collect();
    let names = entries
        .iter()
        .map(|entry| entry.name.len())
        .max()
        .unwrap_or(0);
    let width = values.iter().map(String::len).max().unwrap_or(0).min(40);
    let mut text = String::new();
    for (entry, value) in entries.iter().zip(values) {
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "{:names$}  {value:width$}  ({})",
            entry.name, entry.origin
        );
    }
    text
}

fn shown(shown: &Shown) -> String {
    match (shown, shown.text()) {
        (Shown::Value(Value::Array(items)), _) if items.is_empty() => "[empty]".to_owned(),
        (_, text) => text.unwrap_or_else(|| NOT_SET.to_owned()),
    }
}

/// Value and origin of one.
pub(super) fn value(entry: &Entry) -> String {
    format!("{} ({})", shown(&entry.shown), entry.origin)
}

/// The same as a list of objects; a value that is not set is null.
pub(super) fn entries_json(entries: &[Entry]) -> Value {
    entries.iter().map(entry_json).collect()
}

/// One of them.
pub(super) fn entry_json(entry: &Entry) -> Value {
    let value = match &entry.shown {
        Shown::Value(value) => value.clone(),
        Shown::Redacted => REDACTED.into(),
        Shown::NotSet => Value::Null,
    };
    json!({ "name": entry.name, "value": value, "origin": entry.origin.to_string() })
}
