//! `aura config`: what the settings are, what they mean, and whether they are right.
//!
//! `explain` reads no environment; `check` and `show` load it as `serve` would, and open no
//! connection. How settings look in print is in `config_text.rs`.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::json;

use super::{USAGE, config_from, config_text};
use crate::config::Config;
use crate::schema::{Environment, Fault, Faults, Loaded};

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
  ENVIRONMENT=production aura config check --secrets-elsewhere --json
  aura config check --from k8s/
  kubectl get configmap,secret,deployment -n aura -o yaml | aura config check --from -")]
    Check {
        /// Look into manifests and .env files instead of the environment: a directory, a file, or
        /// - for standard input.
        #[arg(long, value_name = "PATH", conflicts_with_all = ["secrets_elsewhere", "secrets_dir"])]
        from: Option<PathBuf>,
        /// With --from: secrets that are still to be set are faults.
        #[arg(long, requires = "from")]
        strict: bool,
        /// Take required secrets for present: they are set where the service runs.
        #[arg(long)]
        secrets_elsewhere: bool,
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
        /// Also read this directory, which holds one file a variable.
        #[arg(long, value_name = "DIR")]
        secrets_dir: Option<PathBuf>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Explain one setting, or all of them: what it does, what it takes, what it is by default.
    #[command(after_help = "Examples:
  aura config explain JWT_ALGORITHM
  aura config explain --json")]
    Explain {
        /// The variable, such as `JWT_ALGORITHM`; all of them without it.
        name: Option<String>,
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
                secrets_dir,
                json,
                ..
            } => {
                let loader = Config::loader(environment)?
                    .secrets_dir(secrets_dir)
                    .secrets_elsewhere(secrets_elsewhere)
                    .strict_names(true);
                check(&Config::load(&loader), json, out, err)
            }
            Self::Show { secrets_dir, json } => {
                let loader = Config::loader(environment)?.secrets_dir(secrets_dir);
                show(Config::load(&loader), json, out, err)
            }
            Self::Explain { name, json } => explain(name.as_deref(), json, out, err),
        }
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

fn explain(
    name: Option<&str>,
    json: bool,
    out: &mut impl Write,
    err: &mut impl Write,
) -> anyhow::Result<u8> {
    let settings = Config::settings()?;
    let Some(name) = name else {
        if json {
            let all: Vec<_> = settings.iter().map(config_text::setting_json).collect();
            writeln!(out, "{:#}", json!(all))?;
        } else {
            let all: Vec<_> = settings.iter().map(config_text::setting).collect();
            out.write_all(all.join("\n").as_bytes())?;
        }
        return Ok(OK);
    };
    let Some(setting) = settings.get(&name.to_ascii_uppercase()) else {
        let guess = settings.nearest(name);
        let guess = guess.map_or_else(String::new, |near| format!("did you mean {}? ", near.name));
        writeln!(
            err,
            "error: no setting is named {name:?}; {guess}`aura config explain` lists all of them"
        )?;
        return Ok(USAGE);
    };
    if json {
        writeln!(out, "{:#}", config_text::setting_json(setting))?;
    } else {
        out.write_all(config_text::setting(setting).as_bytes())?;
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
        let (_, all, _) = run("explain", &[]);
        assert!(
            all.contains("RATE_LIMIT_FAIL_MODE") && all.contains("LOG_FORMAT"),
            "{all}"
        );
    }

    #[test]
    fn an_unknown_name_gets_the_nearest() {
        let (code, _, err) = run("explain JWT_SECRET", &[]);
        assert_eq!(code, 2);
        assert!(err.contains("did you mean JWT_SECRET_KEY?"), "{err}");
    }
}
