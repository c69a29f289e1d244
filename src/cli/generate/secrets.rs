//! `aura generate secrets`: the one command that makes secrets.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::project::Source;
use crate::cli::output;
use crate::clock::fill_random;
use crate::deploy::secrets::{Format, secrets, write_new};

/// Make strong values for the secrets of an environment, in a new file only you can read.
///
/// Never overwrites: a new signing key would sign everybody out. Prints names, never values. A FILE
/// that ends in .yaml is a Kubernetes Secret, one that ends in .json an object, any other one
/// NAME=value a line.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    aura generate secrets --environment production --out production-secrets.yaml\n  \
    aura generate secrets --out secrets.env")]
pub(super) struct Secrets {
    /// The file to make.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Environment whose backends the URLs name.
    #[arg(long, value_name = "NAME", default_value = "development")]
    environment: String,
    /// Make those of the service that FILE describes instead of aura's.
    #[arg(long, value_name = "FILE")]
    service: Option<PathBuf>,
    #[command(flatten)]
    source: Source,
}

impl Secrets {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let project = self.source.project_of(self.service.as_deref())?;
        let ending = self.out.extension().and_then(|ending| ending.to_str());
        let format = match ending {
            Some("yaml" | "yml") => Format::Kubernetes,
            Some("json") => Format::Json,
            _ => Format::Dotenv,
        };
        let made = secrets(&project, &self.environment, format, &mut fill_random)?;
        write_new(&self.out, &made)?;
        let at = self.out.display();
        let names = made.names.join(", ");
        output::error(&format!("made {at} for {}: {names}", self.environment));
        if !made.to_set.is_empty() {
            output::error(&format!(
                "still to be set in it: {}",
                made.to_set.join(", ")
            ));
        }
        if !made.left_out.is_empty() {
            // The command explains aura's own variables, and no other service's.
            let hint = match self.service {
                Some(_) => "",
                None => " (`aura config explain NAME`)",
            };
            output::error(&format!(
                "not in it, for {} runs without: {}{hint}",
                project.service.name,
                made.left_out.join(", ")
            ));
        }
        Ok(ExitCode::SUCCESS)
    }
}
