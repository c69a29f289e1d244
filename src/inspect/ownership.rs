//! The workloads and the sources that belong to the service, among those of others.

use std::collections::BTreeSet;

use super::object::{Container, Holder, Source, Workload};
use super::values;
use crate::deploy::facts;
use crate::deploy::service::Service;

/// Checks whether the service runs in `workload`: by its name, its label, its image, or what it reads.
pub(super) fn is_ours(service: &Service, workload: &Workload) -> bool {
    let name = &service.name;
    let is_part = |text: &str| {
        let rest = text.strip_prefix(name.as_str());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    };
    let runs = |container: &Container| runs(service, container);
    workload.app == *name || is_part(&workload.name) || workload.containers.iter().any(runs)
}

/// Checks whether the service runs in `container`: by its image, or what it reads.
pub(super) fn runs(service: &Service, container: &Container) -> bool {
    let image = container.image.rsplit('/').next().unwrap_or_default();
    let image = image.split([':', '@']).next().unwrap_or_default();
    let mut read = container
        .env_from
        .iter()
        .map(|(reference, _)| &reference.name);
    image == service.name || read.any(|name| is_well_known(service, name))
}

fn is_well_known(service: &Service, name: &str) -> bool {
    // Not behind a prefix: `web-shop-config` is of the service `web-shop`, unless a pod of `shop`
    // names it.
    let is_revision =
        name.starts_with(&service.name) && facts::is_revision_of(name, &facts::config_map(service));
    is_revision || name == facts::secret(service)
}

/// Leaves the sources that our workloads name and those that are called ours; without any
/// workload, those that hold a setting of ours.
pub(super) fn keep_ours(service: &Service, sources: &mut Vec<Source>, workloads: &[Workload]) {
    let mut named = BTreeSet::new();
    for container in workloads.iter().flat_map(|workload| &workload.containers) {
        let whole = container.env_from.iter().map(|(reference, _)| reference);
        named.extend(whole.map(|reference| (reference.holder, reference.name.clone())));
        if service.program.secrets_variable.is_some() {
            let mounted = container.mounted.iter().cloned();
            named.extend(mounted.map(|name| (Holder::Secret, name)));
        }
    }
    let holds = |source: &Source| {
        let mut keys = source.entries.iter().map(|entry| &entry.key);
        keys.any(|key| values::setting(service, key).is_some())
    };
    sources.retain(|source| {
        source.holder == Holder::Dotenv
            || is_well_known(service, &source.name)
            || named.contains(&(source.holder, source.name.clone()))
            || workloads.is_empty() && holds(source)
    });
}

/// Drops what a Secret is made from where the Secret is here: that is what pods get.
pub(super) fn without_recipes(sources: &mut Vec<Source>) {
    let id = |source: &Source| (source.namespace.clone(), source.name.clone());
    let made = sources
        .iter()
        .filter(|source| source.holder == Holder::Secret && !source.recipe);
    let made: BTreeSet<_> = made.map(id).collect();
    sources.retain(|source| !source.recipe || !made.contains(&id(source)));
}
