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
        for cidr in &file.dns {
            if !network.dns.contains(cidr) {
                network.dns.push(*cidr);
            }
        }
        for destination in &file.egress {
            if !network.egress.contains(destination) {
                network.egress.push(destination.clone());
            }
        }
    }
    network
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
    refuse_wide(draft.report, &at(["network", "dns"]), &file.network.dns);
    refuse_wide(draft.report, &at(["gateway", "cidrs"]), &file.gateway.cidrs);
    require_ports(
        draft.report,
        &at(["network", "egress"]),
        &file.network.egress,
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
    refuse_wide(report, &["network", "dns"], &file.dns);
    require_ports(report, &["network", "egress"], &file.egress);
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

/// Refuses a network of all addresses, or of nearly as many, in the list at `path`.
fn refuse_wide(report: &mut Report, path: &[&str], cidrs: &[Cidr]) {
    for (at, cidr) in cidrs
        .iter()
        .enumerate()
        .filter(|(_, cidr)| cidr.is_too_wide())
    {
        let problem = if cidr.is_everything() {
            "names every address there is"
        } else {
            "is wider than /8 (IPv6: /16), so that it holds addresses of strangers"
        };
        refuse_entry(
            report,
            path,
            at,
            problem,
            "name the addresses that are meant",
        );
    }
}

/// Refuses a destination without ports in the list at `path`, unless one was refused in it.
fn require_ports(report: &mut Report, path: &[&str], egress: &[Destination]) {
    for (at, _) in egress
        .iter()
        .enumerate()
        .filter(|(_, to)| to.ports.is_empty())
    {
        let (problem, remedy) = ("names no port", "list those that are meant under ports");
        refuse_entry(report, path, at, problem, remedy);
    }
}

fn refuse_entry(report: &mut Report, path: &[&str], at: usize, problem: &str, remedy: &str) {
    let entry = format!("[{at}]");
    let path: Vec<&str> = path.iter().copied().chain([entry.as_str()]).collect();
    if !report.failed(&path) {
        report.invalid(&path, problem, remedy);
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
