//! Proves the image as `scripts/image` builds it: the binary in it, its layout, and what becomes
//! of it in a container. `AURA_TESTS_IMAGE` names the folder (`scripts/test-image` sets it);
//! without it all but `layout` is skipped, and says so, for a build takes minutes.

mod checklist;
mod compose;
mod container;
mod layout;
mod reproducible;
mod static_binary;

use std::io::Write as _;
use std::path::PathBuf;

use crate::support::{Network, Podman, built_image, put_image};

/// What curl is told to send an e-mail and a password.
const ACCOUNT: [&str; 4] = [
    "--header",
    "Content-Type: application/json",
    "--data",
    r#"{"email": "ann@example.com", "password": "violet harbour kettle"}"#,
];

/// The folder of the built image.
fn dist() -> Option<PathBuf> {
    let found = built_image();
    if found.is_none() {
        let test = std::thread::current().name().unwrap_or("?").to_owned();
        let line = format!("\nSKIPPED {test}: no built image; scripts/test-image builds one\n");
        std::io::stderr().write_all(line.as_bytes()).ok();
    }
    found
}

/// A podman with the built image in it, in a network of its own.
async fn podman() -> Option<Podman> {
    dist()?;
    let podman = Podman::installed()?.within(Network::new()?);
    put_image(&podman).await.then_some(podman)
}
