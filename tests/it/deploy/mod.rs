//! Proves the files that deploy aura, from outside: what `aura generate` writes, compares and
//! refuses, and what other people's tools say of it.

mod canary;
mod copies;
mod crds;
mod drift;
mod fastapi;
mod generate;
mod guide;
mod manifests;
mod network;
mod overlay;
mod plan;
mod podman;
mod pods;
mod pydantic;
mod refused;
mod required;
mod reuse;
mod rollout;
mod sealed;
mod secrets;
mod strings;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Output;

use crate::support::{Settings, said};

/// Runs `aura generate` with `arguments` in an environment that says nothing.
async fn generate(arguments: &[&str]) -> Output {
    let words: Vec<&str> = ["generate"].iter().chain(arguments).copied().collect();
    Settings::new().run(&words).await
}

/// Every file below `folder` with its bytes, by its path from there.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(at) = folders.pop() {
        for entry in std::fs::read_dir(&at).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).expect("below it");
                let bytes = std::fs::read(&path).expect("a file");
                found.insert(name.display().to_string(), bytes);
            }
        }
    }
    found
}
