//! Settings in files that people edited by hand, or that a cluster gave out, against the settings
//! that there are.
//!
//! What is read: `ConfigMap`s, `Secret`s, `SealedSecret`s, `ExternalSecret`s, whatever runs pods, and
//! `.env` files; from a directory, a
//! file or a stream such as `kubectl get -o yaml`. Nothing is changed, and no cluster is asked.

mod dotenv;
mod hazard;
mod line;
mod mention;
mod node;
mod object;
mod overlay;
mod place;
mod report;
mod secret;
mod source;
mod values;
mod whole;
mod yaml;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use object::{Container, Holder, Object, Source, Workload};
use overlay::{Content, Document, Group};
use place::Place;
use report::At;

use crate::deploy::facts;
use crate::deploy::service::Service;

pub use line::Lines;
pub use mention::{Mention, mentions};
pub use report::{Finding, FindingKind, Report};
pub use source::{Input, Inputs, MAX_FILE_BYTES, MAX_FILES, read, read_stream};

/// Every document in `input`, as it stands there.
///
/// # Errors
/// A [`Finding`] that names line and column, and nothing of the text: it may be a secret.
pub(super) fn documents(input: &Input) -> Result<Vec<serde_json::Value>, Box<Finding>> {
    let file = input.file.clone();
    let object = String::new();
    yaml::read_as(&At { file, object }, &input.text)
}

/// Every object in `input`, those inside a `List` one by one.
///
/// # Errors
/// As for [`documents`].
pub(super) fn objects(input: &Input) -> Result<Vec<serde_json::Value>, Box<Finding>> {
    let file = input.file.clone();
    let object = String::new();
    yaml::read(&At { file, object }, &input.text)
}

/// Looks into `inputs` for the settings of `service`: each place by itself, and then what every
/// container would be started with.
#[must_use]
pub fn inspect(service: &Service, inputs: &Inputs) -> Report {
    let mut report = Report {
        findings: inputs.findings.clone(),
        inspected: Vec::new(),
    };
    let mut documents = Vec::new();
    for input in &inputs.inputs {
        collect(input, &mut documents, &mut report);
    }
    let (groups, findings) = overlay::groups(&documents);
    report.findings.extend(findings);
    let mut hazards = Vec::new();
    for group in groups {
        hazards.extend(look_into(service, group, &mut report));
    }
    report
        .findings
        .extend(line::located(hazards, &inputs.inputs));
    report.settle();
    report
}

/// Sources and workloads that are applied together; gives what will hurt later.
fn look_into(service: &Service, mut group: Group, report: &mut Report) -> Vec<whole::Hazard> {
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
    for place in places(service, &sources, &workloads) {
        report.findings.extend(place.verdict(&findings));
    }
    report.findings.extend(findings);
    hazard::of_group(service, &group, &sources, &workloads)
}

fn collect(input: &Input, documents: &mut Vec<Document>, report: &mut Report) {
    let at = At {
        file: input.file.clone(),
        object: String::new(),
    };
    let file = input.file.clone();
    if source::is_dotenv(&input.file) {
        let (variables, findings) = dotenv::read(&at, &input.text);
        report.findings.extend(findings);
        documents.push(Document {
            file,
            content: Content::Dotenv(variables),
        });
        return;
    }
    match yaml::read(&at, &input.text) {
        Ok(values) => documents.extend(values.into_iter().map(|value| Document {
            file: file.clone(),
            content: Content::Manifest(value),
        })),
        Err(finding) => report.findings.push(*finding),
    }
}

/// Whether the service runs in `workload`: by its name, its label, its image, or what it reads.
fn is_ours(service: &Service, workload: &Workload) -> bool {
    let name = &service.name;
    let is_part = |text: &str| {
        let rest = text.strip_prefix(name.as_str());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    };
    let runs = |container: &Container| runs(service, container);
    workload.app == *name || is_part(&workload.name) || workload.containers.iter().any(runs)
}

/// Checks whether the service runs in `container`: by its image, or what it reads.
fn runs(service: &Service, container: &Container) -> bool {
    let image = container.image.rsplit('/').next().unwrap_or_default();
    let image = image.split([':', '@']).next().unwrap_or_default();
    let mut read = container
        .env_from
        .iter()
        .map(|(reference, _)| &reference.name);
    image == service.name || read.any(|name| is_well_known(service, name))
}

fn is_well_known(service: &Service, name: &str) -> bool {
    // Not behind a prefix: `web-shop-config` is of the service `web-shop`, unless a pod of `shop`
    // names it.
    let is_revision =
        name.starts_with(&service.name) && facts::is_revision_of(name, &facts::config_map(service));
    is_revision || name == facts::secret(service)
}

/// Leaves the sources that our workloads name and those that are called ours; without any
/// workload, those that hold a setting of ours.
fn keep_ours(service: &Service, sources: &mut Vec<Source>, workloads: &[Workload]) {
    let mut named = BTreeSet::new();
    for container in workloads.iter().flat_map(|workload| &workload.containers) {
        let whole = container.env_from.iter().map(|(reference, _)| reference);
        named.extend(whole.map(|reference| (reference.holder, reference.name.clone())));
        if service.program.secrets_variable.is_some() {
            let mounted = container.mounted.iter().cloned();
            named.extend(mounted.map(|name| (Holder::Secret, name)));
        }
    }
    let holds = |source: &Source| {
        let mut keys = source.entries.iter().map(|entry| &entry.key);
        keys.any(|key| values::setting(service, key).is_some())
    };
    sources.retain(|source| {
        source.holder == Holder::Dotenv
            || is_well_known(service, &source.name)
            || named.contains(&(source.holder, source.name.clone()))
            || workloads.is_empty() && holds(source)
    });
}

/// Drops what a Secret is made from where the Secret is here: that is what pods get.
fn without_recipes(sources: &mut Vec<Source>) {
    let id = |source: &Source| (source.namespace.clone(), source.name.clone());
    let made = sources
        .iter()
        .filter(|source| source.holder == Holder::Secret && !source.recipe);
    let made: BTreeSet<_> = made.map(id).collect();
    sources.retain(|source| !source.recipe || !made.contains(&id(source)));
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
fn places<'a>(service: &'a Service, sources: &[Source], workloads: &[Workload]) -> Vec<Place<'a>> {
    let mut places = Vec::new();
    for workload in workloads {
        for container in &workload.containers {
            places.push(Place::of_container(service, workload, container, sources));
        }
    }
    let is_ours = |source: &&Source| {
        let mut keys = source.entries.iter().map(|entry| &entry.key);
        source.holder == Holder::Dotenv && keys.any(|key| service.settings.get(key).is_some())
    };
    for source in sources.iter().filter(is_ours) {
        let mut place = Place::new(service, source.at.clone());
        place.add_source(source, "");
        let mut keys = source.entries.iter().map(|entry| &entry.key);
        if !keys.any(|key| *key == service.environment) {
            // It may be one of several: what stands in it is judged, and not what is missing.
            place.is_part();
        }
        places.push(place);
    }
    if !workloads.is_empty() {
        return places;
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
                let mut place = Place::new(service, first.at.clone());
                read.for_each(|source| place.add_source(source, ""));
                places.push(place);
            }
        }
    }
    places
}

fn title(at: &At) -> String {
    if at.object.is_empty() {
        at.file.clone()
    } else {
        format!("{}: {}", at.file, at.object)
    }
}
