//! The command line: one command a file, its clap struct beside its `run`.
//!
//! Only here is anything printed, and only here do errors lose their types.

mod allocator;
mod audit;
mod cache;
mod completions;
pub mod config;
mod config_explain;
mod config_from;
mod config_text;
mod confirm;
mod dev;
mod dev_server;
mod generate;
mod healthcheck;
mod key;
mod last_words;
mod man;
mod migrate;
mod output;
mod serve;
mod setup;
mod sleep;
mod usage;
mod user;
mod verify;
mod version;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use self::confirm::Unconfirmed;
use crate::schema::Faults;

/// The exit code for a command line that cannot be used.
const USAGE: u8 = 2;

/// The exit code for a configuration that cannot be used (`EX_CONFIG` of sysexits.h).
const BAD_CONFIG: u8 = 78;

/// Sign-in for your own applications: accounts, tokens, sessions.
#[derive(Debug, Parser)]
#[command(
    name = "aura",
    version,
    disable_version_flag = true,
    args_conflicts_with_subcommands = true,
    arg_required_else_help = true,
    after_help = "Start here:\n  aura serve --dev        a server with nothing to set up\n  \
                  aura config explain     every setting\n\n\
                  Exit codes: 0 done, 1 failed, 2 usage, 78 bad configuration."
)]
pub struct Cli {
    #[command(flatten)]
    version: version::Version,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    Serve(serve::Serve),
    Config(config::ConfigArgs),
    Migrate(migrate::Migrate),
    User(user::User),
    Audit(audit::Audit),
    Key(key::Key),
    Cache(cache::Cache),
    Generate(generate::Generate),
    Verify(verify::Verify),
    Healthcheck(healthcheck::Healthcheck),
    Sleep(sleep::Sleep),
    Completions(completions::Completions),
    Man(man::Man),
}

impl Cli {
    /// Tells why the command cannot run to its end as a Job.
    fn unfit_for_job(&self) -> Option<&'static str> {
        match self.command.as_ref()? {
            Command::Serve(_) => Some("never ends, so it is for the Deployment and not for a Job"),
            Command::User(command) => command.needs_terminal(),
            Command::Cache(command) => command.needs_terminal(),
            Command::Audit(_) | Command::Config(_) | Command::Migrate(_) => None,
            _ => Some("does nothing for a cluster; run it here"),
        }
    }
}

/// Parses the arguments, runs the command, and says how it went.
#[must_use]
pub fn main() -> ExitCode {
    // Without this the first `rediss://` or `https://` call would panic, whatever the crate graph.
    // The call fails only when a provider is installed already.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let error = usage::explain(error);
            // If standard error is closed, the exit code must do.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { USAGE } else { 0 });
        }
    };
    let is_unattended = matches!(cli.command, Some(Command::Serve(_) | Command::Migrate(_)));
    let outcome = match cli.command {
        None => cli.version.run(),
        Some(Command::Serve(command)) => command.run(),
        Some(Command::Config(command)) => command.run(),
        Some(Command::Migrate(command)) => command.run(),
        Some(Command::User(command)) => command.run(),
        Some(Command::Audit(command)) => command.run(),
        Some(Command::Key(command)) => command.run(),
        Some(Command::Cache(command)) => command.run(),
        Some(Command::Generate(command)) => command.run(),
        Some(Command::Verify(command)) => command.run(),
        Some(Command::Healthcheck(command)) => command.run(),
        Some(Command::Sleep(command)) => Ok(command.run()),
        Some(Command::Completions(command)) => command.run(),
        Some(Command::Man(command)) => command.run(),
    };
    outcome.unwrap_or_else(|error| {
        // `aura audit | head` has read what it wanted.
        if output::is_broken_pipe(&error) {
            return ExitCode::SUCCESS;
        }
        let bad_config = error.is::<Faults>() || error.is::<crate::server::BadConfig>();
        let code = match error.downcast_ref::<Unconfirmed>() {
            Some(Unconfirmed::NoTerminal(_)) => USAGE,
            _ if bad_config => BAD_CONFIG,
            _ => 1,
        };
        last_words::say(&format!("{error:#}"), code, is_unattended);
        ExitCode::from(code)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definition_is_sound_and_every_command_has_an_example() {
        fn look(command: &clap::Command) {
            let help = command.clone().render_long_help().to_string();
            assert!(
                help.contains("xample") || help.contains("Start here"),
                "{}",
                command.get_name()
            );
            command.get_subcommands().for_each(look);
        }
        Cli::command().debug_assert();
        look(&Cli::command());
    }
}
