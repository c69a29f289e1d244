//! Rendered files on disk: written to a directory, or compared with what is there.
//!
//! Both modes look at everything first. A file that carries the mark of an artefact, lies below the
//! top folder of that artefact's files (`k8s/`, `docs/`) and is no longer rendered is an orphan.
//! The directory itself is never searched: what lies there beside the rendered files, such as an
//! `.env` that was copied from the example, is the operator's.

/// Obstacles to rendered files, and errors.
mod error;

/// The place of a rendered file on disk, and its present content.
mod target;

/// Files of an artefact that it no longer renders.
mod orphans;

/// A look at the whole directory, before anything else.
mod survey;

/// Secrets of the operator, kept out of diffs.
mod hide;

/// `--check`: differences; writes nothing.
mod check;

/// `--out`: all or nothing.
mod write;

#[cfg(test)]
mod tests;

pub use check::{Change, ChangeKind, Drift, check};
pub use error::{Obstacle, Reason, TreeError};
pub use write::{Written, write};
