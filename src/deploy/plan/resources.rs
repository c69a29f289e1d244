//! Requests and limits of a pod: the written ones, and those that follow from them.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::draft::Draft;
use super::environment::Resources;
use super::quantity::{Quantity, amount};
use super::tier::Tier;

/// A resource with what a pod asks for, what it may take, and what both are in production: there
/// they are equal, so that a pod is never the first to be evicted.
const DEFAULTS: [(&str, &str, &str, &str); 3] = [
    ("cpu", "100m", "500m", "1"),
    ("memory", "128Mi", "512Mi", "512Mi"),
    ("ephemeral-storage", "64Mi", "128Mi", "128Mi"),
];

/// Bytes of memory that a pod may take in production where nothing else is written.
#[must_use]
pub fn production_memory() -> u64 {
    let memory = DEFAULTS.iter().find(|(name, ..)| *name == "memory");
    memory.map_or(0, |(.., production)| bytes(production))
}

/// Bytes of a quantity, rounded down; 0 for none.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "amounts are positive, and the cast ends at the largest number"
)]
pub(super) fn bytes(text: &str) -> u64 {
    amount(text).unwrap_or(0.0) as u64
}

/// Less memory or disk than this is a slip: `512m` is half a byte.
const LEAST: &str = "1Mi";

/// The resources of one environment.
pub(super) fn resolve(draft: &mut Draft<'_>) -> Resources {
    refuse_tiny(draft);
    let mut requests = BTreeMap::new();
    let mut limits = BTreeMap::new();
    let file = &draft.file.resources;
    for (name, request, limit, production) in DEFAULTS {
        let (asked, allowed) = match (file.requests.get(name), file.limits.get(name)) {
            (Some(asked), Some(allowed)) => {
                if asked.compare(allowed) == Ordering::Greater {
                    draft.conflict(
                        &["resources", "requests", name],
                        format!(
                            "is {}, above its limit {}",
                            asked.as_str(),
                            allowed.as_str()
                        ),
                        "raise the limit, or ask for less",
                    );
                }
                (asked.as_str(), allowed.as_str())
            }
            (Some(one), None) | (None, Some(one)) if draft.tier == Tier::Production => {
                (one.as_str(), one.as_str())
            }
            (Some(asked), None) => (asked.as_str(), pick(asked, limit, Ordering::Greater)),
            (None, Some(allowed)) => (pick(allowed, request, Ordering::Less), allowed.as_str()),
            (None, None) if draft.tier == Tier::Production => (production, production),
            (None, None) => (request, limit),
        };
        requests.insert(name.to_owned(), asked.to_owned());
        limits.insert(name.to_owned(), allowed.to_owned());
    }
    Resources { requests, limits }
}

/// Refuses amounts that Kubernetes takes, and no process can live on.
fn refuse_tiny(draft: &mut Draft<'_>) {
    let file = &draft.file.resources;
    for (side, amounts) in [("requests", &file.requests), ("limits", &file.limits)] {
        for name in ["memory", "ephemeral-storage"] {
            let Some(written) = amounts.get(name) else {
                continue;
            };
            if Quantity::try_from(LEAST).is_ok_and(|least| written.compare(&least).is_lt()) {
                draft.invalid(
                    &["resources", side, name],
                    format!("is {}, less than {LEAST}", written.as_str()),
                    "write mebibytes as Mi: 512Mi",
                );
            }
        }
    }
}

/// `written` where it is on that side of `default`.
fn pick<'a>(written: &'a Quantity, default: &'a str, side: Ordering) -> &'a str {
    let beyond = Quantity::try_from(default).is_ok_and(|default| written.compare(&default) == side);
    if beyond { written.as_str() } else { default }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deploy::plan::example::{environment, verdicts};

    #[test]
    fn one_side_makes_room_for_the_other_and_production_gets_what_it_asks_for() {
        for (name, lines, asked, allowed) in [
            ("staging", "", "100m", "500m"),
            ("production", "", "1", "1"),
            ("production", "limits.cpu = \"2\"", "2", "2"),
            ("production", "requests.cpu = \"2\"", "2", "2"),
            ("staging", "limits.cpu = \"50m\"", "50m", "50m"),
            ("staging", "limits.cpu = \"2\"", "100m", "2"),
            ("staging", "requests.cpu = \"2\"", "2", "2"),
            ("staging", "requests.cpu = \"1m\"", "1m", "500m"),
        ] {
            let text = format!("[environments.{name}.resources]\n{lines}");
            let Resources { requests, limits } = environment(&text, name).resources;
            let cpu = (requests["cpu"].as_str(), limits["cpu"].as_str());
            assert_eq!(cpu, (asked, allowed), "{text}");
        }
    }

    #[test]
    fn slips_and_requests_above_limits_are_refused() {
        verdicts(
            r#"
            resources.limits.memory = "512m"
              ! 2:18 resources.limits.memory: is 512m, less than 1Mi; write mebibytes as Mi
            resources = { requests.memory = "1Gi", limits.memory = "1G" }
              ! 2:24 resources.requests.memory: is 1Gi, above its limit 1G
            resources.limits.cpu = "-1"
              ! 2:18 resources.limits.cpu: is "-1", which is not positive
            "#,
        );
    }
}
