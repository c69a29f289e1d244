//! `Cargo.toml` and `Cargo.lock`, as far as dependencies go.
//!
//! <https://doc.rust-lang.org/cargo/reference/manifest.html>; of the lock file Cargo's source is the
//! only description.

use std::collections::BTreeMap;

use semver::{Version, VersionReq};
use serde::Deserialize;
use serde_json::Value;

/// `Cargo.toml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Manifest {
    pub(super) package: Option<Package>,
    #[serde(flatten)]
    tables: Tables,
    #[serde(default)]
    target: BTreeMap<String, Tables>,
}

/// The package itself.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Package {
    pub(super) name: String,
    /// A text, or a table where the workspace says it.
    pub(super) version: Option<Value>,
}

/// Tables of dependencies.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Tables {
    #[serde(default)]
    dependencies: BTreeMap<String, Wanted>,
    #[serde(default)]
    dev_dependencies: BTreeMap<String, Wanted>,
    #[serde(default)]
    build_dependencies: BTreeMap<String, Wanted>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum Wanted {
    Version(String),
    Table {
        version: Option<String>,
        package: Option<String>,
    },
}

/// `Cargo.lock`.
// The crate `cargo-lock` knows versions 1 to 4 only and no `Cargo.toml`: most of this would stay.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Lock {
    #[serde(default)]
    pub(super) package: Vec<Locked>,
}

/// A package as it was chosen.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Locked {
    pub(super) name: String,
    pub(super) version: String,
    /// Its source; none for packages of the checkout.
    pub(super) source: Option<String>,
    /// SHA-256 of the archive, of what comes from a registry.
    pub(super) checksum: Option<String>,
    #[serde(default)]
    dependencies: Vec<String>,
}

impl Manifest {
    /// Names on the registry and the versions that will do; an empty text stands for any.
    fn wanted(&self) -> impl Iterator<Item = (&str, &str)> {
        let tables = std::iter::once(&self.tables).chain(self.target.values());
        let all = tables.flat_map(|tables| {
            let lists = [
                &tables.dependencies,
                &tables.dev_dependencies,
                &tables.build_dependencies,
            ];
            lists.into_iter().flatten()
        });
        all.map(|(name, wanted)| match wanted {
            Wanted::Version(version) => (name.as_str(), version.as_str()),
            Wanted::Table { version, package } => (
                package.as_deref().unwrap_or(name),
                version.as_deref().unwrap_or_default(),
            ),
        })
    }
}

impl Lock {
    /// Every version of the package `name`.
    pub(super) fn versions(&self, name: &str) -> impl Iterator<Item = &str> {
        let found = self
            .package
            .iter()
            .filter(move |package| package.name == name);
        found.map(|package| package.version.as_str())
    }

    /// Dependencies of `manifest` that it does not answer, one line each; `--locked` refuses them.
    pub(super) fn stale(&self, manifest: &Manifest) -> Vec<String> {
        let Some(package) = &manifest.package else {
            return Vec::new();
        };
        let own = self.package.iter().find(|locked| {
            // One that the workspace says is not in this file.
            let version = package.version.as_ref().and_then(Value::as_str);
            locked.source.is_none()
                && locked.name == package.name
                && version.is_none_or(|version| locked.version == version)
        });
        let Some(own) = own else {
            return vec![format!(
                "{} itself is not in it with its version",
                package.name
            )];
        };
        let mut faults = Vec::new();
        let mut names = Vec::new();
        for (name, wanted) in manifest.wanted() {
            names.push(name);
            if !self
                .versions(name)
                .any(|version| satisfies(version, wanted))
            {
                faults.push(format!("{name} {wanted} is wanted and not in it").replace("  ", " "));
            } else if !own.names().any(|known| known == name) {
                faults.push(format!(
                    "{name} is not among the dependencies of {}",
                    own.name
                ));
            }
        }
        let left = own.names().filter(|name| !names.contains(name));
        faults.extend(left.map(|name| format!("{name} is in it and no longer wanted")));
        faults
    }
}

impl Locked {
    /// The packages that it depends on: `name`, `name version` or `name version (source)`.
    fn names(&self) -> impl Iterator<Item = &str> {
        // Cargo adds version and source only where the name alone is ambiguous.
        let words = self.dependencies.iter();
        words.filter_map(|text| text.split(' ').next())
    }
}

/// Checks whether `version` is one of those that `wanted` allows.
fn satisfies(version: &str, wanted: &str) -> bool {
    if wanted.is_empty() {
        return true;
    }
    let parsed = VersionReq::parse(wanted)
        .ok()
        .zip(Version::parse(version).ok());
    parsed.is_some_and(|(wanted, version)| wanted.matches(&version))
}

#[cfg(test)]
mod tests;
