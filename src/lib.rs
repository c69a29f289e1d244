//! aura.

pub mod schema;

#[cfg(feature = "server")]
pub mod config;

#[cfg(feature = "server")]
pub mod cli;
