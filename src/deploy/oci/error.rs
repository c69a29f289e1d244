//! Errors of making an image.
//!
//! Invalid input is kept apart from internal errors: it is for the caller to correct, and ends
//! with exit code 2. What stands in the way on disk is in `disk/`.

use super::platform::Platform;
use super::program::ProgramError;

/// Something given that no image can be made of.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InputError {
    /// A program that cannot be in an image.
    #[error(transparent)]
    Program(#[from] ProgramError),
    /// One platform given twice.
    #[error("{0} is given twice; an image has one program a platform")]
    SamePlatform(Platform),
    /// No program at all.
    #[error("no program is given, and an image needs one")]
    NoProgram,
    /// A program of another version than the one the image would be said to be of.
    #[error(
        "the program is {name} {found}, and the image would say {expected}; build it from this \
         source, or render with the {name} that belongs to it"
    )]
    Version {
        /// The crate.
        name: String,
        /// The version that the program names.
        found: String,
        /// The version of the service.
        expected: String,
    },
    /// A CA bundle without certificates.
    #[error(
        "the CA bundle {0}; give a PEM file of certificates, such as \
             /etc/ssl/certs/ca-certificates.crt of Debian's package ca-certificates"
    )]
    CaBundle(String),
    /// A name or a tag that no image can have.
    #[error("the name of the image {0}")]
    Reference(String),
    /// A time that cannot be read.
    #[error(
        "{0:?} is not a time; write seconds since 1970, or RFC 3339 as in 2026-11-25T12:00:00Z"
    )]
    Created(String),
    /// A revision that is no single word.
    #[error("{0:?} is not a revision; give the name of a commit, without spaces")]
    Revision(String),
    /// Several platforms in a form that has room for one.
    #[error("a docker-archive holds one platform; use oci-archive or oci-dir for several")]
    OnePlatform,
    /// Compression in a form that has none.
    #[error("a docker-archive holds its layers as they are; leave the compression out")]
    NotCompressed,
}

/// An image that could not be made.
#[derive(Debug, thiserror::Error)]
pub enum OciError {
    /// Of what was given.
    #[error(transparent)]
    Input(#[from] InputError),
    /// The facts of the service cannot be put into an image.
    #[error("{0}")]
    Facts(String),
    /// A document could not be made; a fault of this program.
    #[error("a document of the image cannot be written: {0}")]
    Document(#[from] serde_json::Error),
    /// A document could not be made; a fault of this program.
    #[error("a document of the image cannot be written: {0}")]
    Spec(#[from] oci_spec::OciSpecError),
    /// A layer could not be packed.
    #[error("a layer cannot be packed: {0}")]
    Pack(#[from] std::io::Error),
}
