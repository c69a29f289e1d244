//! Destinations of the pods besides their backends, as they are written and as they are rendered.

use std::collections::BTreeMap;
use std::num::NonZeroU16;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, de};
use serde_json::Value;

use super::cidr::Cidr;
use super::dns::Label;
use super::labels::{self, Labels};
use crate::schema::inline_schema;

/// Protocols of a port.
const PROTOCOLS: [&str; 3] = ["TCP", "UDP", "SCTP"];

/// Remedy for an invalid port.
const LIKE: &str = "write a number from 1 to 65535, which is TCP, or text like 4317/udp";

/// Peers that the network policies allow besides the backends; needs the component
/// `network-policy` or `migrate-job`. A table at the top is for every environment, and each may add
/// to it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Network {
    /// Networks of resolvers that are not pods, on ports 53 and 5353. Every pod of the cluster is
    /// open on these ports already, which fits `kube-dns`, `CoreDNS` and `OpenShift`, and so is
    /// `169.254.20.10`, the usual address of `NodeLocal DNSCache`. Name the resolver for Cloud DNS
    /// (GKE: `169.254.169.254`), EKS Auto Mode (the address of the Service `kube-dns`:
    /// `172.20.0.10` or `10.100.0.10`), and a node's cache at another address or at that of
    /// `kube-dns`.
    pub dns: Vec<Cidr>,
    /// Further destinations, each a table `[[network.egress]]`: the control plane of a mesh, a
    /// collector of traces.
    #[schemars(with = "Vec<EgressFile>")]
    pub egress: Vec<Destination>,
}

/// A destination of the pods besides their backends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// The peers.
    pub peer: Peer,
    /// The ports, at least one.
    pub ports: Vec<Port>,
}

/// Peers of a network policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Peer {
    /// Addresses.
    Network(Cidr),
    /// Pods.
    Pods {
        /// Their namespace; none: that of the service.
        namespace: Option<String>,
        /// Their labels; none at all: every pod.
        labels: BTreeMap<String, String>,
    },
}

/// A port and its protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Port {
    /// The number.
    pub number: NonZeroU16,
    /// `TCP`, `UDP` or `SCTP`.
    pub protocol: &'static str,
}

/// A destination besides the backends: a network, or pods.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Egress")]
pub(super) struct EgressFile {
    /// The network, for peers that are not pods. Addresses at which clouds tell a machine its secrets are
    /// left out of a wider one.
    pub cidr: Option<Cidr>,
    /// The namespace of the pods. Left out, with `pods`: that of the service.
    #[schemars(example = &"istio-system")]
    pub namespace: Option<Label>,
    /// Labels that the pods have. Left out, with `namespace`: every pod in it.
    pub pods: Labels,
    /// Ports as the pods have them, not the Service before them: a number is TCP, other protocols
    /// are written `4317/udp`. At least one.
    pub ports: Vec<Port>,
}

impl TryFrom<EgressFile> for Destination {
    type Error = &'static str;

    fn try_from(file: EgressFile) -> Result<Self, Self::Error> {
        let is_pods = file.namespace.is_some() || !file.pods.is_empty();
        let peer = match file.cidr {
            Some(_) if is_pods => {
                return Err("names both a network and pods; give each an entry of its own");
            }
            Some(cidr) => Peer::Network(cidr),
            None if is_pods => Peer::Pods {
                namespace: file.namespace.map(String::from),
                labels: labels::plain(&file.pods),
            },
            None => return Err("leads nowhere; name a cidr, a namespace, or labels of pods"),
        };
        let ports = file.ports;
        Ok(Self { peer, ports })
    }
}

impl<'de> Deserialize<'de> for Destination {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::try_from(EgressFile::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

impl TryFrom<&Value> for Port {
    type Error = String;

    fn try_from(value: &Value) -> Result<Self, String> {
        let (number, protocol) = match value {
            Value::Number(number) => (number.to_string(), PROTOCOLS[0].to_owned()),
            Value::String(text) => match text.split_once('/') {
                Some((number, protocol)) => (number.to_owned(), protocol.to_uppercase()),
                None => (text.clone(), PROTOCOLS[0].to_owned()),
            },
            _ => return Err(format!("is not a port; {LIKE}")),
        };
        let plain = number.bytes().all(|digit| digit.is_ascii_digit());
        let number = number.parse().ok().filter(|_| plain);
        let protocol = PROTOCOLS.into_iter().find(|known| **known == protocol);
        match (number, protocol) {
            (Some(number), Some(protocol)) => Ok(Self { number, protocol }),
            // What was given is not shown: it may be anything.
            (None, _) => Err(format!("is not a port; {LIKE}")),
            (_, None) => Err("has an unknown protocol; there are tcp, udp, sctp".to_owned()),
        }
    }
}

impl<'de> Deserialize<'de> for Port {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::try_from(&Value::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

inline_schema!(Port, {
    "type": ["integer", "string"],
    "minimum": 1,
    "maximum": 65535,
    "pattern": "^[0-9]{1,5}(/([tT][cC][pP]|[uU][dD][pP]|[sS][cC][tT][pP]))?$",
});

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_port_is_a_number_or_has_its_protocol() {
        let read = |value| Port::try_from(&value);
        for (value, number, protocol) in [
            (json!(443), 443, "TCP"),
            (json!("443"), 443, "TCP"),
            (json!("4317/udp"), 4317, "UDP"),
            (json!("65535/SCTP"), 65535, "SCTP"),
        ] {
            let port = read(value).unwrap();
            assert_eq!((port.number.get(), port.protocol), (number, protocol));
        }
        for wrong in [
            json!(0),
            json!(65536),
            json!(-1),
            json!(1.5),
            json!("https"),
            json!([]),
        ] {
            assert!(read(wrong).unwrap_err().contains("is not a port"));
        }
        let error = read(json!("53/canary")).unwrap_err();
        assert!(error.contains("there are tcp, udp, sctp") && !error.contains("canary"));
    }
}
