//! `docs/reuse.md`, followed by somebody who has an empty folder and a checkout of this repository.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use super::manifests::tool;
use super::{files, said};

/// The top of the repository.
const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// The code blocks of `language` in `page`, in order.
fn blocks<'a>(page: &'a str, language: &str) -> Vec<&'a str> {
    let start = format!("```{language}\n");
    let parts = page.split(start.as_str()).skip(1);
    parts
        .map(|rest| rest.split("```").next().unwrap_or_default())
        .collect()
}

fn cargo(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO"))
        .arg("--config")
        .arg(Path::new(ROOT).join(".cargo/config.toml"))
        .args(arguments)
        .current_dir(folder)
        // Built once, and kept for the next run.
        .env("CARGO_TARGET_DIR", Path::new(ROOT).join("target/reuse"))
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
        .env("CARGO_NET_OFFLINE", "true")
        .output()
        .expect("cargo")
}

#[test]
fn the_page_leads_from_an_empty_folder_to_manifests() {
    let page = fs::read_to_string(Path::new(ROOT).join("docs/reuse.md")).expect("the page");
    let (_, page) = page
        .split_once("\n## A service in Rust\n")
        .expect("the part");
    let ([code], [manifest, plan]) = (&blocks(page, "rust")[..], &blocks(page, "toml")[..]) else {
        panic!("one program, and two files of TOML");
    };
    let lines: usize = [*code, manifest, plan]
        .iter()
        .map(|it| it.lines().count())
        .sum();
    assert!(lines < 50, "{lines} lines to write");
    let example = fs::read_to_string(Path::new(ROOT).join("examples/greeter.rs"));
    let example = example.expect("the example");
    let (_, example) = example.split_once("\n\n").expect("a head");
    assert_eq!(*code, example, "the page and the example");

    // Not below the repository: `cargo new` would add the package to its workspace.
    let folder = tempfile::tempdir().expect("a folder");
    let done = cargo(folder.path(), &["new", "--vcs", "none", "greeter"]);
    assert!(done.status.success(), "{}", said(&done));
    let here = folder.path().join("greeter");
    let fresh = fs::read_to_string(here.join("Cargo.toml")).expect("a manifest");
    assert!(fresh.trim_end().ends_with("[dependencies]"), "{fresh}");
    let manifest = manifest.replace("../aura", ROOT);
    fs::write(here.join("Cargo.toml"), fresh + &manifest).expect("a file");
    fs::write(here.join("src/main.rs"), code).expect("a file");
    fs::write(here.join("deploy.toml"), plan).expect("a file");
    // The versions that are on this machine.
    fs::copy(Path::new(ROOT).join("Cargo.lock"), here.join("Cargo.lock")).expect("a file");
    let done = cargo(&here, &["run", "--quiet", "--", "out"]);
    assert!(done.status.success(), "{}", said(&done));

    let files = files(&here.join("out"));
    let deployment = String::from_utf8_lossy(&files["k8s/base/backend/deployment.yaml"]);
    assert!(deployment.contains("image: registry.example.com/greeter:1.2.0"));
    for (path, bytes) in &files {
        // The placeholder of secrets is the one word that is not the service's own.
        let text = String::from_utf8_lossy(bytes).replace("__AURA_SET_ME__", "");
        assert!(!text.to_lowercase().contains("aura"), "{path}: {text}");
        assert!(!text.contains("generate secrets"), "{path}: {text}");
    }
    let Some(kubectl) = tool("kubectl") else {
        return;
    };
    for name in ["development", "staging", "production"] {
        let overlay = here.join("out/k8s/overlays").join(name);
        let done = Command::new(&kubectl)
            .arg("kustomize")
            .arg(overlay)
            .output();
        let done = done.expect("kubectl");
        assert!(done.status.success(), "{name}: {}", said(&done));
    }
}
