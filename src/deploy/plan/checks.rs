//! What may not stand together: mixes that Kubernetes would take and that would fail later.
//!
//! What goes with how many pods is in `scale.rs`.

use std::collections::BTreeMap;

use super::draft::Draft;
use super::report::Report;
use super::resources::bytes;
use super::tier::Tier;
use super::{Component, Environment, external_secret, network, placement, scale, settings};
use crate::schema::FaultKind;

/// Looks at one environment.
pub(super) fn one(draft: &mut Draft<'_>, environment: &Environment) {
    scale::replicas(draft, environment);
    scale::one_process(draft, environment);
    routes(draft, environment);
    placement::check(draft, environment);
    external_secret::check(draft, environment);
    facts(draft, environment);
    namespace(draft, environment);
    digest(draft, environment);
    memory(draft, environment);
    network::check(draft, environment);
}

/// Looks at what no two environments may share.
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
fn facts(draft: &mut Draft<'_>, environment: &Environment) {
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
        draft.refuse(
            FaultKind::Invalid,
            &["namespace"],
            format!("is {namespace:?}, and kube- is kept for Kubernetes itself"),
            "name one of your own",
        );
    }
    if namespace == "default" {
        draft.advise(
            &["namespace"],
            "is \"default\", where everything lands that nobody placed".to_owned(),
            "name one of your own",
        );
    }
}

/// A process that takes more than its limit is ended by the system: under attack, again and again.
/// Away from production that is told only of a limit that somebody wrote.
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
mod tests {
    use crate::deploy::plan::Plan;
    use crate::deploy::plan::example::{fault, faults, plan, refused, service};

    const DIGEST: &str = "sha256:0000000000000000000000000000000000000000000000000000000000000000";

    #[test]
    fn a_way_in_needs_a_host_and_a_host_one_way_in() {
        let at = "2:1 environments.production.components";
        refused(
            "components = [\"gateway\"]",
            at,
            "has gateway, and there is no host",
        );
        refused(
            "components = [\"ingress\"]",
            at,
            "has ingress, and there is no host",
        );
        refused(
            "components = [\"gateway\", \"ingress\"]\nhost = \"a.com\"",
            at,
            "has both gateway and ingress",
        );
        refused(
            "components = [\"external-secret\", \"sealed-secret\"]",
            at,
            "has both external-secret and sealed-secret: each would make the same Secret",
        );
        // The host is refused; nobody complains that there is none.
        refused(
            "components = [\"gateway\"]\nhost = \"A.com\"",
            "3:1 environments.production.host",
            "is \"A.com\"",
        );
    }

    #[test]
    fn components_need_what_the_service_says() {
        let mut service = service();
        service.program.migrate = None;
        service.program.secrets_variable = None;
        service.metrics_port = None;
        let text = "environments.production.components = \
                    [\"migrate-job\", \"secret-files\", \"monitoring\"]";
        let faults = Plan::read(&service, Some(("d", text)), false).unwrap_err();
        let faults: Vec<_> = faults.iter().map(|fault| fault.problem.as_str()).collect();
        assert_eq!(
            faults,
            [
                "has migrate-job, and this service cannot migrate apart from serving",
                "has secret-files, and this service cannot read secrets from a folder",
                "has monitoring, and this service has no port of metrics",
            ]
        );
        let plan = Plan::read(&service, None, false).unwrap();
        assert_eq!(plan.environments[1].components.len(), 1);
        refused(
            "components = [\"monitoring\"]\nsettings.SERVER_METRICS_PORT = 0",
            "3:10 environments.production.settings.SERVER_METRICS_PORT",
            "turns metrics off",
        );
        let text = "[environments.development]\ncomponents = [\"external-secret\"]";
        super::super::example::plan(text);
    }

    #[test]
    fn environments_share_neither_namespace_nor_host() {
        fault(
            "[environments.staging]\nnamespace = \"aura\"\n",
            "deploy.toml:2:1 environments.staging.namespace: is \"aura\", which is the namespace of \
             production",
        );
        let text =
            "environments.staging.host = \"a.com\"\nenvironments.production.host = \"a.com\"";
        fault(
            text,
            "deploy.toml:2:25 environments.production.host: is \"a.com\", which is the host of \
             staging",
        );
    }

    #[test]
    fn some_namespaces_are_taken() {
        let at = "2:1 environments.production.namespace";
        refused(
            "namespace = \"kube-system\"",
            at,
            "is \"kube-system\", and kube- is kept",
        );
        let plan = plan("environments.production.namespace = \"default\"");
        assert_eq!(plan.warnings.len(), 2);
    }

    #[test]
    fn production_should_be_pinned_and_must_be_under_strict() {
        for (text, name) in [
            ("", "deploy.toml environments.production.image"),
            ("image = \"aura:1\"", "deploy.toml:1:1 image"),
            (
                "environments.production.image = \"aura:1\"",
                "deploy.toml:1:25 environments.production.image",
            ),
        ] {
            let warnings = plan(text).warnings;
            assert_eq!(warnings.len(), 1, "{text}");
            assert_eq!(warnings[0].name, name);
            assert!(warnings[0].problem.contains("has no digest"), "{text}");
            let faults = Plan::read(&service(), Some(("deploy.toml", text)), true).unwrap_err();
            assert_eq!(faults.iter().count(), 1, "{text}");
        }
        let pinned = format!("image = \"aura@{DIGEST}\"");
        let plan = Plan::read(&service(), Some(("deploy.toml", &pinned)), true).unwrap();
        assert_eq!(plan.environments[2].image.tag, None);
    }

    #[test]
    fn a_limit_below_the_most_that_the_service_takes_is_told() {
        let mut service = service();
        service.memory = Some(|settings| {
            let ratio = settings.get("RATIO");
            ratio.filter(|ratio| *ratio == "0.25").map(|_| 600 << 20)
        });
        let told = |text: &str| {
            let plan = Plan::read(&service, Some(("d", text)), false).unwrap();
            let warnings = plan.warnings.into_iter();
            let told = warnings.filter(|warning| warning.name.ends_with("memory"));
            told.map(|warning| warning.problem).collect::<Vec<_>>()
        };
        let dear = "environments.production.settings.RATIO = 0.25\n";
        assert_eq!(told(""), [""; 0]);
        assert_eq!(
            told(dear),
            ["is 512Mi, and the settings let the service take up to 600Mi"]
        );
        let more = format!("{dear}environments.production.resources.limits.memory = \"1Gi\"");
        assert_eq!(told(&more), [""; 0]);
    }

    #[test]
    fn latest_is_refused_everywhere() {
        let text = "image = \"aura:latest\"\nenvironments.staging.image = \"aura:latest\"\n";
        let faults = faults(text);
        assert_eq!(faults.len(), 2, "{faults:#?}");
        assert!(
            faults
                .iter()
                .all(|fault| fault.contains("has the tag latest"))
        );
    }
}
