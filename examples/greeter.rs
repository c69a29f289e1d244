//! A service that is not aura renders its own manifests and documentation.

use std::path::Path;

use aura::deploy::{artefact::Project, artefacts::ARTEFACTS, plan::Plan, service::Service, tree};
use aura::schema::{Bounded, Secret};
use schemars::JsonSchema;
use serde::Deserialize;

/// What the greeter reads.
#[derive(Deserialize, JsonSchema)]
#[expect(dead_code, reason = "here it is only described")]
struct Config {
    /// Port to listen on.
    #[serde(default = "port")]
    port: Bounded<1, 65_535>,
    /// What it says.
    #[serde(default)]
    greeting: Option<String>,
    /// Token that callers must send.
    api_token: Secret<String>,
}

fn port() -> Bounded<1, 65_535> {
    Bounded::of::<8080>()
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let dir = std::env::args_os().nth(1).ok_or("usage: greeter DIR")?;
    let schema = schemars::schema_for!(Config).to_value();
    let mut service = Service::new("greeter", "1.2.0", schema)?;
    service.port = String::from("PORT");
    service.image = String::from("registry.example.com/greeter");
    let text = std::fs::read_to_string("deploy.toml")?;
    let plan = Plan::read(&service, Some(("deploy.toml", &text)), false)?;
    let project = Project { service, plan };
    let mut files = Vec::new();
    for artefact in ARTEFACTS {
        files.extend((artefact.render)(&project)?);
    }
    tree::write(Path::new(&dir), &files, false)?;
    Ok(())
}
