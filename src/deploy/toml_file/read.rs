//! The text of a file to its typed form, all faults at once.

use std::collections::{BTreeMap, BTreeSet};

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::report::{Report, is_plain};
use super::syntax;
use crate::schema::refusal::{self, Path};
use crate::schema::{self, Faults};

/// The value of `text`, and a report that already has the faults of single values.
///
/// # Errors
/// The faults of the syntax: nothing else can be said of invalid TOML.
pub(crate) fn read<T: DeserializeOwned + Default>(
    file: &str,
    text: &str,
) -> Result<(T, Report), Faults> {
    let mut report = Report::of(file);
    let Some(mut tree) = syntax::parse(schema::without_mark(text), &mut report) else {
        report.finish(false)?;
        return Ok((T::default(), Report::of(file)));
    };
    let mut removed = Removed::default();
    let value = refusal::build(&mut tree, |tree, refusal| {
        let Some((given, path)) = removed.remove(tree, &refusal.path) else {
            // Nothing is required, so this is a mistake in the types, not in the file.
            report.invalid(&[], "cannot be read", "");
            return None;
        };
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let (problem, remedy) = in_words(&path, &given, &refusal.message);
        report.invalid(&path, problem, remedy);
        (!report.is_full()).then_some(())
    });
    Ok((value.unwrap_or_default(), report))
}

/// Positions of entries that were removed from lists, by the path of the list in the file: those
/// behind them have moved up since.
#[derive(Default)]
struct Removed(BTreeMap<Path, BTreeSet<usize>>);

impl Removed {
    /// Removes the value at `path` from `tree`; gives it and its path in the file.
    fn remove(&mut self, tree: &mut Value, path: &[String]) -> Option<(Value, Path)> {
        let written = self.in_file(path);
        let (_, parents) = path.split_last()?;
        let is_list = refusal::get_mut(tree, parents)?.is_array();
        let given = refusal::remove(tree, path)?;
        if let Some((last, list)) = written.split_last()
            && let Some(at) = refusal::index(last).filter(|_| is_list)
        {
            self.0.entry(list.to_vec()).or_default().insert(at);
        }
        Some((given, written))
    }

    /// The path in the file of the value at `path` of the tree.
    fn in_file(&self, path: &[String]) -> Path {
        let mut written = Path::new();
        for key in path {
            let removed = self.0.get(&written).zip(refusal::index(key));
            let moved = removed.map(|(removed, at)| {
                let back = |at, gone: &usize| if *gone <= at { at + 1 } else { at };
                format!("[{}]", removed.iter().fold(at, back))
            });
            written.push(moved.unwrap_or_else(|| key.clone()));
        }
        written
    }
}

/// A refusal of serde, as problem and remedy. Its own words quote values, and a password may
/// stand anywhere, so those are never passed on.
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

/// The known name that was meant by `name`, and all of them.
pub(crate) fn remedy(name: &str, known: &[&str]) -> String {
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

/// The type that serde expected, in the words of TOML.
fn type_name(path: &[&str], expected: &str) -> &'static str {
    match expected {
        "a string" => "text in quotes",
        "a sequence" => "a list",
        "i64" | "u32" => "a whole number",
        "a boolean" => "true or false",
        // The words of serde_json for an enum, whose variants may hold values.
        "string or map" if path.contains(&"components") => "the name of a component",
        "string or map" => "one of the words that there are",
        _ => "a table",
    }
}
