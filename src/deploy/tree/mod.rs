//! Rendered files on disk: written to a directory, or compared with what is there.
//!
//! Both modes look at everything first (`survey.rs`). `write.rs` then writes all or nothing,
//! `check.rs` writes nothing and tells the differences. What the files say is not decided here.
//!
//! A file that carries the mark of an artefact, lies below the top folder of that artefact's files
//! (`k8s/`, `docs/`) and is no longer rendered is an orphan. The directory itself is never
//! searched: what lies there beside the rendered files, such as an `.env` that was copied from the
//! example, is the operator's.

mod check;
mod fault;
mod hide;
mod orphans;
mod place;
mod survey;
#[cfg(test)]
mod tests;
mod write;

pub use check::{Change, ChangeKind, Drift, check};
pub use fault::{Obstacle, TreeError};
pub use write::{Written, write};
