//! Obstacles to rendered files, and errors.

use std::io;
use std::path::PathBuf;

use crate::deploy::disk::WriteError;

/// Why one file cannot be written. Paths are relative to the output directory.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Obstacle {
    /// A file that was not generated here.
    #[error("{0}: is there already and carries no mark of a generated file; move it away")]
    Foreign(String),
    /// A symbolic link to somewhere else.
    #[error("{path}: the link {link} leads out of the directory, to {target}; remove the link")]
    LeadsOut {
        /// The file.
        path: String,
        /// The link, which may be one of its folders.
        link: String,
        /// The end of the link.
        target: String,
    },
    /// A symbolic link to nothing.
    #[error("{path}: the link {link} leads nowhere; remove the link")]
    LeadsNowhere {
        /// The file.
        path: String,
        /// The link, which may be one of its folders.
        link: String,
    },
    /// A folder in place of the file.
    #[error("{0}: is a folder where a file belongs; move it away")]
    Folder(String),
    /// A file in place of one of its folders.
    #[error("{path}: {folder} is a file where a folder belongs; move it away")]
    NoFolder {
        /// The file.
        path: String,
        /// The file in the place of a folder.
        folder: String,
    },
    /// A device, a socket or a pipe.
    #[error("{0}: is neither a file nor a folder; move it away")]
    Special(String),
    /// Cannot be looked at.
    #[error("{path}: cannot be read: {reason}")]
    Unreadable {
        /// The file.
        path: String,
        /// Reason given by the operating system.
        reason: String,
    },
    /// A path that no file below the directory can have.
    #[error("{0:?}: is not a path below the output directory; this is a fault of the artefact")]
    Path(String),
    /// Two files of one path, or a file and a folder.
    #[error("{0}: is rendered twice; this is a fault of the artefacts")]
    Twice(String),
}

/// Files that could not be written.
#[derive(Debug, thiserror::Error)]
pub enum TreeError {
    /// The output directory cannot be made, for there is nothing to make it in.
    #[error(
        "{}: cannot be made, because the folder {} does not exist; make that first",
        dir.display(),
        parent.display()
    )]
    Parent {
        /// The output directory.
        dir: PathBuf,
        /// The folder that is missing.
        parent: PathBuf,
    },
    /// The output directory is something else.
    #[error("{}: is not a directory; name another or move it away", .0.display())]
    NotADirectory(PathBuf),
    /// Nothing was written, because of these; never empty.
    #[error("{}nothing was written to {}", lines(obstacles), dir.display())]
    Obstacles {
        /// The output directory.
        dir: PathBuf,
        /// All of them.
        obstacles: Vec<Obstacle>,
    },
    /// The system refused.
    #[error(
        "cannot {what} {}: {reason}; {}",
        path.display(),
        if *written { "the files are written" } else { "nothing was changed" }
    )]
    Io {
        /// The attempt: `write`, `make the folder`.
        what: &'static str,
        /// The file or folder of the attempt.
        path: PathBuf,
        /// Reason given by the operating system.
        reason: io::Error,
        /// True where the files are written, and only an old one could not be deleted.
        written: bool,
    },
}

/// A line for each obstacle.
fn lines(obstacles: &[Obstacle]) -> String {
    obstacles
        .iter()
        .fold(String::new(), |text, one| text + &one.to_string() + "\n")
}

impl From<WriteError> for TreeError {
    fn from(error: WriteError) -> Self {
        Self::Io {
            what: error.what,
            path: error.path,
            reason: error.source,
            written: error.in_place,
        }
    }
}
