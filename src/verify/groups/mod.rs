//! The groups of the checklist, one file each. An item is one entry: a name, a question and a look at
//! a subject.

/// Shells and development tools, which no image needs.
mod unwanted;

/// The image: layers, digests, files.
pub(super) mod image;

/// The way that the image is run.
pub(super) mod running;

/// The program in the image.
pub(super) mod program;

/// Libraries, from the promise to the binary.
pub(super) mod libraries;

/// Frozen installation.
pub(super) mod frozen;

/// Pages that people read.
pub(super) mod documentation;

/// Settings in manifests.
pub(super) mod settings;

/// Health endpoints and probes.
pub(super) mod health;

/// Pods.
pub(super) mod pods;
