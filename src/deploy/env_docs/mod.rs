//! The artefact `env-docs`: the reference of all variables, to read (Markdown, HTML) and for
//! scripts (JSON). From ground to roof, as in `src/lib.rs`.

/// Facts of a variable.
mod rows;

/// One setting for a terminal.
mod plain;

/// The pages and the list.
mod pages;

pub use pages::describe;
pub(crate) use pages::{ARTEFACT, MARKDOWN};
pub use plain::explain;
