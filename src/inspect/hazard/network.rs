//! Network policies that let everybody through.

use ipnet::IpNet;
use serde_json::Value;

use crate::deploy::kustomize::{items, selects, text_at};
use crate::deploy::plan::Cidr;
use crate::inspect::merged::{Hazard, MergedObject};
use crate::inspect::overlay::Group;
use crate::inspect::report::FindingKind;

/// A range of so many ports closes nothing.
const EVERY_PORT: u64 = 60_000;

/// Rules that let everybody in, or out to everywhere, of the policies that hold for the pods of
/// `owner`.
pub(super) fn open(group: &Group, owner: &MergedObject, hazards: &mut Vec<Hazard>) {
    let policies = group.merged.iter().filter(|policy| {
        policy.kind() == "NetworkPolicy"
            && policy.namespace() == owner.namespace()
            && selects(
                policy.find(&["spec", "podSelector"]),
                owner.find(&["spec", "template", "metadata", "labels"]),
            )
    });
    for policy in policies {
        for (way, peers) in [("ingress", "from"), ("egress", "to")] {
            let rules = items(&policy.value["spec"][way]).enumerate();
            for (at, _) in rules.filter(|(_, rule)| is_open(rule, peers)) {
                let (whom, whose) = if way == "ingress" {
                    ("lets everybody in", "whom")
                } else {
                    ("lets pods out to everywhere", "where to")
                };
                hazards.push(policy.hazard(
                    FindingKind::Open,
                    way,
                    &["spec", way, &at.to_string()],
                    format!("rule {} {whom}", at + 1),
                    format!("say {whose} under `{peers}`, and which `ports`; or take the rule out"),
                ));
            }
        }
    }
}

/// Checks whether `rule` closes nothing. Nobody's requests come from everywhere, but names of
/// services outside the cluster may lead anywhere: their rules are by port.
fn is_open(rule: &Value, peers: &str) -> bool {
    let is_empty = |key: &str| items(&rule[key]).next().is_none();
    let anybody = is_empty(peers) || items(&rule[peers]).any(is_everybody);
    let is_range = |port: &Value| {
        let end = port["endPort"].as_u64().zip(port["port"].as_u64());
        port["port"].is_null()
            || end.is_some_and(|(end, first)| end.saturating_sub(first) > EVERY_PORT)
    };
    let any_port = is_empty("ports") || items(&rule["ports"]).any(is_range);
    anybody && (any_port || peers == "from")
}

/// Checks whether `peer` stands for every pod of the cluster, or for every address.
fn is_everybody(peer: &Value) -> bool {
    let block = &peer["ipBlock"];
    if !block.is_null() {
        let network = text_at(block, "/cidr").parse::<IpNet>();
        let network = network.map(|network| network.trunc().to_string());
        let network = network
            .ok()
            .and_then(|text| Cidr::try_from(text.as_str()).ok());
        return network.is_some_and(|network| network.is_too_wide());
    }
    let (namespaces, pods) = (&peer["namespaceSelector"], &peer["podSelector"]);
    let is_empty = peer.as_object().is_some_and(serde_json::Map::is_empty);
    is_empty || is_whole(namespaces) && (pods.is_null() || is_whole(pods))
}

/// Checks whether a selector leaves out nothing: no label is asked for, but that others be absent, or
/// the one that every namespace has.
fn is_whole(selector: &Value) -> bool {
    let labels = selector["matchLabels"].as_object();
    let narrows = |expression: &Value| match text_at(expression, "/operator") {
        "DoesNotExist" | "NotIn" => false,
        "Exists" => expression["key"] != "kubernetes.io/metadata.name",
        _ => true,
    };
    selector.is_object()
        && labels.is_none_or(serde_json::Map::is_empty)
        && !items(&selector["matchExpressions"]).any(narrows)
}
