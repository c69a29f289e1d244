//! Streams of YAML (or JSON, which is YAML) to objects. Errors name line and column, and nothing
//! of the text: it may be a secret.

use serde::Deserialize;
use serde_json::Value;
use serde_saphyr::Error;
use serde_saphyr::budget::BudgetBreach;

use super::input::Input;
use super::report::{Finding, FindingKind, Location};

/// Documents of a stream: each is a value by itself, and a stream of separators has no end of them.
const MAX_DOCUMENTS: usize = 1_024;

/// Deepest nesting; manifests need a tenth of it.
const MAX_DEPTH: usize = 100;

/// Bytes that anchors may repeat in all, and how often the shortest text may use them.
const REPEATED_BYTES: usize = 32 * 1024 * 1024;
const REPEATED: usize = 10_000;

/// Every object in `input`, those inside a `List` one by one.
///
/// # Errors
/// A [`Finding`] that names line and column, and nothing of the text: it may be a secret.
pub(crate) fn objects(input: &Input) -> Result<Vec<Value>, Box<Finding>> {
    let mut objects = Vec::new();
    for document in documents(input)? {
        flatten(document, &mut objects);
    }
    Ok(objects)
}

/// Every document in `input` as it stands.
///
/// # Errors
/// As for [`objects`].
pub(crate) fn documents<'a, T: Deserialize<'a>>(input: &'a Input) -> Result<Vec<T>, Box<Finding>> {
    let text = &input.text;
    // An alias is copied, and may be as long as the text: bound the product (billion laughs).
    let repeated = (REPEATED_BYTES / text.len().max(1)).min(REPEATED);
    let options = serde_saphyr::options! {
        with_snippet: false,
        budget: serde_saphyr::budget! {
            max_documents: MAX_DOCUMENTS,
            max_depth: MAX_DEPTH,
            max_aliases: 1_000,
            max_anchors: 1_000,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: repeated,
        },
    };
    let documents = serde_saphyr::from_multiple_with_options(text, options);
    documents.map_err(|error| Box::new(broken(&Location::new(&input.file, ""), &error)))
}

fn flatten(document: Value, objects: &mut Vec<Value>) {
    let kind = document.get("kind").and_then(Value::as_str);
    let list = kind.is_some_and(|kind| kind.ends_with("List"));
    match document {
        Value::Object(mut map) if list => {
            if let Some(Value::Array(items)) = map.remove("items") {
                // A ConfigMapList leaves out the kind of its items.
                let kind = map.get("kind").and_then(Value::as_str).unwrap_or_default();
                let kind = kind.strip_suffix("List").unwrap_or_default().to_owned();
                for mut item in items {
                    if let Some(item) = item.as_object_mut().filter(|_| !kind.is_empty()) {
                        item.entry("kind").or_insert_with(|| kind.clone().into());
                    }
                    flatten(item, objects);
                }
            }
        }
        Value::Array(items) => {
            for item in items {
                flatten(item, objects);
            }
        }
        other => objects.push(other),
    }
}

fn broken(at: &Location, error: &Error) -> Finding {
    let place = error.location().map_or_else(String::new, |location| {
        format!(" at line {}, column {}", location.line(), location.column())
    });
    let many = format!("has more than {MAX_DOCUMENTS} documents");
    let (kind, problem, remedy) = match error.without_snippet() {
        Error::Budget {
            breach: BudgetBreach::Documents { .. },
            ..
        } => (
            FindingKind::Unreadable,
            many.as_str(),
            "write them into several files",
        ),
        Error::Budget { .. } | Error::AliasReplayLimitExceeded { .. } => (
            FindingKind::Unreadable,
            "is nested too deeply or repeats too much of itself",
            "write it out, without anchors",
        ),
        Error::DuplicateMappingKey { .. } => (
            FindingKind::Duplicate,
            "has a key twice in one mapping",
            "keep one of the two",
        ),
        _ => (
            FindingKind::Unreadable,
            "is not valid YAML",
            "mend the indentation, quotes or brackets there",
        ),
    };
    at.finding(kind, "", format!("{problem}{place}"), remedy)
}

#[cfg(test)]
mod tests;
