//! Obstacles to rendered files, and errors.

use std::io;
use std::path::PathBuf;

use crate::deploy::disk::WriteError;

/// A file that cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {reason}", shown(path, reason))]
pub struct Obstacle {
    /// Relative to the output directory.
    pub path: String,
    /// Why not.
    pub reason: Reason,
}

/// Why one file cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// A file that was not generated here.
    #[error("is there already and carries no mark of a generated file; move it away")]
    Foreign,
    /// The file or one of its folders is a symbolic link to somewhere else.
    #[error("the link {link} leads out of the directory, to {target}; remove the link")]
    LeadsOut {
        /// The link.
        link: String,
        /// The end of the link.
        target: String,
    },
    /// The file or one of its folders is a symbolic link to nothing.
    #[error("the link {0} leads nowhere; remove the link")]
    LeadsNowhere(String),
    /// A folder in place of the file.
    #[error("is a folder where a file belongs; move it away")]
    Folder,
    /// A file in place of one of its folders.
    #[error("{0} is a file where a folder belongs; move it away")]
    NoFolder(String),
    /// A device, a socket or a pipe.
    #[error("is neither a file nor a folder; move it away")]
    Special,
    /// The operating system refuses to show it.
    #[error("cannot be read: {0}")]
    Unreadable(String),
    /// A path that no file below the directory can have.
    #[error("is not a path below the output directory; this is a fault of the artefact")]
    Path,
    /// Two files of one path, or a file and a folder.
    #[error("is rendered twice; this is a fault of the artefacts")]
    Twice,
}

impl Reason {
    /// The operating system's reason.
    pub(super) fn unreadable(error: &io::Error) -> Self {
        Self::Unreadable(error.to_string())
    }
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
    #[error(transparent)]
    Io(#[from] WriteError),
}

/// `path` as a message shows it: one that no file can have is quoted, because it may hold anything.
fn shown(path: &str, reason: &Reason) -> String {
    if matches!(reason, Reason::Path) {
        format!("{path:?}")
    } else {
        path.to_owned()
    }
}

/// A line for each obstacle.
fn lines(obstacles: &[Obstacle]) -> String {
    obstacles
        .iter()
        .fold(String::new(), |text, one| text + &one.to_string() + "\n")
}
