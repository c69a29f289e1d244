//! The file of secrets: its formats, and its writing. Only its owner may read it, and it is either
//! whole or not there.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::deploy::disk::Batch;
use crate::schema::Secret;

/// Format of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `NAME=value`, for the generated `compose.yaml`. A backend that the environment keeps inside
    /// the process is the server of that file here, and its password is a variable of its own;
    /// secrets that are required anywhere have a value.
    Dotenv,
    /// A Secret of Kubernetes in the namespace of the environment.
    Kubernetes,
    /// One JSON object: name to value.
    Json,
}

/// Secrets on their way into a file. Its `Debug` shows no value.
#[derive(Debug)]
pub struct SecretsFile {
    /// Variables that have a value.
    pub names: Vec<String>,
    /// Variables that only the operator knows; they hold the placeholder.
    pub to_set: Vec<String>,
    /// Secrets that are not in it, because the service runs without them.
    pub left_out: Vec<String>,
    /// Text of the file.
    pub text: Secret<String>,
}

/// A file of secrets that could not be written. What was there before is as it was.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// Something has that name already.
    #[error(
        "{} is there already, and may hold the only copy of secrets that are in use; \
         give another name, or move it away first", .0.display()
    )]
    Exists(PathBuf),
    /// The path names no file.
    #[error("{} names no file; give a path such as secrets.env", .0.display())]
    NoName(PathBuf),
    /// The operating system refused.
    #[error("{} cannot be written", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Writes `secrets` to a new file at `path` that its owner alone may read (mode 0600).
///
/// # Errors
/// [`WriteError`]; nothing is left behind.
pub fn write_new(path: &Path, secrets: &SecretsFile) -> Result<(), WriteError> {
    write(path, secrets.text.expose())
}

fn write(path: &Path, text: &str) -> Result<(), WriteError> {
    if path.file_name().is_none() {
        return Err(WriteError::NoName(path.to_owned()));
    }
    // A link that leads nowhere is in the way, too. A file that appears after this look is refused
    // by the writer, which never takes the place of another.
    if fs::symlink_metadata(path).is_ok() {
        return Err(WriteError::Exists(path.to_owned()));
    }
    let mut batch = Batch::default();
    let written = batch.create_private(path, text.as_bytes());
    let written = written.and_then(|()| batch.commit());
    written.map_err(|error| match error.reason.kind() {
        io::ErrorKind::AlreadyExists => WriteError::Exists(path.to_owned()),
        _ => WriteError::Io {
            path: path.to_owned(),
            source: error.reason,
        },
    })
}

#[cfg(test)]
mod tests;
