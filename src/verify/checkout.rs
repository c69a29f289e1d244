//! A checkout of the service's source: the few files of it that are looked at, by their paths.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read};
use std::path::Path;

use super::cargo::{Lock, Manifest};
use super::error::Unusable;
use crate::deploy::service::Service;
use crate::schema::open_regular;

/// Larger files are none of those that are looked at.
const MAX_BYTES: u64 = 16 * 1024 * 1024;

/// Manifest of the package.
pub(super) const MANIFEST: &str = "Cargo.toml";
/// Lock file of the package.
pub(super) const LOCK: &str = "Cargo.lock";
/// List of files that are not committed.
pub(super) const IGNORED: &str = ".gitignore";
/// The image of those who build without Nix, where it was written down.
pub(super) const DOCKERFILE: &str = "Dockerfile";

/// Files of a checkout.
#[derive(Debug, Clone)]
pub struct Checkout {
    texts: BTreeMap<String, String>,
    manifest: Manifest,
    lock: Option<Lock>,
}

impl Checkout {
    /// Reads what there is of the files that `service` is asked about, below `path`.
    ///
    /// # Errors
    /// [`Unusable`] where there is no such folder, it has no `Cargo.toml`, or a file is not what
    /// its name says.
    pub fn read(service: &Service, path: &Path) -> Result<Self, Unusable> {
        folder(path)?;
        let mut texts = BTreeMap::new();
        for name in wanted(service) {
            if let Some(text) = read(&path.join(&name))? {
                texts.insert(name, text);
            }
        }
        Self::of(&path.display().to_string(), texts)
    }

    /// The same of texts that were read before; `path` is for errors.
    pub(super) fn of(path: &str, texts: BTreeMap<String, String>) -> Result<Self, Unusable> {
        let Some(manifest) = texts.get(MANIFEST) else {
            return Err(Unusable::Half {
                path: path.to_owned(),
                what: "checkout",
                problem: format!("it has no {MANIFEST}"),
                remedy: "name the top folder of the source".to_owned(),
            });
        };
        let broken = |name: &str, error: toml::de::Error| Unusable::File {
            path: format!("{path}/{name}"),
            problem: error.message().to_owned(),
        };
        let manifest = toml::from_str(manifest).map_err(|error| broken(MANIFEST, error))?;
        let lock = texts.get(LOCK).map(|text| toml::from_str(text));
        let lock = lock.transpose().map_err(|error| broken(LOCK, error))?;
        Ok(Self {
            texts,
            manifest,
            lock,
        })
    }

    /// Checks whether `path` is the top folder of `service`'s own source.
    #[must_use]
    pub fn is_of(service: &Service, path: &Path) -> bool {
        let mut text = String::new();
        // This is asked in whatever folder a command runs: a pipe of that name must not block it.
        let file = open_regular(&path.join(MANIFEST));
        let read = file.and_then(|file| file.take(MAX_BYTES).read_to_string(&mut text));
        if read.is_err() {
            return false;
        }
        let manifest = toml::from_str::<Manifest>(&text);
        let package = manifest.ok().and_then(|manifest| manifest.package);
        package.is_some_and(|package| package.name == service.name)
    }

    /// The text of the file at `path`, where there is one.
    pub(super) fn text(&self, path: &str) -> Option<&str> {
        self.texts.get(path).map(String::as_str)
    }

    /// `Cargo.toml`.
    pub(super) fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// `Cargo.lock`, where there is one.
    pub(super) fn lock(&self) -> Option<&Lock> {
        self.lock.as_ref()
    }
}

/// The files that are looked at.
fn wanted(service: &Service) -> Vec<String> {
    let promises = &service.promises;
    let usual = [
        MANIFEST,
        LOCK,
        IGNORED,
        DOCKERFILE,
        crate::deploy::env_docs::MARKDOWN,
    ];
    let usual = usual.into_iter().map(str::to_owned);
    let pages = promises.pages.iter().map(|page| page.path.clone());
    let builds = promises.builds.iter().map(|build| build.path.clone());
    usual.chain(pages).chain(builds).collect()
}

/// Fails where `path` is not a folder.
pub(super) fn folder(path: &Path) -> Result<(), Unusable> {
    let opened = fs::read_dir(path).map_err(|error| Unusable::Folder {
        path: path.display().to_string(),
        error,
    });
    opened.map(drop)
}

/// The text at `path`, and none where there is nothing.
fn read(path: &Path) -> Result<Option<String>, Unusable> {
    let refuse = |problem: String| Unusable::File {
        path: path.display().to_string(),
        problem,
    };
    // Ask first: a pipe would block where it is opened, and a device has no end.
    let size = match fs::metadata(path) {
        Ok(found) if found.is_file() => found.len(),
        Ok(_) => return Err(refuse("it is not a file".to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(refuse(error.to_string())),
    };
    if size > MAX_BYTES {
        return Err(refuse(format!(
            "it has {size} bytes; the most is {MAX_BYTES}"
        )));
    }
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) => Err(refuse(error.to_string())),
    }
}
