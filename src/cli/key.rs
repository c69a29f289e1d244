//! `aura key generate`.

use std::process::ExitCode;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand};

use super::output;
use crate::auth::new_key;
use crate::config::Algorithm;

/// Make keys.
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  (umask 077 && aura key generate --algorithm EdDSA > jwt-private-key.pem)"
)]
pub(super) struct Key {
    #[command(subcommand)]
    command: KeyCommand,
}

#[derive(Debug, Subcommand)]
enum KeyCommand {
    /// Print a new key: a secret for `JWT_SECRET_KEY`, or a PEM for `JWT_PRIVATE_KEY`.
    #[command(after_help = "Examples:\n  aura key generate\n  \
        (umask 077 && aura key generate --algorithm ES256 > jwt-private-key.pem)")]
    Generate {
        /// Algorithm of the key, as in `JWT_ALGORITHM`.
        #[arg(long, default_value = "HS256", ignore_case = true, value_parser = algorithms())]
        algorithm: Algorithm,
    },
}

impl Key {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let KeyCommand::Generate { algorithm } = self.command;
        output::print(new_key(algorithm)?.expose())?;
        Ok(ExitCode::SUCCESS)
    }
}

/// The algorithms by their names, in any case.
fn algorithms() -> impl TypedValueParser<Value = Algorithm> {
    let names = Algorithm::ALL.map(Algorithm::as_str);
    PossibleValuesParser::new(names).map(|name| {
        let is_meant = |one: &Algorithm| one.as_str().eq_ignore_ascii_case(&name);
        Algorithm::ALL
            .into_iter()
            .find(is_meant)
            .unwrap_or_default()
    })
}
