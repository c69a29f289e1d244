//! Peers of the pods of an environment: which are written, and which of them make no sense there.
//!
//! The policies themselves are rendered in `kubernetes/components/network_policy.rs`.

use super::cidr::Cidr;
use super::component::Component;
use super::destination::{Destination, Network};
use super::draft::Draft;
use super::endpoint::{Backend, Location};
use super::environment::{Environment, Gateway};
use super::file::EnvironmentFile;
use super::settings;
use crate::deploy::toml_file::Report;
use crate::schema::FaultKind;

/// Joins the `[network]` of every environment and the `own` one of this.
pub(super) fn resolve(all: &Network, own: &Network) -> Network {
    let mut network = Network::default();
    for file in [all, own] {
        add_new(&mut network.dns, &file.dns);
        add_new(&mut network.egress, &file.egress);
    }
    network
}

/// Adds those of `more` that `list` does not have.
fn add_new<T: Clone + PartialEq>(list: &mut Vec<T>, more: &[T]) {
    for one in more {
        if !list.contains(one) {
            list.push(one.clone());
        }
    }
}

/// The Gateway of an environment, or what stands in its place.
pub(super) fn gateway(file: &EnvironmentFile) -> Gateway {
    let gateway = file.gateway.clone();
    let or = |name: Option<String>, default: &str| name.unwrap_or_else(|| default.to_owned());
    Gateway {
        name: or(gateway.name.map(String::from), "public"),
        namespace: or(gateway.namespace.map(String::from), "gateway"),
        section: or(gateway.section.map(String::from), "https"),
        ingress_class: or(gateway.ingress_class.map(String::from), "traefik"),
        cidrs: gateway.cidrs,
    }
}

/// Checks one environment.
pub(super) fn check(draft: &mut Draft<'_>, environment: &Environment) {
    let file = draft.file;
    let here = ["environments", draft.name];
    let at = |keys: [&'static str; 2]| [here, keys].concat();
    let report = &mut *draft.report;
    refuse_each(report, &at(["network", "dns"]), &file.network.dns, wide);
    refuse_each(report, &at(["gateway", "cidrs"]), &file.gateway.cidrs, wide);
    refuse_each(
        report,
        &at(["network", "egress"]),
        &file.network.egress,
        portless,
    );
    // A host is what brings a component in where none are listed.
    if !draft.failed(&["components"]) && !draft.failed(&["host"]) {
        refuse_unread(draft, environment);
    }
    note_ambiguous_hosts(draft, environment);
    warn_of_unknown_proxies(draft, environment);
}

/// Checks `[network]`, which is for every environment.
pub(super) fn check_all(file: &Network, environments: &[Environment], report: &mut Report) {
    refuse_each(report, &["network", "dns"], &file.dns, wide);
    refuse_each(report, &["network", "egress"], &file.egress, portless);
    let failed = environments
        .iter()
        .any(|environment| report.failed(&["environments", &environment.name, "components"]));
    if report.has(&["network"]) && !failed && !environments.iter().any(has_policy) {
        report.refuse(
            FaultKind::Conflict,
            &["network"],
            "is for the component network-policy, which no environment has",
            "list network-policy, or take network out",
        );
    }
}

/// A problem and its remedy.
type Wrong = (&'static str, &'static str);

/// The problem of a network of all addresses, or of nearly as many.
fn wide(cidr: &Cidr) -> Option<Wrong> {
    let problem = if cidr.is_everything() {
        "names every address there is"
    } else {
        "is wider than /8 (IPv6: /16), so that it holds addresses of strangers"
    };
    cidr.is_too_wide()
        .then_some((problem, "name the addresses that are meant"))
}

/// The problem of a destination without ports.
fn portless(to: &Destination) -> Option<Wrong> {
    let wrong = ("names no port", "list those that are meant under ports");
    to.ports.is_empty().then_some(wrong)
}

/// Refuses the entries of the list at `path` that are `wrong`, unless something in one was refused.
fn refuse_each<T>(report: &mut Report, path: &[&str], list: &[T], wrong: fn(&T) -> Option<Wrong>) {
    for (at, entry) in list.iter().enumerate() {
        let at = format!("[{at}]");
        let path = [path, &[at.as_str()]].concat();
        if let Some((problem, remedy)) = wrong(entry).filter(|_| !report.failed(&path)) {
            report.invalid(&path, problem, remedy);
        }
    }
}

/// The Job that migrates has a policy of its own.
fn has_policy(environment: &Environment) -> bool {
    environment.has(Component::NetworkPolicy) || environment.has(Component::MigrateJob)
}

/// Refuses what nothing in the overlay would read.
fn refuse_unread(draft: &mut Draft<'_>, environment: &Environment) {
    let policy = environment.has(Component::NetworkPolicy);
    let gateway = environment.has(Component::Gateway);
    let keys: [(&[&str], bool, &str); 8] = [
        (&["network"], has_policy(environment), "network-policy"),
        (&["gateway", "cidrs"], policy, "network-policy"),
        (&["gateway", "name"], gateway, "gateway"),
        // Its pods may connect, also where the route to them is written elsewhere.
        (
            &["gateway", "namespace"],
            gateway || policy,
            "gateway or network-policy",
        ),
        (&["gateway", "section"], gateway, "gateway"),
        (
            &["gateway", "ingress_class"],
            environment.has(Component::Ingress),
            "ingress",
        ),
        (&["monitoring_namespace"], policy, "network-policy"),
        (
            &["monitoring", "labels"],
            environment.has(Component::Monitoring),
            "monitoring",
        ),
    ];
    for (path, read, component) in keys {
        if draft.has(path) && !read && !draft.failed(path) {
            draft.conflict(
                path,
                format!("is for the component {component}, which is not listed"),
                format!("list {component}, or take it out"),
            );
        }
    }
}

/// Notes hosts whose form does not tell their place, or not to every resolver.
fn note_ambiguous_hosts(draft: &mut Draft<'_>, environment: &Environment) {
    if !has_policy(environment) {
        return;
    }
    for kind in &draft.service.backends {
        let Some(Backend::Remote(endpoint)) = environment.backends.get(&kind.name) else {
            continue;
        };
        let host = &endpoint.host;
        let (problem, remedy) = match endpoint.location() {
            Location::Either { service, namespace } => (
                format!(
                    "may lead to the Service {service} of the namespace {namespace} or to a host \
                     {host} outside the cluster, so the network policy lets both through"
                ),
                format!("write {host}.svc.cluster.local if it is the Service"),
            ),
            // Pods have ndots 2, and musl looks a name of so many dots up as it stands alone.
            Location::Namespace(_) if host.rsplit('.').next() == Some("svc") => (
                "ends in .svc, and not every resolver completes a name with two dots or more"
                    .to_owned(),
                format!("write the domain of the cluster, too: {host}.cluster.local"),
            ),
            _ => continue,
        };
        let path = if draft.file.settings.contains_key(&kind.setting)
            && !draft.file.backends.contains_key(&kind.name)
        {
            ["settings", kind.setting.as_str()]
        } else {
            ["backends", kind.name.as_str()]
        };
        draft.note(&path, problem, remedy);
    }
}

/// Warns of clients that come through proxies which the service does not know.
fn warn_of_unknown_proxies(draft: &mut Draft<'_>, environment: &Environment) {
    let Some(setting) = &draft.service.trusted_proxies else {
        return;
    };
    let path = ["settings", setting.as_str()];
    let known = draft.service.settings.get(setting).is_some();
    let Some(host) = environment.host.as_ref().filter(|_| known) else {
        return;
    };
    let merged = settings::merged(draft, &environment.settings);
    let named = merged.get(setting).is_some_and(|text| !text.is_empty());
    if named || draft.failed(&path) {
        return;
    }
    draft.advise(
        &path,
        format!(
            "is empty, and {host} leads here through a gateway or an ingress: all clients have \
             its address, and share one limit"
        ),
        "name the addresses of the proxies before the service",
    );
}

#[cfg(test)]
mod tests;
