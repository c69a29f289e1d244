//! `--check PATH`: whether an image on disk is what would be written, and which part is not.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use serde_json::Value;

use super::error::DiskError;
use super::found::{Found, beside, document};
use crate::deploy::oci::entry::Entry;
use crate::deploy::oci::format::{Main, Output, unarchived};
use crate::deploy::oci::read::layout::{Image, Layout};
use crate::deploy::oci::rendered::Files;

/// One thing that is not as it would be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The part: `the program layer of linux/amd64`.
    pub part: String,
    /// The difference.
    pub how: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.part, self.how)
    }
}

impl Difference {
    fn new(part: impl Into<String>, how: impl Into<String>) -> Self {
        Self {
            part: part.into(),
            how: how.into(),
        }
    }
}

/// Compares what is at `path`, links followed, with `output`; empty where it is the same.
///
/// # Errors
/// [`DiskError`] where it cannot be read.
pub fn check(path: &Path, output: &Output) -> Result<Vec<Difference>, DiskError> {
    let differs = |how: &str| vec![Difference::new(path.display().to_string(), how)];
    let mut all = match (Found::at(path), &output.main) {
        // For a check, foreign content is a difference, not an error.
        (Err(error @ (DiskError::Mixed { .. } | DiskError::Foreign(_))), _) => {
            return Ok(differs(&error.to_string()));
        }
        (Err(error), _) => return Err(error),
        (Ok(found), _) if found.is_empty() => differs("is not there, or empty"),
        (Ok(Found::Folder(there)), Main::Folder(files)) => compare(&there, files, output),
        (Ok(Found::File(there)), Main::File(_, bytes)) if there == *bytes => Vec::new(),
        (Ok(Found::File(there)), Main::File(files, _)) => match unarchived(&there) {
            Some(there) if there == *files => differs("holds the same files, packed otherwise"),
            Some(there) => compare(&there, files, output),
            None => differs("is not an archive"),
        },
        (Ok(Found::Folder(_)), _) => differs("is a folder, and would be a file"),
        (Ok(_), _) => differs("is a file, and would be a folder"),
    };
    for (ending, bytes) in &output.beside {
        let at = beside(path, ending);
        let how = match document(&at) {
            Ok(Some(there)) if there == *bytes => continue,
            Ok(Some(_)) => "differs".to_owned(),
            Ok(None) => "is not there".to_owned(),
            Err(error) => error.to_string(),
        };
        all.push(Difference::new(at.display().to_string(), how));
    }
    Ok(all)
}

/// Differences between `there` and `wanted`, by the names of the parts, innermost first.
fn compare(there: &Files, wanted: &Files, output: &Output) -> Vec<Difference> {
    if there == wanted {
        return Vec::new();
    }
    let mut all = match (Layout::of_files(there), Layout::of_files(wanted)) {
        (Ok(there), Ok(wanted)) => inside(&there, &wanted),
        (Err(error), Ok(_)) => vec![Difference::new("the layout", error.to_string())],
        // A docker-archive is not a layout; its parts are compared by path below.
        _ => Vec::new(),
    };
    let mut named: BTreeMap<&str, &str> = BTreeMap::new();
    for (path, name) in &output.parts {
        named.entry(path).or_insert(name);
    }
    for (path, bytes) in wanted {
        if there.get(path) == Some(bytes) {
            continue;
        }
        let part = named.get(path.as_str()).copied().unwrap_or(path);
        // Already reported in detail above.
        if all.iter().any(|difference| difference.part == part) {
            continue;
        }
        let how = if there.contains_key(path) || part != path {
            "differs"
        } else {
            "is not there"
        };
        all.push(Difference::new(part, how));
    }
    let other = there.keys().filter(|path| !wanted.contains_key(*path));
    let blobs = all.is_empty();
    all.extend(
        other
            .filter(|path| blobs || !path.contains("blobs/"))
            .map(|path| Difference::new(path, "would not be written")),
    );
    all
}

/// Differences within configurations and layers, image by image.
fn inside(there: &Layout, wanted: &Layout) -> Vec<Difference> {
    let mut all = Vec::new();
    for wanted in &wanted.images {
        let of = format!("of linux/{}", wanted.architecture());
        let same = |image: &&Image| image.architecture() == wanted.architecture();
        let Some(there) = there.images.iter().find(same) else {
            all.push(Difference::new(format!("the image {of}"), "is not there"));
            continue;
        };
        let mut differing = |part: String, paths: &[String]| {
            if !paths.is_empty() {
                let how = format!("differs in {}", paths.join(", "));
                all.push(Difference::new(part, how));
            }
        };
        for (at, layer) in wanted.layers.iter().enumerate() {
            let name = if at == 0 { "base" } else { "program" };
            let entries = there.layers.get(at).map(|layer| layer.entries.as_slice());
            let paths = differing_entries(entries.unwrap_or_default(), &layer.entries);
            differing(format!("the {name} layer {of}"), &paths);
        }
        let mut members = Vec::new();
        differing_members(&there.config_json, &wanted.config_json, "", &mut members);
        differing(format!("the configuration {of}"), &members);
    }
    all
}

/// Paths whose entries are not the same on both sides.
fn differing_entries(there: &[Entry], wanted: &[Entry]) -> Vec<String> {
    let only = |of: &[Entry], other: &[Entry]| -> Vec<String> {
        let only = of.iter().filter(|entry| !other.contains(entry));
        only.map(|entry| format!("/{}", entry.path)).collect()
    };
    let mut paths = only(there, wanted);
    paths.extend(only(wanted, there));
    paths.sort();
    paths.dedup();
    paths
}

/// Paths of members that are not the same on both sides, as RFC 6901 writes them.
fn differing_members(there: &Value, wanted: &Value, at: &str, out: &mut Vec<String>) {
    match (there, wanted) {
        (Value::Object(a), Value::Object(b)) => {
            let mut keys: Vec<&String> = a.keys().chain(b.keys()).collect();
            keys.sort();
            keys.dedup();
            for key in keys {
                let of = |side: &serde_json::Map<String, Value>| {
                    side.get(key).cloned().unwrap_or_default()
                };
                differing_members(&of(a), &of(b), &format!("{at}/{key}"), out);
            }
        }
        (a, b) if a != b => out.push(at.to_owned()),
        _ => {}
    }
}
