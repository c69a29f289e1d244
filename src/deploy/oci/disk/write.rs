//! `--out PATH`: an image to a file or a folder, its SBOMs beside it.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use super::error::DiskError;
use super::found::{Found, beside, document};
use crate::deploy::disk::Batch;
use crate::deploy::oci::format::{Main, Output};
use crate::deploy::oci::sbom;

/// The outcome for one path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It was not there.
    Created,
    /// It was there and is another now.
    Replaced,
    /// It was there as it is now, and was not touched.
    Unchanged,
}

/// Paths and their outcomes: the image first, then its SBOMs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written(pub Vec<(PathBuf, State)>);

/// Writes `output` to `path`; all of it, or nothing.
///
/// # Errors
/// [`DiskError`]; then everything is as it was, but for an old one that could not be removed.
pub fn write(path: &Path, output: &Output) -> Result<Written, DiskError> {
    let (Some(name), Some(parent)) = (path.file_name(), path.parent()) else {
        return Err(DiskError::Name(path.to_path_buf()));
    };
    // Drop a trailing slash: lstat would follow a link before it, and the link check would pass.
    let path = &parent.join(name);
    if !parent.as_os_str().is_empty() && !parent.is_dir() {
        return Err(DiskError::Parent {
            path: path.clone(),
            parent: parent.to_path_buf(),
        });
    }
    let mut written = Vec::new();
    let mut batch = Batch::default();
    no_link(path)?;
    let found = Found::at(path)?;
    found.may_become(path, &output.main)?;
    let state = match (&found, &output.main) {
        (Found::Nothing, _) => State::Created,
        (Found::Folder(there), Main::Folder(files)) if there == files => State::Unchanged,
        (Found::File(there), Main::File(_, bytes)) if there == bytes => State::Unchanged,
        _ => State::Replaced,
    };
    written.push((path.clone(), state));
    // Examine everything before writing anything: a refusal must change nothing.
    let mut documents = Vec::new();
    for (ending, bytes) in &output.beside {
        let at = beside(path, ending);
        no_link(&at)?;
        let state = match document(&at)? {
            None => State::Created,
            Some(there) if there == *bytes => State::Unchanged,
            Some(there) if there.is_empty() || sbom::is_ours(&there) => State::Replaced,
            Some(_) => return Err(DiskError::Foreign(at)),
        };
        if state != State::Unchanged {
            documents.push((at.clone(), bytes));
        }
        written.push((at, state));
    }
    if state != State::Unchanged {
        match &output.main {
            Main::Folder(files) => batch.replace_folder(path, files)?,
            Main::File(_, bytes) => batch.replace(path, bytes)?,
        }
    }
    for (at, bytes) in documents {
        batch.replace(&at, bytes)?;
    }
    batch.commit()?;
    Ok(Written(written))
}

/// Refuses a link at the end of a path. Links above it are the operator's way of placing folders.
fn no_link(path: &Path) -> Result<(), DiskError> {
    let link = fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_symlink());
    if link {
        return Err(DiskError::Link(path.to_path_buf()));
    }
    Ok(())
}

impl fmt::Display for Written {
    /// One line a path.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (path, state) in &self.0 {
            let state = match state {
                State::Created => "created",
                State::Replaced => "replaced",
                State::Unchanged => "unchanged",
            };
            writeln!(f, "{state} {}", path.display())?;
        }
        Ok(())
    }
}
