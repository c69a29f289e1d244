//! Peers of the pods of an environment: which are written, and which of them make no sense there.
//!
//! The policies themselves are rendered in `kubernetes/components/network_policy.rs`.

use super::cidr::Cidr;
use super::destination::Destination;
use super::draft::Draft;
use super::endpoint::Location;
use super::file::{EnvironmentFile, NetworkFile};
use super::report::Report;
use super::{Backend, Component, Environment, Gateway, Network, settings};
use crate::schema::FaultKind;

/// Joins the `[network]` of every environment and the `own` one of this.
pub(super) fn resolve(all: &NetworkFile, own: &NetworkFile) -> Network {
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

/// Looks at one environment.
pub(super) fn check(draft: &mut Draft<'_>, environment: &Environment) {
    let file = draft.file;
    let here = ["environments", draft.name];
    let at = |keys: [&'static str; 2]| [here, keys].concat();
    everything(draft.report, &at(["network", "dns"]), &file.network.dns);
    everything(draft.report, &at(["gateway", "cidrs"]), &file.gateway.cidrs);
    ports(
        draft.report,
        &at(["network", "egress"]),
        &file.network.egress,
    );
    if !draft.failed(&["components"]) {
        idle(draft, environment);
    }
    hosts(draft, environment);
    proxies(draft, environment);
}

/// Looks at `[network]`, which is for every environment.
pub(super) fn check_all(file: &NetworkFile, environments: &[Environment], report: &mut Report) {
    everything(report, &["network", "dns"], &file.dns);
    ports(report, &["network", "egress"], &file.egress);
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

/// Refuses a network of all addresses in the list at `path`.
fn everything(report: &mut Report, path: &[&str], cidrs: &[Cidr]) {
    for (at, _) in cidrs
        .iter()
        .enumerate()
        .filter(|(_, cidr)| cidr.is_everything())
    {
        let (problem, remedy) = (
            "names every address there is",
            "name the addresses that are meant",
        );
        refuse_entry(report, path, at, problem, remedy);
    }
}

/// Refuses a destination without ports in the list at `path`, unless one was refused in it.
fn ports(report: &mut Report, path: &[&str], egress: &[Destination]) {
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
        report.refuse(FaultKind::Invalid, &path, problem, remedy);
    }
}

/// The Job that migrates has a policy of its own.
fn has_policy(environment: &Environment) -> bool {
    environment.has(Component::NetworkPolicy) || environment.has(Component::MigrateJob)
}

/// Refuses what nothing in the overlay would read.
fn idle(draft: &mut Draft<'_>, environment: &Environment) {
    let policy = environment.has(Component::NetworkPolicy);
    for (path, read, component) in [
        (&["network"][..], has_policy(environment), "network-policy"),
        (&["gateway", "cidrs"][..], policy, "network-policy"),
        (
            &["gateway", "section"][..],
            environment.has(Component::Gateway),
            "gateway",
        ),
        (
            &["monitoring", "labels"][..],
            environment.has(Component::Monitoring),
            "monitoring",
        ),
    ] {
        if draft.has(path) && !read && !draft.failed(path) {
            draft.conflict(
                path,
                format!("is for the component {component}, which is not listed"),
                format!("list {component}, or take it out"),
            );
        }
    }
}

/// Tells of hosts whose form does not say where they are, or not to every resolver.
fn hosts(draft: &mut Draft<'_>, environment: &Environment) {
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

/// Warns where clients come through something that the service does not know.
fn proxies(draft: &mut Draft<'_>, environment: &Environment) {
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
mod tests {
    use crate::deploy::plan::Plan;
    use crate::deploy::plan::example::{environment, fault, plan, refused, service};

    /// What `text` is warned of, for what ends in `name`.
    fn told(text: &str, name: &str) -> Vec<String> {
        let warnings = plan(text).warnings.into_iter();
        let told = warnings.filter(|warning| warning.name.ends_with(name));
        told.map(|warning| warning.to_string()).collect()
    }

    #[test]
    fn what_holds_everywhere_comes_before_what_holds_in_one_environment() {
        let text = "network.dns = [\"172.20.0.10\", \"fd00::a/128\"]\n\
                    [environments.production.network]\n\
                    dns = [\"172.20.0.10/32\", \"169.254.169.254\"]\n\
                    egress = [{ namespace = \"istio-system\", pods = { app = \"istiod\" }, \
                    ports = [15012, \"53/udp\"] }, { cidr = \"10.0.0.0/8\", ports = [25] }]\n";
        let network = environment(text, "production").network;
        let dns: Vec<_> = network.dns.iter().map(ToString::to_string).collect();
        assert_eq!(dns, ["172.20.0.10/32", "fd00::a/128", "169.254.169.254/32"]);
        assert_eq!(network.egress.len(), 2);
        assert_eq!(environment(text, "staging").network.dns.len(), 2);
        assert!(environment(text, "staging").network.egress.is_empty());
    }

    #[test]
    fn a_destination_is_one_place_with_ports() {
        let at = "2:19 environments.production.network.egress[0]";
        for (entry, problem) in [
            ("{ ports = [1] }", "leads nowhere"),
            ("{ cidr = \"10.0.0.1\" }", "names no port"),
            (
                "{ cidr = \"10.0.0.1\", namespace = \"a\", ports = [1] }",
                "names both a network and pods",
            ),
        ] {
            refused(&format!("network.egress = [{entry}]"), at, problem);
        }
        fault(
            "[environments.production]\nnetwork.egress = [{ namespace = \"a\", ports = [0] }]",
            "deploy.toml:2:47 environments.production.network.egress[0].ports[0]: is no port",
        );
        fault(
            "network.egress = [{ namespace = \"a\", pods = { \"-\" = \"b\" }, ports = [1] }]",
            "deploy.toml:1:47 network.egress[0].pods.-: has the key \"-\"",
        );
    }

    #[test]
    fn every_address_is_no_resolver_and_no_load_balancer() {
        refused(
            "network.dns = [\"10.0.0.1\", \"0.0.0.0/0\"]",
            "2:28 environments.production.network.dns[1]",
            "names every address there is",
        );
        refused(
            "gateway.cidrs = [\"::/0\"]",
            "2:18 environments.production.gateway.cidrs[0]",
            "names every address there is",
        );
        fault(
            "network.dns = [\"0.0.0.0/0\"]",
            "deploy.toml:1:16 network.dns[0]: names every address there is",
        );
        refused(
            "gateway.cidrs = [\"10.0.0.1/8\"]",
            "2:18 environments.production.gateway.cidrs[0]",
            "is \"10.0.0.1/8\", which is an address inside a network; write it like 10.0.0.0/8",
        );
    }

    #[test]
    fn what_no_component_would_read_is_refused() {
        let at = |key: &str| format!("3:1 environments.production.{key}");
        let without = |line: &str, key: &str, problem: &str| {
            refused(&format!("components = []\n{line}"), &at(key), problem);
        };
        without(
            "network.dns = [\"10.0.0.1\"]",
            "network",
            "is for the component network-policy, which is not listed; list network-policy",
        );
        for (line, key, component) in [
            (
                "gateway.cidrs = [\"10.0.0.1\"]",
                "gateway.cidrs",
                "network-policy",
            ),
            ("gateway.section = \"web\"", "gateway.section", "gateway"),
            (
                "monitoring.labels.a = \"b\"",
                "monitoring.labels",
                "monitoring",
            ),
        ] {
            let column = key.find('.').unwrap() + 2;
            let at = format!("3:{column} environments.production.{key}");
            let problem = format!("is for the component {component}, which is not listed");
            refused(&format!("components = []\n{line}"), &at, &problem);
        }
        let none = "network.dns = [\"10.0.0.1\"]\n\
                    environments.staging.components = []\n\
                    environments.production.components = []\n";
        fault(
            none,
            "deploy.toml:1:1 network: is for the component network-policy",
        );
        // The policy of the Job is reason enough.
        let job = "[environments.production]\ncomponents = [\"migrate-job\"]\n\
                   network.dns = [\"10.0.0.1\"]";
        assert_eq!(environment(job, "production").network.dns.len(), 1);
    }

    #[test]
    fn a_host_of_two_labels_is_told_and_is_no_fault_under_strict() {
        let text = "[environments.staging]\nbackends.redis = \"redis://cache.corp\"\n\
                    settings.LLM_URL = \"http://vllm.llm:8000/v1\"\n";
        assert_eq!(
            told(text, "redis"),
            [
                "deploy.toml:2:10 environments.staging.backends.redis: may lead to the Service cache \
              of the namespace corp or to a host cache.corp outside the cluster, so the network \
              policy lets both through; write cache.corp.svc.cluster.local if it is the Service"
            ]
        );
        assert_eq!(told(text, "settings.LLM_URL").len(), 1);
        let digest = format!("image = \"aura@sha256:{}\"\n", "0".repeat(64));
        let strict = format!("{digest}{text}");
        assert!(Plan::read(&service(), Some(("d", &strict)), true).is_ok());
        let closed = format!("{text}components = []");
        assert_eq!(told(&closed, "redis"), [""; 0]);
        let of_redis = |host: &str| {
            let text = format!("environments.staging.backends.redis = \"redis://{host}\"");
            told(&text, "redis")
        };
        for clear in [
            "cache",
            "cache.corp.svc.cluster.local",
            "cache.example.com",
            "10.0.0.1",
        ] {
            assert_eq!(of_redis(clear), [""; 0], "{clear}");
        }
        let short = of_redis("cache.corp.svc");
        assert!(
            short[0]
                .ends_with("write the domain of the cluster, too: cache.corp.svc.cluster.local"),
            "{short:?}"
        );
    }

    #[test]
    fn a_host_without_trusted_proxies_is_told_in_every_environment() {
        let mut service = service();
        service.trusted_proxies = Some("SERVER_PROXIES".to_owned());
        let told = |text: &str| {
            let plan = Plan::read(&service, Some(("d", text)), false).unwrap();
            let warnings = plan.warnings.into_iter();
            let told = warnings.filter(|warning| warning.name.ends_with("SERVER_PROXIES"));
            told.map(|warning| warning.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(told(""), [""; 0]);
        for name in ["development", "staging", "production"] {
            let host = format!("[environments.{name}]\nhost = \"a.com\"\n");
            let warned = told(&host);
            assert_eq!(warned.len(), 1, "{warned:?}");
            assert!(
                warned[0].contains("all clients have its address, and share one limit"),
                "{warned:?}"
            );
            let named = format!("{host}settings.SERVER_PROXIES = \"10.0.12.4\"");
            assert_eq!(told(&named), [""; 0]);
            let empty = format!("{host}settings.SERVER_PROXIES = []");
            assert_eq!(told(&empty).len(), 1);
        }
    }
}
