//! Errors of reading an OCI layout; each names the file.

use std::io;
use std::path::PathBuf;

/// The largest blob that is read.
pub(super) const MOST_BYTES: u64 = 512 * 1024 * 1024;

/// A layout that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Not there, or something else.
    #[error("{path}: is not an OCI layout: {reason}")]
    NoLayout {
        /// Path of the folder.
        path: PathBuf,
        /// The part that is missing or wrong.
        reason: String,
    },
    /// An error of the system.
    #[error("{path}: cannot be read: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// A blob that is listed and not there.
    #[error("{0}: is listed in the layout and not there; the layout is half there, make it again")]
    Missing(String),
    /// A blob that is not what its name says.
    #[error("{0}: its content has another digest or length; the layout is damaged, make it again")]
    Damaged(String),
    /// Well named, and not understood.
    #[error("{what}: cannot be understood: {reason}")]
    Malformed {
        /// Name of the document.
        what: String,
        /// The parser's error.
        reason: String,
    },
    /// More than is read.
    #[error("{0}: is larger than {MOST_BYTES} bytes, the most that is read")]
    TooLarge(String),
}

/// A document that is well named, and not understood.
pub(super) fn malformed(what: &impl ToString, reason: &impl ToString) -> ReadError {
    ReadError::Malformed {
        what: what.to_string(),
        reason: reason.to_string(),
    }
}
