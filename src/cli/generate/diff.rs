//! `aura generate diff`: what an update changes of the settings.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;

use super::project::{aura, read};
use crate::cli::output;
use crate::deploy::upgrade::upgrade_note;
use crate::schema::Settings;

/// Say which settings came, went or changed since an older schema.
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  aura generate diff --from old/docs/reference/config.schema.json"
)]
pub(super) struct Diff {
    /// The older version's docs/reference/config.schema.json.
    #[arg(long, value_name = "FILE")]
    from: PathBuf,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Diff {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let shown = self.from.display();
        let text = read(&self.from)?;
        let schema: serde_json::Value =
            serde_json::from_str(&text).with_context(|| format!("{shown} is not JSON"))?;
        let old = Settings::from_schema(&schema)
            .with_context(|| format!("{shown} is no schema of settings"))?;
        let note = upgrade_note(&old, &aura()?.settings);
        let text = if self.json {
            format!("{:#}\n", serde_json::to_value(&note)?)
        } else {
            note.to_string()
        };
        output::print(&text)?;
        Ok(ExitCode::SUCCESS)
    }
}
