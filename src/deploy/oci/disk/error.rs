//! Errors of writing and comparing images on disk.

use std::io;
use std::path::PathBuf;

use crate::deploy::disk::WriteError;

/// The reason that nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum DiskError {
    /// A path that ends in `..`, or the root.
    #[error("{}: cannot be the name of an image; name a new file or folder", .0.display())]
    Name(PathBuf),
    /// Nothing to write into.
    #[error(
        "{}: cannot be made, because the folder {} does not exist; make that first",
        path.display(),
        parent.display()
    )]
    Parent {
        /// Path of the image.
        path: PathBuf,
        /// The folder that is missing.
        parent: PathBuf,
    },
    /// A link, which would have to be replaced or followed.
    #[error("{}: is a symbolic link; name where it leads, or remove it", .0.display())]
    Link(PathBuf),
    /// A file in place of a folder, or the other way round.
    #[error("{}: is there already and is not {expected}; move it away", path.display())]
    Kind {
        /// Path of the obstacle.
        path: PathBuf,
        /// `a folder`, `a file`.
        expected: &'static str,
    },
    /// Something that was not made here.
    #[error(
        "{}: is there already and was not made by `aura generate oci`; move it away",
        .0.display()
    )]
    Foreign(PathBuf),
    /// An image of ours with other things in it.
    #[error("{}: holds files that are not part of an image ({}); move it away", path.display(), listed(files))]
    Mixed {
        /// The folder.
        path: PathBuf,
        /// The other files, relative to the folder; never empty.
        files: Vec<String>,
    },
    /// An error of the system.
    #[error("cannot {what} {}: {source}; nothing was changed", path.display())]
    Io {
        /// The operation: `write`, `read`.
        what: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// Everything is in place, but what was there before could not be removed.
    #[error(
        "the image is written; what it replaced could not be removed from {}: {source}",
        path.display()
    )]
    LeftOver {
        /// Path of the old one.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
}

/// The first few of `files`.
fn listed(files: &[String]) -> String {
    let shown: Vec<_> = files.iter().take(3).map(String::as_str).collect();
    match files.len().saturating_sub(shown.len()) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// Makes an error of what the system says.
pub(super) fn failed(
    what: &'static str,
    path: &std::path::Path,
) -> impl FnOnce(io::Error) -> DiskError {
    let path = path.to_path_buf();
    move |source| DiskError::Io { what, path, source }
}

impl From<WriteError> for DiskError {
    fn from(error: WriteError) -> Self {
        let WriteError {
            what, path, source, ..
        } = error;
        if error.in_place {
            Self::LeftOver { path, source }
        } else {
            Self::Io { what, path, source }
        }
    }
}
