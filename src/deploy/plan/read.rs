//! The text of `deploy.toml`, or of `service.toml`, to its typed form, all faults at once.
//!
//! As the loader of the settings does it: serde builds the value, and whatever it refuses is noted,
//! taken out so that its default holds, and serde goes again.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::Segment;

use super::report::{Path, Report, is_plain};
use super::tree;
use crate::schema::{self, FaultKind, Faults};

/// What `text` says, and a report that already has the faults of single values.
///
/// # Errors
/// The faults of the syntax: where it is no TOML, nothing else can be said of it.
pub(crate) fn read<T: DeserializeOwned + Default>(
    file: &str,
    text: &str,
) -> Result<(T, Report), Faults> {
    let mut report = Report::of(file);
    let Some(mut tree) = tree::parse(schema::without_mark(text), &mut report) else {
        report.finish(false)?;
        return Ok((T::default(), Report::of(file)));
    };
    let mut taken = Taken::default();
    // Each round takes something out of the tree, so this ends.
    while !report.is_full() {
        let error = match serde_path_to_error::deserialize::<_, T>(&tree) {
            Ok(file) => return Ok((file, report)),
            Err(error) => error,
        };
        let path = path(&error);
        let message = error.into_inner().to_string();
        let Some(given) = taken.remove(&mut tree, &path) else {
            // Nothing is required, so this is a mistake in the types, not in the file.
            report.refuse(FaultKind::Invalid, &[], "cannot be read", "");
            return Ok((T::default(), report));
        };
        let written = taken.as_written(&path);
        let written: Vec<&str> = written.iter().map(String::as_str).collect();
        let (problem, remedy) = in_words(&written, &given, &message);
        report.refuse(FaultKind::Invalid, &written, problem, remedy);
    }
    Ok((T::default(), report))
}

/// The keys that lead to what was refused.
fn path(error: &serde_path_to_error::Error<serde_json::Error>) -> Path {
    error
        .path()
        .iter()
        .map_while(|segment| match segment {
            Segment::Map { key } => Some(key.clone()),
            Segment::Seq { index } => Some(format!("[{index}]")),
            Segment::Enum { .. } | Segment::Unknown => None,
        })
        .collect()
}

/// Entries that were taken out of lists: those behind them have moved up since.
#[derive(Default)]
struct Taken(BTreeMap<Path, Vec<usize>>);

impl Taken {
    /// Takes what is at `path` out of `tree`.
    fn remove(&mut self, tree: &mut Value, path: &[String]) -> Option<Value> {
        let (last, parents) = path.split_last()?;
        let parent = parents
            .iter()
            .try_fold(tree, |node, key| match index(key) {
                Some(at) if node.is_array() => node.get_mut(at),
                _ => node.get_mut(key.as_str()),
            })?;
        match parent {
            Value::Object(map) => map.shift_remove(last),
            Value::Array(items) => {
                let at = index(last).filter(|at| *at < items.len())?;
                let given = items.remove(at);
                let original = self.original(parents, at);
                self.0.entry(parents.to_vec()).or_default().push(original);
                Some(given)
            }
            _ => None,
        }
    }

    /// The `path` of what was just removed, as it was in the file.
    fn as_written(&self, path: &[String]) -> Path {
        let mut path = path.to_vec();
        if let Some((last, parents)) = path.split_last_mut()
            && let Some(original) = self.0.get(&*parents).and_then(|taken| taken.last())
        {
            *last = format!("[{original}]");
        }
        path
    }

    /// Where the entry that is now at `at` was in the file.
    fn original(&self, list: &[String], at: usize) -> usize {
        let mut taken = self.0.get(list).cloned().unwrap_or_default();
        taken.sort_unstable();
        taken
            .into_iter()
            .fold(at, |at, gone| if gone <= at { at + 1 } else { at })
    }
}

fn index(key: &str) -> Option<usize> {
    key.strip_prefix('[')?.strip_suffix(']')?.parse().ok()
}

/// What serde refused, as problem and remedy. Its own words quote values, and anybody may have
/// written a password anywhere, so those are never passed on.
fn in_words(path: &[&str], given: &Value, message: &str) -> (String, String) {
    let (first, expected) = message.rsplit_once(", expected ").unwrap_or((message, ""));
    let key = path.last().copied().unwrap_or_default();
    if first.starts_with("unknown field ") {
        return ("is not known here".to_owned(), meant(key, expected));
    }
    if first.starts_with("unknown variant ") {
        let given = given.as_str().unwrap_or_default();
        let problem = if is_plain(given) {
            format!("is {given:?}, which does not exist")
        } else {
            "does not exist".to_owned()
        };
        return (problem, meant(given, expected));
    }
    if first.starts_with("invalid type: ") || first.starts_with("invalid value: ") {
        let expected = type_name(path, expected);
        let problem = format!("is {}, and must be {expected}", kind(given));
        return (problem, String::new());
    }
    match message.rsplit_once("; ") {
        Some((problem, remedy)) => (spoken(problem), remedy.to_owned()),
        None => (spoken(message), String::new()),
    }
}

/// A number out of range is the one refusal that begins with the value itself.
fn spoken(problem: &str) -> String {
    match problem.split_once(" is out of range") {
        Some((number, _)) => format!("is {number}, which is out of range"),
        None => problem.to_owned(),
    }
}

/// The name that was meant, and all that there are; `expected` holds them between back quotes.
fn meant(name: &str, expected: &str) -> String {
    let known: Vec<&str> = expected.split('`').skip(1).step_by(2).collect();
    remedy(name, &known)
}

/// "Did you mean", and what there is.
pub(super) fn remedy(name: &str, known: &[&str]) -> String {
    if known.is_empty() {
        return "take it out".to_owned();
    }
    let all = known.join(", ");
    match schema::nearest(name, known.iter().copied()) {
        Some(near) => format!("did you mean {near}? There are {all}"),
        None => format!("there are {all}"),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Number(number) if number.is_f64() => "a number with a fraction",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a table",
    }
}

/// What serde expected, in the words of TOML.
fn type_name(path: &[&str], expected: &str) -> &'static str {
    match expected {
        "a string" => "text in quotes",
        "a sequence" => "a list",
        "i64" | "u32" => "a whole number",
        "a boolean" => "true or false",
        "string or map" if path.contains(&"components") => "the name of a component",
        "string or map" => "one of the words that there are",
        _ => "a table",
    }
}

#[cfg(test)]
mod tests;
