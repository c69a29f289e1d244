//! Objects against those that the plan makes of the same environment: every field that was changed,
//! taken out or added, and every object that is missing or stands beside them and concerns their
//! pods.
//!
//! Fields that a cluster adds by itself are no difference, nor is a kustomization that renames or labels a
//! copy. Values of Secrets and of the `ConfigMap` are the business of other items.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::additions;
use super::manifests::{ObjectSet, name_of};
use crate::deploy::facts;
use crate::deploy::kustomize::{items, selects, text_at};
use crate::deploy::service::Service;

/// Kinds whose content is not the plan's, and which may come another way.
const SECRETS: &[&str] = &["Secret", "SealedSecret"];
/// Kinds that may be absent: made before, or deleted once they were done.
const PASSING: &[&str] = &["Namespace", "Job"];

/// Longer values are cut off in a report.
const MAX_SHOWN: usize = 60;

/// Something that is not as the plan makes it.
pub(super) struct Difference {
    pub(super) kind: String,
    pub(super) name: String,
    /// Keys of maps, and names or numbers of items of lists; empty for the object as a whole.
    pub(super) path: Vec<String>,
    /// The end of a sentence that begins with the object or the path.
    pub(super) problem: String,
}

/// Every difference between the objects of `place` and the `planned` ones.
pub(super) fn differences(
    service: &Service,
    planned: &[Value],
    place: &ObjectSet,
) -> Vec<Difference> {
    let pairs: Vec<_> = planned
        .iter()
        .map(|wanted| (wanted, counterpart(service, planned, wanted, place)))
        .collect();
    let names = |(wanted, found): &(&Value, Option<&Value>)| {
        Some((name_of(wanted).to_owned(), name_of((*found)?).to_owned()))
    };
    let mut comparison = Comparison {
        renamed: pairs.iter().filter_map(names).collect(),
        labels: labels(place),
        object: Default::default(),
        path: Vec::new(),
        found: Vec::new(),
    };
    for (wanted, found) in &pairs {
        let kind = text_at(wanted, "/kind");
        if SECRETS.contains(&kind) {
            continue;
        }
        let name = name_of(found.unwrap_or(wanted)).to_owned();
        comparison.object = (kind.to_owned(), name);
        match found {
            Some(found) => comparison.value(wanted, found),
            None if PASSING.contains(&kind) => {}
            None => comparison.add("is missing".to_owned()),
        }
    }
    let known: BTreeSet<_> = pairs
        .iter()
        .filter_map(|(_, found)| *found)
        .map(id)
        .collect();
    // Made by a controller for an object that is compared anyway.
    let is_made = |one: &Value| {
        let kinds = ["Pod", "ReplicaSet", "Job", "EndpointSlice", "Endpoints"];
        kinds.contains(&text_at(one, "/kind")) && one.pointer("/metadata/ownerReferences").is_some()
    };
    let others = place.objects.iter().filter(|one| !known.contains(&id(one)));
    for other in others.filter(|one| !is_made(one)) {
        if let Some(why) = comparison.concerns(other) {
            comparison.object = (
                text_at(other, "/kind").to_owned(),
                name_of(other).to_owned(),
            );
            comparison.add(format!("is not one of the plan's, and {why}"));
        }
    }
    comparison.found
}

/// Kind and name of `object`.
fn id(object: &Value) -> (&str, &str) {
    (text_at(object, "/kind"), name_of(object))
}

/// The object of `place` that stands for `wanted`.
fn counterpart<'a>(
    service: &Service,
    planned: &[Value],
    wanted: &Value,
    place: &'a ObjectSet,
) -> Option<&'a Value> {
    let (kind, name) = id(wanted);
    let of_settings = facts::config_map(service);
    let is_settings = kind == "ConfigMap" && facts::is_revision_of(name, &of_settings);
    let found = place.find(kind, if is_settings { &of_settings } else { name });
    // A longer name that contains this one may belong to another object of the plan.
    let is_other = |found: &Value| {
        planned
            .iter()
            .any(|one| one != wanted && id(one) == id(found))
    };
    found.filter(|found| !is_other(found))
}

/// The labels of the pods that serve.
fn labels(place: &ObjectSet) -> BTreeMap<String, Value> {
    let mut serving = place.kind("Deployment");
    let labels = serving.find_map(|one| one.pointer("/spec/template/metadata/labels")?.as_object());
    labels
        .into_iter()
        .flatten()
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

struct Comparison {
    /// Names as the plan has them, and as a kustomization has made them.
    renamed: BTreeMap<String, String>,
    /// Labels of the pods that serve.
    labels: BTreeMap<String, Value>,
    /// Kind and name of the object that is looked at.
    object: (String, String),
    /// Keys of maps, and names or numbers of items of lists, down to the value that is looked at.
    path: Vec<String>,
    found: Vec<Difference>,
}

impl Comparison {
    fn add(&mut self, problem: String) {
        let (kind, name) = self.object.clone();
        let path = self.path.clone();
        self.found.push(Difference {
            kind,
            name,
            path,
            problem,
        });
    }

    /// Looks at what is at `step` below.
    fn below(&mut self, step: &str, look: impl FnOnce(&mut Self)) {
        self.path.push(step.to_owned());
        look(self);
        self.path.pop();
    }

    fn value(&mut self, wanted: &Value, found: &Value) {
        match (wanted, found) {
            (Value::Object(wanted), Value::Object(found)) => {
                for (key, wanted) in wanted {
                    self.below(key, |one| match found.get(key) {
                        Some(found) => one.value(wanted, found),
                        None => one.absent(wanted),
                    });
                }
                for (key, value) in found.iter().filter(|(key, _)| !wanted.contains_key(*key)) {
                    // `serviceAccount`, the deprecated alias, which the API server adds.
                    let twin = found.get(&format!("{key}Name"));
                    if twin != Some(value) {
                        self.below(key, |one| one.surplus(value));
                    }
                }
            }
            (Value::Array(wanted), Value::Array(found)) => self.list(wanted, found),
            _ if wanted == found || self.is_renamed(wanted, found) => {}
            _ if self.is_label(found) || self.is_elsewhere() => {}
            _ => {
                let (found, wanted) = (self.shown(found), self.shown(wanted));
                self.add(format!("is {found}, and {wanted} by the plan"));
            }
        }
    }

    /// Items with names by these, others by their order.
    fn list(&mut self, wanted: &[Value], found: &[Value]) {
        let named = by_name(wanted).zip(by_name(found));
        let Some((wanted, found)) = named else {
            for at in 0..wanted.len().max(found.len()) {
                self.below(&at.to_string(), |one| {
                    match (wanted.get(at), found.get(at)) {
                        (Some(wanted), Some(found)) => one.value(wanted, found),
                        (Some(wanted), None) => one.absent(wanted),
                        (None, Some(found)) => one.surplus(found),
                        (None, None) => {}
                    }
                });
            }
            return;
        };
        let mut found = found;
        for (name, wanted) in &wanted {
            let new = self.renamed.get(*name);
            let item = found.remove(name);
            let item = item.or_else(|| found.remove(new?.as_str()));
            self.below(name, |one| match item {
                Some(found) => one.value(wanted, found),
                None => one.absent(wanted),
            });
        }
        for (name, found) in found {
            self.below(name, |one| one.surplus(found));
        }
    }

    fn absent(&mut self, wanted: &Value) {
        if !self.is_elsewhere() {
            let wanted = self.shown(wanted);
            self.add(format!("is not set, and {wanted} by the plan"));
        }
    }

    /// Something that the plan does not set.
    fn surplus(&mut self, found: &Value) {
        let last = self.path.last().map(String::as_str);
        if matches!(last, Some("annotations" | "labels")) && found.is_object() {
            return self.value(&json!({}), found);
        }
        let steps: Vec<_> = self.path.iter().map(String::as_str).collect();
        let harmless =
            additions::is_harmless(&self.object.0, &steps, found) || self.is_label(found);
        if !harmless {
            let found = self.shown(found);
            self.add(format!("is {found}, and not set by the plan"));
        }
    }

    /// Checks whether another item judges this.
    fn is_elsewhere(&self) -> bool {
        self.object.0 == "ConfigMap" && self.path.first().is_some_and(|key| key == "data")
    }

    /// Checks whether `found` is the new name of what `wanted` names, or the same image.
    fn is_renamed(&self, wanted: &Value, found: &Value) -> bool {
        let (Some(wanted), Some(found)) = (wanted.as_str(), found.as_str()) else {
            return false;
        };
        // Tag and digest may be set after rendering, as `kustomize edit set image` does.
        let is_image = self.path.last().is_some_and(|key| key == "image");
        self.renamed.get(wanted).is_some_and(|name| name == found)
            || is_image && repository(wanted) == repository(found)
    }

    /// Checks whether `found` is a label that the pods carry, in a map of labels.
    fn is_label(&self, found: &Value) -> bool {
        let [.., map, key] = self.path.as_slice() else {
            return false;
        };
        let maps = ["labels", "matchLabels", "selector"];
        maps.contains(&map.as_str()) && self.labels.get(key) == Some(found)
    }

    /// The text of `value` in a report. What may be a secret by mistake is not shown.
    fn shown(&self, value: &Value) -> String {
        let secret = ["env", "data", "binaryData", "stringData"];
        if self.path.iter().any(|step| secret.contains(&step.as_str())) {
            return "something else".to_owned();
        }
        let text = value.to_string();
        match text.char_indices().nth(MAX_SHOWN) {
            Some((end, _)) => format!("{}...", &text[..end]),
            None => text,
        }
    }

    /// The harm that `other`, which the plan does not make, does to what it makes.
    fn concerns(&self, other: &Value) -> Option<&'static str> {
        let labels = Value::from_iter(self.labels.clone());
        let selects = |selector: &Value| selects(selector, &labels);
        let spec = &other["spec"];
        let is_own = |name: &str| self.renamed.values().any(|known| known == name);
        let mut subjects = items(&other["subjects"]);
        let is_subject = |subject: &Value| {
            let name = name_of(subject);
            is_own(name) || subject["kind"] == "Group" && name.starts_with("system:")
        };
        let named = |map: &Value| {
            let label = "app.kubernetes.io/name";
            let name = self.labels.get(label);
            name.is_some() && name == map["metadata"]["labels"].get(label)
        };
        match text_at(other, "/kind") {
            "RoleBinding" | "ClusterRoleBinding" if subjects.any(is_subject) => {
                Some("gives their service account rights")
            }
            "NetworkPolicy" if selects(&spec["podSelector"]) => Some("holds for their pods"),
            "Service"
                if spec["selector"].is_object()
                    && selects(&json!({ "matchLabels": spec["selector"] })) =>
            {
                Some("sends requests to their pods")
            }
            "HorizontalPodAutoscaler" if is_own(text_at(spec, "/scaleTargetRef/name")) => {
                Some("sets the number of their pods")
            }
            "PodDisruptionBudget" if selects(&spec["selector"]) => Some("holds for their pods"),
            "Pod" if named(other) => Some("has the name of their pods"),
            _ if named(&spec["template"]) => Some("has the name of their pods"),
            _ if is_own(text_at(spec, "/template/spec/serviceAccountName")) => {
                Some("runs as their service account")
            }
            _ => None,
        }
    }
}

/// The items of a list by their names; none where one has none, or two have the same.
fn by_name(list: &[Value]) -> Option<BTreeMap<&str, &Value>> {
    let named = list
        .iter()
        .map(|item| Some((item.get("name")?.as_str()?, item)));
    let named: BTreeMap<_, _> = named.collect::<Option<_>>()?;
    (named.len() == list.len()).then_some(named)
}

/// An image without its tag and its digest.
fn repository(image: &str) -> &str {
    let image = image.split('@').next().unwrap_or_default();
    match image.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => repository,
        _ => image,
    }
}
