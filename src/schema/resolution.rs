//! Results of a load: a value, the origin of each setting, and the faults.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde_json::Value;

use super::fault::{Fault, FaultKind, Faults};
use super::node;
use super::secret::REDACTED;

/// Origin of the value of a setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Nothing was given: the built-in default, or no value.
    Default,
    /// The caller's own default, weaker than any variable.
    DevDefault,
    /// The variable of that name.
    Variable,
    /// A `.env` file.
    Dotenv,
    /// The file that `NAME_FILE` names.
    File(PathBuf),
    /// A file of the mounted directory.
    SecretsDir(PathBuf),
    /// Taken for granted: it is set where the service will run.
    Elsewhere,
}

impl Origin {
    /// Checks for a value that no operator has set.
    #[must_use]
    pub const fn is_default(&self) -> bool {
        matches!(self, Self::Default | Self::DevDefault)
    }
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::DevDefault => f.write_str("development default"),
            Self::Variable => f.write_str("variable"),
            Self::Dotenv => f.write_str(".env"),
            Self::File(path) => write!(f, "file {}", path.display()),
            Self::SecretsDir(path) => write!(f, "secrets directory {}", path.display()),
            Self::Elsewhere => f.write_str("elsewhere"),
        }
    }
}

/// A value as it may be shown.
#[derive(Debug, Clone, PartialEq)]
pub enum Shown {
    /// The value; also the default of a secret where it carries no credential.
    Value(Value),
    /// A secret.
    Redacted,
    /// There is none.
    NotSet,
}

impl Shown {
    /// The value as it would be written into a variable, or the word that stands for a secret;
    /// none where there is none.
    #[must_use]
    pub fn text(&self) -> Option<String> {
        match self {
            Self::Value(value) => Some(node::text(value)),
            Self::Redacted => Some(REDACTED.to_owned()),
            Self::NotSet => None,
        }
    }
}

/// One setting as it was loaded.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The variable.
    pub name: String,
    /// The origin of its value.
    pub origin: Origin,
    /// The value, where it may be shown.
    pub shown: Shown,
}

/// A configuration without faults.
#[derive(Debug, Clone)]
pub struct Loaded<T> {
    /// The configuration.
    pub value: T,
    /// Every setting in the order of the source.
    pub entries: Vec<Entry>,
    /// Advice on what works and may hurt later; near misses among them unless the caller made
    /// them faults.
    pub warnings: Vec<Fault>,
}

/// A configuration that was not loaded: the origin of its values is not known.
impl<T> From<T> for Loaded<T> {
    fn from(value: T) -> Self {
        Self {
            value,
            entries: Vec::new(),
            warnings: Vec::new(),
        }
    }
}

impl<T> Loaded<T> {
    /// The origin of the value of `name`; none where there is no such setting.
    #[must_use]
    pub fn origin(&self, name: &str) -> Option<&Origin> {
        let entry = self.entries.iter().find(|entry| entry.name == name);
        entry.map(|entry| &entry.origin)
    }
}

/// A load before its verdict, open to further checks of a caller who knows the settings.
#[derive(Debug)]
pub struct Resolution<T> {
    /// The configuration; settings at fault hold their defaults. None where it cannot be built.
    pub value: Option<T>,
    /// Every setting in the order of the source.
    pub entries: Vec<Entry>,
    /// The faults.
    pub faults: Vec<Fault>,
    /// Advice on what works and may hurt later.
    pub warnings: Vec<Fault>,
    /// The settings that have a fault already.
    pub(super) failed: BTreeSet<String>,
}

impl<T> Resolution<T> {
    /// Adds a fault, unless its setting has one already: the value then is not what was given.
    pub fn refuse(&mut self, fault: Fault) {
        if self.failed.insert(fault.name.clone()) {
            self.faults.push(fault);
        }
    }

    /// Adds a warning, unless its setting has a fault.
    pub fn advise(&mut self, advice: Fault) {
        if !self.failed.contains(&advice.name) {
            self.warnings.push(advice);
        }
    }

    /// Turns the warnings about names that are nearly a setting's into faults.
    pub fn refuse_near_misses(&mut self) {
        let near = |fault: &mut Fault| fault.kind == FaultKind::NearMiss;
        self.faults.extend(self.warnings.extract_if(.., near));
    }

    /// The verdict: the configuration, or everything that is wrong with it.
    pub fn finish(self) -> Result<Loaded<T>, Faults> {
        Faults::check(self.faults)?;
        let Some(value) = self.value else {
            return Err(Faults::from(Fault::new(
                FaultKind::Missing,
                "the configuration",
                "cannot be built from the values that are here",
                "give the required settings",
            )));
        };
        Ok(Loaded {
            value,
            entries: self.entries,
            warnings: self.warnings,
        })
    }
}
