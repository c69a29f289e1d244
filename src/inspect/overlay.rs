//! Objects that are applied together: all of them, or, where kustomizations say so, one overlay at a time,
//! with its patches laid over its base.
//!
//! Not a kustomize: it follows `resources`, `components`, strategic patches by kind and name, and
//! operations of JSON Patch in files, which is what settings and hooks come by. Where that is not
//! enough, build the overlay and hand over the result.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::dotenv;
use super::given::Given;
use super::merged::MergedObject;
use super::object::{self, Entry, Holder, Object, Source};
use super::report::{Finding, FindingKind, Location};
use crate::deploy::kustomize::{
    is_deletion, is_operation, items, join, merge, operate, text_at, texts,
};

/// Overlays upon overlays.
const MAX_DEPTH: usize = 16;

/// Steps that putting overlays together may take: a folder that names itself twice would take as
/// many as there are paths.
const MAX_STEPS: usize = 2_000_000;

/// One object, or one `.env` file.
pub(super) struct Document {
    pub(super) file: String,
    pub(super) content: Content,
}

/// The content of a document.
pub(super) enum Content {
    /// An object of Kubernetes, or anything else in YAML.
    Manifest(Value),
    /// Variables.
    Dotenv(Vec<dotenv::Entry>),
}

/// An object and the patches over it, each with its file.
type Layers<'a> = Vec<(&'a str, &'a Value)>;

/// Objects that are applied together.
#[derive(Default)]
pub(super) struct Group {
    /// The folder of its kustomization; empty where there is none.
    pub(super) folder: String,
    /// Sources of settings, and workloads.
    pub(super) objects: Vec<Object>,
    /// Objects that are inspected beyond their settings.
    pub(super) merged: Vec<MergedObject>,
}

impl Group {
    /// The objects that `all` of them make, in `namespace` where there is one.
    fn add(&mut self, all: &[Layers], namespace: Option<&str>) {
        for layers in all {
            let Some((whole, object)) = merged(layers, namespace) else {
                continue;
            };
            self.merged.extend(whole);
            self.objects.extend(object);
        }
    }
}

/// The objects of `documents` in groups, each of what is applied together, and what a kustomization
/// names that is not here.
pub(super) fn groups(documents: &[Document]) -> (Vec<Group>, Vec<Finding>) {
    let mut groups = Vec::new();
    let mut files: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    for document in documents {
        match &document.content {
            Content::Manifest(value) => files.entry(&document.file).or_default().push(value),
            Content::Dotenv(variables) => {
                groups.push(Group {
                    objects: vec![Object::Source(of_dotenv(&document.file, variables))],
                    ..Group::default()
                });
            }
        }
    }
    let tree = Tree::of(&files);
    let mut findings = tree.absent();
    let mut steps = MAX_STEPS;
    for root in tree.roots() {
        let mut objects = Vec::new();
        let namespace = tree.add(root, &mut objects, 0, &mut steps);
        if steps == 0 {
            findings.push(endless(root));
            break;
        }
        let mut group = Group {
            folder: root.to_owned(),
            ..Group::default()
        };
        group.add(&objects, namespace);
        groups.push(group);
    }
    let listed = tree.listed();
    let loose = files.iter().filter(|(file, _)| !listed.contains(**file));
    let loose = loose.flat_map(|(file, values)| values.iter().map(move |value| (*file, *value)));
    let loose: Vec<Layers> = loose.map(|one| vec![one]).collect();
    let mut group = Group::default();
    group.add(&loose, None);
    groups.push(group);
    (groups, findings)
}

fn endless(folder: &str) -> Finding {
    let at = Location::new(join(folder, "kustomization.yaml"), "");
    at.finding(
        FindingKind::Unreadable,
        "",
        "is built upon itself, or upon too much",
        "check what `kubectl kustomize` makes of it",
    )
}

fn of_dotenv(file: &str, variables: &[dotenv::Entry]) -> Source {
    let at = Location::new(file, "");
    let entry = |(key, text): &dotenv::Entry| Entry {
        key: key.clone(),
        given: Given::Text(text.clone()),
        at: at.clone(),
    };
    Source {
        holder: Holder::Dotenv,
        namespace: String::new(),
        name: file.to_owned(),
        recipe: false,
        entries: variables.iter().map(entry).collect(),
        at,
    }
}

/// Kustomizations by folder.
struct Tree<'a> {
    files: &'a BTreeMap<&'a str, Vec<&'a Value>>,
    folders: BTreeMap<String, &'a Value>,
}

impl<'a> Tree<'a> {
    fn of(files: &'a BTreeMap<&'a str, Vec<&'a Value>>) -> Self {
        let folders = files.iter().filter_map(|(file, values)| {
            let (folder, name) = file.rsplit_once('/').unwrap_or(("", file));
            let ours = matches!(name, "kustomization.yaml" | "kustomization.yml");
            Some((folder.to_owned(), *values.first().filter(|_| ours)?))
        });
        Self {
            files,
            folders: folders.collect(),
        }
    }

    /// Folders that nothing else is built upon.
    fn roots(&self) -> Vec<&str> {
        let used = self.folders.iter().flat_map(|(folder, list)| {
            let keys = ["resources", "components"];
            let names = keys.into_iter().flat_map(|key| texts(list, key));
            names.map(move |name| join(folder, name))
        });
        let used: BTreeSet<String> = used.collect();
        let component = |list: &Value| text_at(list, "/kind") == "Component";
        let roots = self.folders.iter();
        roots
            .filter(|(folder, list)| !used.contains(*folder) && !component(list))
            .map(|(folder, _)| folder.as_str())
            .collect()
    }

    /// The files that a kustomization is in charge of.
    fn listed(&self) -> BTreeSet<String> {
        let all = self.folders.iter().flat_map(|(folder, list)| {
            let keys = ["resources", "patchesStrategicMerge"];
            let names = keys.into_iter().flat_map(|key| texts(list, key));
            let patches = items(list, "patches").map(|patch| text_at(patch, "/path"));
            names.chain(patches).map(move |name| join(folder, name))
        });
        all.collect()
    }

    /// Findings about bases that are missing: nothing can be said of such an overlay as a whole.
    fn absent(&self) -> Vec<Finding> {
        let here = |path: &str| self.files.contains_key(path) || self.folders.contains_key(path);
        let mut findings = Vec::new();
        for (folder, list) in &self.folders {
            let keys = ["resources", "components"];
            let names = keys.into_iter().flat_map(|key| texts(list, key));
            for name in names.filter(|name| !here(&join(folder, name))) {
                let at = Location::new(join(folder, "kustomization.yaml"), "");
                findings.push(at.finding(
                    FindingKind::Unreadable,
                    name,
                    "is built upon and is not among the files that were given",
                    "name the directory that holds both, or check what `kubectl kustomize` makes \
                     of this one",
                ));
            }
        }
        findings
    }

    /// Adds what `folder` is made of to `objects`, in as many `steps` as are left; gives the
    /// namespace that it moves them to.
    fn add(
        &self,
        folder: &str,
        objects: &mut Vec<Layers<'a>>,
        depth: usize,
        steps: &mut usize,
    ) -> Option<&'a str> {
        let list = self.folders.get(folder).filter(|_| depth < MAX_DEPTH)?;
        let mut namespace = None;
        for name in texts(list, "resources") {
            let path = join(folder, name);
            let file = self.files.get_key_value(path.as_str());
            take(steps, 1 + file.map_or(0, |(_, values)| values.len()))?;
            if let Some((file, values)) = file {
                objects.extend(values.iter().map(|value| vec![(*file, *value)]));
            } else {
                namespace = self.add(&path, objects, depth + 1, steps).or(namespace);
            }
        }
        for name in texts(list, "components") {
            take(steps, 1)?;
            self.add(&join(folder, name), objects, depth + 1, steps);
        }
        let patches = items(list, "patches").map(|patch| (text_at(patch, "/path"), patch));
        let merged = texts(list, "patchesStrategicMerge").map(|path| (path, &Value::Null));
        for (path, entry) in patches.chain(merged) {
            let path = join(folder, path);
            let Some((file, patches)) = self.files.get_key_value(path.as_str()) else {
                continue;
            };
            take(steps, (1 + objects.len()) * patches.len())?;
            for patch in patches {
                if is_operation(patch) {
                    target(objects, file, patch, &entry["target"]);
                } else {
                    lay(objects, file, patch);
                }
            }
        }
        list.get("namespace").and_then(Value::as_str).or(namespace)
    }
}

/// Takes `count` steps; none where so many are not left, and then none are.
fn take(steps: &mut usize, count: usize) -> Option<()> {
    *steps = steps.saturating_sub(count);
    (*steps > 0).then_some(())
}

/// Lays `patch` over the object of its kind and name.
fn lay<'a>(objects: &mut Vec<Layers<'a>>, file: &'a str, patch: &'a Value) {
    let same = |layers: &Layers| {
        let first = layers.first();
        first.is_some_and(|(_, object)| {
            let mut keys = ["/kind", "/metadata/name"].into_iter();
            keys.all(|key| text_at(object, key) == text_at(patch, key))
        })
    };
    if is_deletion(patch) {
        objects.retain(|layers| !same(layers));
        return;
    }
    let mut base = objects.iter_mut().filter(|layers| same(layers)).peekable();
    // Half a pod cannot be judged; the values in half a ConfigMap can.
    let stands_alone = matches!(
        text_at(patch, "/kind"),
        "ConfigMap" | "Secret" | "SealedSecret"
    );
    if base.peek().is_none() && stands_alone {
        drop(base);
        objects.push(vec![(file, patch)]);
        return;
    }
    for layers in base {
        layers.push((file, patch));
    }
}

/// Lays the operation `patch` over the objects of that kind and name. Names stay: what refers to
/// them would not follow here.
fn target<'a>(objects: &mut [Layers<'a>], file: &'a str, patch: &'a Value, target: &Value) {
    let is_meant = |layers: &&mut Layers| {
        let first = layers.first();
        first.is_some_and(|(_, object)| {
            let keys = [("/kind", "/kind"), ("/metadata/name", "/name")];
            let wanted = keys.map(|(own, its)| (text_at(object, own), text_at(target, its)));
            wanted.iter().all(|(own, its)| own == its)
        })
    };
    if text_at(patch, "/path").starts_with("/spec/") {
        let meant = objects.iter_mut().filter(is_meant);
        meant.for_each(|layers| layers.push((file, patch)));
    }
}

/// The object that `layers` make, in `namespace`, and what of it is looked at.
fn merged(
    layers: &Layers,
    namespace: Option<&str>,
) -> Option<(Option<MergedObject>, Option<Object>)> {
    let (first_file, first) = layers.first()?;
    let mut whole = (*first).clone();
    let mut sources = Vec::new();
    for (n, (file, layer)) in layers.iter().enumerate() {
        if is_operation(layer) {
            operate(&mut whole, layer);
        } else if n > 0 {
            merge(&mut whole, layer);
        }
        if let Some(Object::Source(source)) = object::read(file, layer) {
            sources.push(source);
        }
    }
    if let Some(namespace) = namespace
        && let Some(metadata) = whole.get_mut("metadata").and_then(Value::as_object_mut)
    {
        metadata.insert("namespace".to_owned(), namespace.into());
    }
    let mut object = object::read(first_file, &whole);
    if let Some(Object::Source(source)) = &mut object {
        // Locate each key in the layer that sets it last: that is the line to edit.
        let written = sources.iter().flat_map(|layer| &layer.entries);
        let last: BTreeMap<&str, &Location> = written
            .map(|entry| (entry.key.as_str(), &entry.at))
            .collect();
        for entry in &mut source.entries {
            if let Some(at) = last.get(entry.key.as_str()) {
                entry.at = (*at).clone();
            }
        }
    }
    Some((MergedObject::of(layers, whole), object))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_circular_kustomization_is_reported_and_not_followed() {
        let document = |file: &str, value| Document {
            file: file.to_owned(),
            content: Content::Manifest(value),
        };
        // Sixteen storeys of forty copies each would have no end.
        let documents = [
            document("a/kustomization.yaml", json!({"resources": ["../b"]})),
            document("b/kustomization.yaml", json!({"resources": vec!["."; 40]})),
            document(
                "loose.yaml",
                json!({"kind": "ConfigMap", "metadata": {"name": "x"}}),
            ),
        ];
        let (groups, findings) = groups(&documents);
        assert_eq!(findings.len(), 1);
        assert_eq!(
            findings[0].problem,
            "is built upon itself, or upon too much"
        );
        assert!(
            groups.iter().any(|group| !group.objects.is_empty()),
            "the others are looked into"
        );
    }
}
