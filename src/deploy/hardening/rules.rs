//! Every rule, by theme; and their outcomes for manifests from elsewhere, whose waivers are read off
//! the objects, where every scanner finds its own.

use std::collections::BTreeSet;

use serde_json::Value;

use super::objects::Objects;
use super::rule::{Met, Rule};
use super::{container, left_out, metadata, network, pod, probes, resources, scale};

/// Every rule, by theme.
pub(super) fn rules() -> impl Iterator<Item = &'static Rule> {
    [
        pod::RULES,
        container::RULES,
        resources::RULES,
        probes::RULES,
        scale::RULES,
        network::RULES,
        metadata::RULES,
        left_out::RULES,
    ]
    .into_iter()
    .flatten()
}

/// Outcome of one rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Standing {
    /// The rule, in two or three words.
    pub(crate) rule: &'static str,
    /// Faults and their objects; empty where the rule is met, or waived on the objects.
    pub(crate) faults: Vec<String>,
    /// True if it is not met and waived.
    pub(crate) waived: bool,
}

/// Puts every rule that can be looked at to the objects of one environment.
pub(crate) fn judge(objects: &[Value]) -> Vec<Standing> {
    let waived_rules = waived_rules(objects);
    let objects = Objects(objects.to_vec());
    let standing = |rule: &Rule| {
        let Met::Checked {
            look,
            waivers,
            otherwise,
        } = rule.met
        else {
            return None;
        };
        let mut faults = look.faults(&objects);
        let is_waivable =
            otherwise.is_some() || waivers.iter().any(|id| waived_rules.contains(*id));
        let waived = is_waivable && !faults.is_empty();
        if waived {
            faults.clear();
        }
        Some(Standing {
            rule: rule.name,
            faults,
            waived,
        })
    };
    rules().filter_map(standing).collect()
}

/// The names of the rules that annotations of `objects` waive; see `kubernetes/waiver.rs`.
fn waived_rules(objects: &[Value]) -> BTreeSet<String> {
    let annotations = objects.iter().filter_map(|object| {
        let found = object.pointer("/metadata/annotations");
        found.and_then(Value::as_object)
    });
    let mut waived_rules = BTreeSet::new();
    for (key, value) in annotations.flatten() {
        let text = value.as_str().unwrap_or_default();
        if key.starts_with("checkov.io/skip") {
            waived_rules.extend(text.split('=').next().map(str::to_owned));
        } else if key == "kube-score/ignore" {
            waived_rules.extend(text.split(',').map(|id| id.trim().to_owned()));
        } else if let Some(id) = key.strip_prefix("ignore-check.kube-linter.io/") {
            waived_rules.insert(id.to_owned());
        } else if let Some(id) = key.strip_prefix("polaris.fairwinds.com/") {
            waived_rules.extend(id.strip_suffix("-exempt").map(str::to_owned));
        }
    }
    waived_rules
}
