//! A file that only its owner may read, and that is either whole or not there.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::SecretsFile;

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
/// Their text goes to a file beside it, which is then linked to its name: a link, unlike a renaming,
/// never takes the place of what is there.
///
/// # Errors
/// [`WriteError`]; nothing is left behind.
pub fn write_new(path: &Path, secrets: &SecretsFile) -> Result<(), WriteError> {
    write(path, secrets.text().expose())
}

fn write(path: &Path, text: &str) -> Result<(), WriteError> {
    let name = path.file_name();
    let name = name.ok_or_else(|| WriteError::NoName(path.to_owned()))?;
    if fs::symlink_metadata(path).is_ok() {
        return Err(WriteError::Exists(path.to_owned()));
    }
    let mut draft = std::ffi::OsString::from(".");
    draft.push(name);
    draft.push(format!(".{}.draft", std::process::id()));
    let draft = path.with_file_name(draft);
    let written = create(&draft).and_then(|file| {
        let linked = fill(file, text).and_then(|()| fs::hard_link(&draft, path));
        let removed = fs::remove_file(&draft);
        linked.and(removed)
    });
    written.map_err(|source| match source.kind() {
        io::ErrorKind::AlreadyExists => WriteError::Exists(path.to_owned()),
        _ => WriteError::Io {
            path: path.to_owned(),
            source,
        },
    })
}

fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn fill(mut file: File, text: &str) -> io::Result<()> {
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests;
