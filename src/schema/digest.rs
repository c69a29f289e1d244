//! Digests of the settings that files hold: a change is noticed by content, and no value is kept.

use std::collections::BTreeMap;
use std::fmt;

use sha2::{Digest as _, Sha256};

use super::env::Environment;
use super::fault::Fault;
use super::resolution::Origin;
use super::setting::Settings;
use super::source::{self, SecretsDir};

/// Digests of the settings that come from files, by name, at one moment.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct FileDigests(BTreeMap<String, [u8; 32]>);

impl FileDigests {
    /// Reads every file that gives a setting. One that cannot be read has the digest of its fault.
    pub(super) fn of(
        settings: &Settings,
        environment: &Environment,
        dir: Result<SecretsDir, Fault>,
    ) -> Self {
        let mut digests = BTreeMap::new();
        let mut note = |name: &str, kind: &str, text: &str| {
            // A value that reads like a fault is not one.
            let digest = Sha256::digest(format!("{kind}:{text}"));
            digests.insert(name.to_owned(), digest.into());
        };
        let dir = dir.unwrap_or_else(|fault| {
            note(&fault.name, "fault", &fault.to_string());
            SecretsDir::default()
        });
        for setting in settings {
            match source::find(setting, environment, &dir) {
                Ok(Some((text, Origin::File(_) | Origin::SecretsDir(_)))) => {
                    note(&setting.name, "value", &text);
                }
                Ok(_) => {}
                Err(fault) => note(&setting.name, "fault", &fault.to_string()),
            }
        }
        Self(digests)
    }

    /// Returns `true` where no setting comes from a file.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Names of the settings that have changed, come or gone since `before`.
    #[must_use]
    pub fn changed_since(&self, before: &Self) -> Vec<String> {
        let names = self.0.keys().chain(before.0.keys());
        let changed = names.filter(|name| self.0.get(*name) != before.0.get(*name));
        let mut changed: Vec<String> = changed.cloned().collect();
        changed.sort_unstable();
        changed.dedup();
        changed
    }
}

/// Names only: the digest of a weak secret tells it.
impl fmt::Debug for FileDigests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
