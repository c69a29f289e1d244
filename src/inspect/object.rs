//! The parts of a manifest that carry settings: `ConfigMap`s, `Secret`s and what makes them, and the
//! containers of pods.
//!
//! Read from plain JSON rather than from typed objects: what people edit by hand is half right,
//! and the right half is still worth a look.

use std::collections::BTreeSet;

use serde_json::Value;

use super::given::{Given, decoded, fetched, given, plain, sealed};
use super::report::{Location, container_title, object_title};
use crate::deploy::kustomize::{items, text_at, texts};

/// A kind of object or file that may hold settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Holder {
    /// Anybody may read it.
    ConfigMap,
    /// Few may.
    Secret,
    /// A file of a person's own.
    Dotenv,
}

/// A key, its value, and where it was written last.
#[derive(Clone)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) given: Given,
    pub(super) at: Location,
}

/// Keys and values in one place.
pub(super) struct Source {
    pub(super) at: Location,
    pub(super) holder: Holder,
    pub(super) namespace: String,
    /// The name by which pods know it.
    pub(super) name: String,
    /// True if the cluster makes the real one from this.
    pub(super) recipe: bool,
    pub(super) entries: Vec<Entry>,
}

/// A ConfigMap or a Secret that a pod names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reference {
    pub(super) holder: Holder,
    pub(super) name: String,
    /// The key, where it is one only.
    pub(super) key: Option<String>,
}

/// A variable of a container.
pub(super) struct Variable {
    pub(super) name: String,
    pub(super) given: Given,
    pub(super) from: Option<Reference>,
}

/// One container of a pod.
pub(super) struct Container {
    pub(super) at: Location,
    pub(super) image: String,
    pub(super) env_from: Vec<(Reference, String)>,
    pub(super) env: Vec<Variable>,
    /// Secrets that are mounted into it as folders which an argument or a variable names.
    pub(super) mounted: Vec<String>,
}

/// Something that runs pods.
pub(super) struct Workload {
    pub(super) at: Location,
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) app: String,
    pub(super) service_links: bool,
    pub(super) containers: Vec<Container>,
}

impl Workload {
    /// The container `name`.
    pub(super) fn container(&self, name: &str) -> Option<&Container> {
        let title = container_title(&self.at.object, name);
        let mut containers = self.containers.iter();
        containers.find(|container| container.at.object == title)
    }
}

/// An object that was understood.
pub(super) enum Object {
    Source(Source),
    Workload(Workload),
}

/// Reads `value`; none where it holds no settings.
pub(super) fn read(file: &str, value: &Value) -> Option<Object> {
    let kind = text_at(value, "/kind");
    let name = text_at(value, "/metadata/name").to_owned();
    let namespace = text_at(value, "/metadata/namespace").to_owned();
    let at = Location::new(file, object_title(kind, &namespace, &name));
    let source = |holder, entries: Vec<(String, Given)>| {
        let entry = |(key, given)| Entry {
            key,
            given,
            at: at.clone(),
        };
        let entries = entries.into_iter().map(entry).collect();
        Some(Object::Source(Source {
            at: at.clone(),
            holder,
            namespace: namespace.clone(),
            name: name.clone(),
            recipe: false,
            entries,
        }))
    };
    let recipe = |entries: Vec<(String, Given)>, made: &str| {
        let mut object = source(Holder::Secret, entries)?;
        if let Object::Source(source) = &mut object {
            source.recipe = true;
            let made = text_at(value, made);
            if !made.is_empty() {
                made.clone_into(&mut source.name);
            }
        }
        Some(object)
    };
    let pod = match kind {
        "ConfigMap" => return source(Holder::ConfigMap, plain(&value["data"])),
        "Secret" => {
            let mut entries = decoded(&value["data"]);
            // As the API server does, stringData wins.
            let plainly = &value["stringData"];
            entries.retain(|(known, _)| plainly.get(known).is_none());
            entries.extend(plain(plainly));
            return source(Holder::Secret, entries);
        }
        "SealedSecret" => {
            let entries = sealed(&value["spec"]["encryptedData"]);
            return recipe(entries, "/spec/template/metadata/name");
        }
        "ExternalSecret" => return recipe(fetched(value)?, "/spec/target/name"),
        "Pod" => value,
        "CronJob" => value.pointer("/spec/jobTemplate/spec/template")?,
        "Deployment" | "Job" | "StatefulSet" | "DaemonSet" | "ReplicaSet" => {
            value.pointer("/spec/template")?
        }
        _ => return None,
    };
    let label = "/metadata/labels/app.kubernetes.io~1name";
    let app = [pod, value].map(|from| text_at(from, label));
    Some(Object::Workload(Workload {
        containers: containers(&at, pod),
        namespace,
        name,
        app: app
            .into_iter()
            .find(|app| !app.is_empty())
            .unwrap_or_default()
            .to_owned(),
        service_links: pod.pointer("/spec/enableServiceLinks") != Some(&Value::Bool(false)),
        at,
    }))
}

fn containers(at: &Location, pod: &Value) -> Vec<Container> {
    let lists = ["initContainers", "containers"].into_iter();
    let all = lists.flat_map(|key| items(&pod["spec"][key]));
    all.map(|container| {
        let words = texts(&container["command"]).chain(texts(&container["args"]));
        let env: Vec<Variable> = items(&container["env"]).filter_map(variable).collect();
        Container {
            at: Location::new(
                &at.file,
                container_title(&at.object, text_at(container, "/name")),
            ),
            image: text_at(container, "/image").to_owned(),
            env_from: items(&container["envFrom"]).filter_map(env_from).collect(),
            mounted: mounted(pod, container, words, &env),
            env,
        }
    })
    .collect()
}

fn env_from(entry: &Value) -> Option<(Reference, String)> {
    let holders = [
        ("/configMapRef/name", Holder::ConfigMap),
        ("/secretRef/name", Holder::Secret),
    ];
    let (name, holder) = holders
        .into_iter()
        .find_map(|(pointer, holder)| Some((entry.pointer(pointer)?.as_str()?, holder)))?;
    let reference = Reference {
        holder,
        name: name.to_owned(),
        key: None,
    };
    Some((reference, text_at(entry, "/prefix").to_owned()))
}

fn variable(entry: &Value) -> Option<Variable> {
    let name = entry.get("name")?.as_str()?.to_owned();
    let Some(from) = entry.get("valueFrom") else {
        let given = given(entry.get("value").unwrap_or(&Value::Null));
        return Some(Variable {
            name,
            given,
            from: None,
        });
    };
    let reference = |key: &str, holder| {
        let from = from.get(key)?;
        Some(Reference {
            holder,
            name: text_at(from, "/name").to_owned(),
            key: Some(text_at(from, "/key").to_owned()),
        })
    };
    Some(Variable {
        name,
        given: Given::Elsewhere,
        from: reference("configMapKeyRef", Holder::ConfigMap)
            .or_else(|| reference("secretKeyRef", Holder::Secret)),
    })
}

/// Secrets behind the volumes that `container` mounts, where its `words` or `env` name the folder.
fn mounted<'a>(
    pod: &Value,
    container: &Value,
    words: impl Iterator<Item = &'a str>,
    env: &'a [Variable],
) -> Vec<String> {
    let words = words.map(|word| match word.split_once('=') {
        Some((option, value)) if option.starts_with('-') => value,
        _ => word,
    });
    let texts = env.iter().filter_map(|variable| match &variable.given {
        Given::Text(text) => Some(text.as_str()),
        _ => None,
    });
    let named: BTreeSet<&str> = words.chain(texts).map(folder).collect();
    let mounts: BTreeSet<_> = items(&container["volumeMounts"])
        .filter(|mount| named.contains(folder(text_at(mount, "/mountPath"))))
        .map(|mount| text_at(mount, "/name"))
        .collect();
    let volumes =
        items(&pod["spec"]["volumes"]).filter(|volume| mounts.contains(text_at(volume, "/name")));
    let secrets = volumes.flat_map(|volume| {
        let projected =
            items(&volume["projected"]["sources"]).map(|from| text_at(from, "/secret/name"));
        std::iter::once(text_at(volume, "/secret/secretName")).chain(projected)
    });
    let named = secrets.filter(|name| !name.is_empty());
    named.map(str::to_owned).collect()
}

/// `path` as it is written without a slash at its end.
fn folder(path: &str) -> &str {
    path.trim_end_matches('/')
}

#[cfg(test)]
mod tests;
