//! `aura cache`: the LLM cache, with or without a server running.

use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};

use super::output;
use super::setup::{Source, runtime};
use crate::clock::Clock;
use crate::server::App;

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
    Purge,
}

impl Cache {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let CacheCommand::Purge = self.command;
        let config = self.source.load()?;
        if !config.redis.enabled {
            bail!(
                "REDIS_ENABLED is false, so the cache lives in the server's process: as an admin, \
                 send POST /llm/cache/purge to it, or restart it"
            );
        }
        runtime()?.block_on(async {
            let app = App::new(config, Clock::system())?;
            let purged = app.llm().purge().await;
            purged.context("nothing was purged; is Redis at REDIS_CACHE_URL or REDIS_URL?")
        })?;
        output::print("the cache is purged\n")?;
        Ok(ExitCode::SUCCESS)
    }
}
