//! Promises of a service about its releases, for `verify` to hold them against.

/// Promises that no setting and no manifest tells. All of them may be empty: the items about them
/// are then not looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Promises {
    /// Libraries that the service cannot do its work without.
    pub libraries: Vec<Library>,
    /// Pages that have to name something.
    pub pages: Vec<Page>,
    /// Files that build a release.
    pub builds: Vec<Build>,
}

/// A library that has to be in the binary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Library {
    /// Its name on the registry: `bcrypt`.
    pub name: String,
    /// Its purpose in the service: `hashes passwords`.
    pub purpose: String,
}

/// A page of the checkout that people read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Its path, from the top of the checkout: `docs/USER_GUIDE.md`.
    pub path: String,
    /// The things it has to name.
    pub names: Names,
}

/// Things that a page has to name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Names {
    /// Every setting that a deployment has to give a value.
    RequiredSettings,
    /// The reference of all settings, by a link.
    Reference,
}

/// A file that builds a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Build {
    /// Its path, from the top of the checkout: `scripts/static`.
    pub path: String,
    /// The word in it that keeps to the lock file: `--locked`, `lockFile`.
    pub frozen_by: String,
}
