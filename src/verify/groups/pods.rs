//! Pods as the manifests make them: the hardening rules that a container image is nothing without,
//! one by one, then all others, and whether pod and image fit each other.
//!
//! The rules, and the reasons for which they may be waived, are in `deploy/hardening`.

use std::cell::OnceCell;

use serde_json::Value;

use crate::deploy::hardening::rules::judge;
use crate::deploy::kubernetes;
use crate::deploy::kustomize::items;
use crate::inspect::line::Lines;
use crate::inspect::report::FindingKind;
use crate::verify::findings::{Findings, Unseen};
use crate::verify::item::{Group, Item, Look};
use crate::verify::manifests::Manifests;
use crate::verify::planned::{Difference, differences};
use crate::verify::subject::Subject;

/// See the module.
pub(in crate::verify) const GROUP: Group = Group {
    title: "Pods",
    items: &[
        Item {
            id: "pods-read-only-root",
            question: "Is the root of every container read-only?",
            look: Look::Rule("Read-only root"),
        },
        Item {
            id: "pods-not-root",
            question: "Does no container run as root?",
            look: Look::Rule("Not root"),
        },
        Item {
            id: "pods-no-capabilities",
            question: "Has every container dropped all capabilities?",
            look: Look::Rule("Capabilities"),
        },
        Item {
            id: "pods-no-escalation",
            question: "Can no process gain privileges?",
            look: Look::Rule("No escalation"),
        },
        Item {
            id: "pods-seccomp",
            question: "Does the seccomp profile of the runtime hold for every pod?",
            look: Look::Rule("Seccomp"),
        },
        Item {
            id: "pods-no-token",
            question: "Does no pod hold a token of the cluster's API?",
            look: Look::Rule("No API token"),
        },
        Item {
            id: "objects-planned",
            question: "Is every field of every object as the plan makes it, and does nothing else \
                       meddle with the pods?",
            look: Look::Own(planned),
        },
        Item {
            id: "pods-drain",
            question: "Does every pod leave its Services before it ends, and has it the time to?",
            look: Look::Inspection(
                &[FindingKind::Drain],
                "no request is sent to a pod that ends, and none is cut off",
            ),
        },
        Item {
            id: "pods-share-state",
            question: "Do several pods share what they know, rather than each keep its own?",
            look: Look::Inspection(
                &[FindingKind::Replicas],
                "no backend is inside the process of one of several pods",
            ),
        },
        Item {
            id: "network-closed",
            question: "Does no network policy let everybody through?",
            look: Look::Inspection(&[FindingKind::Open], "every rule says whom it is for"),
        },
        Item {
            id: "pods-hardened",
            question: "Is every other rule of hardening met, or waived on the object?",
            look: Look::Own(others),
        },
        Item {
            id: "pods-fit-cluster",
            question: "Can the Kubernetes of `deploy.toml` do what the pods ask of it before they \
                       stop?",
            look: Look::Own(fit_cluster),
        },
        Item {
            id: "pods-fit-image",
            question: "Do the pods run the image as its own user, at its own ports?",
            look: Look::Own(fit),
        },
    ],
};

/// More differences of one environment are counted and not listed.
const MAX_DIFFERENCES: usize = 20;

fn others(subject: &Subject, findings: &mut Findings) -> Result<(), Unseen> {
    for place in subject.manifests()?.overlays() {
        let environment = &place.name;
        let (mut met, mut waived) = (0, Vec::new());
        let mut faults = Vec::new();
        for standing in judge(&place.objects) {
            let is_its =
                |item: &Item| matches!(item.look, Look::Rule(rule) if rule == standing.rule);
            if GROUP.items.iter().any(is_its) {
                // It has an item of its own.
            } else if standing.waived {
                waived.push(standing.rule);
            } else if standing.faults.is_empty() {
                met += 1;
            } else {
                faults.push(format!("{}: {}", standing.rule, standing.faults.join("; ")));
            }
        }
        let waived = match waived.as_slice() {
            [] => "nothing is waived".to_owned(),
            some => format!("waived: {}", some.join(", ")),
        };
        findings.check(
            faults.is_empty(),
            format!("{environment}: {waived}"),
            format!("{environment}: {}", faults.join("; ")),
        );
        findings.counted(format!("{environment}: {met} rules met"));
    }
    Ok(())
}

fn fit_cluster(subject: &Subject, findings: &mut Findings) -> Result<(), Unseen> {
    let environments = &subject.project.plan.environments;
    for place in subject.manifests()?.overlays() {
        let name = &place.name;
        let planned = environments.iter().find(|one| place.is_of(one));
        let version = planned.map(|one| one.kubernetes).unwrap_or_default();
        let mut servers = place.servers();
        let sleeps = servers.any(|one| !one["lifecycle"]["preStop"]["sleep"].is_null());
        findings.check(
            version.sleeps() || !sleeps,
            format!("{name}: Kubernetes {version} or newer"),
            format!(
                "{name}: `preStop.sleep` needs Kubernetes 1.30, and `kubernetes` is {version} in \
                 the plan; generate the manifests again"
            ),
        );
    }
    Ok(())
}

fn planned(subject: &Subject, findings: &mut Findings) -> Result<(), Unseen> {
    let (project, manifests) = (&subject.project, subject.manifests()?);
    let lines = OnceCell::new();
    for place in manifests.overlays() {
        let at = &place.name;
        let mut environments = project.plan.environments.iter();
        let wanted = environments
            .find(|environment| place.is_of(environment))
            .and_then(|environment| kubernetes::stream(project, Some(&environment.name)).ok())
            .and_then(|stream| Manifests::of_text(at, stream).ok());
        let Some(wanted) = wanted else {
            findings.fault(format!(
                "{at}: the plan has no such environment; name its deploy.toml with --config"
            ));
            continue;
        };
        let wanted: Vec<_> = wanted
            .places
            .into_iter()
            .flat_map(|one| one.objects)
            .collect();
        let differences = differences(&project.service, &wanted, place);
        if differences.is_empty() {
            findings.seen(format!("{at}: as the plan says"));
        }
        for difference in differences.iter().take(MAX_DIFFERENCES) {
            let Difference {
                kind,
                name,
                path,
                problem,
            } = difference;
            let lines = lines.get_or_init(|| Lines::read(&manifests.inputs.inputs));
            let line = lines.find([kind, name], path, |file, namespace| {
                place.is_made_of(file, namespace)
            });
            let line = line.map_or_else(String::new, |line| format!("{line}: "));
            let what = if path.is_empty() {
                String::new()
            } else {
                format!("`{}` ", path.join("."))
            };
            findings.fault(format!("{line}{at}, {kind} `{name}`: {what}{problem}"));
        }
        let more = differences.len().saturating_sub(MAX_DIFFERENCES);
        if more > 0 {
            findings.fault(format!("{at}: and {more} more"));
        }
    }
    Ok(())
}

fn fit(subject: &Subject, findings: &mut Findings) -> Result<(), Unseen> {
    let (layout, manifests) = (subject.image()?, subject.manifests()?);
    for image in &layout.images {
        let whose = image.architecture();
        let exposed = &image.config_json["config"]["ExposedPorts"];
        let user = super::running::numbers(image);
        for place in &manifests.places {
            let name = &place.name;
            let mut users = place.pods().map(|(_, pod)| {
                let context = &pod["securityContext"];
                let ids = [&context["runAsUser"], &context["runAsGroup"]];
                // Without a number, the image's own holds, or what the cluster assigns.
                ids.map(|id| (!id.is_null()).then(|| id.as_u64()))
            });
            let [uid, gid] = [user.map(|(uid, _)| uid), user.map(|(_, gid)| gid)];
            let fits = |[found_uid, found_gid]: [Option<Option<u64>>; 2]| {
                found_uid.is_none_or(|found| found == uid)
                    && found_gid.is_none_or(|found| found == gid)
            };
            findings.check(
                user.is_some() && users.all(fits),
                format!("{name}: the user of the image"),
                format!("{whose}, {name}: a pod runs as another user than the image's"),
            );
            let ports = place
                .servers()
                .flat_map(|container| items(&container["ports"]));
            let hidden = ports.filter_map(|port| {
                let number = port["containerPort"].as_u64()?;
                let shown = &exposed[format!("{number}/tcp")];
                (*shown == Value::Null).then(|| number.to_string())
            });
            let hidden: Vec<_> = hidden.collect();
            findings.none_of(
                &hidden,
                &format!("{whose}, {name}: ports that the image does not expose"),
            );
            if hidden.is_empty() {
                findings.seen(format!("{name}: ports of the image"));
            }
        }
    }
    Ok(())
}
