//! Network policies that let everybody through.

use serde_json::Value;

use crate::deploy::inspect::overlay::Group;
use crate::deploy::inspect::report::FindingKind;
use crate::deploy::inspect::whole::{Hazard, Whole};
use crate::deploy::kustomize::{items, text_at};

/// The longest prefix that stands for every address, however the address is written: `2000::/3` is
/// all of the public IPv6, and two halves of IPv4 are the whole. No network of anybody is that wide.
const EVERYWHERE_BITS: u8 = 3;

/// Rules that let everybody in, or out to everywhere, of the policies that hold for the pods of
/// `owner`.
pub(super) fn open(group: &Group, owner: &Whole, hazards: &mut Vec<Hazard>) {
    let policies = group.wholes.iter().filter(|policy| {
        policy.kind() == "NetworkPolicy"
            && policy.namespace() == owner.namespace()
            && selects(
                policy.find(&["spec", "podSelector"]),
                owner.find(&["spec", "template", "metadata", "labels"]),
            )
    });
    for policy in policies {
        for (way, peers) in [("ingress", "from"), ("egress", "to")] {
            let rules = items(policy.find(&["spec"]), way).enumerate();
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

/// Checks whether a selector by labels chooses what has `labels`; an empty one chooses everything.
fn selects(selector: &Value, labels: &Value) -> bool {
    let wanted = selector["matchLabels"].as_object().into_iter().flatten();
    selector["matchExpressions"].is_null()
        && wanted.into_iter().all(|(key, value)| labels[key] == *value)
}

/// Checks whether `rule` closes nothing. Nobody's requests come from everywhere, but names of
/// services outside the cluster may lead anywhere: their rules are by port.
fn is_open(rule: &Value, peers: &str) -> bool {
    let is_empty = |key: &str| items(rule, key).next().is_none();
    let anybody = is_empty(peers) || items(rule, peers).any(is_everybody);
    anybody && (is_empty("ports") || peers == "from" && is_empty(peers))
}

/// Checks whether `peer` stands for every pod of the cluster, or for every address.
fn is_everybody(peer: &Value) -> bool {
    let block = &peer["ipBlock"];
    if !block.is_null() {
        let (_, bits) = text_at(block, "/cidr").split_once('/').unwrap_or_default();
        return bits.parse().is_ok_and(|bits: u8| bits <= EVERYWHERE_BITS);
    }
    let whole = |selector: &Value| selector.as_object().is_some_and(serde_json::Map::is_empty);
    let (namespaces, pods) = (&peer["namespaceSelector"], &peer["podSelector"]);
    whole(peer) || whole(namespaces) && (pods.is_null() || whole(pods))
}
