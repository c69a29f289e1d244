//! Settings that do not fit where they are, and pods that would not see a change of them.

use std::collections::BTreeMap;

use serde_json::Value;

use super::running::Running;
use crate::deploy::facts;
use crate::deploy::kubernetes::{CHECKSUM, checksum};
use crate::deploy::plan::{self, Tier};
use crate::inspect::given::Given;
use crate::inspect::merged::Hazard;
use crate::inspect::object::{Holder, Source};
use crate::inspect::process::named;
use crate::inspect::report::FindingKind;

/// Backends inside the process, where there are several processes, or where what is in them would
/// end with the only pod of production.
pub(super) fn replicas(running: &Running, hazards: &mut Vec<Hazard>) {
    let pods = running.most_pods();
    let lost = pods < 2 && running.tier() == Some(Tier::Production) && !running.keeps_files();
    for backend in &running.service.backends {
        let Some(embedded) = &backend.embedded else {
            continue;
        };
        let text = |name: &str| running.process.text(name);
        let chosen = match embedded.settings.as_slice() {
            [] => text(&backend.setting).is_some_and(|url| {
                let scheme = url.split(':').next().unwrap_or_default();
                !backend.schemes.iter().any(|(known, _)| known == scheme)
            }),
            settings => settings
                .iter()
                .all(|(name, value)| text(name).as_ref() == Some(value)),
        };
        // Without a URL in the files, the pod may still get it from elsewhere.
        let written = running.process.given_at(&backend.setting).is_some();
        let alone = lost && written && embedded.settings.is_empty();
        if !chosen || pods < 2 && !alone {
            continue;
        }
        let first = embedded.settings.first();
        let name = first.map_or(&backend.setting, |(name, _)| name);
        let what = &backend.name;
        let (problem, remedy) = if alone {
            (
                format!("keeps {what} in files that end with the pod"),
                format!("name a {what} on the network"),
            )
        } else {
            (
                format!(
                    "keeps {what} inside the process, and there are up to {pods} pods: each would \
                     have its own"
                ),
                format!("name a {what} that all of them share, or run one pod"),
            )
        };
        hazards.push(running.in_setting(FindingKind::Replicas, name, problem, remedy));
    }
}

/// An address at which the kubelet does not find the pod. In manifests of others, another container
/// may stand before it, and be asked instead.
pub(super) fn unreachable(running: &Running, hazards: &mut Vec<Hazard>) {
    let host = running.service.host.as_deref();
    let Some((name, text)) = host.and_then(|name| Some((name, running.process.text(name)?))) else {
        return;
    };
    let asked = ["livenessProbe", "readinessProbe", "startupProbe"]
        .into_iter()
        .any(|probe| running.value[probe]["httpGet"].is_object());
    if let Some(why) = facts::unreachable(&text).filter(|_| running.rendered || asked) {
        hazards.push(running.in_setting(
            FindingKind::Probe,
            name,
            format!("is {text}, {why}"),
            "set it to 0.0.0.0, or to :: for IPv6 as well",
        ));
    }
}

/// Words before the name of an environment that stand for another one: `non-production`.
const OTHER_THAN: [&str; 6] = ["before", "no", "non", "not", "post", "pre"];

/// Another environment than the folder or the namespace is called after.
pub(super) fn environment(running: &Running, hazards: &mut Vec<Hazard>) {
    let name = &running.service.environment;
    let Some(found) = running.process.text(name) else {
        return;
    };
    let names = plan::environments(running.service);
    let folder = running.group.folder.rsplit('/').next().unwrap_or_default();
    let places = [
        ("the folder", folder),
        ("the namespace", running.object.namespace()),
    ];
    let meant = places.into_iter().find_map(|(what, place)| {
        let is_part = |name: &&String| match place.strip_suffix(name.as_str()) {
            Some("") => true,
            Some(before) => before.strip_suffix('-').is_some_and(|before| {
                let word = before.rsplit('-').next().unwrap_or_default();
                !OTHER_THAN.contains(&word)
            }),
            None => false,
        };
        let longest = names.iter().filter(is_part).max_by_key(|name| name.len());
        longest.map(|name| (what, place, name))
    });
    let Some((what, place, wanted)) = meant.filter(|(.., wanted)| **wanted != found) else {
        return;
    };
    if names.contains(&found) {
        hazards.push(running.in_setting(
            FindingKind::Environment,
            name,
            format!(
                "is {found:?} in {what} {place}: the checks and defaults of {wanted} do not hold"
            ),
            format!("set it to {wanted}"),
        ));
    }
}

/// Pods that carry another checksum than their ConfigMap has: an apply leaves them as they are.
/// Manifests of others may call checksums of their own the same, as Helm charts do.
pub(super) fn stale(running: &Running, hazards: &mut Vec<Hazard>) {
    if !running.rendered {
        return;
    }
    let ours = facts::config_map(running.service);
    for (reference, _) in &running.container.env_from {
        let source = named(running.sources, reference, &running.workload.namespace);
        let Some(source) = source.filter(|source| source.holder == Holder::ConfigMap) else {
            continue;
        };
        let Some(data) = texts(source).filter(|_| source.name.contains(&ours)) else {
            continue;
        };
        let now = checksum(&data);
        // Another name for each set of values; see the overlay.
        let digest = facts::revision_digest(&source.name, &ours);
        if digest.is_some_and(|digest| !now.starts_with(digest)) {
            hazards.push(running.object.hazard(
                FindingKind::Stale,
                &source.name,
                &[],
                "has another content than its name says: pods of an older revision would get it, \
                 too",
                "change deploy.toml, and render the manifests again",
            ));
        }
        let path = ["spec", "template", "metadata", "annotations", CHECKSUM];
        match running.object.find(&path) {
            Value::String(text) if *text == now => {}
            Value::Null if digest.is_some() => {}
            found => {
                let problem = if found.is_null() {
                    "is missing"
                } else {
                    "is stale"
                };
                hazards.push(running.object.hazard(
                    FindingKind::Stale,
                    CHECKSUM,
                    &path,
                    format!(
                        "{problem}: a value in the ConfigMap {} was changed by hand, and pods \
                         that run would keep the old one",
                        source.name
                    ),
                    format!("change deploy.toml and render the manifests again, or put {now} here"),
                ));
            }
        }
    }
}

/// Pods that read no ConfigMap of the service, and so would run with its defaults.
pub(super) fn unread(running: &Running, hazards: &mut Vec<Hazard>) {
    let ours = facts::config_map(running.service);
    let mut read = running.container.env_from.iter();
    let reads = read.any(|(reference, _)| {
        reference.holder == Holder::ConfigMap && reference.name.contains(&ours)
    });
    if running.rendered && !reads && running.service.plain_settings().next().is_some() {
        hazards.push(running.in_container(
            FindingKind::Missing,
            &["envFrom"],
            format!("does not read the ConfigMap {ours}: the defaults would hold"),
            format!("add a configMapRef to {ours}"),
        ));
    }
}

/// The data of a ConfigMap; none where not all of it is text.
fn texts(source: &Source) -> Option<BTreeMap<String, String>> {
    let entries = source.entries.iter().map(|entry| match &entry.given {
        Given::Text(text) => Some((entry.key.clone(), text.clone())),
        _ => None,
    });
    entries.collect()
}
