//! Errors of inputs that cannot be used.

use std::io;

use crate::deploy::emit::RenderError;
use crate::deploy::oci::read::error::ReadError;

/// Something that was given and is not what it should be, or only half of it.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// Nothing was given at all.
    #[error(
        "there is nothing to look at: name a checkout, an image or manifests, or run this in the \
         top folder of a checkout"
    )]
    Nothing,
    /// A folder that is not there, or is not a folder.
    #[error("{path} cannot be opened as a folder: {error}")]
    Folder {
        /// As it was given.
        path: String,
        /// The system's error.
        error: io::Error,
    },
    /// A file that is there and cannot be read.
    #[error("{path} cannot be read: {problem}")]
    File {
        /// Its path, the folder that was given included.
        path: String,
        /// The problem.
        problem: String,
    },
    /// A folder without what makes it a checkout, or manifests.
    #[error("{path} is not a {what}: {problem}; {remedy}")]
    Half {
        /// As it was given.
        path: String,
        /// Its intended use.
        what: &'static str,
        /// The part that it lacks.
        problem: String,
        /// The remedy.
        remedy: String,
    },
    /// An image that cannot be read.
    #[error("{0}")]
    Image(ReadError),
    /// Manifests that cannot be put together.
    #[error("the manifests in {path} cannot be built: {error}")]
    Manifests {
        /// As it was given.
        path: String,
        /// The problem, and its file.
        error: RenderError,
    },
}
