//! The rules of hardening, applied to manifests from elsewhere.
//!
//! Waivers are read off the objects, where every scanner finds its own.

use std::collections::BTreeSet;

use serde_json::Value;

use super::objects::Objects;
use super::rule::Met;
use super::rules::rules;

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

/// Every rule that can be looked at, put to the objects of one environment.
pub(crate) fn judge(objects: &[Value]) -> Vec<Standing> {
    let waived_rules = waived_rules(objects);
    let objects = Objects(objects.to_vec());
    let mut standings = Vec::new();
    for rule in rules() {
        let Met::Checked {
            check,
            waivers,
            otherwise,
        } = rule.met
        else {
            continue;
        };
        let mut faults = check(&objects);
        let is_waivable =
            otherwise.is_some() || waivers.iter().any(|id| waived_rules.contains(*id));
        let waived = is_waivable && !faults.is_empty();
        if waived {
            faults.clear();
        }
        standings.push(Standing {
            rule: rule.name,
            faults,
            waived,
        });
    }
    standings
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
