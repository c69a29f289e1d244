//! Errors of writing and comparing images on disk.

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
    #[error(transparent)]
    Io(#[from] WriteError),
}

/// The first few of `files`.
fn listed(files: &[String]) -> String {
    let shown: Vec<_> = files.iter().take(3).map(String::as_str).collect();
    match files.len().saturating_sub(shown.len()) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
