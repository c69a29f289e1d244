//! How settings look in print, for people and for scripts. No I/O.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::schema::{Entry, Kind, REDACTED, Setting, Shown};

/// What stands for a value that is not there.
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
    match shown {
        Shown::Value(Value::String(text)) => text.clone(),
        Shown::Value(Value::Array(items)) if items.is_empty() => "[empty]".to_owned(),
        Shown::Value(Value::Array(items)) => {
            let items = items
                .iter()
                .map(|item| item.as_str().map_or(item.to_string(), str::to_owned));
            items.collect::<Vec<_>>().join(",")
        }
        Shown::Value(other) => other.to_string(),
        Shown::Redacted => REDACTED.to_owned(),
        Shown::NotSet => NOT_SET.to_owned(),
    }
}

/// The same as a list of objects; a value that is not set is null.
pub(super) fn entries_json(entries: &[Entry]) -> Value {
    let entries = entries.iter().map(|entry| {
        let value = match &entry.shown {
            Shown::Value(value) => value.clone(),
            Shown::Redacted => REDACTED.into(),
            Shown::NotSet => Value::Null,
        };
        json!({ "name": entry.name, "value": value, "origin": entry.origin.to_string() })
    });
    entries.collect()
}

/// All there is to say about one setting.
pub(super) fn setting(setting: &Setting) -> String {
    let mut text = format!("{}\n", setting.name);
    for line in setting.docs.lines() {
        let _ = writeln!(text, "{}", format!("    {line}").trim_end());
    }
    text.push('\n');
    let mut row = |label: &str, value: String| {
        let _ = writeln!(text, "    {label:<9} {value}");
    };
    row("type", kind(&setting.kind));
    if setting.variants.is_empty() {
        if let Some(allowed) = setting.allowed() {
            row("allowed", allowed);
        }
    } else {
        for (at, variant) in setting.variants.iter().enumerate() {
            let label = if at == 0 { "allowed" } else { "" };
            let docs = variant
                .docs
                .split_whitespace()
                .collect::<Vec<_>>()
                .join(" ");
            let gap = if docs.is_empty() { "" } else { ": " };
            row(label, format!("{}{gap}{docs}", variant.value));
        }
    }
    row("default", default(setting));
    row("required", required(setting));
    if let Some(file) = setting.file_variable() {
        row(
            "secret",
            format!("yes; {file} may name a file that holds it"),
        );
    } else {
        row("secret", "no".to_owned());
    }
    if let Some(example) = setting.example_text() {
        row("example", example);
    }
    if setting.deprecated {
        row("status", "deprecated".to_owned());
    }
    text
}

fn kind(kind: &Kind) -> String {
    match kind {
        Kind::String => "text".to_owned(),
        Kind::Integer => "whole number".to_owned(),
        Kind::Number => "number".to_owned(),
        Kind::Boolean => "boolean".to_owned(),
        Kind::Enum => "one of the values below".to_owned(),
        Kind::List(_) => "list, separated by commas".to_owned(),
    }
}

fn default(setting: &Setting) -> String {
    match setting.default_text() {
        Some(text) if text.is_empty() => "[empty]".to_owned(),
        Some(text) => text,
        None => "[none]".to_owned(),
    }
}

fn required(setting: &Setting) -> String {
    if setting.required {
        "yes".to_owned()
    } else if setting.required_in.is_empty() {
        "no".to_owned()
    } else {
        format!("in {}", setting.required_in.join(" and "))
    }
}

/// All there is to say about one setting, as an object.
pub(super) fn setting_json(setting: &Setting) -> Value {
    let kind = match &setting.kind {
        Kind::String => "string",
        Kind::Integer => "integer",
        Kind::Number => "number",
        Kind::Boolean => "boolean",
        Kind::Enum => "enum",
        Kind::List(_) => "list",
    };
    let variants = setting.variants.iter();
    let variants = variants.map(|one| json!({ "value": one.value, "docs": one.docs }));
    json!({
        "name": setting.name,
        "path": setting.path.join("."),
        "type": kind,
        "allowed": variants.collect::<Value>(),
        "minimum": setting.minimum,
        "maximum": setting.maximum,
        "format": setting.format,
        "default": setting.default,
        "example": setting.example,
        "required": setting.required,
        "required_in": setting.required_in,
        "secret": setting.secret,
        "file_variable": setting.file_variable(),
        "deprecated": setting.deprecated,
        "docs": setting.docs,
    })
}
