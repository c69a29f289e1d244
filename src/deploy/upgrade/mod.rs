//! Changes of the settings by an update, as a note for operators. From ground to roof, as in
//! `src/lib.rs`.

/// The note.
mod note;

/// Pairs of removed and added settings that are the same one.
mod renames;

/// Comparison of two lists of settings.
mod compare;

pub use compare::upgrade_note;
pub use note::{Added, Changed, Difference, Note, Renamed};
