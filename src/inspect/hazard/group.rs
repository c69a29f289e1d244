//! The hazards of what is applied together.

use serde_json::Value;

use super::running::Running;
use super::{network, pod, settings};
use crate::deploy::kustomize::{items, text_at};
use crate::deploy::service::Service;
use crate::inspect::merged::{Hazard, MergedObject};
use crate::inspect::object::{Source, Workload};
use crate::inspect::overlay::Group;
use crate::inspect::ownership::runs;
use crate::inspect::process::Process;
use crate::inspect::report::FindingKind;

/// More are no deployment of one service, and each is compared with all policies and autoscalers.
const MAX_WORKLOADS: usize = 1_000;

/// Everything of that kind in what is applied together.
pub(in crate::inspect) fn of_group(
    service: &Service,
    group: &Group,
    sources: &[Source],
    workloads: &[Workload],
) -> Vec<Hazard> {
    let mut hazards = Vec::new();
    let first = group
        .merged
        .first()
        .filter(|_| workloads.len() > MAX_WORKLOADS);
    if let Some(first) = first {
        let problem = format!("is one of more than {MAX_WORKLOADS} workloads of the service");
        let remedy = "look into fewer at a time";
        return vec![first.hazard(FindingKind::Unreadable, "", &[], problem, remedy)];
    }
    for object in &group.merged {
        let Some(workload) = workloads.iter().find(|workload| workload.at == object.at) else {
            continue;
        };
        let containers: Vec<&Value> =
            items(&object.value["spec"]["template"]["spec"]["containers"]).collect();
        for value in &containers {
            let name = text_at(value, "/name");
            let Some(container) = workload.container(name) else {
                continue;
            };
            if containers.len() > 1 && !runs(service, container) {
                continue;
            }
            let running = Running {
                service,
                group,
                object,
                workload,
                sources,
                name,
                value,
                container,
                process: Process::of_container(service, workload, container, sources),
                rendered: is_rendered(service, object),
                serves: object.kind() != "Job",
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
        network::open(group, object, &mut hazards);
    }
    hazards
}

/// Checks for the label that is written by what renders here.
fn is_rendered(service: &Service, object: &MergedObject) -> bool {
    let label = "app.kubernetes.io/part-of";
    *object.find(&["spec", "template", "metadata", "labels", label]) == *service.name
}
