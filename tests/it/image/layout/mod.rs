//! Proves the images that `aura generate oci` writes, from outside: what skopeo and podman say of
//! them, what is refused, and that nothing is ever half written. The programs in them are the
//! smallest there are, so no built image is needed; where there is one, it is looked at as well.

mod command;
mod refused;
mod tools;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::json;
use tempfile::TempDir;

use crate::support::certificate::CERTIFICATE;
use crate::support::elf::{AMD64, ARM64, Elf};
use crate::support::{Settings, said};

/// What the image is tagged with.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// A folder with programs and a CA bundle in it.
struct Bench(TempDir);

impl Bench {
    fn new() -> Self {
        let bench = Self(TempDir::new().expect("a folder"));
        bench.put("amd64", Elf::new(AMD64, &crates()).bytes());
        bench.put("arm64", Elf::new(ARM64, &crates()).bytes());
        bench.put("ca.pem", CERTIFICATE);
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn put(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path(name), content).expect("a file");
    }

    /// Runs `aura generate oci`; words that begin with `@` are names in this folder.
    async fn generate_with(&self, settings: Settings, words: &str) -> Output {
        let folder = self.0.path().display().to_string();
        let named = |word: &str| word.replace('@', &format!("{folder}/"));
        let mut all = vec!["generate".to_owned(), "oci".to_owned()];
        all.extend(words.split(' ').map(named));
        if !words.contains("--ca-bundle") {
            all.extend(["--ca-bundle".to_owned(), named("@ca.pem")]);
        }
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        settings.run(&all).await
    }

    async fn generate(&self, words: &str) -> Output {
        self.generate_with(Settings::new(), words).await
    }

    /// The same where it must succeed.
    async fn made(&self, words: &str) {
        let done = self.generate(words).await;
        assert!(done.status.success(), "{}", said(&done));
    }

    /// Writes the image of one platform in both forms of archive: `oci.tar` and `docker.tar`.
    async fn archives(&self) {
        for form in ["oci", "docker"] {
            let words = format!("--binary @amd64 --out @{form}.tar --format {form}-archive");
            self.made(&words).await;
        }
    }

    /// The names in this folder.
    fn names(&self) -> Vec<String> {
        let names = fs::read_dir(self.0.path()).expect("a folder");
        let name = |entry: fs::DirEntry| entry.file_name().to_string_lossy().into_owned();
        let mut names: Vec<String> = names.map(|entry| name(entry.expect("an entry"))).collect();
        names.sort();
        names
    }
}

/// What the programs say they are made of.
fn crates() -> String {
    json!({ "packages": [
        { "name": "aura", "version": VERSION, "source": "local", "root": true, "dependencies": [1] },
        { "name": "serde", "version": "1.0.200", "source": "crates.io" },
    ]})
    .to_string()
}

/// Every file below `folder`, by its path.
fn tree(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(at) = folders.pop() {
        for entry in fs::read_dir(&at).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).expect("below it").to_owned();
                found.insert(name, fs::read(&path).expect("a file"));
            }
        }
    }
    found
}
