//! Images on disk: written whole or not at all, or compared with what is there.

/// Errors; after them nothing has changed.
pub mod error;

/// The present content of a path, and whether it may be replaced.
mod found;

/// `--out PATH`.
pub mod write;

/// `--check PATH`.
pub mod check;

#[cfg(test)]
mod tests;
