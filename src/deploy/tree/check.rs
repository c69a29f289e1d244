//! `--check DIR`: how a directory differs from what would be written. Writes nothing.

use std::fmt;
use std::fs;
use std::path::Path;

use serde::Serialize;
use similar::TextDiff;

use super::error::TreeError;
use super::hide;
use super::survey::Survey;
use crate::deploy::file::{File, is_marked};

/// Kind of a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// It is not there.
    Missing,
    /// It says something else.
    Changed,
    /// It is there, and no longer rendered.
    Orphaned,
    /// Something else is in its place, or it cannot be read.
    Blocked,
}

/// One file that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Relative to the directory.
    pub path: String,
    /// Its kind.
    pub kind: ChangeKind,
    /// The obstacle, or a remark for people; empty where the diff says all.
    pub note: String,
    /// From what is there (`a/`) to what is rendered (`b/`), as `patch -p1` reads it. Values that
    /// only the operator knows are left out. Empty where the file is blocked.
    pub diff: String,
}

/// Every difference, in the order of the paths; none where the directory is up to date.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Drift(Vec<Change>);

impl std::ops::Deref for Drift {
    type Target = [Change];

    fn deref(&self) -> &[Change] {
        &self.0
    }
}

impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for change in &self.0 {
            if !change.note.is_empty() {
                writeln!(f, "{}", change.note)?;
            }
            f.write_str(&change.diff)?;
        }
        Ok(())
    }
}

/// Compares `dir` with `files`. A directory that is not there yet lacks all of them.
///
/// # Errors
/// [`TreeError`] of the directory as a whole: its parent is missing, or it is something else. What
/// is wrong with one file is a [`Change`].
pub fn check(dir: &Path, files: &[File]) -> Result<Drift, TreeError> {
    let survey = Survey::of(dir, files)?;
    let blocked = survey.obstacles.iter().map(|obstacle| Change {
        path: obstacle.path.clone(),
        kind: ChangeKind::Blocked,
        note: obstacle.to_string(),
        diff: String::new(),
    });
    let differing = survey.files.iter().filter_map(|(file, target)| {
        let Some(there) = &target.found else {
            return Some(Change {
                path: file.path.clone(),
                kind: ChangeKind::Missing,
                note: String::new(),
                diff: diff("", &file.text, "/dev/null", &format!("b/{}", file.path)),
            });
        };
        (*there != file.text).then(|| changed(file, there))
    });
    let orphaned = survey.orphans.iter().map(|orphan| {
        // An orphan may have been filled in as well: its secrets are hidden like those of a changed file.
        let bytes = fs::read(&orphan.real).unwrap_or_default();
        let there = hide::secrets(&orphan.path, &String::from_utf8_lossy(&bytes), "");
        Change {
            path: orphan.path.clone(),
            kind: ChangeKind::Orphaned,
            note: format!("{}: is no longer rendered", orphan.path),
            diff: diff(&there, "", &format!("a/{}", orphan.path), "/dev/null"),
        }
    });
    let mut changes: Vec<Change> = blocked.chain(differing).chain(orphaned).collect();
    changes.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(Drift(changes))
}

fn changed(file: &File, there: &str) -> Change {
    let path = &file.path;
    let note = if is_marked(there) {
        String::new()
    } else {
        format!("{path}: carries no mark of a generated file, and would not be overwritten")
    };
    let there = hide::secrets(path, there, &file.text);
    let (old, new) = (format!("a/{path}"), format!("b/{path}"));
    Change {
        path: path.clone(),
        kind: ChangeKind::Changed,
        note,
        diff: diff(&there, &file.text, &old, &new),
    }
}

fn diff(old: &str, new: &str, old_name: &str, new_name: &str) -> String {
    TextDiff::from_lines(old, new)
        .unified_diff()
        .context_radius(3)
        .header(old_name, new_name)
        .to_string()
}
