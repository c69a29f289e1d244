//! What every command that touches the server's data shares: its settings, its logs, its runtime.

use std::future::Future;
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;

use super::dev::Dev;
use crate::clock::Clock;
use crate::config::Config;
use crate::schema::{Environment, Loaded};
use crate::server::{App, SecretFiles, telemetry};
use crate::storage::{Migrations, Schema};

/// Where settings come from.
#[derive(Args, Clone, Debug)]
pub(super) struct Source {
    /// Use the defaults for trying things out: SQLite and a generated key in .aura/, no Redis,
    /// this machine only. A variable that is set still wins.
    #[arg(long)]
    pub(super) dev: bool,
    /// Read secrets from the files of DIR, one a variable, as a mounted Secret has them.
    #[arg(long, value_name = "DIR")]
    secrets_dir: Option<PathBuf>,
}

impl Source {
    /// Loads the settings, starts the log as they say, and tells it what is odd but no fault.
    pub(super) fn load(&self) -> anyhow::Result<Loaded<Config>> {
        Ok(self.load_to_follow()?.0)
    }

    /// The same, and the files that the settings come from.
    pub(super) fn load_to_follow(&self) -> anyhow::Result<(Loaded<Config>, SecretFiles)> {
        let environment = Environment::of_process();
        let defaults = if self.dev {
            Dev::prepare()?.defaults()
        } else {
            Vec::new()
        };
        let defaults: Vec<(&str, String)> = defaults
            .iter()
            .map(|(name, value)| (*name, value.clone()))
            .collect();
        let loader = Config::loader(environment)?
            .secrets_dir(self.secrets_dir.clone())
            .defaults(&defaults);
        let files = SecretFiles::new(loader);
        let config = files.load()?;
        telemetry::start(&config.value.log);
        for warning in &config.warnings {
            tracing::warn!("{warning}");
        }
        Ok((config, files))
    }

    /// Runs `work` on the server's data, with no server running. The schema must be current.
    pub(super) fn with_app<T, F, Fut>(&self, work: F) -> anyhow::Result<T>
    where
        F: FnOnce(App) -> Fut,
        Fut: Future<Output = anyhow::Result<T>>,
    {
        let config = self.load()?;
        runtime()?.block_on(async {
            let app = App::new(config, Clock::system())?;
            let migrations = Migrations::new(app.storage().sql.clone());
            if self.dev {
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
                Err(error) => Err(error).context("the database cannot be asked"),
            }
        })
    }
}

/// A runtime for the whole process.
pub(super) fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    runtime.context("the async runtime cannot be started")
}
