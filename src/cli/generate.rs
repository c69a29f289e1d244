//! `aura generate`. Reads no environment and opens no connection.

use std::process::ExitCode;

use clap::{Args, ValueEnum};

use super::output;
use super::setup::runtime;
use crate::clock::Clock;
use crate::config::Config;
use crate::server::{App, openapi};

/// Render a file from the code.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  aura generate openapi > openapi/aura.json")]
pub(super) struct Generate {
    /// What to render.
    artefact: Artefact,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Artefact {
    /// The OpenAPI document, as it is served at /openapi.json.
    Openapi,
}

impl Generate {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let Artefact::Openapi = self.artefact;
        let text = runtime()?.block_on(async {
            let app = App::new(Config::default(), Clock::system())?;
            anyhow::Ok(openapi::text(&app.document()))
        })?;
        output::print(&text)?;
        Ok(ExitCode::SUCCESS)
    }
}
