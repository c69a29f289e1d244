//! `aura man`.

use std::process::ExitCode;

use clap::{Args, CommandFactory};

use super::{Cli, output};

/// Print the manual page.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  aura man | man -l -")]
pub(super) struct Man {}

impl Man {
    pub(super) fn run() -> anyhow::Result<ExitCode> {
        let mut page = Vec::new();
        clap_mangen::Man::new(Cli::command()).render(&mut page)?;
        output::print(&String::from_utf8_lossy(&page))?;
        Ok(ExitCode::SUCCESS)
    }
}
