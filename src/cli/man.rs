//! `aura man`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, CommandFactory};

use super::{Cli, output};

/// Print the manual page, or write the pages of every command.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  aura man | man -l -\n  \
    aura man --all ~/.local/share/man/man1 && man aura-user-create")]
pub(super) struct Man {
    /// Write a page for aura and one for every command into DIR, which is made where it is missing.
    #[arg(long, value_name = "DIR")]
    all: Option<PathBuf>,
}

impl Man {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        match self.all {
            Some(folder) => {
                let count = write_all(&folder)?;
                output::print(&format!("wrote {count} pages into {}\n", folder.display()))?;
            }
            None => output::print(&page(command())?)?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// The command line without `help`, which has no page of its own.
fn command() -> clap::Command {
    fn without_help(command: clap::Command) -> clap::Command {
        command
            .disable_help_subcommand(true)
            .mut_subcommands(without_help)
    }
    let mut command = without_help(Cli::command());
    command.build();
    command
}

fn page(command: clap::Command) -> anyhow::Result<String> {
    let mut page = Vec::new();
    clap_mangen::Man::new(command).render(&mut page)?;
    Ok(String::from_utf8(page)?)
}

/// Writes every page, and counts them.
fn write_all(folder: &Path) -> anyhow::Result<usize> {
    fn write(command: &clap::Command, folder: &Path) -> anyhow::Result<usize> {
        let file = clap_mangen::Man::new(command.clone()).get_filename();
        let path = folder.join(file);
        fs::write(&path, page(command.clone())?)
            .with_context(|| format!("cannot write {}", path.display()))?;
        let below = command.get_subcommands().map(|one| write(one, folder));
        Ok(1 + below.sum::<anyhow::Result<usize>>()?)
    }
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    write(&command(), folder)
}

#[cfg(test)]
mod tests;
