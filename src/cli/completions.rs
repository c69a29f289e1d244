//! `aura completions`.

use std::fmt::Write as _;
use std::process::ExitCode;

use clap::builder::{PossibleValue, PossibleValuesParser};
use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::{Cli, output};
use crate::config::Config;
use crate::schema::Settings;

/// Print a completion script for a shell.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  aura completions bash > /etc/bash_completion.d/aura")]
pub(super) struct Completions {
    /// The shell.
    shell: Shell,
}

impl Completions {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        output::print(&script(self.shell, &Config::settings()?))?;
        Ok(ExitCode::SUCCESS)
    }
}

/// The script; after `config explain` it offers the names of `settings`.
fn script(shell: Shell, settings: &Settings) -> String {
    let names: Vec<&str> = settings.iter().map(|one| one.name.as_str()).collect();
    // Only here: the command itself takes small letters too, and suggests a name in place of a typo.
    // Leaked, because clap takes only static names; the process ends once the script is printed.
    let values = names
        .iter()
        .map(|name| PossibleValue::new(&*(*name).to_owned().leak()));
    let values = PossibleValuesParser::new(values);
    let mut command = Cli::command().mut_subcommand("config", |config| {
        config.mut_subcommand("explain", |explain| {
            explain.mut_arg("name", |name| name.value_parser(values))
        })
    });
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, "aura", &mut script);
    let mut script = String::from_utf8_lossy(&script).into_owned();
    if shell == Shell::Fish {
        // clap_complete knows no positional arguments of fish.
        let names = names.join(" ");
        // Writing to a String cannot fail.
        let _ = writeln!(
            script,
            "complete -c aura -n \"__fish_seen_subcommand_from config; \
             and __fish_seen_subcommand_from explain\" -f -a \"{names}\""
        );
    }
    script
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn setting_names_are_offered() {
        let settings = Config::settings().unwrap();
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
            let script = script(shell, &settings);
            for name in ["SERVER_PORT", "JWT_SECRET_KEY", "LLM_CACHE_SCOPE"] {
                assert!(script.contains(name), "{shell}: {name}");
            }
        }
    }
}
