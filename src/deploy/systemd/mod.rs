//! A unit for systemd, for a machine without containers, and its file of settings. From ground to
//! roof, as in `src/lib.rs`.

/// Texts as systemd reads them.
mod escape;

/// The unit, and its file of settings.
mod unit;

pub use unit::{ARTEFACT, render};
