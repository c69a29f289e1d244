//! `aura generate diff`: what an update changes of the settings.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;

use super::project::{aura, read, read_stream};
use crate::cli::output;
use crate::deploy::upgrade::upgrade_note;
use crate::schema::Settings;

/// Say which settings came, went or changed since an older version.
///
/// The older version's schema is what its own `aura generate schema` prints: in its image, or in the
/// pods that still run it.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    podman run --rm registry.example.com/team/aura:OLD generate schema | aura generate diff --from -\n  \
    kubectl exec deploy/aura -n aura -- /aura generate schema | aura generate diff --from -\n  \
    aura generate diff --from old/docs/reference/config.schema.json")]
pub(super) struct Diff {
    /// The older version's schema: what its `aura generate schema` prints, which is also in its
    /// source, as docs/reference/config.schema.json; - for standard input.
    #[arg(long, value_name = "FILE")]
    from: PathBuf,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Diff {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let text = if self.from == Path::new("-") {
            read_stream("standard input", io::stdin().lock())
        } else {
            read(&self.from)
        };
        let shown = self.from.display();
        let wanted = "name what the older version's `aura generate schema` prints";
        let text = text.context(wanted)?;
        let schema: serde_json::Value = serde_json::from_str(&text)
            .with_context(|| format!("{shown} is not JSON; {wanted}"))?;
        let old = Settings::from_schema(&schema)
            .with_context(|| format!("{shown} is not a schema of settings; {wanted}"))?;
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
