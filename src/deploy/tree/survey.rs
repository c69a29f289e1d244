//! The look at a directory that comes before everything else. Changes nothing.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::error::{Obstacle, Reason, TreeError};
use super::orphans::{self, Orphan};
use super::target::{self, Target};
use crate::deploy::file::File;

/// A directory, seen from the files that belong there.
pub(super) struct Survey<'a> {
    /// The directory, with all links followed; as it was given where it is not there yet.
    pub(super) root: PathBuf,
    /// Each file with its place, in the order of the paths.
    pub(super) files: Vec<(&'a File, Target)>,
    /// Obstacles, in the order of the paths.
    pub(super) obstacles: Vec<Obstacle>,
    /// Marked files that are no longer rendered, in the order of their paths.
    pub(super) orphans: Vec<Orphan>,
}

impl<'a> Survey<'a> {
    /// Looks at `dir`.
    ///
    /// # Errors
    /// Only of the directory as a whole: its parent is missing, or it is something else.
    pub(super) fn of(dir: &Path, files: &'a [File]) -> Result<Self, TreeError> {
        let root = root(dir)?;
        let mut survey = Self {
            root: root.clone().unwrap_or_else(|| dir.to_path_buf()),
            files: Vec::new(),
            obstacles: Vec::new(),
            orphans: Vec::new(),
        };
        let mut ordered: Vec<&File> = files.iter().collect();
        // In this order a file comes before those that take it for a folder.
        ordered.sort_by(|a, b| a.path.cmp(&b.path));
        let mut taken = BTreeSet::new();
        for file in ordered {
            let path = &file.path;
            let found = if !target::is_below(path) {
                Err(Reason::Path)
            } else if !taken.insert(path.as_str()) || folders(path).any(|one| taken.contains(one)) {
                Err(Reason::Twice)
            } else if let Some(root) = &root {
                target::locate(root, path)
            } else {
                Ok(Target {
                    real: dir.join(path),
                    found: None,
                })
            };
            match found {
                Ok(target) => survey.files.push((file, target)),
                Err(reason) => survey.obstacles.push(Obstacle {
                    path: path.clone(),
                    reason,
                }),
            }
        }
        if let Some(root) = &root {
            let kept = survey.files.iter().map(|(_, target)| target.real.as_path());
            survey.orphans = orphans::find(root, files, &kept.collect());
        }
        Ok(survey)
    }
}

/// `dir` with all links followed; none where it is not there and can be made.
fn root(dir: &Path) -> Result<Option<PathBuf>, TreeError> {
    let not_a_directory = || TreeError::NotADirectory(dir.to_path_buf());
    match fs::canonicalize(dir) {
        Ok(root) if root.is_dir() => return Ok(Some(root)),
        Ok(_) => return Err(not_a_directory()),
        Err(_) if fs::symlink_metadata(dir).is_ok() => return Err(not_a_directory()),
        Err(_) => {}
    }
    let parent = match dir.parent() {
        Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
        Some(parent) => parent,
        None => return Err(not_a_directory()),
    };
    if parent.is_dir() {
        return Ok(None);
    }
    Err(TreeError::Parent {
        dir: dir.to_path_buf(),
        parent: parent.to_path_buf(),
    })
}

/// The folders that `path` lies in: `a` and `a/b` for `a/b/c`.
fn folders(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(at, _)| &path[..at])
}
