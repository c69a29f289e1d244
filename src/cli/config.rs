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

/// What to do with the settings.
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
        /// Look into manifests and .env files instead of the environment: a directory, a file, or
        /// - for standard input.
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
        /// Also read this directory, which holds one file a variable.
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
        /// Also read this directory, which holds one file a variable.
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
            // Where standard error is closed, nobody can be told.
            let _ = warn(unread_dotenv().as_slice(), &mut err);
        }
        let done = self
            .command
            .run(Environment::of_process(), &mut out, &mut err);
        match done {
            Ok(code) => Ok(ExitCode::from(code)),
            // Whoever read our output has read enough of it.
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
            Self::Explain { name, from, json } => config_explain::run(
                name.as_deref(),
                from.as_deref(),
                json,
                environment,
                out,
                err,
            ),
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
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        config: ConfigArgs,
    }

    fn run(line: &str, environment: &[(&str, &str)]) -> (u8, String, String) {
        let line = Line::parse_from(format!("aura {line}").split_whitespace());
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let environment = environment.iter().copied().collect();
        let code = line
            .config
            .command
            .run(environment, &mut out, &mut err)
            .unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (code, text(out), text(err))
    }

    const KEY: &str = "canary-Zk3v0yT1mE8qWn5aRb7uXc2dLf9h";

    #[test]
    fn check_says_ok_or_everything_that_is_wrong() {
        assert_eq!(run("check", &[]), (0, "ok\n".to_owned(), String::new()));
        let (code, out, err) = run(
            "check",
            &[
                ("SERVER_PORT", "high"),
                ("REDIS_AUHT_DB", "3"),
                ("ENVIRONMENT", "staging"),
            ],
        );
        assert_eq!((code, out.as_str()), (78, ""));
        for name in [
            "SERVER_PORT: ",
            "REDIS_AUHT_DB: ",
            "JWT_SECRET_KEY: ",
            "3 faults",
        ] {
            assert!(err.contains(name), "{err}");
        }
    }

    #[test]
    fn check_warns_of_settings_that_need_more_memory_than_there_is() {
        let (code, out, err) = run("check", &[("SERVER_MAX_CONNECTIONS", "1000000")]);
        assert_eq!((code, out.as_str()), (0, "ok\n"));
        assert!(
            err.starts_with("warning: SERVER_MAX_CONNECTIONS: "),
            "{err}"
        );
        assert!(err.contains("MiB for connections"), "{err}");
    }

    #[test]
    fn check_takes_secrets_for_present_on_request() {
        let production = [("ENVIRONMENT", "production"), ("JWT_ALGORITHM", "ES256")];
        assert_eq!(run("check", &production).0, 78);
        assert_eq!(run("check --secrets-elsewhere", &production).0, 0);
        let (code, out, _) = run("check --json", &production);
        let report: serde_json::Value = serde_json::from_str(&out).unwrap();
        assert_eq!((code, &report["ok"]), (78, &false.into()));
        assert_eq!(report["faults"][0]["name"], "JWT_SECRET_KEY");
        assert_eq!(report["faults"][0]["kind"], "missing");
    }

    #[test]
    fn show_tells_origins_and_no_secret() {
        let environment = [("JWT_SECRET_KEY", KEY), ("SERVER_PORT", "81")];
        let (code, out, _) = run("show", &environment);
        assert_eq!(code, 0);
        let line = |name: &str| {
            let mut lines = out.lines();
            let line = lines
                .find(|line| line.starts_with(&format!("{name} ")))
                .unwrap();
            line.split_whitespace().collect::<Vec<_>>().join(" ")
        };
        assert_eq!(
            line("JWT_SECRET_KEY"),
            "JWT_SECRET_KEY [redacted] (variable)"
        );
        assert_eq!(line("SERVER_PORT"), "SERVER_PORT 81 (variable)");
        assert_eq!(
            line("OAUTH_CLIENT_SECRET"),
            "OAUTH_CLIENT_SECRET [not set] (default)"
        );
        assert_eq!(line("REDIS_AUTH_DB"), "REDIS_AUTH_DB 2 (default)");
        let (_, json, _) = run("show --json", &environment);
        assert!(!out.contains("canary") && !json.contains("canary"));
        assert!(
            serde_json::from_str::<serde_json::Value>(&json)
                .unwrap()
                .is_array()
        );
    }

    #[test]
    fn explain_says_what_a_setting_takes() {
        let (code, out, _) = run("explain jwt_access_token_expire_minutes", &[]);
        assert_eq!(code, 0);
        for part in [
            "JWT_ACCESS_TOKEN_EXPIRE_MINUTES\n",
            "1 to 1440",
            "30",
            "Minutes an access",
        ] {
            assert!(out.contains(part), "{out}");
        }
        let (_, out, _) = run("explain JWT_SECRET_KEY", &[]);
        assert!(out.contains("JWT_SECRET_KEY_FILE"), "{out}");
        assert!(out.contains("in staging and production"), "{out}");
        assert!(
            out.contains("Secret aura-secrets, in k8s/base/backend/secret.yaml"),
            "{out}"
        );
        let (_, all, _) = run("explain", &[]);
        assert!(
            all.contains("RATE_LIMIT_FAIL_MODE") && all.contains("LOG_FORMAT"),
            "{all}"
        );
    }

    #[test]
    fn explain_tells_the_value_here_and_its_origin() {
        let told = |environment: &[(&str, &str)], name: &str| {
            let (code, out, _) = run(&format!("explain {name}"), environment);
            assert_eq!(code, 0);
            let mut lines = out.lines().map(str::trim);
            let line = lines.find_map(|line| line.strip_prefix("Value here"));
            line.unwrap().trim().to_owned()
        };
        assert_eq!(told(&[], "SERVER_PORT"), "8000 (default)");
        let production = [("ENVIRONMENT", "production"), ("JWT_SECRET_KEY", KEY)];
        assert_eq!(told(&production, "JWT_SECRET_KEY"), "[redacted] (variable)");
        assert_eq!(told(&production, "LOG_FORMAT"), "json (default)");
        // What is wrong elsewhere is another question.
        let wrong = [("SERVER_PORT", "high"), ("LOG_LEVEL", "warn")];
        assert_eq!(told(&wrong, "LOG_LEVEL"), "warn (variable)");
        assert!(told(&wrong, "SERVER_PORT").contains("high"));
    }

    #[test]
    fn explain_finds_the_lines_of_a_tree() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            std::fs::write(folder.path().join(name), text).unwrap();
        };
        write(
            "c.yaml",
            "kind: ConfigMap\nmetadata: {name: c}\ndata:\n  LOG_LEVEL: \"info\"\n",
        );
        write("x.env", &format!("LOG_LEVEL=debug\nJWT_SECRET_KEY={KEY}\n"));
        write("broken.yaml", "a: [\n");
        let from = folder.path().display();
        let (code, out, err) = run(&format!("explain log_level --from {from}"), &[]);
        assert_eq!(code, 0);
        assert!(out.contains("c.yaml:4 (ConfigMap c)\n"), "{out}");
        assert!(out.contains("x.env:1\n"), "{out}");
        assert!(err.starts_with("warning: broken.yaml: "), "{err}");
        let (_, out, _) = run(&format!("explain JWT_SECRET_KEY --json --from {from}"), &[]);
        let json: serde_json::Value = serde_json::from_str(&out).unwrap();
        assert_eq!(json["kubernetes"]["kind"], "Secret");
        assert_eq!(json["written_in"][0]["line"], 2);
        assert!(!out.contains("canary"), "{out}");
        let (_, out, _) = run(&format!("explain LOG_FORMAT --from {from}"), &[]);
        assert!(out.contains("no file there"), "{out}");
    }

    #[test]
    fn an_unknown_name_gets_the_nearest() {
        let (code, _, err) = run("explain JWT_SECRET", &[]);
        assert_eq!(code, 2);
        assert!(err.contains("did you mean JWT_SECRET_KEY?"), "{err}");
    }
}
