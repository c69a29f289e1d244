//! What can stand in the way of a rendered file.

use std::fmt;
use std::io;
use std::path::PathBuf;

use crate::deploy::disk::DiskError;

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
        /// Where it ends.
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
        /// What should be a folder.
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
        /// What the system says.
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
#[derive(Debug)]
pub enum TreeError {
    /// The output directory cannot be made, for there is nothing to make it in.
    Parent {
        /// The output directory.
        dir: PathBuf,
        /// The folder that is missing.
        parent: PathBuf,
    },
    /// The output directory is something else.
    NotADirectory(PathBuf),
    /// Nothing was written, because of these; never empty.
    Obstacles {
        /// The output directory.
        dir: PathBuf,
        /// All of them.
        obstacles: Vec<Obstacle>,
    },
    /// The system refused.
    Io {
        /// What was tried: `write`, `make the folder`.
        what: &'static str,
        /// With which file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
        /// True where the files are written, and only an old one could not be deleted.
        written: bool,
    },
}

impl fmt::Display for TreeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Parent { dir, parent } => write!(
                f,
                "{}: cannot be made, because the folder {} does not exist; make that first",
                dir.display(),
                parent.display()
            ),
            Self::NotADirectory(dir) => write!(
                f,
                "{}: is not a directory; name another or move it away",
                dir.display()
            ),
            Self::Obstacles { dir, obstacles } => {
                for obstacle in obstacles {
                    writeln!(f, "{obstacle}")?;
                }
                write!(f, "nothing was written to {}", dir.display())
            }
            Self::Io {
                what,
                path,
                source,
                written,
            } => {
                let then = if *written {
                    "the files are written"
                } else {
                    "nothing was changed"
                };
                write!(f, "cannot {what} {}: {source}; {then}", path.display())
            }
        }
    }
}

/// What the system says is part of the message already, so that it is no cause beside it.
impl std::error::Error for TreeError {}

impl From<DiskError> for TreeError {
    fn from(error: DiskError) -> Self {
        Self::Io {
            what: error.what,
            path: error.path,
            source: error.source,
            written: error.in_place,
        }
    }
}
