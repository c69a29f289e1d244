//! Files that operators write in TOML: typed values, and every fault with its line and column.
//!
//! From ground to roof, as in `src/lib.rs`. The contents of `deploy.toml` and `service.toml` are not
//! known here.

/// Newtypes that are written as text.
pub(crate) mod text;

/// Faults with their positions, and the position of every key.
pub(crate) mod report;

/// TOML text to a tree of values.
mod syntax;

/// TOML text to a typed value, all faults at once.
mod read;

/// Tables of a reference page, from a JSON Schema.
pub(crate) mod tables;

pub(crate) use read::{read, remedy};
pub(crate) use report::Report;
pub(crate) use text::{ensure, shown, text_type, words, written_as_text};
