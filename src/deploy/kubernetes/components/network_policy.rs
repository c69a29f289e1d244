//! Who may talk to the pods, and whom they may talk to.
//!
//! The rules of an environment follow from its backends. A policy knows addresses and pods, and no
//! DNS names: what is outside the cluster is open by port only.

use std::collections::BTreeMap;
use std::net::IpAddr;

use k8s_openapi::api::networking::v1::{
    IPBlock, NetworkPolicy, NetworkPolicyEgressRule, NetworkPolicyIngressRule, NetworkPolicyPeer,
    NetworkPolicyPort, NetworkPolicySpec,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use crate::deploy::Service;
use crate::deploy::emit::EmitError;
use crate::deploy::kubernetes::facts::DATABASE;
use crate::deploy::kubernetes::folder::Folder;
use crate::deploy::kubernetes::names::{self, HTTP, METRICS};
use crate::deploy::kubernetes::values::Values;
use crate::deploy::plan::{Backend, Endpoint, Environment};

/// Where the DNS cache of a node listens.
const NODE_LOCAL_DNS: &str = "169.254.20.10/32";

/// Everywhere, and what a pod may still not reach there: the addresses at which clouds tell a
/// machine its secrets. All link-local ones, because more than one of them does (EC2, ECS, Google,
/// Azure, `OpenStack`), and those that are not link-local: Alibaba, Azure, Oracle; EC2 and Google
/// by IPv6.
pub(in crate::deploy) const EVERYWHERE: [(&str, &[&str]); 2] = [
    (
        "0.0.0.0/0",
        &[
            "100.100.100.200/32",
            "168.63.129.16/32",
            "169.254.0.0/16",
            "192.0.0.192/32",
        ],
    ),
    ("::/0", &["fd00:ec2::/32", "fd20:ce::254/128", "fe80::/10"]),
];

pub(super) fn fill(folder: &mut Folder, service: &Service) -> Result<(), EmitError> {
    let inside = rule_in(vec![pods()], HTTP);
    let policy = NetworkPolicy {
        metadata: names::meta(service, &service.name),
        spec: Some(spec(&service.name, vec![inside], vec![dns()])),
    };
    folder.resource("networkpolicy.yaml", &policy)
}

/// The rules of `environment` for the pods that serve.
pub(in crate::deploy::kubernetes) fn overlay(
    service: &Service,
    environment: &Environment,
) -> NetworkPolicy {
    let mut ingress = vec![rule_in(
        vec![namespace(&environment.gateway.namespace)],
        HTTP,
    )];
    if Values::of(service, environment)
        .metrics_port(service)
        .is_some()
    {
        let monitoring = namespace(&environment.monitoring_namespace);
        ingress.push(rule_in(vec![monitoring], METRICS));
    }
    NetworkPolicy {
        metadata: names::patch_meta(service, &service.name),
        spec: Some(spec(&service.name, ingress, egress(&environment.backends))),
    }
}

/// The policy of the Job that migrates: nobody talks to it.
pub(super) fn of_job(service: &Service, metadata: ObjectMeta) -> NetworkPolicy {
    NetworkPolicy {
        metadata,
        spec: Some(spec(&names::job(service), Vec::new(), vec![dns()])),
    }
}

/// The rules of `environment` for the Job: the database, and where there is none of that name,
/// everything.
pub(in crate::deploy::kubernetes) fn job_overlay(
    service: &Service,
    environment: &Environment,
) -> NetworkPolicy {
    let mut backends = environment.backends.clone();
    if backends.contains_key(DATABASE) {
        backends.retain(|name, _| name == DATABASE);
    }
    let name = names::job(service);
    NetworkPolicy {
        metadata: names::patch_meta(service, &name),
        spec: Some(spec(&name, Vec::new(), egress(&backends))),
    }
}

fn spec(
    name: &str,
    ingress: Vec<NetworkPolicyIngressRule>,
    egress: Vec<NetworkPolicyEgressRule>,
) -> NetworkPolicySpec {
    NetworkPolicySpec {
        pod_selector: Some(names::policy_selector(name)),
        policy_types: Some(vec!["Ingress".to_owned(), "Egress".to_owned()]),
        ingress: Some(ingress),
        egress: Some(egress),
    }
}

fn egress(backends: &BTreeMap<String, Backend>) -> Vec<NetworkPolicyEgressRule> {
    let mut rules = vec![dns()];
    for backend in backends.values() {
        let Backend::Remote(endpoint) = backend else {
            continue;
        };
        let rule = NetworkPolicyEgressRule {
            to: Some(peers(endpoint)),
            ports: Some(vec![port("TCP", IntOrString::Int(endpoint.port.into()))]),
        };
        if !rules.contains(&rule) {
            rules.push(rule);
        }
    }
    rules
}

/// Where `endpoint` may be, by the form of its host: a name without dots is a Service beside this
/// one, `x.ns` and `x.ns.svc...` one in another namespace, an address itself, and any other name
/// anywhere. `x.y` over HTTPS is taken for a public name, since Services have no certificates.
fn peers(endpoint: &Endpoint) -> Vec<NetworkPolicyPeer> {
    let host = endpoint.host.trim_end_matches('.');
    if let Ok(address) = host.parse::<IpAddr>() {
        let bits = if address.is_ipv4() { 32 } else { 128 };
        return vec![block(&format!("{address}/{bits}"), &[])];
    }
    let labels: Vec<_> = host.split('.').collect();
    match labels[..] {
        [_] => vec![pods()],
        [_, other] if endpoint.scheme != "https" => vec![namespace(other)],
        [_, other, "svc", ..] => vec![namespace(other)],
        _ => EVERYWHERE
            .iter()
            .map(|(cidr, except)| block(cidr, except))
            .collect(),
    }
}

/// DNS, which every other rule needs.
fn dns() -> NetworkPolicyEgressRule {
    let mut cluster = namespace("kube-system");
    cluster.pod_selector = Some(LabelSelector {
        match_labels: Some([("k8s-app".to_owned(), "kube-dns".to_owned())].into()),
        ..LabelSelector::default()
    });
    NetworkPolicyEgressRule {
        to: Some(vec![cluster, block(NODE_LOCAL_DNS, &[])]),
        ports: Some(
            ["UDP", "TCP"]
                .map(|by| port(by, IntOrString::Int(53)))
                .into(),
        ),
    }
}

fn rule_in(from: Vec<NetworkPolicyPeer>, name: &str) -> NetworkPolicyIngressRule {
    NetworkPolicyIngressRule {
        from: Some(from),
        ports: Some(vec![port("TCP", IntOrString::String(name.to_owned()))]),
    }
}

fn port(protocol: &str, port: IntOrString) -> NetworkPolicyPort {
    NetworkPolicyPort {
        port: Some(port),
        protocol: Some(protocol.to_owned()),
        ..NetworkPolicyPort::default()
    }
}

/// Every pod of the same namespace.
fn pods() -> NetworkPolicyPeer {
    NetworkPolicyPeer {
        pod_selector: Some(LabelSelector::default()),
        ..NetworkPolicyPeer::default()
    }
}

/// Every pod of the namespace `name`.
fn namespace(name: &str) -> NetworkPolicyPeer {
    let label = ("kubernetes.io/metadata.name".to_owned(), name.to_owned());
    NetworkPolicyPeer {
        namespace_selector: Some(LabelSelector {
            match_labels: Some([label].into()),
            ..LabelSelector::default()
        }),
        ..NetworkPolicyPeer::default()
    }
}

fn block(cidr: &str, except: &[&str]) -> NetworkPolicyPeer {
    let except: Vec<String> = except.iter().map(|&cidr| cidr.to_owned()).collect();
    NetworkPolicyPeer {
        ip_block: Some(IPBlock {
            cidr: cidr.to_owned(),
            except: (!except.is_empty()).then_some(except),
        }),
        ..NetworkPolicyPeer::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to(scheme: &str, host: &str) -> Vec<NetworkPolicyPeer> {
        peers(&Endpoint {
            scheme: scheme.to_owned(),
            host: host.to_owned(),
            port: 1,
        })
    }

    #[test]
    fn a_host_is_where_its_form_says() {
        assert_eq!(to("postgres", "db"), [pods()]);
        assert_eq!(to("postgres", "db.data"), [namespace("data")]);
        for long in ["db.data.svc", "db.data.svc.cluster.local", "db.data.svc."] {
            assert_eq!(to("postgres", long), [namespace("data")], "{long}");
        }
        assert_eq!(to("redis", "10.0.0.7"), [block("10.0.0.7/32", &[])]);
        assert_eq!(to("redis", "fd00::7"), [block("fd00::7/128", &[])]);
        for public in ["example.com", "api.example.com"] {
            assert_eq!(to("https", public).len(), 2, "{public}");
        }
        assert_eq!(to("postgres", "db.example.com").len(), 2);
    }

    #[test]
    fn what_is_open_leaves_out_where_clouds_keep_secrets_and_dns_stays() {
        let excepted = |peer: &NetworkPolicyPeer| peer.ip_block.clone().unwrap().except.unwrap();
        let open = to("https", "api.example.com");
        for network in ["169.254.0.0/16", "100.100.100.200/32", "168.63.129.16/32"] {
            assert!(
                excepted(&open[0]).contains(&network.to_owned()),
                "{network}"
            );
        }
        for network in ["fe80::/10", "fd00:ec2::/32"] {
            assert!(
                excepted(&open[1]).contains(&network.to_owned()),
                "{network}"
            );
        }
        assert!(dns().to.unwrap().contains(&block("169.254.20.10/32", &[])));
    }

    #[test]
    fn what_is_inside_the_process_needs_no_rule() {
        let backends = [("database".to_owned(), Backend::Embedded)].into();
        assert_eq!(egress(&backends), [dns()]);
    }
}
