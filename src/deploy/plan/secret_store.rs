//! Stores from which the component `external-secret` fetches secrets.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::dns::ObjectName;
use crate::deploy::service::Service;
use crate::deploy::toml_file::{shown, text_type, words, written_as_text};

/// Default of the seconds after which a store is asked again.
const REFRESH_SECONDS: u64 = 3600;

/// The longest refresh interval, in seconds: a year.
const MAX_REFRESH_SECONDS: u64 = 365 * 24 * 3600;

/// The longest name of an entry of a store, in bytes; that of AWS has 2048, others are shorter.
const MAX_ENTRY: usize = 2048;

/// Source of the secrets of one environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExternalSecret {
    /// The name of the store.
    pub store: String,
    /// Its kind.
    pub store_kind: StoreKind,
    /// Interval of fetching, as Go prints durations: `1h0m0s`.
    pub refresh_interval: String,
    /// The entry of the store that holds every variable as a property.
    pub path: String,
    /// Variables that are somewhere else.
    pub keys: BTreeMap<String, Remote>,
}

/// Location of one value in a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remote {
    /// The entry.
    pub path: String,
    /// A property of it; none stands for the whole entry.
    pub property: Option<String>,
}

words!(
    /// The kind of a store.
    #[derive(Default)]
    pub enum StoreKind {
        /// A store of the namespace: no environment reads the secrets of another.
        #[default]
        SecretStore = "SecretStore",
        /// A store of the cluster.
        ClusterSecretStore = "ClusterSecretStore",
    }
);

/// An interval: hours, minutes and seconds, such as `1h30m`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Interval(u64);

written_as_text!(Interval, "^([0-9]+h)?([0-9]+m)?([0-9]+s)?$", "15m");
text_type!(
    /// The name of an entry of a store, or of a property of one.
    pub(super) Entry,
    r"^\S(.*\S)?$",
    "production/sign-in",
    entry,
);

/// Source of the secrets that the component `external-secret` fetches.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "ExternalSecret")]
pub(super) struct ExternalSecretFile {
    /// The name of the store. Left out: the name of the service.
    #[schemars(example = &"vault")]
    pub store: Option<ObjectName>,
    /// The kind of the store. Left out: `SecretStore`, which is one of the namespace.
    pub store_kind: Option<StoreKind>,
    /// Interval of asking the store for changes, in hours, minutes and seconds; `0s`: once. Left
    /// out: `1h`.
    pub refresh_interval: Option<Interval>,
    /// The entry of the store that holds every variable as a property of that name. Left out: the
    /// name of the service.
    pub path: Option<Entry>,
    /// Variables that are somewhere else in the store. One that a deployment can do without is
    /// fetched where it is named here.
    pub keys: BTreeMap<String, RemoteFile>,
}

/// Location of one variable in a store.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Remote")]
pub(super) struct RemoteFile {
    /// The entry of the store. Left out: the one above.
    #[schemars(example = &"production/database")]
    pub path: Option<Entry>,
    /// The property of the entry. Left out: where `path` is written, the whole entry; otherwise
    /// the name of the variable.
    #[schemars(example = &"url")]
    pub property: Option<Entry>,
}

impl ExternalSecret {
    /// Everything in the entry that is called as `service`, in the store of that name.
    #[must_use]
    pub fn of(service: &Service) -> Self {
        Self {
            store: service.name.clone(),
            store_kind: StoreKind::default(),
            refresh_interval: Interval(REFRESH_SECONDS).canonical(),
            path: service.name.clone(),
            keys: BTreeMap::new(),
        }
    }

    /// The location of the value of `variable`.
    #[must_use]
    pub fn remote(&self, variable: &str) -> Remote {
        self.keys.get(variable).cloned().unwrap_or_else(|| Remote {
            path: self.path.clone(),
            property: Some(variable.to_owned()),
        })
    }
}

impl Interval {
    /// The interval as Go prints durations. The operator reads it as one, and may write it back like this.
    pub(super) fn canonical(self) -> String {
        let (hours, minutes, seconds) = (self.0 / 3600, self.0 / 60 % 60, self.0 % 60);
        match (hours, minutes) {
            (0, 0) => format!("{seconds}s"),
            (0, _) => format!("{minutes}m{seconds}s"),
            _ => format!("{hours}h{minutes}m{seconds}s"),
        }
    }
}

impl TryFrom<&str> for Interval {
    type Error = String;

    fn try_from(text: &str) -> Result<Self, String> {
        let refused = |problem: &str| {
            let text = shown(text);
            format!("is {text}, which {problem}; write it like 1h or 15m")
        };
        let mut rest = text;
        let mut total = Some(0_u64);
        for (unit, seconds) in [('h', 3600), ('m', 60), ('s', 1)] {
            let Some((number, behind)) = rest.split_once(unit) else {
                continue;
            };
            let digits = !number.is_empty() && number.bytes().all(|c| c.is_ascii_digit());
            if !digits {
                return Err(refused("is not an interval"));
            }
            let part = number.parse().ok();
            let part = part.and_then(|n: u64| n.checked_mul(seconds));
            total = total
                .zip(part)
                .and_then(|(sum, part)| sum.checked_add(part));
            rest = behind;
        }
        if text.is_empty() || !rest.is_empty() {
            return Err(refused("is not an interval"));
        }
        let total = total.filter(|total| *total <= MAX_REFRESH_SECONDS);
        total
            .map(Self)
            .ok_or_else(|| refused("is longer than a year"))
    }
}

fn entry(text: &str) -> Result<(), String> {
    let problem = if text.is_empty() {
        "is empty"
    } else if text.len() > MAX_ENTRY {
        "is longer than 2048 bytes"
    } else if text.trim() != text || text.chars().any(char::is_control) {
        "begins or ends in white space, or has control characters"
    } else {
        return Ok(());
    };
    Err(format!("{problem}; write it like production/sign-in"))
}

#[cfg(test)]
mod tests;
