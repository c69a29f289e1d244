//! What works when it is applied and hurts later: probes that ask the wrong question, pods that end
//! before their requests, several pods with state of their own, values that no pod reads, settings
//! of another environment, policies that let everybody through.
//!
//! What is right follows from the facts of the service and from the settings that a container is
//! started with. Manifests of ours have to have every part; in those of others only what is there
//! is judged.

mod network;
mod pod;
mod settings;

use serde_json::Value;

use super::object::{self, Container, Source, Workload, list};
use super::overlay::Group;
use super::place::Place;
use super::report::FindingKind;
use super::whole::{Hazard, Spot, Whole};
use crate::deploy::kustomize::text_at;
use crate::deploy::plan::{self, Tier};
use crate::deploy::service::Service;

/// More are no deployment of one service, and each is compared with all policies and autoscalers.
const MAX_WORKLOADS: usize = 1_000;

/// A container of ours, and all that is known of it.
struct Running<'a> {
    service: &'a Service,
    group: &'a Group,
    whole: &'a Whole,
    workload: &'a Workload,
    sources: &'a [Source],
    /// Its name, and what is written of it.
    name: &'a str,
    value: &'a Value,
    container: &'a Container,
    place: Place<'a>,
    /// True if the manifests were rendered here, so that nothing may be missing.
    rendered: bool,
    /// True if it serves, rather than does one thing and ends.
    serves: bool,
}

/// Everything of that kind in what is applied together.
pub(super) fn of_group(
    service: &Service,
    group: &Group,
    sources: &[Source],
    workloads: &[Workload],
) -> Vec<Hazard> {
    let mut hazards = Vec::new();
    let first = group
        .wholes
        .first()
        .filter(|_| workloads.len() > MAX_WORKLOADS);
    if let Some(first) = first {
        let problem = format!("is one of more than {MAX_WORKLOADS} workloads of the service");
        let remedy = "look into fewer at a time";
        return vec![first.hazard(FindingKind::Unreadable, "", &[], problem, remedy)];
    }
    for whole in &group.wholes {
        let Some(workload) = workloads.iter().find(|workload| workload.at == whole.at) else {
            continue;
        };
        let containers: Vec<&Value> =
            list(&whole.value, "/spec/template/spec/containers").collect();
        for value in &containers {
            let name = text_at(value, "/name");
            let Some(container) = workload.container(name) else {
                continue;
            };
            if containers.len() > 1 && !super::runs(service, container) {
                continue;
            }
            let running = Running {
                service,
                group,
                whole,
                workload,
                sources,
                name,
                value,
                container,
                place: Place::of_container(service, workload, container, sources),
                rendered: is_rendered(service, whole),
                serves: whole.kind() != "Job",
            };
            if running.serves {
                pod::probes(&running, &mut hazards);
                pod::drain(&running, &mut hazards);
                settings::replicas(&running, &mut hazards);
                settings::environment(&running, &mut hazards);
                settings::unreachable(&running, &mut hazards);
            }
            settings::stale(&running, &mut hazards);
            settings::unread(&running, &mut hazards);
        }
        network::open(group, whole, &mut hazards);
    }
    hazards
}

/// Checks for the label that is written by what renders here.
fn is_rendered(service: &Service, whole: &Whole) -> bool {
    let label = "app.kubernetes.io/part-of";
    *whole.find(&["spec", "template", "metadata", "labels", label]) == *service.name
}

impl Running<'_> {
    /// How production-like the environment is that it is told; none where that cannot be told.
    fn tier(&self) -> Option<Tier> {
        let name = self.place.text(&self.service.environment)?;
        plan::tier(self.service, &name)
    }

    /// Something wrong at `path` below the container; `key` is what it is called.
    fn in_container(
        &self,
        kind: FindingKind,
        path: &[&str],
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Hazard {
        let above = ["spec", "template", "spec", "containers", self.name];
        let whole = [&above, path].concat();
        let key = path.iter().find(|step| **step != "lifecycle");
        self.whole
            .hazard(kind, key.unwrap_or(&""), &whole, problem, remedy)
    }

    /// Something wrong with the setting `name`: where it is given, else at the workload.
    fn in_setting(
        &self,
        kind: FindingKind,
        name: &str,
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Hazard {
        let Some(at) = self.place.given_at(name) else {
            return self.whole.hazard(kind, name, &[], problem, remedy);
        };
        Hazard {
            finding: at.finding(kind, name, problem, remedy),
            spot: Spot {
                file: at.file.clone(),
                object: object::owner(&at.object).to_owned(),
                path: Vec::new(),
                variable: name.to_owned(),
            },
        }
    }

    /// Checks whether a volume of the pods may outlast them.
    fn keeps_files(&self) -> bool {
        let ends = [
            "configMap",
            "downwardAPI",
            "emptyDir",
            "ephemeral",
            "image",
            "projected",
            "secret",
        ];
        let outlasts = |volume: &Value| {
            let driver = text_at(volume, "/csi/driver");
            ends.iter().all(|kind| volume[*kind].is_null()) && driver != "secrets-store.csi.k8s.io"
        };
        list(&self.whole.value, "/spec/template/spec/volumes").any(outlasts)
            || list(&self.whole.value, "/spec/volumeClaimTemplates")
                .next()
                .is_some()
    }

    /// The most pods that there may be of it.
    fn most_pods(&self) -> u64 {
        let count = |whole: &Whole, path: &[&str]| whole.find(path).as_u64().unwrap_or(1);
        let scalers = self.group.wholes.iter().filter(|scaler| {
            let target = |key| text_at(&scaler.value, key);
            scaler.kind() == "HorizontalPodAutoscaler"
                && scaler.namespace() == self.whole.namespace()
                && target("/spec/scaleTargetRef/kind") == self.whole.kind()
                && target("/spec/scaleTargetRef/name") == self.whole.name()
        });
        let scaled = scalers.map(|scaler| count(scaler, &["spec", "maxReplicas"]));
        scaled.fold(count(self.whole, &["spec", "replicas"]), u64::max)
    }
}
