//! Secrets of one environment in a store.

use super::component::Component;
use super::draft::Draft;
use super::endpoint::Backend;
use super::environment::Environment;
use super::secret_store::{ExternalSecret, Interval, Remote};
use crate::deploy::service::BackendKind;
use crate::deploy::toml_file::remedy;

/// The locations of the secrets of one environment.
pub(super) fn resolve(draft: &mut Draft<'_>) -> ExternalSecret {
    let file = draft.file.external_secret.clone();
    let default = ExternalSecret::of(draft.service);
    let path = file.path.map_or(default.path, String::from);
    let keys = file.keys.into_iter().map(|(name, remote)| {
        let property = remote.property.map(String::from);
        let remote = match remote.path {
            Some(path) => Remote {
                path: String::from(path),
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

/// Refuses keys that have no effect in the finished environment.
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
            draft.invalid(&path, "is not a secret of this service", remedy);
        } else if let Some(kind) = inside {
            let problem = format!("is not used here: {} lives inside the process", kind.name);
            draft.conflict(&path, problem, "take it out, or name the backend");
        } else if let Some(kind) = kind.filter(|kind| is_unknown(environment, kind)) {
            draft.advise(
                &path,
                format!(
                    "holds an address that is not named here, and the network policy lets pods out \
                     to none for {}",
                    kind.name
                ),
                format!("name it: backends.{} = \"{}\"", kind.name, kind.example()),
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
