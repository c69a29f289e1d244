//! The settings of one process: every source that a container names, put together.

use std::collections::{BTreeMap, BTreeSet};

use super::given::Given;
use super::object::{Container, Holder, Reference, Source, Workload};
use super::report::{Finding, FindingKind, Location};
use super::values;
use crate::deploy::kubernetes;
use crate::deploy::service::Service;
use crate::schema::{REDACTED, Setting};

/// Settings from all the sources of one process.
pub(super) struct Process<'a> {
    service: &'a Service,
    /// The location of findings about missing settings.
    at: Location,
    given: BTreeMap<String, (Given, Location)>,
    /// Kinds of sources that are named and not here.
    unseen: BTreeSet<Holder>,
    findings: Vec<Finding>,
}

impl<'a> Process<'a> {
    pub(super) fn new(service: &'a Service, at: Location) -> Self {
        Self {
            service,
            at,
            given: BTreeMap::new(),
            unseen: BTreeSet::new(),
            findings: Vec::new(),
        }
    }

    /// The settings of `container` in `workload`.
    pub(super) fn of_container(
        service: &'a Service,
        workload: &Workload,
        container: &Container,
        sources: &[Source],
    ) -> Self {
        let mut process = Self::new(service, container.at.clone());
        let find = |reference: &Reference| named(sources, reference, &workload.namespace);
        let reads_files = service.program.secrets_variable.is_some();
        let mounted = container
            .mounted
            .iter()
            .filter(|_| reads_files)
            .map(|name| {
                let reference = Reference {
                    holder: Holder::Secret,
                    name: name.clone(),
                    key: None,
                };
                (reference, String::new())
            });
        for (reference, prefix) in container.env_from.iter().cloned().chain(mounted) {
            if let Some(source) = find(&reference) {
                process.add_source(source, &prefix);
            } else {
                process.unseen.insert(reference.holder);
            }
        }
        for variable in &container.env {
            let mut given = variable.given.clone();
            if let Some(reference) = &variable.from
                && let Some(source) = find(reference)
                && let Some(key) = &reference.key
            {
                match source.entries.iter().find(|entry| entry.key == *key) {
                    Some(found) => given = found.given.clone(),
                    None => process.findings.push(container.at.finding(
                        FindingKind::Missing,
                        &variable.name,
                        format!(
                            "is taken from {key} of {}, which has no such key",
                            source.at.object
                        ),
                        "add the key there, or name another",
                    )),
                }
            }
            let config = variable
                .from
                .as_ref()
                .is_none_or(|from| from.holder == Holder::ConfigMap);
            process.add_variable(&variable.name, given, config, variable.from.is_some());
        }
        process
    }

    /// The text of the setting `name`, its default where nothing gives it; none where that cannot
    /// be told from here.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        let setting = self.service.settings.get(name)?;
        let file = setting.file_variable();
        if file.is_some_and(|file| self.given.contains_key(&file)) {
            return None;
        }
        match self.given.get(name) {
            Some((Given::Text(text), _)) if text.contains(crate::schema::SET_ME) => None,
            Some((Given::Text(text), _)) if !text.is_empty() => Some(text.clone()),
            Some((Given::Text(_), _)) => setting.default_text(),
            Some(_) => None,
            None => {
                let holder = if setting.secret {
                    Holder::Secret
                } else {
                    Holder::ConfigMap
                };
                (!self.unseen.contains(&holder)).then(|| setting.default_text())?
            }
        }
    }

    /// The text of the setting that a fact of the service names, or the fact itself where it is the
    /// value; none where that cannot be told from here.
    pub(super) fn fact(&self, fact: &str) -> Option<String> {
        match self.service.settings.get(fact) {
            Some(_) => self.text(fact),
            None => Some(fact.to_owned()),
        }
    }

    /// The place that gives the setting `name`.
    pub(super) fn given_at(&self, name: &str) -> Option<&Location> {
        self.given.get(name).map(|(_, at)| at)
    }

    /// Marks it as a part of what the process gets: nothing is missing.
    pub(super) fn is_part(&mut self) {
        self.unseen.extend([Holder::ConfigMap, Holder::Secret]);
    }

    pub(super) fn add_source(&mut self, source: &Source, prefix: &str) {
        for entry in &source.entries {
            let name = format!("{prefix}{}", entry.key);
            self.give(&name, entry.given.clone(), entry.at.clone());
        }
    }

    /// A variable in the pod itself, or one that is taken from a ConfigMap or a Secret by its key.
    fn add_variable(&mut self, name: &str, given: Given, open: bool, taken: bool) {
        let at = self.at.clone();
        let Some(setting) = values::setting(self.service, name) else {
            if self.service.settings.is_near_miss(name) {
                let near = self.service.settings.nearest(name);
                let near =
                    near.map_or_else(String::new, |near| format!("did you mean {}?", near.name));
                let finding = at.finding(FindingKind::Unknown, name, "is not a setting", near);
                self.findings.push(finding);
            }
            return;
        };
        if setting.secret && setting.name == name && open && !is_made(&given, taken) {
            let problem = if taken {
                "is a secret, and is taken from a ConfigMap"
            } else {
                "is a secret, and stands in the pod for anybody to read"
            };
            let remedy = "take it from a Secret, and replace its value";
            self.findings
                .push(at.finding(FindingKind::Misplaced, name, problem, remedy));
        }
        self.findings.extend(values::odd(&at, name, &given));
        if let Given::Text(text) = &given {
            let findings = values::of_text(self.service, &at, name, text);
            self.findings.extend(findings);
        }
        self.give(name, given, at);
    }

    fn give(&mut self, name: &str, given: Given, at: Location) {
        let Some(setting) = values::setting(self.service, name) else {
            return;
        };
        let twins = [Some(setting.name.clone()), setting.file_variable()];
        for twin in twins.into_iter().flatten() {
            if let Some((_, before)) = self.given.get(&twin)
                && (*before != at || twin != name)
            {
                let problem = format!("is given here, and as {twin} in {}", title(before));
                let finding =
                    at.finding(FindingKind::Duplicate, name, problem, "keep one of the two");
                self.findings.push(finding);
            }
        }
        self.given.insert(name.to_owned(), (given, at));
    }

    /// Faults of all the settings together.
    pub(super) fn verdict(mut self, known: &[Finding]) -> Vec<Finding> {
        let environment = self.environment();
        for setting in &self.service.settings {
            self.missing(setting, &environment);
        }
        self.check(known);
        self.findings
    }

    /// The value of the setting that names the environment.
    fn environment(&self) -> String {
        let name = &self.service.environment;
        if let Some((Given::Text(text), _)) = self.given.get(name) {
            return text.clone();
        }
        let setting = self.service.settings.get(name);
        setting.and_then(Setting::default_text).unwrap_or_default()
    }

    /// The value of the setting `name`: as given, or its default.
    fn value(&self, name: &str, environment: &str) -> Option<String> {
        let setting = self.service.settings.get(name)?;
        let named = [Some(setting.name.clone()), setting.file_variable()];
        let mut given = named
            .iter()
            .flatten()
            .filter_map(|name| self.given.get(name));
        match given.next() {
            Some((Given::Text(text), _)) => Some(text.clone()),
            // There is a value, but it cannot be read here.
            Some(_) => Some(REDACTED.to_owned()),
            None => setting.default_text_in(environment),
        }
    }

    fn missing(&mut self, setting: &Setting, environment: &str) {
        let file = setting.file_variable();
        let given = [Some(&setting.name), file.as_ref()];
        // An empty variable counts as unset where the setting is optional.
        let is_unset = |given: &Given| {
            setting.optional && matches!(given, Given::Text(text) if text.is_empty())
        };
        let given = given
            .into_iter()
            .flatten()
            .filter_map(|name| self.given.get(name))
            .any(|(given, _)| !is_unset(given));
        // A source that was not given may hold the setting.
        let unseen = self.unseen.contains(&Holder::Secret)
            || !setting.secret && self.unseen.contains(&Holder::ConfigMap);
        let value = |name: &str| self.value(name, environment);
        let Some(need) = setting
            .need(environment, &value)
            .filter(|_| !given && !unseen)
        else {
            return;
        };
        let problem = format!("{need}, and nothing gives it");
        let object = kubernetes::ObjectRef::of(self.service, setting);
        let remedy = format!("add it to the {} {}", object.kind, object.name);
        let finding = self
            .at
            .finding(FindingKind::Missing, &setting.name, problem, remedy);
        self.findings.push(finding);
    }

    /// Adds faults that the service itself finds, where nothing was said of that setting before.
    fn check(&mut self, known: &[Finding]) {
        let Some(check) = self.service.check else {
            return;
        };
        let named = |findings: &[Finding], name: &str| {
            findings
                .iter()
                .any(|finding| finding.key == name && finding.kind != FindingKind::Advice)
        };
        let texts = self
            .given
            .iter()
            .filter_map(|(name, (given, _))| match given {
                Given::Text(text)
                    if self.service.settings.get(name).is_some()
                        && !text.contains(crate::schema::SET_ME) =>
                {
                    Some((name.clone(), text.clone()))
                }
                _ => None,
            });
        for fault in check(&texts.collect()) {
            if named(known, &fault.name) || named(&self.findings, &fault.name) {
                continue;
            }
            let finding = values::finding(self.blamed(&fault.name), &fault);
            self.findings.push(finding);
        }
    }

    /// The place where the setting `name` has to be given: where it is, unless that only repeats the
    /// default, as a base does for every environment; then where this one is named.
    fn blamed(&self, name: &str) -> &Location {
        let default = self.service.settings.get(name).map(Setting::default_text);
        let here = match self.given.get(name) {
            Some((Given::Text(text), at)) => {
                let silent = text.is_empty() || default == Some(Some(text.clone()));
                (!silent).then_some(at)
            }
            Some((_, at)) => Some(at),
            None => None,
        };
        let given = self.given.get(name).map(|(_, at)| at);
        here.or_else(|| self.given_at(&self.service.environment))
            .or(given)
            .unwrap_or(&self.at)
    }
}

/// The source that a pod in `namespace` means by `reference`.
pub(super) fn named<'a>(
    sources: &'a [Source],
    reference: &Reference,
    namespace: &str,
) -> Option<&'a Source> {
    let same = |a: &str, b: &str| a == b || a.is_empty() || b.is_empty();
    sources.iter().find(|source| {
        source.holder == reference.holder
            && source.name == reference.name
            && same(&source.namespace, namespace)
    })
}

/// Checks whether Kubernetes itself makes the value: a field of the pod.
fn is_made(given: &Given, taken: bool) -> bool {
    !taken && *given == Given::Elsewhere
}

fn title(at: &Location) -> String {
    if at.object.is_empty() {
        at.file.clone()
    } else {
        at.object.clone()
    }
}
