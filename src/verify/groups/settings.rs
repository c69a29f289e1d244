//! Settings in manifests: plain ones in the ConfigMap, secrets in the Secret and nowhere else, both
//! read by the pods, and all of it as the service would take it.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::deploy::kubernetes::{self, ObjectRef, initial_text, needed_secrets};
use crate::deploy::kustomize::{items, text_at};
use crate::deploy::service::Service;
use crate::inspect::report::FindingKind;
use crate::schema::Setting;
use crate::verify::findings::{Findings, Unseen};
use crate::verify::item::{Group, Item, Look, inspection};
use crate::verify::manifests::{Manifests, NO_BASE, ObjectSet, keys, name_of};
use crate::verify::subject::Subject;

/// See the module.
pub(in crate::verify) const GROUP: Group = Group {
    title: "Settings",
    items: &[
        Item {
            id: "settings-in-config-map",
            question: "Is every setting that is not a secret in the ConfigMap of the base?",
            look: Look::Own(config_map),
        },
        Item {
            id: "secrets-in-secret",
            question: "Is every secret that a deployment has to give in the Secret of the base?",
            look: Look::Own(secret),
        },
        Item {
            id: "secrets-nowhere-else",
            question: "Is no secret in a ConfigMap, or written into a pod?",
            look: Look::Inspection(
                &[FindingKind::Misplaced],
                "no secret stands outside a Secret",
            ),
        },
        Item {
            id: "settings-read",
            question: "Do the pods read both: the ConfigMap as variables, the Secret as variables \
                       or files?",
            look: Look::Own(read),
        },
        Item {
            id: "settings-accepted",
            question: "Would the service take these settings, name by name and value by value?",
            look: Look::Inspection(
                ACCEPTED,
                "nothing is unknown, missing, given twice, or out of range",
            ),
        },
        Item {
            id: "settings-planned",
            question: "Is every value in the ConfigMap the one that the plan makes of it?",
            look: Look::Own(planned),
        },
        Item {
            id: "settings-environment",
            question: "Is every pod told the environment that it is in?",
            look: Look::Own(environment),
        },
        Item {
            id: "settings-current",
            question: "Are pods replaced where a value changes: is the checksum they carry current?",
            look: Look::Inspection(
                &[FindingKind::Stale],
                "every pod carries the checksum of the ConfigMap that it reads",
            ),
        },
    ],
};

/// Kinds of findings about what the service would not take.
const ACCEPTED: &[FindingKind] = &[
    FindingKind::Unreadable,
    FindingKind::Unknown,
    FindingKind::Duplicate,
    FindingKind::Missing,
    FindingKind::Invalid,
];

fn config_map(subject: &Subject, findings: &mut Findings) -> Result<(), Unseen> {
    let service = &subject.project.service;
    // A setting without a default has no initial text.
    let settings = service.plain_settings();
    let settings: Vec<_> = settings.filter(|one| initial_text(one).is_some()).collect();
    complete(
        subject.manifests()?,
        service,
        &settings,
        &["data"],
        findings,
    )
}

fn secret(subject: &Subject, findings: &mut Findings) -> Result<(), Unseen> {
    let service = &subject.project.service;
    let settings: Vec<_> = needed_secrets(service).collect();
    let manifests = subject.manifests()?;
    if settings.is_empty() {
        return Err(Unseen("the service needs no secret"));
    }
    complete(
        manifests,
        service,
        &settings,
        &["stringData", "data"],
        findings,
    )
}

/// Checks whether every one of `settings` is a key in one of the `maps` of the object where it
/// belongs.
fn complete(
    manifests: &Manifests,
    service: &Service,
    settings: &[&Setting],
    maps: &[&str],
    findings: &mut Findings,
) -> Result<(), Unseen> {
    let first = settings
        .first()
        .ok_or(Unseen("the service has no such setting"))?;
    let ObjectRef { kind, name, .. } = ObjectRef::of(service, first);
    let Some(base) = manifests.base() else {
        return Err(NO_BASE);
    };
    let Some(object) = base.find(kind, &name) else {
        findings.fault(format!("the base has no {kind} `{name}`"));
        return Ok(());
    };
    let there: BTreeSet<&str> = maps.iter().flat_map(|map| keys(&object[*map])).collect();
    let missing = settings
        .iter()
        .filter(|setting| !there.contains(setting.name.as_str()));
    let missing: Vec<_> = missing
        .map(|setting| format!("`{}`", setting.name))
        .collect();
    findings.none_of(&missing, &format!("{kind} `{name}` lacks"));
    if missing.is_empty() {
        findings.seen(format!("{kind} `{name}` has all of them"));
        let names: Vec<_> = settings
            .iter()
            .map(|setting| setting.name.as_str())
            .collect();
        findings.counted(format!("{}: {}", names.len(), names.join(", ")));
    }
    Ok(())
}

fn environment(subject: &Subject, findings: &mut Findings) -> Result<(), Unseen> {
    let evidence = "no folder and no namespace is called after another environment";
    inspection(subject, &[FindingKind::Environment], evidence, findings)?;
    if !findings.faults.is_empty() {
        return Ok(());
    }
    // The namespace of a stream need not have the name of an environment in it.
    let (service, manifests) = (&subject.project.service, subject.manifests()?);
    let Some(setting) = service.settings.get(&service.environment) else {
        return Ok(());
    };
    let ObjectRef { kind, name, .. } = ObjectRef::of(service, setting);
    for place in manifests.overlays() {
        let environments = subject.project.plan.environments.iter();
        let planned: Vec<_> = environments
            .filter(|environment| place.is_of(environment))
            .filter_map(|one| kubernetes::values(service, one).remove(&setting.name))
            .collect();
        let map = place.find(kind, &name);
        let Some(told) = map.and_then(|map| map["data"][&setting.name].as_str()) else {
            continue;
        };
        if !planned.is_empty() && !planned.iter().any(|planned| planned == told) {
            let lines = manifests.lines(place, setting);
            findings.fault(format!(
                "{lines}`{}` is {told:?} in {}, and {} by the plan",
                setting.name,
                place.name,
                planned.join(" or "),
            ));
        }
    }
    Ok(())
}

/// Values that the plan does not make, each with its line.
fn planned(subject: &Subject, findings: &mut Findings) -> Result<(), Unseen> {
    let project = &subject.project;
    let service = &project.service;
    let manifests = subject.manifests()?;
    let first = service.plain_settings().next();
    let first = first.ok_or(Unseen("the service has no such setting"))?;
    let ObjectRef { kind, name, .. } = ObjectRef::of(service, first);
    for place in manifests.overlays() {
        let at = &place.name;
        let map = place.find(kind, &name);
        let environments = project.plan.environments.iter();
        // Of several in one namespace, that which the pods are told.
        let environment = environments
            .filter(|environment| place.is_of(environment))
            .max_by_key(|environment| {
                let told = map.map(|map| &map["data"][&service.environment]);
                told.is_some_and(|told| *told == *environment.name)
            });
        let (Some(environment), Some(map)) = (environment, map) else {
            findings.fault(format!(
                "{at}: the plan has no such environment, or it has no {kind} `{name}`; name the \
                 deploy.toml that it was rendered from with --config"
            ));
            continue;
        };
        let wanted = kubernetes::values(service, environment);
        let before = findings.faults.len();
        for setting in service.plain_settings() {
            let planned = wanted.get(&setting.name);
            let found = map["data"][&setting.name].as_str();
            if found == planned.map(String::as_str) {
                continue;
            }
            let lines = manifests.lines(place, setting);
            let say = |text: Option<&str>| {
                text.map_or_else(|| "not set".to_owned(), |text| format!("{text:?}"))
            };
            findings.fault(format!(
                "{lines}`{}` is {} in {at}, and {} by the plan; change it in deploy.toml, and \
                 render the manifests again",
                setting.name,
                say(found),
                say(planned.map(String::as_str)),
            ));
        }
        if findings.faults.len() == before {
            findings.seen(format!("{at}: {kind} `{name}`"));
        }
    }
    Ok(())
}

fn read(subject: &Subject, findings: &mut Findings) -> Result<(), Unseen> {
    let service = &subject.project.service;
    let wanted: BTreeSet<_> = [
        service.plain_settings().next(),
        needed_secrets(service).next(),
    ]
    .into_iter()
    .flatten()
    .map(|setting| ObjectRef::of(service, setting))
    .map(|object| (object.kind, object.name))
    .collect();
    for place in &subject.manifests()?.places {
        for (kind, name) in &wanted {
            reads(place, kind, name, findings);
        }
    }
    Ok(())
}

fn reads(place: &ObjectSet, kind: &str, name: &str, findings: &mut Findings) {
    let mut pods = 0;
    for (owner, pod) in place.pods() {
        pods += 1;
        let named = |source: &Value| {
            let reference = if kind == "Secret" {
                "secretRef"
            } else {
                "configMapRef"
            };
            place.is_called(name_of(&source[reference]), name)
        };
        let mounted = items(&pod["volumes"])
            .find(|volume| place.is_called(text_at(volume, "/secret/secretName"), name));
        let reads = |container: &Value| {
            let volume = mounted.map(|volume| &volume["name"]);
            let mut mounts = items(&container["volumeMounts"]);
            items(&container["envFrom"]).any(named)
                || kind == "Secret" && mounts.any(|mount| Some(&mount["name"]) == volume)
        };
        if !items(&pod["containers"]).all(reads) {
            let place = &place.name;
            findings.fault(format!(
                "{place}: a container of {owner} does not read {kind} `{name}`"
            ));
        }
    }
    if pods == 0 {
        findings.fault(format!("{}: there is no pod", place.name));
    } else if findings.faults.is_empty() {
        findings.seen(format!("{kind} `{name}` in {}", place.name));
    }
}
