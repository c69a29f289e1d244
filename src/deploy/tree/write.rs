//! `--out DIR`: files to a directory.

use std::fmt;
use std::fs;
use std::path::Path;

use serde::Serialize;

use super::error::{Obstacle, Reason, TreeError};
use super::survey::Survey;
use crate::deploy::disk::{Batch, WriteError, failed};
use crate::deploy::file::{File, is_marked};

/// Outcome of a write. Paths are relative to the directory, and in order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Written {
    /// Files that were not there.
    pub created: Vec<String>,
    /// Files whose content was different.
    pub changed: Vec<String>,
    /// Files that were up to date, and were left alone.
    pub unchanged: Vec<String>,
    /// Marked files that are no longer rendered, and were left alone.
    pub orphans: Vec<String>,
    /// Orphans that were deleted.
    pub pruned: Vec<String>,
}

/// A line for each file that was written, deleted or is an orphan, and a count.
impl fmt::Display for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (word, paths) in [
            ("created", &self.created),
            ("changed", &self.changed),
            ("deleted", &self.pruned),
        ] {
            for path in paths {
                writeln!(f, "{word} {path}")?;
            }
        }
        for path in &self.orphans {
            writeln!(
                f,
                "{path}: is no longer rendered; delete it, or let --prune do so"
            )?;
        }
        let written = self.created.len() + self.changed.len();
        writeln!(f, "{written} written, {} unchanged", self.unchanged.len())
    }
}

/// Writes `files` to `dir`, which is made where its parent exists.
///
/// Everything is checked before anything is written, and everything is written under temporary
/// names before anything is replaced. Files that already say the same keep their time. With
/// `prune`, orphans are deleted, and the folders that are empty then.
///
/// # Errors
/// [`TreeError`], with every file in the way at once.
pub fn write(dir: &Path, files: &[File], prune: bool) -> Result<Written, TreeError> {
    let survey = Survey::of(dir, files)?;
    refuse(dir, &survey)?;
    let mut written = Written::default();
    let mut batch = Batch::default();
    batch.make_folder(&survey.root)?;
    for (file, target) in &survey.files {
        let list = match &target.found {
            Some(text) if *text == file.text => {
                written.unchanged.push(file.path.clone());
                continue;
            }
            Some(_) => &mut written.changed,
            None => &mut written.created,
        };
        target
            .real
            .parent()
            .map_or(Ok(()), |folder| batch.make_folder(folder))?;
        batch.replace(&target.real, file.text.as_bytes())?;
        list.push(file.path.clone());
    }
    batch.commit()?;
    // Only now: a write that fails has deleted nothing.
    for orphan in &survey.orphans {
        if prune {
            fs::remove_file(&orphan.real).map_err(|reason| WriteError {
                in_place: true,
                ..failed("delete", &orphan.real)(reason)
            })?;
            remove_empty(&survey.root, &orphan.real);
            written.pruned.push(orphan.path.clone());
        } else {
            written.orphans.push(orphan.path.clone());
        }
    }
    Ok(written)
}

/// All that stands in the way, at once.
fn refuse(dir: &Path, survey: &Survey<'_>) -> Result<(), TreeError> {
    let is_foreign = |text: &String| !is_marked(text);
    let files = survey.files.iter();
    let foreign = files.filter(|(_, target)| target.found.as_ref().is_some_and(is_foreign));
    let foreign = foreign.map(|(file, _)| Obstacle {
        path: file.path.clone(),
        reason: Reason::Foreign,
    });
    let mut obstacles: Vec<_> = survey.obstacles.iter().cloned().chain(foreign).collect();
    if obstacles.is_empty() {
        return Ok(());
    }
    obstacles.sort_by(|a, b| a.path.cmp(&b.path));
    Err(TreeError::Obstacles {
        dir: dir.to_path_buf(),
        obstacles,
    })
}

/// Removes the folders around `path` that are empty, up to the root.
fn remove_empty(root: &Path, path: &Path) {
    let folders = path.ancestors().skip(1);
    for folder in folders.take_while(|folder| *folder != root && folder.starts_with(root)) {
        if fs::remove_dir(folder).is_err() {
            return;
        }
    }
}
