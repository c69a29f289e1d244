//! Tests of peers: what is written, what is refused and what is only told.

use crate::deploy::plan::example::{
    environment, fault, faults, read, service, verdicts, verdicts_of, warnings,
};

#[test]
fn an_environment_adds_to_the_network_of_all() {
    let text = "network.dns = [\"172.20.0.10\", \"fd00::a/128\"]\n\
                [environments.production.network]\n\
                dns = [\"172.20.0.10/32\", \"169.254.169.254\"]\n\
                egress = [{ namespace = \"istio-system\", pods = { app = \"istiod\" }, \
                ports = [15012, \"53/udp\"] }, { cidr = \"10.0.0.0/8\", ports = [25] }]\n";
    let network = environment(text, "production").network;
    let dns: Vec<_> = network.dns.iter().map(ToString::to_string).collect();
    assert_eq!(dns, ["172.20.0.10/32", "fd00::a/128", "169.254.169.254/32"]);
    assert_eq!(network.egress.len(), 2);
    let staging = environment(text, "staging").network;
    assert_eq!((staging.dns.len(), staging.egress.len()), (2, 0));
}

#[test]
fn a_destination_is_one_place_with_ports() {
    verdicts(
        r#"
        network.egress = [{ ports = [1] }]
          ! 2:19 network.egress[0]: leads nowhere
        network.egress = [{ cidr = "10.0.0.1" }]
          ! 2:19 network.egress[0]: names no port
        network.egress = [{ cidr = "10.0.0.1", namespace = "a", ports = [1] }]
          ! 2:19 network.egress[0]: names both a network and pods
        network.egress = [{ namespace = "a", ports = [0] }]
          ! 2:47 network.egress[0].ports[0]: is not a port
        network.egress = [{ namespace = "a", pods = { "-" = "b" }, ports = [1] }]
          ! 2:47 network.egress[0].pods.-: has the key "-"
        "#,
    );
    // Behind an entry that was taken out, the next one keeps its own line.
    let told =
        faults("network.egress = [\n{ ports = [1] },\n{ cidr = \"10.0.0.1\", ports = [0] },\n]\n");
    let expected = "deploy.toml:3:31 network.egress[1].ports[0]: is not a port";
    assert!(told[1].starts_with(expected), "{told:?}");
}

#[test]
fn networks_of_strangers_are_neither_resolvers_nor_load_balancers() {
    verdicts(
        r#"
        network.dns = ["10.0.0.1", "0.0.0.0/0"]
          ! 2:28 network.dns[1]: names every address there is
        gateway.cidrs = ["::/0"]
          ! 2:18 gateway.cidrs[0]: names every address there is
        network.dns = ["0.0.0.0/1"]
          ! 2:16 network.dns[0]: is wider than /8 (IPv6: /16)
        network.dns = ["8000::/1"]
          ! 2:16 network.dns[0]: is wider than /8 (IPv6: /16)
        gateway.cidrs = ["0.0.0.0/1"]
          ! 2:18 gateway.cidrs[0]: is wider than /8 (IPv6: /16)
        gateway.cidrs = ["10.0.0.1/8"]
          ! 2:18 gateway.cidrs[0]: is "10.0.0.1/8", which is an address inside a network; write it like
        "#,
    );
    let everywhere = "network.dns = [\"0.0.0.0/0\"]";
    fault(
        everywhere,
        "deploy.toml:1:16 network.dns[0]: names every address there is",
    );
}

#[test]
fn keys_that_no_component_reads_are_refused() {
    verdicts(
        r#"
        components = []
        network.dns = ["10.0.0.1"]
          ! 3:1 network: is for the component network-policy, which is not listed; list network-policy
        components = []
        gateway.cidrs = ["10.0.0.1"]
          ! 3:9 gateway.cidrs: is for the component network-policy, which is not listed
        components = []
        gateway.section = "web"
          ! 3:9 gateway.section: is for the component gateway, which is not listed
        components = []
        gateway.name = "web"
          ! 3:9 gateway.name: is for the component gateway, which is not listed
        components = []
        gateway.namespace = "web"
          ! 3:9 gateway.namespace: is for the component gateway or network-policy, which is not listed
        components = []
        gateway.ingress_class = "nginx"
          ! 3:9 gateway.ingress_class: is for the component ingress, which is not listed
        components = []
        monitoring_namespace = "watch"
          ! 3:1 monitoring_namespace: is for the component network-policy, which is not listed
        components = []
        monitoring.labels.a = "b"
          ! 3:12 monitoring.labels: is for the component monitoring, which is not listed
        "#,
    );
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
fn a_host_of_two_labels_is_told_and_passes_under_strict() {
    verdicts(
        r#"
        [environments.staging]
        backends.redis = "redis://cache.corp"
          ~ 2:10 environments.staging.backends.redis: may lead to the Service cache of the namespace corp or to a host cache.corp outside the cluster, so the network policy lets both through; write cache.corp.svc.cluster.local if it is the Service
        [environments.staging]
        settings.LLM_URL = "http://vllm.llm:8000/v1"
          ~ 2:10 environments.staging.settings.LLM_URL: may lead to the Service vllm
        [environments.staging]
        backends.redis = "redis://cache.corp.svc"
          ~ 2:10 environments.staging.backends.redis: ends in .svc, and not every resolver completes a name with two dots or more; write the domain of the cluster, too: cache.corp.svc.cluster.local
        "#,
    );
    let count = |lines: &str, name: &str| {
        let text = format!("[environments.staging]\n{lines}\n");
        let digest = format!("image = \"aura@sha256:{}\"\n", "0".repeat(64));
        assert!(
            read(&service(), &format!("{digest}{text}"), true).is_ok(),
            "{lines}"
        );
        warnings(&service(), &text, name).len()
    };
    let of_redis = |host: &str| format!("backends.redis = \"redis://{host}\"");
    let upstream = "settings.LLM_URL = \"http://vllm.llm:8000/v1\"";
    let both = format!("{}\n{upstream}", of_redis("cache.corp"));
    assert_eq!(count(&both, "redis"), 1);
    assert_eq!(count(&both, "settings.LLM_URL"), 1);
    assert_eq!(count(&format!("{both}\ncomponents = []"), "redis"), 0);
    for clear in [
        "cache",
        "cache.corp.svc.cluster.local",
        "cache.example.com",
        "10.0.0.1",
    ] {
        assert_eq!(count(&of_redis(clear), "redis"), 0, "{clear}");
    }
}

#[test]
fn a_host_without_trusted_proxies_is_told_in_every_environment() {
    let mut service = service();
    service.trusted_proxies = Some("SERVER_PROXIES".to_owned());
    let told = |text: &str| warnings(&service, text, "SERVER_PROXIES");
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
    verdicts_of(
        &service,
        r#"
        host = "a.com"
          ~ 1:15 settings.SERVER_PROXIES: is empty, and a.com leads here through a gateway or an ingress: all clients have its address, and share one limit
        "#,
    );
}
