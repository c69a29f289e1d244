//! A service that is not aura renders its own manifests and documentation.
//!
//! `cargo run --no-default-features --example greeter -- DIR`

use std::path::Path;

use aura::deploy::{ARTEFACTS, Plan, Project, Service, tree};
use aura::schema::{Bounded, Secret};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the greeter reads.
#[derive(Deserialize, JsonSchema)]
#[expect(dead_code, reason = "here it is only described")]
struct Config {
    /// Where this process runs.
    #[serde(default)]
    environment: Tier,
    /// Port to listen on.
    #[serde(default = "port")]
    port: Bounded<1, 65_535>,
    /// What it says.
    #[serde(default)]
    greeting: Option<String>,
    /// Token that callers must send.
    api_token: Secret<String>,
}

/// Where a process runs.
#[derive(Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Tier {
    #[default]
    Development,
    Staging,
    Production,
}

fn port() -> Bounded<1, 65_535> {
    Bounded::of::<8080>()
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let dir = std::env::args_os().nth(1).ok_or("usage: greeter DIR")?;
    let schema = schemars::schema_for!(Config).to_value();
    let mut service = Service::new("greeter", "1.2.0", schema)?;
    service.port = String::from("PORT");
    let plan = Plan::read(&service, None, false)?;
    let project = Project { service, plan };
    let mut files = Vec::new();
    for artefact in ARTEFACTS {
        files.extend((artefact.render)(&project)?);
    }
    tree::write(Path::new(&dir), &files, false)?;
    Ok(())
}
