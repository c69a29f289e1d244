//! The Secret: a template that names what the operator has to give, and holds none of it.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Secret;

use super::folder::Folder;
use super::names;
use crate::deploy::facts;
use crate::deploy::plan::{Backend, Environment};
use crate::deploy::service::Service;
use crate::schema::{SET_ME, Setting};

/// Its file.
pub(super) const FILE: &str = "secret.yaml";

/// Secrets that a deployment gives a value: those that are required anywhere, and those whose
/// default is for a single machine.
pub(crate) fn needed(service: &Service) -> impl Iterator<Item = &Setting> {
    service
        .secret_settings()
        .filter(|setting| is_needed(setting))
}

/// Secrets that `environment` needs a value for: what is inside the process needs none, a backend
/// that only this environment has needs its own, and so does what its settings ask for.
pub(crate) fn needed_in<'a>(
    service: &'a Service,
    environment: &'a Environment,
) -> impl Iterator<Item = &'a Setting> {
    let embedded = move |setting: &Setting| {
        embedded(service, environment).any(|(name, _)| name == setting.name)
    };
    let wanted = move |setting: &&Setting| {
        let here = setting.default.is_some() && !embedded(setting);
        here || is_of_backend(service, environment, setting) || environment.needs(service, setting)
    };
    service.secret_settings().filter(wanted)
}

/// The same where they are not those of the base, which asks for too much then, or for too little.
pub(super) fn others_in<'a>(
    service: &'a Service,
    environment: &'a Environment,
) -> Option<impl Iterator<Item = &'a Setting>> {
    let names = |setting: &'a Setting| &setting.name;
    let same = needed(service)
        .map(names)
        .eq(needed_in(service, environment).map(names));
    (!same).then(|| needed_in(service, environment))
}

/// Checks whether there is a Secret at all.
pub(super) fn any(service: &Service) -> bool {
    service.secret_settings().next().is_some()
}

/// Checks whether pods start without the Secret: nothing in it is needed, and no backend that
/// production has by default, or they would take the default of the program for its URL.
pub(super) fn is_optional(service: &Service) -> bool {
    let of_backend = |setting: &Setting| {
        let mut kinds = service.backends.iter();
        kinds.any(|kind| kind.setting == setting.name && kind.default.is_some())
    };
    let mut secrets = service.secret_settings();
    !secrets.any(|setting| is_needed(setting) || of_backend(setting))
}

fn is_needed(setting: &Setting) -> bool {
    facts::is_required(setting) || setting.default.is_some()
}

/// Checks whether `setting` holds the URL of a backend that `environment` has on the network.
fn is_of_backend(service: &Service, environment: &Environment, setting: &Setting) -> bool {
    let mut kinds = service.backends.iter();
    kinds.any(|kind| {
        let there = environment.backends.get(&kind.name);
        kind.setting == setting.name && matches!(there, Some(Backend::Remote(_)))
    })
}

/// Adds the template of the base; secrets that a service can do without are comments in it.
pub(super) fn add(service: &Service, folder: &mut Folder) {
    let data = needed(service).map(|setting| (setting.name.clone(), SET_ME.to_owned()));
    let object = Secret {
        metadata: names::meta(service, &names::secret(service)),
        type_: Some("Opaque".to_owned()),
        string_data: Some(data.collect()),
        ..Secret::default()
    };
    let optional = service
        .secret_settings()
        .filter(|setting| !is_needed(setting));
    let comments: Vec<_> = optional
        .map(|setting| (setting.name.as_str(), setting.summary()))
        .collect();
    folder.resource_with_comments(FILE, &object, &comments);
}

/// The patch of the template in `environment`; none where nothing differs. Backends inside the
/// process get their defaults, which carry no credential, or the schema would not show them; what
/// is to be set here gets a placeholder, and what the environment needs no value for is left out,
/// or its placeholder would stop the service.
pub(super) fn patch(service: &Service, environment: &Environment) -> Option<Secret> {
    let own = needed_in(service, environment);
    let own = own.map(|setting| (setting.name.clone(), SET_ME.to_owned()));
    let mut data: BTreeMap<String, String> = embedded(service, environment).chain(own).collect();
    let base = needed(service).map(|setting| (setting.name.clone(), SET_ME.to_owned()));
    let changed = data != base.collect();
    // A merge would keep the other keys.
    data.insert("$patch".to_owned(), "replace".to_owned());
    changed.then(|| Secret {
        metadata: names::patch_meta(service, &names::secret(service)),
        string_data: Some(data),
        ..Secret::default()
    })
}

/// Secrets that name a backend which is inside the process here, and their defaults.
fn embedded<'a>(
    service: &'a Service,
    environment: &'a Environment,
) -> impl Iterator<Item = (String, String)> + 'a {
    let kinds = service.backends.iter();
    kinds
        .filter(|kind| environment.backends.get(&kind.name) == Some(&Backend::Embedded))
        .filter_map(|kind| service.settings.get(&kind.setting))
        .filter(|setting| setting.secret)
        .filter_map(|setting| Some((setting.name.clone(), setting.default_text()?)))
}

#[cfg(test)]
mod tests;
