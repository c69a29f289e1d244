//! Strong values for the secrets of an environment, and the file that keeps them. From ground to
//! roof, as in `src/lib.rs`.
//!
//! Not an artefact: what is made here exists once, is never rendered again, and has no place in a
//! repository.

/// The file: its formats, and its writing.
mod file;

/// Values for what an environment needs.
mod made;

pub use file::{Format, SecretsFile, WriteError, write_new};
pub use made::secrets;
