//! `aura migrate`.

use std::process::ExitCode;

use anyhow::Context;
use clap::Args;

use super::output;
use super::setup::{Source, runtime};
use crate::storage::{Migrations, Schema, Storage};

/// Bring the database up to date, and exit.
///
/// Safe to run at any time and several times at once: on Postgres a lock lets one process at a
/// time migrate, and each migration is applied whole or not at all.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  DATABASE_URL=postgres://db/aura aura migrate")]
pub(super) struct Migrate {
    #[command(flatten)]
    source: Source,
}

impl Migrate {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let config = self.source.load()?;
        runtime()?.block_on(async {
            let storage = Storage::new(&config.value).map_err(crate::server::BadConfig::from)?;
            let migrations = Migrations::new(storage.sql.clone());
            let before = migrations
                .look()
                .await
                .context("the database cannot be queried")?;
            migrations
                .run()
                .await
                .context("the database was not migrated")?;
            output::print(&match before {
                Schema::Current => "the database is up to date\n".to_owned(),
                Schema::Pending(count) => format!("applied {count} migrations\n"),
            })?;
            Ok(ExitCode::SUCCESS)
        })
    }
}
