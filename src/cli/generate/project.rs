//! What is rendered: aura's own facts, and `deploy.toml`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;

use crate::clock::Clock;
use crate::config::Config;
use crate::deploy::{Plan, Project, Service};
use crate::server::{self, App};

/// Read where no other file is named, and only if it is there.
const USUAL: &str = "deploy.toml";

/// Larger files are not ours.
const MOST_BYTES: u64 = 1024 * 1024;

/// Where the plan comes from.
#[derive(Args, Clone, Debug)]
pub(super) struct Source {
    /// Read FILE instead of ./deploy.toml.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Make errors of what is only a warning: a production image without a digest.
    #[arg(long)]
    strict: bool,
}

impl Source {
    /// aura and its plan.
    pub(super) fn project(&self) -> anyhow::Result<Project> {
        let service = aura()?;
        let path = match &self.config {
            Some(path) => Some(path.clone()),
            None => Path::new(USUAL).exists().then(|| USUAL.into()),
        };
        let text = path.as_deref().map(read).transpose()?;
        let name = path.as_deref().map(|path| path.display().to_string());
        let file = name.as_deref().zip(text.as_deref());
        let plan = Plan::read(&service, file, self.strict)?;
        Ok(Project { service, plan })
    }
}

/// aura, as something to deploy.
pub(in crate::cli) fn aura() -> anyhow::Result<Service> {
    let document = super::super::setup::runtime()?.block_on(async {
        let app = App::new(Config::default(), Clock::system())?;
        anyhow::Ok(app.document())
    })?;
    Ok(server::service::service(document)?)
}

/// The text of a file that a person wrote.
pub(super) fn read(path: &Path) -> anyhow::Result<String> {
    let shown = path.display();
    let size = fs::metadata(path)
        .with_context(|| format!("{shown} cannot be read"))?
        .len();
    if size > MOST_BYTES {
        bail!("{shown} has {size} bytes; the most is {MOST_BYTES}");
    }
    fs::read_to_string(path).map_err(|error| match error.kind() {
        io::ErrorKind::InvalidData => anyhow::anyhow!("{shown} is not UTF-8"),
        _ => anyhow::Error::new(error).context(format!("{shown} cannot be read")),
    })
}
