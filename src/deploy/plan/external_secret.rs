//! Where the component `external-secret` fetches what it puts into the Secret.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::backends::example;
use super::draft::Draft;
use super::read::remedy;
use super::text::{shown, written_as_text};
use super::{Backend, Component, Environment};
use crate::deploy::service::{BackendKind, Service};
use crate::schema::FaultKind;

/// Seconds after which a store is asked again where nobody says.
const REFRESH_SECONDS: u64 = 3600;

/// The longest refresh interval, in seconds: a year.
const MAX_REFRESH_SECONDS: u64 = 365 * 24 * 3600;

/// The longest name of an entry of a store, in bytes; that of AWS has 2048, others are shorter.
const MAX_ENTRY: usize = 2048;

/// Where an `ExternalSecret` fetches the secrets of one environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExternalSecret {
    /// The name of the store.
    pub store: String,
    /// Its kind.
    pub store_kind: StoreKind,
    /// How often the store is asked, as Go prints durations: `1h0m0s`.
    pub refresh_interval: String,
    /// The entry of the store that holds every variable as a property.
    pub path: String,
    /// Variables that are somewhere else.
    pub keys: BTreeMap<String, Remote>,
}

/// Where a store holds one value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remote {
    /// The entry.
    pub path: String,
    /// A property of it; none stands for the whole entry.
    pub property: Option<String>,
}

/// The kind of a store.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum StoreKind {
    /// A store of the namespace: no environment reads the secrets of another.
    #[default]
    SecretStore,
    /// A store of the cluster.
    ClusterSecretStore,
}

/// An interval: hours, minutes and seconds, such as `1h30m`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Interval(u64);

/// The name of an entry of a store, or of a property of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry(String);

written_as_text!(Interval, "^([0-9]+h)?([0-9]+m)?([0-9]+s)?$", "15m");
written_as_text!(Entry, r"^\S(.*\S)?$", "production/sign-in");

/// Where the component `external-secret` fetches secrets.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "ExternalSecret")]
pub(super) struct ExternalSecretFile {
    /// The name of the store. Left out: the name of the service.
    #[schemars(example = &"vault")]
    pub store: Option<super::dns::ObjectName>,
    /// The kind of the store. Left out: `SecretStore`, which is one of the namespace.
    pub store_kind: Option<StoreKind>,
    /// How often the store is asked for changes, in hours, minutes and seconds; `0s`: once. Left
    /// out: `1h`.
    pub refresh_interval: Option<Interval>,
    /// The entry of the store that holds every variable as a property of that name. Left out: the
    /// name of the service.
    pub path: Option<Entry>,
    /// Variables that are somewhere else in the store. One that a deployment can do without is
    /// fetched where it is named here.
    pub keys: BTreeMap<String, RemoteFile>,
}

/// Where a store holds one variable.
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

    /// Where the value of `variable` is.
    #[must_use]
    pub fn remote(&self, variable: &str) -> Remote {
        self.keys.get(variable).cloned().unwrap_or_else(|| Remote {
            path: self.path.clone(),
            property: Some(variable.to_owned()),
        })
    }
}

impl StoreKind {
    /// As Kubernetes writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SecretStore => "SecretStore",
            Self::ClusterSecretStore => "ClusterSecretStore",
        }
    }
}

impl Interval {
    /// As Go prints a duration. The operator reads it as one, and may write it back like this.
    fn canonical(self) -> String {
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
                return Err(refused("is no interval"));
            }
            let part = number
                .parse()
                .ok()
                .and_then(|n: u64| n.checked_mul(seconds));
            total = total
                .zip(part)
                .and_then(|(sum, part)| sum.checked_add(part));
            rest = behind;
        }
        if text.is_empty() || !rest.is_empty() {
            return Err(refused("is no interval"));
        }
        let total = total.filter(|total| *total <= MAX_REFRESH_SECONDS);
        total
            .map(Self)
            .ok_or_else(|| refused("is longer than a year"))
    }
}

impl TryFrom<&str> for Entry {
    type Error = String;

    fn try_from(text: &str) -> Result<Self, String> {
        let problem = if text.is_empty() {
            "is empty"
        } else if text.len() > MAX_ENTRY {
            "is longer than 2048 bytes"
        } else if text.trim() != text || text.chars().any(char::is_control) {
            "begins or ends in white space, or has control characters"
        } else {
            return Ok(Self(text.to_owned()));
        };
        Err(format!("{problem}; write it like production/sign-in"))
    }
}

/// Where the secrets of one environment are.
pub(super) fn resolve(draft: &mut Draft<'_>) -> ExternalSecret {
    let file = draft.file.external_secret.clone();
    let default = ExternalSecret::of(draft.service);
    let path = file.path.map_or(default.path, |path| path.0);
    let keys = file.keys.into_iter().map(|(name, remote)| {
        let property = remote.property.map(|property| property.0);
        let remote = match remote.path {
            Some(path) => Remote {
                path: path.0,
                property,
            },
            None => Remote {
                path: path.clone(),
                property: Some(property.unwrap_or_else(|| name.clone())),
            },
        };
        (name, remote)
    });
    ExternalSecret {
        store: file.store.map_or(default.store, String::from),
        store_kind: file.store_kind.unwrap_or_default(),
        refresh_interval: file
            .refresh_interval
            .map_or(default.refresh_interval, Interval::canonical),
        keys: keys.collect(),
        path,
    }
}

/// Looks for what has no effect in the finished environment.
pub(super) fn check(draft: &mut Draft<'_>, environment: &Environment) {
    let own = ["external_secret"];
    let unsure = draft.failed(&["components"]);
    if draft.has(&own) && !environment.has(Component::ExternalSecret) && !unsure {
        draft.conflict(
            &own,
            "has no effect without the component external-secret",
            "list external-secret, or take it out",
        );
        return;
    }
    let service = draft.service;
    for name in environment.external_secret.keys.keys() {
        let path = ["external_secret", "keys", name];
        let mut kinds = service.backends.iter();
        let kind = kinds.find(|kind| kind.setting == *name);
        let inside =
            kind.filter(|kind| environment.backends.get(&kind.name) == Some(&Backend::Embedded));
        if !service
            .secret_settings()
            .any(|setting| setting.name == *name)
        {
            let secrets = service.secret_settings();
            let known: Vec<&str> = secrets.map(|setting| setting.name.as_str()).collect();
            let remedy = remedy(name, &known);
            draft.refuse(
                FaultKind::Invalid,
                &path,
                "is no secret of this service",
                remedy,
            );
        } else if let Some(kind) = inside {
            let problem = format!("is not used here: {} lives inside the process", kind.name);
            draft.conflict(&path, problem, "take it out, or name the backend");
        } else if let Some(kind) = kind.filter(|kind| is_unknown(environment, kind)) {
            draft.advise(
                &path,
                format!(
                    "holds an address that nobody names here, and the network policy lets pods out \
                     to none for {}",
                    kind.name
                ),
                format!("name it: backends.{} = \"{}\"", kind.name, example(kind)),
            );
        }
    }
}

/// Checks whether the policy of `environment` has no rule for `kind`, and not because another stands before it.
fn is_unknown(environment: &Environment, kind: &BackendKind) -> bool {
    let known = |name: &String| environment.backends.contains_key(name);
    environment.has(Component::NetworkPolicy)
        && !known(&kind.name)
        && !kind.through.as_ref().is_some_and(known)
}

#[cfg(test)]
mod tests;
