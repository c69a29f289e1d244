//! What the rendered policies let through, judged as a cluster would, and what else follows from
//! the keys of the network.

use std::net::IpAddr;

use ipnet::IpNet;
use serde_json::Value;

use super::manifests::{built, tool};
use super::{generate, said};
use crate::support::Settings;

/// The end of a connection that is not one of ours.
enum End {
    /// A pod: its namespace, and one of its labels.
    Pod(&'static str, (&'static str, &'static str)),
    /// An address that is no pod's.
    Address(&'static str),
}

use End::{Address, Pod};

const DNS: (&str, &str) = ("k8s-app", "kube-dns");
const ANY: (&str, &str) = ("app", "any");

/// The objects of one overlay.
struct Overlay(Vec<Value>);

impl Overlay {
    /// The overlays `names` of `plan`, as kubectl builds them; none where there is no kubectl.
    async fn of<const N: usize>(plan: &str, names: [&str; N]) -> Option<[Self; N]> {
        let kubectl = tool("kubectl")?;
        let folder = tempfile::tempdir().expect("a folder");
        let built = built(&kubectl, folder.path(), plan).await;
        Some(names.map(|name| {
            let path = format!("overlays/{name}");
            let (_, text) = built.iter().find(|(one, _)| *one == path).expect(name);
            Self(serde_saphyr::from_multiple(text).expect("YAML"))
        }))
    }

    fn find(&self, kind: &str, name: &str) -> &Value {
        let mut found = self.0.iter();
        found
            .find(|one| one["kind"] == kind && one["metadata"]["name"] == name)
            .unwrap_or_else(|| panic!("no {kind} {name}"))
    }

    /// Judges whether the pods of the policy `name` may connect to `end`.
    fn lets_out(&self, name: &str, end: &End, protocol: &str, port: u16) -> bool {
        self.lets(name, "egress", "to", end, protocol, port)
    }

    /// Judges whether `end` may connect to the pods of the policy `name`.
    fn lets_in(&self, name: &str, end: &End, port: u16) -> bool {
        self.lets(name, "ingress", "from", end, "TCP", port)
    }

    /// <https://kubernetes.io/docs/concepts/services-networking/network-policies/>, more strictly: a
    /// pod is let through by selectors alone, because some network plugins do not look at blocks of
    /// addresses for pods.
    fn lets(&self, name: &str, rules: &str, peers: &str, end: &End, by: &str, port: u16) -> bool {
        let policy = self.find("NetworkPolicy", name);
        let types = policy["spec"]["policyTypes"].as_array().expect("types");
        assert_eq!(types.len(), 2, "{policy:#}");
        let own = policy["metadata"]["namespace"]
            .as_str()
            .expect("a namespace");
        list(&policy["spec"][rules]).any(|rule| {
            assert!(
                rule[peers].is_array() && rule["ports"].is_array(),
                "{rule:#}"
            );
            list(&rule[peers]).any(|peer| is_at(peer, own, end))
                && list(&rule["ports"]).any(|one| {
                    one["protocol"] == by && self.number(&one["port"]) == Some(u64::from(port))
                })
        })
    }

    /// A port by number, or by its name in the pods that serve.
    fn number(&self, port: &Value) -> Option<u64> {
        let pods = &self.find("Deployment", "aura")["spec"]["template"]["spec"];
        let mut ports = list(&pods["containers"][0]["ports"]);
        let number = port.as_u64();
        number.or_else(|| ports.find(|one| one["name"] == *port)?["containerPort"].as_u64())
    }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn is_at(peer: &Value, own: &str, end: &End) -> bool {
    let holds = |selector: &Value, labels: &[(&str, &str)]| {
        let has = |key: &str, value: &Value| labels.iter().any(|(k, v)| *k == key && v == value);
        let wanted = selector["matchLabels"].as_object();
        let mut wanted = wanted.into_iter().flatten();
        let mut expressions = list(&selector["matchExpressions"]);
        let is_met = |one: &Value| {
            assert_eq!(one["operator"], "In");
            let key = one["key"].as_str().expect("a key");
            list(&one["values"]).any(|value| has(key, value))
        };
        wanted.all(|(key, value)| has(key, value)) && expressions.all(is_met)
    };
    match end {
        Address(address) => {
            let address: IpAddr = address.parse().expect("an address");
            let covers = |text: &Value| {
                let network: IpNet = text.as_str().expect("text").parse().expect("a network");
                network.contains(&address)
            };
            let block = &peer["ipBlock"];
            block.is_object() && covers(&block["cidr"]) && !list(&block["except"]).any(covers)
        }
        Pod(namespace, label) => {
            let there = match peer.get("namespaceSelector") {
                Some(selector) => holds(selector, &[("kubernetes.io/metadata.name", namespace)]),
                None => *namespace == own,
            };
            let selector = peer.get("podSelector");
            peer.get("ipBlock").is_none()
                && there
                && selector.is_none_or(|selector| holds(selector, &[*label]))
        }
    }
}

#[tokio::test]
async fn resolvers_are_reached_wherever_a_cluster_has_them() {
    let plan = "[environments.staging.network]\ndns = [\"172.20.0.10\", \"169.254.169.254\"]\n";
    let Some([staging, production]) = Overlay::of(plan, ["staging", "production"]).await else {
        return;
    };
    let out = |overlay: &Overlay, end: End, port| {
        let both = ["UDP", "TCP"].map(|by| overlay.lets_out("aura", &end, by, port));
        assert_eq!(both[0], both[1], "{port}");
        both[0]
    };
    for overlay in [&staging, &production] {
        assert!(out(overlay, Pod("kube-system", DNS), 53));
        assert!(out(
            overlay,
            Pod("kube-system", ("k8s-app", "node-local-dns")),
            53
        ));
        let openshift = ("dns.operator.openshift.io/daemonset-dns", "default");
        assert!(out(overlay, Pod("openshift-dns", openshift), 5353));
        assert!(out(overlay, Address("169.254.20.10"), 53));
        assert!(!out(overlay, Pod("kube-system", DNS), 443));
        for elsewhere in ["8.8.8.8", "169.254.20.11"] {
            assert!(!out(overlay, Address(elsewhere), 53), "{elsewhere}");
        }
        assert!(!out(overlay, Address("169.254.20.10"), 80));
    }
    // EKS Auto Mode, and Cloud DNS, whose address gives out credentials on another port.
    for resolver in ["172.20.0.10", "169.254.169.254"] {
        assert!(out(&staging, Address(resolver), 53), "{resolver}");
        assert!(!out(&staging, Address(resolver), 80), "{resolver}");
        assert!(!out(&production, Address(resolver), 53), "{resolver}");
    }
}

#[tokio::test]
async fn a_backend_is_reached_where_the_form_of_its_host_allows_it() {
    for (host, pods, outside) in [
        ("db", Some("aura"), false),
        ("db.data.svc", Some("data"), false),
        ("db.data.svc.cluster.local", Some("data"), false),
        ("db-0.db.data.svc.cluster.local", Some("data"), false),
        ("db.corp", Some("corp"), true),
        ("nas.local", Some("local"), true),
        ("db.example.com", None, true),
    ] {
        let plan = format!(
            "[environments.production]\n\
             components = [\"network-policy\", \"migrate-job\", \"secret-files\"]\n\
             backends.database = \"postgres://{host}\"\n"
        );
        let Some([production]) = Overlay::of(&plan, ["production"]).await else {
            return;
        };
        let jobs = production.0.iter().filter(|one| one["kind"] == "Job");
        assert_eq!(jobs.count(), 1, "{host}");
        for policy in ["aura", "aura-migrate"] {
            let out = |end: End, port| production.lets_out(policy, &end, "TCP", port);
            for namespace in ["aura", "data", "corp", "local", "example", "com"] {
                let reached = out(Pod(namespace, ANY), 5432);
                assert_eq!(
                    reached,
                    pods == Some(namespace),
                    "{policy} {host} {namespace}"
                );
            }
            for address in ["10.1.2.3", "192.0.2.7", "2001:db8::7"] {
                assert_eq!(
                    out(Address(address), 5432),
                    outside,
                    "{policy} {host} {address}"
                );
                assert!(!out(Address(address), 22), "{policy} {host} {address}");
            }
            // Nothing opens the way to the secrets of a cloud's machine.
            for metadata in [
                "169.254.169.254",
                "fd00:ec2::254",
                "100.100.100.200",
                "64:ff9b::a9fe:a9fe",
                "::a9fe:a9fe",
                "2002:a9fe:a9fe::1",
            ] {
                assert!(!out(Address(metadata), 5432), "{policy} {host} {metadata}");
            }
        }
        // The Job has no business with Redis, and nobody has any with the Job.
        let redis = Pod("aura", ANY);
        assert!(production.lets_out("aura", &redis, "TCP", 6379));
        assert!(!production.lets_out("aura-migrate", &redis, "TCP", 6379));
        assert!(!production.lets_in("aura-migrate", &Pod("gateway", ANY), 8000));
    }
}

#[tokio::test]
async fn only_peers_named_by_the_plan_pass_the_network_policy() {
    let plan = r#"
[[network.egress]]
namespace = "istio-system"
pods = { app = "istiod" }
ports = [15010, 15012]

[environments.production]
host = "auth.example.com"
components = ["network-policy", "migrate-job", "secret-files"]
gateway = { namespace = "edge", cidrs = ["130.211.0.0/22", "fd00:12::4"] }
settings.SERVER_PORT = 8443
settings.SERVER_TRUSTED_PROXIES = ["130.211.0.0/22", "fd00:12::4"]

[environments.production.network]
egress = [
    { cidr = "0.0.0.0/0", ports = [587] },
    { pods = { app = "any" }, ports = ["8125/udp"] },
    { namespace = "traces", ports = [4317] },
]
"#;
    let Some([staging, production]) = Overlay::of(plan, ["staging", "production"]).await else {
        return;
    };
    let istiod = || Pod("istio-system", ("app", "istiod"));
    for (overlay, policy) in [
        (&staging, "aura"),
        (&production, "aura"),
        (&production, "aura-migrate"),
    ] {
        assert!(
            overlay.lets_out(policy, &istiod(), "TCP", 15012),
            "{policy}"
        );
        assert!(
            !overlay.lets_out(policy, &istiod(), "UDP", 15012),
            "{policy}"
        );
        assert!(
            !overlay.lets_out(policy, &istiod(), "TCP", 15017),
            "{policy}"
        );
        let other = Pod("istio-system", ANY);
        assert!(!overlay.lets_out(policy, &other, "TCP", 15012), "{policy}");
    }
    let out = |overlay: &Overlay, end: End, by, port| overlay.lets_out("aura", &end, by, port);
    assert!(out(&production, Address("192.0.2.25"), "TCP", 587));
    assert!(!out(&production, Address("169.254.169.254"), "TCP", 587));
    assert!(!out(&staging, Address("192.0.2.25"), "TCP", 587));
    assert!(out(&production, Pod("aura", ANY), "UDP", 8125));
    assert!(!out(&production, Pod("traces", ANY), "UDP", 8125));
    assert!(out(&production, Pod("traces", ANY), "TCP", 4317));
    assert!(!out(&production, Pod("aura", DNS), "TCP", 4317));

    let enters = |end: End, port| production.lets_in("aura", &end, port);
    for end in ["130.211.0.9", "fd00:12::4"] {
        assert!(enters(Address(end), 8443), "{end}");
        assert!(!enters(Address(end), 9000), "{end}");
    }
    for end in ["130.211.4.1", "fd00:12::5", "10.0.0.1"] {
        assert!(!enters(Address(end), 8443), "{end}");
    }
    assert!(enters(Pod("edge", ANY), 8443) && !enters(Pod("edge", ANY), 8000));
    assert!(!enters(Pod("gateway", ANY), 8443));
    assert!(enters(Pod("monitoring", ANY), 9000) && !enters(Pod("monitoring", ANY), 8443));
}

#[tokio::test]
async fn proxies_render_the_limits_of_the_server() {
    let plan = r#"
[environments.development]
host = "auth.dev.example.com"
components = ["ingress"]
settings.SERVER_MAX_BODY_BYTES = 65536

[environments.staging]
host = "auth.staging.example.com"
components = ["ingress", "monitoring", "secret-files"]
settings.LLM_UPSTREAM_URL = "https://api.example.com/v1"
settings.LLM_MAX_BODY_BYTES = 33554432
settings.LLM_UPSTREAM_TIMEOUT_SECONDS = 900
backends.proxy = "http://proxy.example.com:3128"

[environments.production]
host = "auth.example.com"
components = ["monitoring", "secret-files"]
gateway.section = "web"
backends.proxy = "http://proxy.example.com:3128"
monitoring.labels = { release = "kube-prometheus-stack", on = "true" }
settings.LLM_UPSTREAM_URL = "https://api.example.com/v1"
"#;
    let names = ["development", "staging", "production"];
    let Some([development, staging, production]) = Overlay::of(plan, names).await else {
        return;
    };
    let told = |overlay: &Overlay, name: &str| {
        let annotations = &overlay.find("Ingress", "aura")["metadata"]["annotations"];
        let text = annotations[format!("nginx.ingress.kubernetes.io/{name}")].as_str();
        text.map(str::to_owned)
    };
    assert_eq!(
        told(&development, "proxy-body-size").as_deref(),
        Some("65536")
    );
    // Nothing is slow there, so the controller's own times hold.
    assert_eq!(told(&development, "proxy-read-timeout"), None);
    assert_eq!(told(&development, "proxy-buffering"), None);
    for (name, value) in [
        ("proxy-body-size", "33554432"),
        ("proxy-read-timeout", "905"),
        ("proxy-send-timeout", "905"),
        ("proxy-buffering", "off"),
    ] {
        assert_eq!(told(&staging, name).as_deref(), Some(value), "{name}");
    }
    let spec = &production.find("HTTPRoute", "aura")["spec"];
    assert_eq!(spec["parentRefs"][0]["sectionName"], "web");
    assert_eq!(spec["rules"][0]["timeouts"]["request"], "0s");
    assert_eq!(spec["rules"][0]["backendRefs"][0]["name"], "aura");
    let labels = |overlay: &Overlay, name: &str| {
        overlay.find("ServiceMonitor", "aura")["metadata"]["labels"][name].clone()
    };
    assert_eq!(labels(&production, "release"), "kube-prometheus-stack");
    assert_eq!(labels(&production, "on"), "true");
    assert_eq!(labels(&production, "app.kubernetes.io/name"), "aura");
    assert_eq!(labels(&staging, "release"), Value::Null);

    let no_upstream = "[environments.production]\nhost = \"auth.example.com\"\n";
    let Some([production]) = Overlay::of(no_upstream, ["production"]).await else {
        return;
    };
    let spec = &production.find("HTTPRoute", "aura")["spec"];
    assert_eq!(spec["parentRefs"][0]["sectionName"], "https");
    assert_eq!(spec["rules"][0]["timeouts"], Value::Null);
}

#[tokio::test]
async fn a_host_without_trusted_proxies_is_warned_of_by_every_command() {
    let folder = tempfile::tempdir().expect("a folder");
    let (plan, out) = (folder.path().join("deploy.toml"), folder.path().join("out"));
    let (plan, out) = (plan.display().to_string(), out.display().to_string());
    for (settings, warned) in [
        ("", true),
        ("settings.SERVER_TRUSTED_PROXIES = \"10.0.12.4\"\n", false),
    ] {
        let environment = |name: &str| {
            format!("[environments.{name}]\nhost = \"auth.{name}.example.com\"\n{settings}")
        };
        let text = ["development", "staging", "production"].map(environment);
        std::fs::write(&plan, text.concat()).expect("a file");
        let rendered = said(&generate(&["k8s", "--config", &plan, "--out", &out]).await);
        for name in ["development", "staging", "production"] {
            let told = format!("environments.{name}.settings.SERVER_TRUSTED_PROXIES: is empty");
            assert_eq!(rendered.contains(&told), warned, "{rendered}");
        }
        assert_eq!(
            rendered.contains("and share one limit"),
            warned,
            "{rendered}"
        );
        let manifests = format!("{out}/k8s");
        let check = ["config", "check", "--from", &manifests];
        let checked = said(&Settings::new().run(&check).await);
        let told = "SERVER_TRUSTED_PROXIES: is empty";
        assert_eq!(checked.contains(told), warned, "{checked}");
    }
}
