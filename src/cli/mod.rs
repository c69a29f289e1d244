//! The command line: one command a file, its clap struct beside its `run`.

pub mod config;
mod config_text;
