//! Contradictions: mixes that Kubernetes would take and that would fail later.
//!
//! Those about the number of pods are in `scale.rs`.

use std::collections::BTreeMap;

use super::component::Component;
use super::draft::Draft;
use super::environment::Environment;
use super::resources::bytes;
use super::tier::Tier;
use super::{external_secret, metadata, network, scale, settings};
use crate::deploy::toml_file::Report;
use crate::schema::FaultKind;

/// Checks one environment.
pub(super) fn one(draft: &mut Draft<'_>, environment: &Environment) {
    scale::replicas(draft, environment);
    scale::one_process(draft, environment);
    routes(draft, environment);
    metadata::check(draft, environment);
    external_secret::check(draft, environment);
    require_facts(draft, environment);
    namespace(draft, environment);
    digest(draft, environment);
    memory(draft, environment);
    network::check(draft, environment);
}

/// Checks for names that two environments share.
pub(super) fn between(environments: &[Environment], report: &mut Report) {
    let mut namespaces = BTreeMap::new();
    let mut hosts = BTreeMap::new();
    for environment in environments {
        let name = environment.name.as_str();
        if let Some(other) = namespaces.insert(environment.namespace.as_str(), name) {
            same_namespace(&environment.namespace, name, other, report);
        }
        let Some(host) = environment.host.as_deref() else {
            continue;
        };
        if let Some(other) = hosts.insert(host, name) {
            report.refuse(
                FaultKind::Conflict,
                &["environments", name, "host"],
                format!("is {host:?}, which is the host of {other}: a name leads to one place"),
                "give each environment a host of its own",
            );
        }
    }
}

/// Blames the environment whose namespace was written.
fn same_namespace(namespace: &str, name: &str, other: &str, report: &mut Report) {
    let path = |name| ["environments", name, "namespace"];
    if report.failed(&path(name)) || report.failed(&path(other)) {
        return;
    }
    let (name, other) = if report.has(&path(name)) {
        (name, other)
    } else {
        (other, name)
    };
    report.refuse(
        FaultKind::Conflict,
        &path(name),
        format!(
            "is {namespace:?}, which is the namespace of {other}: one would overwrite the other"
        ),
        "give each environment a namespace of its own",
    );
}

fn routes(draft: &mut Draft<'_>, environment: &Environment) {
    if draft.failed(&["components"]) || draft.failed(&["host"]) {
        return;
    }
    let listed = draft.file.components.as_deref().unwrap_or_default();
    if listed.contains(&Component::Gateway) && listed.contains(&Component::Ingress) {
        draft.conflict(
            &["components"],
            "has both gateway and ingress: a host has one way in",
            "list one of them",
        );
    }
    for component in [Component::Gateway, Component::Ingress] {
        if environment.host.is_none() && environment.has(component) {
            let name = component.as_str();
            draft.conflict(
                &["components"],
                format!("has {name}, and there is no host that it could route"),
                format!("add a host, or leave {name} out"),
            );
        }
    }
}

/// A component needs what the service has to say.
fn require_facts(draft: &mut Draft<'_>, environment: &Environment) {
    if draft.failed(&["components"]) {
        return;
    }
    let service = draft.service;
    let migrates = service.program.migrate.is_some();
    let files = service.program.secrets_variable.is_some();
    let secrets = service.secret_settings().next().is_some();
    let metrics = service.metrics_port_number().is_some();
    for (component, met, lacks) in [
        (
            Component::MigrateJob,
            migrates,
            "cannot migrate apart from serving",
        ),
        (
            Component::SecretFiles,
            files,
            "cannot read secrets from a folder",
        ),
        (Component::ExternalSecret, secrets, "has no secrets"),
        (Component::SealedSecret, secrets, "has no secrets"),
        (Component::Monitoring, metrics, "has no port of metrics"),
    ] {
        if environment.has(component) && !met {
            let name = component.as_str();
            draft.conflict(
                &["components"],
                format!("has {name}, and this service {lacks}"),
                format!("leave {name} out"),
            );
        }
    }
    if environment.has(Component::ExternalSecret) && environment.has(Component::SealedSecret) {
        draft.conflict(
            &["components"],
            "has both external-secret and sealed-secret: each would make the same Secret",
            "list one of them",
        );
    }
    if !environment.kubernetes.sleeps() && service.program.sleep.is_none() {
        draft.conflict(
            &["kubernetes"],
            format!(
                "is {}, where preStop cannot wait, and this service has no command that does",
                environment.kubernetes
            ),
            "use 1.30 or newer, or name a command that waits: sleep in service.toml, or Program::sleep",
        );
    }
    let port = service.metrics_port.as_deref().unwrap_or_default();
    let off = environment
        .settings
        .get(port)
        .is_some_and(|text| text == "0");
    if off && environment.has(Component::Monitoring) {
        draft.conflict(
            &["settings", port],
            "turns metrics off, and the component monitoring collects them",
            "take it out, or leave monitoring out",
        );
    }
}

fn namespace(draft: &mut Draft<'_>, environment: &Environment) {
    let namespace = environment.namespace.as_str();
    if namespace.starts_with("kube-") && !draft.failed(&["namespace"]) {
        draft.invalid(
            &["namespace"],
            format!("is {namespace:?}, and kube- is kept for Kubernetes itself"),
            "name one of your own",
        );
    }
    if namespace == "default" {
        draft.advise(
            &["namespace"],
            "is \"default\", where every object without a namespace lands".to_owned(),
            "name one of your own",
        );
    }
}

/// A process that takes more than its limit is ended by the system: under attack, again and again.
/// Away from production that is told only of a limit that is written.
fn memory(draft: &mut Draft<'_>, environment: &Environment) {
    let path = ["resources", "limits", "memory"];
    let Some(limit) = environment.resources.limits.get("memory") else {
        return;
    };
    if draft.failed(&path) || draft.tier != Tier::Production && !draft.has(&path) {
        return;
    }
    let needs = draft.service.memory;
    let merged = settings::merged(draft, &environment.settings);
    let Some(most) = needs.and_then(|needs| needs(&merged)) else {
        return;
    };
    if most > bytes(limit) {
        let most = most.div_ceil(1024 * 1024);
        draft.advise(
            &path,
            format!("is {limit}, and the settings let the service take up to {most}Mi"),
            "grant that much, or lower the limits in its settings",
        );
    }
}

fn digest(draft: &mut Draft<'_>, environment: &Environment) {
    let failed = draft.failed(&["image"]) || draft.report.failed(&["image"]);
    if draft.tier != Tier::Production || environment.image.digest.is_some() || failed {
        return;
    }
    let reference = environment.image.reference();
    let registry = reference.split_once('/').map(|(first, _)| first);
    let registry = registry.filter(|first| first.contains(['.', ':']) || *first == "localhost");
    let said = draft.has(&["image"]) || draft.report.has(&["image"]);
    if !said && registry.is_none() {
        let problem = format!(
            "is left out, so nodes pull {reference}, which has no digest, from docker.io/library: \
             whatever is there is not yours"
        );
        let remedy =
            format!("name what you pushed: registry.example.com/{reference}@sha256:DIGEST");
        return draft.advise(&["image"], problem, remedy);
    }
    let problem = format!(
        "is {reference}, which has no digest: the registry may give another image under that tag"
    );
    let remedy = "pin it: NAME:TAG@sha256:DIGEST";
    if draft.has(&["image"]) || !said {
        draft.advise(&["image"], problem, remedy);
    } else {
        let problem = format!("{problem} ({} uses it)", draft.name);
        draft.report.advise(&["image"], problem, remedy);
    }
}

#[cfg(test)]
mod tests;
