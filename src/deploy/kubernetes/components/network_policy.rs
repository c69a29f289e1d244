//! Network policies: the peers that may talk to the pods, and those that the pods may talk to.
//!
//! The rules of an environment follow from its backends, and from what the plan names besides. A
//! policy knows addresses and pods, and no DNS names: what is outside the cluster is open by port
//! only.

use std::collections::BTreeMap;
use std::net::IpAddr;

use k8s_openapi::api::networking::v1::{
    IPBlock, NetworkPolicy, NetworkPolicyEgressRule, NetworkPolicyIngressRule, NetworkPolicyPeer,
    NetworkPolicyPort, NetworkPolicySpec,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{
    LabelSelector, LabelSelectorRequirement, ObjectMeta,
};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use crate::deploy::kubernetes::folder::Folder;
use crate::deploy::kubernetes::names::{self, HTTP, METRICS};
use crate::deploy::kubernetes::values::Values;
use crate::deploy::plan::{
    Backend, Cidr, DATABASE, Destination, Endpoint, Environment, Location, Network, Peer,
};
use crate::deploy::service::Service;

/// The usual address of `NodeLocal DNSCache`, which does not belong to a pod.
const NODE_LOCAL_DNS: [u8; 4] = [169, 254, 20, 10];

/// Ports of resolvers. A policy is judged by the port of the pod, not of the Service: the pods of
/// `OpenShift` listen on 5353.
const DNS_PORTS: [i32; 2] = [53, 5353];

/// Everywhere, and what a pod may still not reach there: the addresses at which clouds tell a
/// machine its secrets. All link-local ones, because more than one of them does (EC2, ECS, Google,
/// Azure, `OpenStack`), and those that are not link-local: Alibaba, Azure, Oracle; EC2 and Google
/// by IPv6. Those of IPv4 have other forms in IPv6: behind NAT64 (RFC 6052), and in the address
/// blocks of 6to4 and of compatible addresses, which are given up (RFC 7526, RFC 4291) and left out
/// whole.
pub(crate) const EVERYWHERE: [(&str, &[&str]); 2] = [
    (
        "0.0.0.0/0",
        &[
            "100.100.100.200/32",
            "168.63.129.16/32",
            "169.254.0.0/16",
            "192.0.0.192/32",
        ],
    ),
    (
        "::/0",
        &[
            "2002::/16",
            "64:ff9b::6464:64c8/128",
            "64:ff9b::a83f:8110/128",
            "64:ff9b::a9fe:0/112",
            "64:ff9b::c000:c0/128",
            "::/96",
            "fd00:ec2::/32",
            "fd20:ce::254/128",
            "fe80::/10",
        ],
    ),
];

pub(super) fn fill(folder: &mut Folder, service: &Service) {
    let name = &service.name;
    let inside = rule_in(vec![pods()], HTTP);
    let policy = policy(
        names::meta(service, name),
        name,
        vec![inside],
        vec![dns(&[])],
    );
    folder.resource("networkpolicy.yaml", &policy);
}

/// The rules of `environment` for the pods that serve.
pub(crate) fn overlay(service: &Service, environment: &Environment) -> NetworkPolicy {
    let (name, gateway) = (&service.name, &environment.gateway);
    let pods = [namespace(&gateway.namespace)];
    let balancers = gateway.cidrs.iter().map(|cidr| block(*cidr));
    let mut ingress = vec![rule_in(pods.into_iter().chain(balancers).collect(), HTTP)];
    let values = Values::of(service, environment);
    if values.metrics_port(service).is_some() {
        let monitoring = namespace(&environment.monitoring_namespace);
        ingress.push(rule_in(vec![monitoring], METRICS));
    }
    let egress = egress(&environment.backends, &environment.network);
    policy(names::patch_meta(service, name), name, ingress, egress)
}

/// The policy of the Job that migrates: no peer may talk to it.
pub(super) fn of_job(service: &Service, metadata: ObjectMeta) -> NetworkPolicy {
    policy(metadata, &names::job(service), Vec::new(), vec![dns(&[])])
}

/// The rules of `environment` for the Job: the database, and where there is none of that name,
/// everything.
pub(crate) fn job_overlay(service: &Service, environment: &Environment) -> NetworkPolicy {
    let mut backends = environment.backends.clone();
    if backends.contains_key(DATABASE) {
        backends.retain(|name, _| name == DATABASE);
    }
    let name = names::job(service);
    let egress = egress(&backends, &environment.network);
    policy(names::patch_meta(service, &name), &name, Vec::new(), egress)
}

/// The policy of the pods of `name`.
fn policy(
    metadata: ObjectMeta,
    name: &str,
    ingress: Vec<NetworkPolicyIngressRule>,
    egress: Vec<NetworkPolicyEgressRule>,
) -> NetworkPolicy {
    NetworkPolicy {
        metadata,
        spec: Some(NetworkPolicySpec {
            pod_selector: Some(names::policy_selector(name)),
            // Where they are left out, a policy without a rule for the way out leaves it open.
            policy_types: Some(vec!["Ingress".to_owned(), "Egress".to_owned()]),
            ingress: Some(ingress),
            egress: Some(egress),
        }),
    }
}

fn egress(backends: &BTreeMap<String, Backend>, network: &Network) -> Vec<NetworkPolicyEgressRule> {
    let mut rules = vec![dns(&network.dns)];
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
    rules.extend(network.egress.iter().map(further));
    rules
}

/// Rule for a destination that the plan names besides the backends.
fn further(destination: &Destination) -> NetworkPolicyEgressRule {
    let peer = match &destination.peer {
        Peer::Network(cidr) => block(*cidr),
        Peer::Pods {
            namespace: place,
            labels,
        } => {
            let mut peer = place.as_deref().map_or_else(pods, namespace);
            // A namespace without labels is every pod of it.
            if !labels.is_empty() {
                // Expressions: kustomize writes the labels of a second copy into every `matchLabels`.
                let expressions = labels.iter().map(|(key, value)| LabelSelectorRequirement {
                    key: key.clone(),
                    operator: "In".to_owned(),
                    values: Some(vec![value.clone()]),
                });
                peer.pod_selector = Some(LabelSelector {
                    match_expressions: Some(expressions.collect()),
                    ..LabelSelector::default()
                });
            }
            peer
        }
    };
    let ports = destination.ports.iter();
    NetworkPolicyEgressRule {
        to: Some(vec![peer]),
        ports: Some(
            ports
                .map(|one| port(one.protocol, IntOrString::Int(one.number.get().into())))
                .collect(),
        ),
    }
}

/// Peers that `endpoint` may be among. A host whose form is ambiguous is open both ways: a policy
/// that closes the one way that is needed looks like an outage of the backend.
fn peers(endpoint: &Endpoint) -> Vec<NetworkPolicyPeer> {
    match endpoint.location() {
        Location::Address(address) => vec![block(address.into())],
        Location::Beside => vec![pods()],
        Location::Namespace(name) => vec![namespace(&name)],
        Location::Outside => everywhere().collect(),
        Location::Either {
            namespace: name, ..
        } => std::iter::once(namespace(&name))
            .chain(everywhere())
            .collect(),
    }
}

/// DNS, which every other rule needs: any pod of the cluster, because each distribution has its
/// resolvers in another namespace and under other labels, and `resolvers` that are no pods.
fn dns(resolvers: &[Cidr]) -> NetworkPolicyEgressRule {
    let cluster = NetworkPolicyPeer {
        namespace_selector: Some(LabelSelector::default()),
        ..NetworkPolicyPeer::default()
    };
    let cache = Cidr::from(IpAddr::from(NODE_LOCAL_DNS));
    let further = resolvers.iter().filter(|cidr| **cidr != cache);
    let blocks = std::iter::once(&cache).chain(further);
    let ports = DNS_PORTS
        .into_iter()
        .flat_map(|number| ["UDP", "TCP"].map(|protocol| port(protocol, IntOrString::Int(number))));
    NetworkPolicyEgressRule {
        to: Some(
            std::iter::once(cluster)
                .chain(blocks.map(|cidr| block(*cidr)))
                .collect(),
        ),
        ports: Some(ports.collect()),
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

/// Every address there is, but for those of [`EVERYWHERE`].
fn everywhere() -> impl Iterator<Item = NetworkPolicyPeer> {
    let all = EVERYWHERE.iter();
    all.filter_map(|(cidr, _)| Cidr::try_from(*cidr).ok())
        .map(block)
}

/// The addresses of `cidr`, without those of clouds' metadata where it is wider than they are.
fn block(cidr: Cidr) -> NetworkPolicyPeer {
    let metadata = EVERYWHERE.iter().flat_map(|(_, except)| *except);
    let inside =
        |except: &&&str| Cidr::try_from(**except).is_ok_and(|one| cidr.is_wider_than(&one));
    let except: Vec<String> = metadata
        .filter(inside)
        .map(|except| (*except).to_owned())
        .collect();
    NetworkPolicyPeer {
        ip_block: Some(IPBlock {
            cidr: cidr.to_string(),
            except: (!except.is_empty()).then_some(except),
        }),
        ..NetworkPolicyPeer::default()
    }
}

#[cfg(test)]
mod tests;
