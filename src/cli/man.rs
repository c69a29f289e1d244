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
mod tests {
    use super::*;

    /// The names of `text` that are written as `NAME(1)`, as `man` knows them.
    fn references(text: &str) -> impl Iterator<Item = String> {
        let text = text.replace("\\-", "-");
        let names: Vec<_> = text
            .match_indices("(1)")
            .map(|(end, _)| {
                let name = text[..end].rsplit(|c: char| !c.is_ascii_alphanumeric() && c != '-');
                name.into_iter().next().unwrap_or_default().to_owned()
            })
            .collect();
        names.into_iter()
    }

    #[test]
    fn every_page_that_a_page_refers_to_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("man1");
        let count = write_all(&folder).unwrap();
        let mut referred = 0;
        let mut pages = 0;
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            pages += 1;
            for name in references(&fs::read_to_string(&path).unwrap()) {
                referred += 1;
                let page = folder.join(format!("{name}.1"));
                assert!(page.exists(), "{} refers to {name}", path.display());
            }
        }
        assert_eq!(pages, count);
        // Every page but the first is referred to by the one above it.
        assert!(referred >= count - 1, "{referred} of {count}");
        assert!(folder.join("aura-user-create.1").exists());
        assert!(!folder.join("aura-help.1").exists());
        let printed = page(command()).unwrap();
        assert_eq!(fs::read_to_string(folder.join("aura.1")).unwrap(), printed);
    }
}
