//! The inspection: each process by itself, and then the settings that every container would get.

use std::collections::BTreeMap;

use super::hazard::group::of_group;
use super::input::{Inputs, is_dotenv};
use super::line::located;
use super::merged::Hazard;
use super::object::{Holder, Object, Source, Workload};
use super::overlay::{self, Group};
use super::ownership::{is_ours, keep_ours, without_recipes};
use super::process::Process;
use super::report::{Finding, FindingKind, Location, Report};
use super::{dotenv, values, yaml};
use crate::deploy::facts;
use crate::deploy::service::Service;

/// Looks into `inputs` for the settings of `service`: each process by itself, and then what every
/// container would be started with.
#[must_use]
pub fn inspect(service: &Service, inputs: &Inputs) -> Report {
    let mut report = Report {
        findings: inputs.findings.clone(),
        inspected: Vec::new(),
    };
    let (mut groups, mut documents) = (Vec::new(), Vec::new());
    for input in &inputs.inputs {
        let file = input.file.as_str();
        if is_dotenv(file) {
            let (variables, findings) = dotenv::read(&Location::new(file, ""), &input.text);
            report.findings.extend(findings);
            groups.push(Group::of_dotenv(file, variables));
            continue;
        }
        match yaml::objects(input) {
            Ok(values) => documents.extend(values.into_iter().map(|value| (file, value))),
            Err(finding) => report.findings.push(*finding),
        }
    }
    let (built, findings) = overlay::groups(&documents);
    report.findings.extend(findings);
    let mut hazards = Vec::new();
    for group in groups.into_iter().chain(built) {
        hazards.extend(look_into(service, group, &mut report));
    }
    report.findings.extend(located(hazards, &inputs.inputs));
    report.settle();
    report
}

/// Sources and workloads that are applied together; gives what will hurt later.
fn look_into(service: &Service, mut group: Group, report: &mut Report) -> Vec<Hazard> {
    let mut sources = Vec::new();
    let mut workloads = Vec::new();
    for object in std::mem::take(&mut group.objects) {
        match object {
            Object::Source(source) => sources.push(source),
            Object::Workload(workload) => workloads.push(workload),
        }
    }
    workloads.retain(|workload| is_ours(service, workload));
    keep_ours(service, &mut sources, &workloads);
    let mut findings = Vec::new();
    for source in &sources {
        report.inspected.push(title(&source.at));
        findings.extend(values::of_source(service, source));
    }
    without_recipes(&mut sources);
    for workload in &workloads {
        report.inspected.push(title(&workload.at));
        findings.extend(service_links(workload));
    }
    for process in processes(service, &sources, &workloads) {
        report.findings.extend(process.verdict(&findings));
    }
    report.findings.extend(findings);
    of_group(service, &group, &sources, &workloads)
}

fn service_links(workload: &Workload) -> Option<Finding> {
    workload.service_links.then(|| {
        workload.at.finding(
            FindingKind::Advice,
            "enableServiceLinks",
            "is not false, so each Service of the namespace becomes seven variables, which may \
             have names of settings",
            "set it to false in the pod spec",
        )
    })
}

/// Every process whose settings are all here: the containers, each `.env` file that holds settings,
/// and, without any workload, each namespace that has a ConfigMap and a Secret.
fn processes<'a>(
    service: &'a Service,
    sources: &[Source],
    workloads: &[Workload],
) -> Vec<Process<'a>> {
    let mut processes = Vec::new();
    for workload in workloads {
        for container in &workload.containers {
            processes.push(Process::of_container(service, workload, container, sources));
        }
    }
    let is_ours = |source: &&Source| {
        let mut keys = source.entries.iter().map(|entry| &entry.key);
        source.holder == Holder::Dotenv && keys.any(|key| service.settings.get(key).is_some())
    };
    for source in sources.iter().filter(is_ours) {
        let mut process = Process::new(service, source.at.clone());
        process.add_source(source, "");
        let mut keys = source.entries.iter().map(|entry| &entry.key);
        if !keys.any(|key| *key == service.environment) {
            // It may be one of several files: judge its values, but not missing settings.
            process.is_part();
        }
        processes.push(process);
    }
    if !workloads.is_empty() {
        return processes;
    }
    let mut namespaces: BTreeMap<&String, Vec<&Source>> = BTreeMap::new();
    for source in sources {
        namespaces
            .entry(&source.namespace)
            .or_default()
            .push(source);
    }
    for sources in namespaces.values() {
        let of = |holder| sources.iter().filter(move |source| source.holder == holder);
        if of(Holder::Secret).next().is_none() {
            continue;
        }
        let is_revision =
            |source: &&&Source| facts::is_revision_of(&source.name, &facts::config_map(service));
        let (revisions, others): (Vec<_>, Vec<_>) = of(Holder::ConfigMap).partition(is_revision);
        // A pod reads one of several revisions, and everything else.
        for at in 0..revisions.len().max(usize::from(!others.is_empty())) {
            let maps = revisions.get(at).into_iter().chain(&others);
            let mut read = maps.copied().chain(of(Holder::Secret)).peekable();
            if let Some(first) = read.peek() {
                let mut process = Process::new(service, first.at.clone());
                read.for_each(|source| process.add_source(source, ""));
                processes.push(process);
            }
        }
    }
    processes
}

fn title(at: &Location) -> String {
    if at.object.is_empty() {
        at.file.clone()
    } else {
        format!("{}: {}", at.file, at.object)
    }
}
