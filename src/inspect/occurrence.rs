//! Occurrences of a setting: file, line and object of each, whatever its value.
//!
//! Values are read only as far as names of variables may stand in them, and never kept.

use std::fmt;

use serde::Serialize;

use super::dotenv;
use super::input::{Inputs, is_dotenv};
use super::node::{Node, documents};
use super::report::{Finding, printable};
use crate::schema::Setting;

/// One line that gives a setting, or takes it from somewhere.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Occurrence {
    /// The file, as it was given or relative to the directory.
    pub file: String,
    /// The line, from 1.
    pub line: u64,
    /// `ConfigMap namespace/name`; empty where the file is not a manifest.
    pub object: String,
}

/// `file:line (object)`.
impl fmt::Display for Occurrence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", printable(&self.file), self.line)?;
        if self.object.is_empty() {
            return Ok(());
        }
        write!(f, " ({})", printable(&self.object))
    }
}

/// Every place of `inputs` that names `setting` or the file of it, by file and line; and what could
/// not be read.
#[must_use]
pub fn occurrences(setting: &Setting, inputs: &Inputs) -> (Vec<Occurrence>, Vec<Finding>) {
    let file_variable = setting.file_variable();
    let is_meant = |name: &str| name == setting.name || Some(name) == file_variable.as_deref();
    let mut occurrences = Vec::new();
    let mut findings = inputs.findings.clone();
    for input in &inputs.inputs {
        let mut add = |line, object: &str| {
            occurrences.push(Occurrence {
                file: input.file.clone(),
                line,
                object: object.to_owned(),
            });
        };
        if is_dotenv(&input.file) {
            let lines = dotenv::lines(&input.text, is_meant);
            lines.for_each(|line| add(line, ""));
            continue;
        }
        match documents(input) {
            Ok(documents) => {
                for document in documents {
                    look(&document.value, &is_meant, &mut add);
                }
            }
            Err(finding) => findings.push(*finding),
        }
    }
    occurrences.sort();
    occurrences.dedup();
    (occurrences, findings)
}

/// Looks at one document.
fn look(document: &Node, is_meant: &impl Fn(&str) -> bool, add: &mut impl FnMut(u64, &str)) {
    let kind = document.text("kind");
    // Compose files have no kind but `services`; documents of other programs hold no settings.
    if kind.is_empty() && document.get("services").is_none() {
        return;
    }
    let title = if kind.is_empty() {
        String::new()
    } else {
        document.title()
    };
    let mut lines = Vec::new();
    document.find(is_meant, &mut lines);
    for line in lines {
        add(line, &title);
    }
}

#[cfg(test)]
mod tests;
