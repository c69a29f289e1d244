//! Settings, logs and runtime of every command that touches the server's data.

use std::future::Future;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;

use super::dev::{self, DOTENV, Dev, FOLDER};
use super::dev_server;
use crate::clock::Clock;
use crate::config::{Config, sqlite_file};
use crate::schema::{Environment, Loaded};
use crate::server::{App, SecretFiles, telemetry};
use crate::storage::{Migrations, Schema};

/// Source of the settings.
#[derive(Args, Clone, Debug)]
pub(super) struct Source {
    /// Use the defaults for trying things out: SQLite and a generated key in .aura/, no Redis,
    /// this machine only. A variable that is set still wins, in the environment or in the file .env
    /// of this folder.
    #[arg(long, global = true)]
    pub(super) dev: bool,
    /// Read secrets from the files of DIR, one a variable, as a mounted Secret has them, instead of
    /// those of the folder that `SETTINGS_DIR` names.
    #[arg(long, global = true, value_name = "DIR")]
    secrets_dir: Option<PathBuf>,
}

/// Settings of a server whose data is there to work on.
pub(super) struct Ready {
    config: Loaded<Config>,
    migrate: bool,
}

impl Source {
    /// Loads the settings, starts the log as they say, and tells it what is odd but no fault. With
    /// `--dev` it makes what that needs.
    pub(super) fn load(&self) -> anyhow::Result<Loaded<Config>> {
        Ok(self.load_to_follow()?.0)
    }

    /// The same, and the files that the settings come from.
    pub(super) fn load_to_follow(&self) -> anyhow::Result<(Loaded<Config>, SecretFiles)> {
        self.load_with(self.dev.then(Dev::prepare).transpose()?)
    }

    /// The same for a command that works on what is there, and makes no folder.
    pub(super) fn load_existing(&self) -> anyhow::Result<Loaded<Config>> {
        let found = self.dev.then(Dev::find).transpose()?.flatten();
        if self.dev && found.is_none() {
            bail!("{}", no_server());
        }
        Ok(self.load_with(found)?.0)
    }

    fn load_with(&self, dev: Option<Dev>) -> anyhow::Result<(Loaded<Config>, SecretFiles)> {
        let mut environment = Environment::of_process();
        let mut defaults = Vec::new();
        if let Some(dev) = dev {
            defaults = dev.defaults();
            if let Some(text) = dev::dotenv()? {
                environment = environment.with_dotenv(&text)?;
            }
        }
        let loader = Config::loader(environment)?
            .secrets_dir(self.secrets_dir.clone())
            .defaults(&defaults);
        let files = SecretFiles::new(loader);
        let mut config = files
            .load()
            // Faults are logged too, in the format that the settings of the log ask for.
            .inspect_err(|_| telemetry::start(&files.log()))?;
        if !self.dev {
            config.warnings.extend(dev::unread_dotenv());
        }
        telemetry::start(&config.value.log);
        for warning in &config.warnings {
            tracing::warn!("{warning}");
        }
        Ok((config, files))
    }

    /// Loads the settings of a server whose database is there. Neither the database nor the folder
    /// of `--dev` is made, but for an act that may come `first` in a new folder.
    pub(super) fn ready(&self, first: bool) -> anyhow::Result<Ready> {
        let config = if first && dev_server::recall().is_none() {
            self.load()?
        } else {
            self.load_existing()?
        };
        let url = config.value.database.url.expose().as_str();
        let place = place_of(url);
        if let Some(noted) = dev::noted_database()?
            && noted != place
        {
            if self.dev {
                bail!(
                    "the server of this folder keeps its accounts at {noted}, and this command \
                     would look at {place}. Give both the same DATABASE_URL, in a variable or in \
                     {DOTENV}"
                );
            }
            // Without --dev the settings are the operator's, and the folder may be left over.
            tracing::warn!(
                "a server that was started here with --dev keeps its accounts at {noted}; this command \
                 works on {place}. For the other, add --dev"
            );
        }
        if !(first && self.dev)
            && let Some(path) = sqlite_file(url).filter(|path| !path.exists())
        {
            bail!("{}", no_database(&path, self.dev));
        }
        Ok(Ready {
            config,
            migrate: self.dev,
        })
    }
}

impl Ready {
    /// Runs `work` on the server's data, with no server running. The schema must be current.
    pub(super) fn with_app<T, F, Fut>(self, work: F) -> anyhow::Result<T>
    where
        F: FnOnce(App) -> Fut,
        Fut: Future<Output = anyhow::Result<T>>,
    {
        runtime()?.block_on(async {
            let app = App::new(self.config, Clock::system())?;
            let migrations = Migrations::new(app.storage().sql.clone());
            if self.migrate {
                migrations
                    .run()
                    .await
                    .context("the database cannot be brought up to date")?;
            }
            match migrations.look().await {
                Ok(Schema::Current) => work(app).await,
                Ok(pending) => {
                    anyhow::bail!("{pending}: run `aura migrate` first, or start the server")
                }
                Err(error) => Err(error).context("the database cannot be queried"),
            }
        })
    }
}

/// Place of the database of `url`, without its password; a file below this folder, as seen from it.
pub(super) fn place_of(url: &str) -> String {
    if let Some(file) = sqlite_file(url) {
        let file = std::path::absolute(&file).unwrap_or(file);
        let here = std::env::current_dir().unwrap_or_default();
        return file
            .strip_prefix(here)
            .unwrap_or(&file)
            .display()
            .to_string();
    }
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let rest = rest.split('?').next().unwrap_or_default();
    let place = rest.rsplit_once('@').map_or(rest, |(_, place)| place);
    place.to_owned()
}

/// Refusal of `--dev` in a folder that has no data of a server.
fn no_server() -> String {
    let here = std::env::current_dir().unwrap_or_default();
    let problem = format!("no server was started with --dev in {}", here.display());
    match dev_server::recall() {
        Some(folder) => format!(
            "{problem}. The last one was started elsewhere:\n  {}",
            command_line(Some(&folder), "")
        ),
        None => format!(
            "{problem}. Start one with `aura serve --dev`, or run this command in its folder"
        ),
    }
}

/// Refusal of a database that does not exist, with the command that was meant.
fn no_database(path: &Path, dev: bool) -> String {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let problem = format!(
        "DATABASE_URL names {}, where there is no database",
        path.display()
    );
    let elsewhere = dev_server::recall();
    if dev {
        return format!("{problem}. The server makes it: aura serve --dev");
    }
    let meant = if Path::new(FOLDER).is_dir() {
        command_line(None, " --dev")
    } else if let Some(folder) = elsewhere {
        command_line(Some(&folder), " --dev")
    } else {
        return format!(
            "{problem}. `aura migrate` or `aura serve` makes it, with the settings of this command; \
             for a server that is started with --dev, add --dev"
        );
    };
    format!("{problem}. For the server that was started with --dev:\n  {meant}")
}

/// This command as a shell takes it, with `more` at its end, to be run in `folder`.
fn command_line(folder: Option<&Path>, more: &str) -> String {
    let words = std::env::args_os().skip(1);
    let words: Vec<_> = words.map(|word| quoted(&word.to_string_lossy())).collect();
    let command = format!("aura {}{more}", words.join(" "));
    match folder {
        Some(folder) => format!("cd {} && {command}", quoted(&folder.to_string_lossy())),
        None => command,
    }
}

/// `word` as a POSIX shell reads it.
fn quoted(word: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || "_-./:@%+,=".contains(c);
    if !word.is_empty() && word.chars().all(bare) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// A runtime for the whole process.
pub(super) fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    runtime.context("the async runtime cannot be started")
}

#[cfg(test)]
mod tests {
    use super::{place_of, quoted};

    #[test]
    fn the_place_of_a_database_has_no_password() {
        for (url, place) in [
            (
                "sqlite:///var/lib/aura/aura.db?mode=rwc",
                "/var/lib/aura/aura.db",
            ),
            (
                "postgres://aura:canary%40@db:5432/aura?sslmode=require",
                "db:5432/aura",
            ),
            ("postgresql://db/aura", "db/aura"),
            ("postgres://db/aura?user=u&password=a@canary", "db/aura"),
        ] {
            assert_eq!(place_of(url), place, "{url}");
        }
        let here = std::env::current_dir().unwrap().join("aura.db");
        for url in ["sqlite://aura.db", &format!("sqlite://{}", here.display())] {
            assert_eq!(place_of(url), "aura.db");
        }
    }

    #[test]
    fn words_are_quoted_where_a_shell_would_read_something_else() {
        assert_eq!(quoted("ann@example.com"), "ann@example.com");
        assert_eq!(quoted("/tmp/my folder"), "'/tmp/my folder'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted(""), "''");
    }
}
