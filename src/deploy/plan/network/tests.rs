//! Tests of peers: what is written, what is refused and what is only told.

use crate::deploy::plan::Plan;
use crate::deploy::plan::example::{environment, fault, plan, refused, service};

/// Warnings of `text` whose names end in `name`.
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
        "deploy.toml:2:47 environments.production.network.egress[0].ports[0]: is not a port",
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
    for (list, column) in [("network.dns", 16), ("gateway.cidrs", 18)] {
        for half in ["0.0.0.0/1", "8000::/1"] {
            refused(
                &format!("{list} = [\"{half}\"]"),
                &format!("2:{column} environments.production.{list}[0]"),
                "is wider than /8 (IPv6: /16)",
            );
        }
    }
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
        ("gateway.name = \"web\"", "gateway.name", "gateway"),
        (
            "gateway.namespace = \"web\"",
            "gateway.namespace",
            "gateway or network-policy",
        ),
        (
            "gateway.ingress_class = \"nginx\"",
            "gateway.ingress_class",
            "ingress",
        ),
        (
            "monitoring_namespace = \"watch\"",
            "monitoring_namespace",
            "network-policy",
        ),
        (
            "monitoring.labels.a = \"b\"",
            "monitoring.labels",
            "monitoring",
        ),
    ] {
        let column = key.find('.').map_or(1, |dot| dot + 2);
        let at = format!("3:{column} environments.production.{key}");
        let problem = format!("is for the component {component}, which is not listed");
        refused(&format!("components = []\n{line}"), &at, &problem);
    }
    // The policy alone reads the namespaces.
    let policy = "[environments.production]\ncomponents = [\"network-policy\"]\n\
                  gateway.namespace = \"edges\"\nmonitoring_namespace = \"watch\"";
    assert_eq!(environment(policy, "production").gateway.namespace, "edges");
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
        short[0].ends_with("write the domain of the cluster, too: cache.corp.svc.cluster.local"),
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
