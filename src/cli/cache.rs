//! `aura cache`: the LLM cache, with or without a server running.

use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};

use super::confirm::{self, Confirm};
use super::output;
use super::setup::{Source, runtime};
use crate::audit::Action;
use crate::auth::ActingAs;
use crate::clock::Clock;
use crate::server::App;
use crate::storage::Migrations;

/// Manage the LLM cache.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  aura cache purge")]
pub(super) struct Cache {
    #[command(flatten)]
    source: Source,
    #[command(subcommand)]
    command: CacheCommand,
}

#[derive(Debug, Subcommand)]
enum CacheCommand {
    /// Forget every answer, for every server that shares the cache.
    ///
    /// Takes the same time however much is kept. What was kept before leaves the memory of Redis as
    /// its time ends.
    #[command(after_help = "Example:\n  REDIS_URL=redis://redis:6379 aura cache purge")]
    Purge {
        #[command(flatten)]
        confirm: Confirm,
    },
}

impl Cache {
    /// Tells why the command cannot end well where nobody types.
    pub(super) fn needs_terminal(&self) -> Option<&'static str> {
        let CacheCommand::Purge { confirm } = &self.command;
        (!confirm.is_given()).then_some(confirm::ASKS)
    }

    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let CacheCommand::Purge { confirm } = self.command;
        let config = self.source.load_existing()?;
        if !config.value.redis.enabled {
            bail!(
                "REDIS_ENABLED is false, so the cache lives in the server's process: as an admin, \
                 send POST /llm/cache/purge to it, or restart it"
            );
        }
        confirm
            .ask("this forgets every answer of the LLM cache, for every server that shares it")?;
        runtime()?.block_on(async {
            let app = App::new(config, Clock::system())?;
            let purged = app.llm().purge().await;
            purged.context("nothing was purged; is Redis at REDIS_CACHE_URL or REDIS_URL?")?;
            record(&app).await;
            anyhow::Ok(())
        })?;
        output::print("the cache is purged\n")?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Records the purge where there is a trail. A machine that reaches Redis alone may purge too.
async fn record(app: &App) {
    let sql = &app.storage().sql;
    if sql.is_missing_file() {
        return;
    }
    let known = Migrations::new(sql.clone()).look().await.is_ok();
    let event = ActingAs::command_line().event(Action::CachePurged, "");
    if !known || app.audit().record(&event).await.is_err() {
        tracing::warn!("the purge is not in the audit trail: the database cannot be queried");
    }
}
