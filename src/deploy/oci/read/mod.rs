//! OCI layouts of any maker, read back with every digest compared and every layer unpacked in
//! memory. Nothing is written to disk, so nothing in an archive can reach out of it.
//!
//! It does not judge whether an image is right.

/// Errors of reading.
pub mod error;

/// Files of a layout, in a folder or in memory.
mod files;

/// The layout, its images and their layers.
pub mod layout;
