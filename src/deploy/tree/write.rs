//! `--out DIR`: files to a directory.

use std::fmt;
use std::fs;
use std::path::Path;

use serde::Serialize;

use super::error::{Obstacle, TreeError};
use super::survey::Survey;
use crate::deploy::disk::Batch;
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
    for orphan in &survey.orphans {
        if prune {
            fs::remove_file(&orphan.real).map_err(|reason| TreeError::Io {
                what: "delete",
                path: orphan.real.clone(),
                reason,
                written: true,
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
    let obstacles = survey.obstacles.iter();
    let mut obstacles: Vec<(&str, Obstacle)> = obstacles
        .map(|(file, obstacle)| (file.path.as_str(), obstacle.clone()))
        .collect();
    for (file, target) in &survey.files {
        if target.found.as_deref().is_some_and(|text| !is_marked(text)) {
            obstacles.push((&file.path, Obstacle::Foreign(file.path.clone())));
        }
    }
    if obstacles.is_empty() {
        return Ok(());
    }
    obstacles.sort_by_key(|(path, _)| *path);
    Err(TreeError::Obstacles {
        dir: dir.to_path_buf(),
        obstacles: obstacles.into_iter().map(|(_, one)| one).collect(),
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
