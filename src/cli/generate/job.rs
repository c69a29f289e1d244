//! `aura generate job`: a command of aura as a Job beside the pods that serve.

use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::{Args, Parser};

use super::project::Source;
use crate::cli::{Cli, output};
use crate::deploy::kubernetes;

/// Print a Job that runs a command in the environment of the pods that serve.
///
/// It has their image, settings, secrets and hardening, and its network policy the same way out.
/// The name follows from the content, so applying it twice runs it once; an hour after its end it is
/// gone, with its log. For clusters where nobody may `kubectl exec`.
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  aura generate job --environment production -- \\\n    \
    user first-admin root@example.com |\n    \
    kubectl apply --server-side --field-manager aura -f -"
)]
pub(super) struct Job {
    /// Environment whose pods it resembles.
    #[arg(long, value_name = "NAME", default_value = "production")]
    environment: String,
    #[command(flatten)]
    source: Source,
    /// The command, without `aura` in front.
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<String>,
}

impl Job {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let words = ["aura"]
            .into_iter()
            .chain(self.command.iter().map(String::as_str));
        // Refuse a Job here that could only fail in the cluster.
        let cli = Cli::try_parse_from(words).context("not a command of aura")?;
        if self.command.iter().any(|word| word == "--dev") {
            bail!("--dev takes the database of this folder, which no pod has; leave it out");
        }
        if let Some(problem) = cli.unfit_for_job() {
            bail!("`{}` {problem}", self.command.join(" "));
        }
        let project = self.source.project()?;
        let job = kubernetes::job(&project, &self.environment, &self.command)?;
        output::print(&job)?;
        Ok(ExitCode::SUCCESS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(command: &str) -> Option<&'static str> {
        let words = ["aura"].into_iter().chain(command.split(' '));
        Cli::try_parse_from(words).unwrap().unfit_for_job()
    }

    #[test]
    fn a_command_that_cannot_end_as_a_job_is_refused() {
        for (command, problem) in [
            ("serve", "never ends"),
            ("user create a@b.c --password-stdin", "no standard input"),
            ("user set-password a@b.c --yes", "no standard input"),
            ("user delete a@b.c", "add --yes"),
            ("user set-roles a@b.c", "add --yes"),
            ("cache purge", "add --yes"),
            ("completions bash", "run it here"),
            ("generate k8s", "run it here"),
        ] {
            let refusal = refusal(command).unwrap();
            assert!(refusal.contains(problem), "{command}: {refusal}");
        }
        for command in [
            "user first-admin a@b.c",
            "user delete a@b.c --yes",
            "user set-roles a@b.c admin",
            "cache purge --yes",
            "migrate",
        ] {
            assert_eq!(refusal(command), None, "{command}");
        }
    }
}
