//! Images on disk: written whole or not at all, or compared with what is there.
//!
//! `found.rs` looks at what is there and knows again what was made here, `write.rs` and `check.rs` are
//! the two things that are asked for.

mod check;
mod fault;
mod found;
#[cfg(test)]
mod tests;
mod write;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

pub use check::{Difference, check};
pub use fault::PlaceError;
pub use write::{State, Written, write};

/// Where a file beside `path` lies that has the same name and `ending` after it.
pub(super) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name: OsString = path.file_name().unwrap_or_default().to_owned();
    name.push(ending);
    path.with_file_name(name)
}
