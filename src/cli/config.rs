//! `aura config`: what the settings are, what they mean, and whether they are right.
//!
//! All of them load the environment as `serve` would, and open no connection. `explain` is in
//! `config_explain.rs`; how values look in print is in `config_text.rs`.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::json;

use super::dev::{self, unread_dotenv};
use super::setup::runtime;
use super::{config_explain, config_from, config_text};
use crate::clock::Clock;
use crate::config::Config;
use crate::schema::{Environment, Fault, Faults, Loaded, Loader};
use crate::server::{App, memory};

/// Nothing was wrong.
const OK: u8 = 0;
/// The configuration was wrong (`EX_CONFIG` of sysexits).
const CONFIG: u8 = 78;

/// Check, show or explain the settings.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  aura config explain JWT_SECRET_KEY")]
pub struct ConfigArgs {
    #[command(subcommand)]
    command: ConfigCommand,
}

/// Commands on the settings.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Say everything that is wrong with the settings, and exit 78 if anything is.
    #[command(after_help = "Examples:
  aura config check
  aura config check --dev
  ENVIRONMENT=production aura config check --secrets-elsewhere --json
  aura config check --from k8s/
  kubectl get configmap,secret,deployment -n aura -o yaml | aura config check --from -")]
    Check {
        /// Look into manifests (.yaml, .yml, .json) and .env files instead of the environment: a
        /// directory, a file, or - for standard input. Units of systemd are not read: name the
        /// environment file of one.
        #[arg(long, value_name = "PATH", conflicts_with_all = ["secrets_elsewhere", "secrets_dir", "dev"])]
        from: Option<PathBuf>,
        /// With --from: secrets that are still to be set are faults.
        #[arg(long, requires = "from")]
        strict: bool,
        /// Take required secrets for present: they are set where the service runs.
        #[arg(long)]
        secrets_elsewhere: bool,
        /// Take the defaults and the file .env that `aura serve --dev` takes in this folder.
        #[arg(long)]
        dev: bool,
        /// Read this directory, which holds one file a variable, instead of `SETTINGS_DIR`.
        #[arg(long, value_name = "DIR")]
        secrets_dir: Option<PathBuf>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Print every setting, its value (never a secret's), and where it came from.
    #[command(after_help = "Example:\n  aura config show --secrets-dir /run/secrets/aura")]
    Show {
        /// Take the defaults and the file .env that `aura serve --dev` takes in this folder.
        #[arg(long)]
        dev: bool,
        /// Read this directory, which holds one file a variable, instead of `SETTINGS_DIR`.
        #[arg(long, value_name = "DIR")]
        secrets_dir: Option<PathBuf>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Explain one setting, or all of them: what it does, what it takes, what it is by default and
    /// (one setting) here, and where it stands in the manifests.
    #[command(after_help = "Examples:
  aura config explain JWT_ALGORITHM
  aura config explain JWT_ALGORITHM --from k8s/
  aura config explain --json")]
    Explain {
        /// The variable, such as `JWT_ALGORITHM`; all of them without it.
        name: Option<String>,
        /// Also say in which lines of these manifests and .env files it stands: a directory, a
        /// file, or - for standard input.
        #[arg(long, value_name = "PATH")]
        from: Option<PathBuf>,
        /// Read this directory, which holds one file a variable, instead of `SETTINGS_DIR`.
        #[arg(long, value_name = "DIR")]
        secrets_dir: Option<PathBuf>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

impl ConfigArgs {
    /// Runs the command in the environment of this process.
    ///
    /// Exit codes: 0 done, 2 no setting of that name, 78 faults in the configuration.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let (mut out, mut err) = (io::stdout().lock(), io::stderr().lock());
        if self.command.reads_the_environment() {
            // If standard error is closed, warnings have no reader.
            let _ = warn(unread_dotenv().as_slice(), &mut err);
        }
        let done = self
            .command
            .run(Environment::of_process(), &mut out, &mut err);
        match done {
            Ok(code) => Ok(ExitCode::from(code)),
            // The reader, such as `head`, closed the pipe: not a failure.
            Err(error) if is_broken_pipe(&error) => Ok(ExitCode::from(OK)),
            Err(error) => Err(error),
        }
    }
}

impl ConfigCommand {
    /// Tells whether it reads the environment of this process alone, where a `.env` is passed over.
    fn reads_the_environment(&self) -> bool {
        let elsewhere = matches!(
            self,
            Self::Check { from: Some(_), .. }
                | Self::Check { dev: true, .. }
                | Self::Show { dev: true, .. }
        );
        !elsewhere
    }

    fn run(
        self,
        environment: Environment,
        out: &mut impl Write,
        err: &mut impl Write,
    ) -> anyhow::Result<u8> {
        match self {
            Self::Check {
                from: Some(from),
                strict,
                json,
                ..
            } => config_from::check(&from, strict, json, out, err),
            Self::Check {
                secrets_elsewhere,
                dev,
                secrets_dir,
                json,
                ..
            } => {
                let loader = loader(environment, dev)?
                    .secrets_dir(secrets_dir)
                    .secrets_elsewhere(secrets_elsewhere)
                    .strict_names(true);
                let mut outcome = Config::load(&loader);
                if let Ok(loaded) = &mut outcome {
                    let memory = memory::advice(&loaded.value, memory::granted());
                    loaded.warnings.extend(memory);
                }
                if !secrets_elsewhere {
                    outcome = outcome.and_then(wired);
                }
                check(&outcome, json, out, err)
            }
            Self::Show {
                dev,
                secrets_dir,
                json,
            } => {
                let loader = loader(environment, dev)?.secrets_dir(secrets_dir);
                show(Config::load(&loader), json, out, err)
            }
            Self::Explain {
                name,
                from,
                secrets_dir,
                json,
            } => {
                let loader = Config::loader(environment)?.secrets_dir(secrets_dir);
                config_explain::run(name.as_deref(), from.as_deref(), json, &loader, out, err)
            }
        }
    }
}

/// A loader of what `serve`, or `serve --dev`, would load here.
fn loader(environment: Environment, dev: bool) -> anyhow::Result<Loader> {
    if !dev {
        return Ok(Config::loader(environment)?);
    }
    let environment = match dev::dotenv()? {
        Some(text) => environment.with_dotenv(&text)?,
        None => environment,
    };
    Ok(Config::loader(environment)?.defaults(&dev::defaults_here()?))
}

/// The same where the server can be wired with it: what only drivers and libraries find out is a
/// fault like others.
fn wired(loaded: Loaded<Config>) -> Result<Loaded<Config>, Faults> {
    let Ok(runtime) = runtime() else {
        return Ok(loaded);
    };
    let _inside = runtime.enter();
    match App::new(loaded.clone(), Clock::system()) {
        Ok(_) => Ok(loaded),
        Err(bad) => Err(bad.into_faults()),
    }
}

fn check(
    loaded: &Result<Loaded<Config>, Faults>,
    json: bool,
    out: &mut impl Write,
    err: &mut impl Write,
) -> anyhow::Result<u8> {
    let (code, faults, warnings) = match loaded {
        Ok(loaded) => (OK, None, loaded.warnings.as_slice()),
        Err(faults) => (CONFIG, Some(faults), &[] as &[Fault]),
    };
    if json {
        let listed: Vec<_> = faults.into_iter().flatten().collect();
        let report = json!({ "ok": code == OK, "faults": listed, "warnings": warnings });
        writeln!(out, "{report:#}")?;
        return Ok(code);
    }
    warn(warnings, err)?;
    match faults {
        Some(faults) => writeln!(err, "{faults}")?,
        None => writeln!(out, "ok")?,
    }
    Ok(code)
}

fn show(
    loaded: Result<Loaded<Config>, Faults>,
    json: bool,
    out: &mut impl Write,
    err: &mut impl Write,
) -> anyhow::Result<u8> {
    let loaded = match loaded {
        Ok(loaded) => loaded,
        Err(faults) => {
            writeln!(err, "{faults}")?;
            return Ok(CONFIG);
        }
    };
    warn(&loaded.warnings, err)?;
    if json {
        writeln!(out, "{:#}", config_text::entries_json(&loaded.entries))?;
    } else {
        out.write_all(config_text::entries(&loaded.entries).as_bytes())?;
    }
    Ok(OK)
}

fn warn(warnings: &[Fault], err: &mut impl Write) -> io::Result<()> {
    warnings
        .iter()
        .try_for_each(|warning| writeln!(err, "warning: {warning}"))
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let error = error.downcast_ref::<io::Error>();
    error.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests;
