//! Objects that are applied together: all of them, or, where kustomizations say so, one overlay at a time,
//! with its patches laid over its base.
//!
//! Strategic patches go by kind and name, operations of JSON Patch by their target, and every layer
//! keeps its file: that is what settings and hooks come by. Faults are findings. Where that is not
//! enough, build the overlay and hand over the result.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::dotenv;
use super::given::Given;
use super::merged::MergedObject;
use super::object::{self, Entry, Holder, Object, Source};
use super::report::{Finding, FindingKind, Location};
use crate::deploy::kustomize::{
    Files, Step, Tree, Unbuildable, apply, is_deletion, is_operation, is_same, is_target, join,
    text_at,
};

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
    /// The variables of a `.env` file.
    pub(super) fn of_dotenv(file: &str, variables: Vec<dotenv::Entry>) -> Self {
        let at = Location::new(file, "");
        let entry = |(key, text)| Entry {
            key,
            given: Given::Text(text),
            at: at.clone(),
        };
        let source = Source {
            entries: variables.into_iter().map(entry).collect(),
            holder: Holder::Dotenv,
            namespace: String::new(),
            name: file.to_owned(),
            recipe: false,
            at,
        };
        Self {
            objects: vec![Object::Source(source)],
            ..Self::default()
        }
    }

    /// The objects that `all` of them make, in `namespace` where there is one.
    fn add(&mut self, all: &[Layers], namespace: Option<&str>) {
        for layers in all {
            let (whole, object) = merged(layers, namespace);
            self.merged.extend(whole);
            self.objects.extend(object);
        }
    }
}

/// The objects of `documents`, known by their files, in groups, each of what is applied together; and
/// what a kustomization names that is not here.
pub(super) fn groups(documents: &[(&str, Value)]) -> (Vec<Group>, Vec<Finding>) {
    let mut groups = Vec::new();
    let mut files = Files::new();
    for (file, value) in documents {
        files.entry(file).or_default().push(value);
    }
    let mut tree = Tree::of(&files);
    let mut findings: Vec<_> = tree.absent().map(absent).collect();
    let (mut roots, mut reported) = (tree.roots().into_iter(), BTreeSet::new());
    while let Some(root) = roots.next().or_else(|| tree.next_unbuilt()) {
        let mut assembly = Assembly::default();
        let built = tree.walk(root, &mut |step| {
            assembly.take(&step);
            Ok(())
        });
        if let Err(Unbuildable { folder, problem }) = built {
            let remedy = "check what `kubectl kustomize` makes of it";
            // A circle is met again from each of its folders.
            if reported.insert(folder.clone()) {
                findings.push(unreadable(&folder, "", &problem, remedy));
            }
            if tree.is_exhausted() {
                break;
            }
            continue;
        }
        let mut group = Group {
            folder: root.to_owned(),
            ..Group::default()
        };
        group.add(&assembly.objects, assembly.namespace);
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

/// The finding about a base that is missing: nothing can be said of such an overlay as a whole.
fn absent((folder, name): (&str, &str)) -> Finding {
    unreadable(
        folder,
        name,
        "is built upon and is not among the files that were given",
        "name the directory that holds both, or check what `kubectl kustomize` makes of this one",
    )
}

fn unreadable(folder: &str, key: &str, problem: &str, remedy: &str) -> Finding {
    let at = Location::new(join(folder, "kustomization.yaml"), "");
    at.finding(FindingKind::Unreadable, key, problem, remedy)
}

/// The objects of one kustomization while it is put together.
#[derive(Default)]
struct Assembly<'a> {
    objects: Vec<Layers<'a>>,
    /// The namespace that they are moved to: the outermost kustomization says it last.
    namespace: Option<&'a str>,
}

impl<'a> Assembly<'a> {
    /// Takes one step of the tree, and passes over what is missing: [`Tree::absent`] tells of bases.
    fn take(&mut self, step: &Step<'_, 'a>) {
        match *step {
            Step::Resource(file, documents) => {
                let documents = documents.iter().map(|one| vec![(file, *one)]);
                self.objects.extend(documents);
            }
            Step::Patch(file, documents, target) => {
                for patch in documents {
                    if is_operation(patch) {
                        self.operate(file, patch, target);
                    } else {
                        self.lay(file, patch);
                    }
                }
            }
            Step::Fields(list) => {
                let namespace = list.get("namespace").and_then(Value::as_str);
                self.namespace = namespace.or(self.namespace);
            }
            Step::Absent(_) => {}
        }
    }

    /// Lays `patch` over the object of its kind and name.
    fn lay(&mut self, file: &'a str, patch: &'a Value) {
        let same = |layers: &Layers| is_same(layers[0].1, patch);
        if is_deletion(patch) {
            self.objects.retain(|layers| !same(layers));
            return;
        }
        let mut found = false;
        for layers in self.objects.iter_mut().filter(|layers| same(layers)) {
            layers.push((file, patch));
            found = true;
        }
        // Half a pod cannot be judged; the values in half a ConfigMap can.
        let kind = text_at(patch, "/kind");
        if !found && ["ConfigMap", "Secret", "SealedSecret"].contains(&kind) {
            self.objects.push(vec![(file, patch)]);
        }
    }

    /// Lays an operation over the objects that `target` means. Names stay: what refers to them would
    /// not follow here.
    fn operate(&mut self, file: &'a str, patch: &'a Value, target: &Value) {
        if text_at(patch, "/path").starts_with("/spec/") {
            let objects = self.objects.iter_mut();
            let meant = objects.filter(|layers| is_target(layers[0].1, target));
            meant.for_each(|layers| layers.push((file, patch)));
        }
    }
}

/// The object that `layers` make, in `namespace`, and what of it is looked at.
fn merged(layers: &Layers, namespace: Option<&str>) -> (Option<MergedObject>, Option<Object>) {
    let (first_file, first) = layers[0];
    let mut whole = first.clone();
    let mut sources = Vec::new();
    for (n, (file, layer)) in layers.iter().enumerate() {
        if n > 0 {
            apply(&mut whole, layer);
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
    (MergedObject::of(layers, whole), object)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The groups and findings of kustomizations that name their bases, with a ConfigMap beside.
    fn built(lists: &[(&str, Vec<&str>)]) -> (Vec<Group>, Vec<Finding>) {
        let named = |(folder, bases): &(&str, Vec<&str>)| {
            (
                format!("{folder}/kustomization.yaml"),
                json!({ "resources": bases }),
            )
        };
        let mut files: Vec<_> = lists.iter().map(named).collect();
        let object = json!({"kind": "ConfigMap", "metadata": {"name": "x"}});
        files.push(("production/map.yaml".to_owned(), object));
        let documents = files.iter();
        let documents = documents.map(|(file, value)| (file.as_str(), value.clone()));
        groups(&documents.collect::<Vec<_>>())
    }

    #[test]
    fn a_circle_is_reported_and_hides_no_overlay() {
        for (lists, reported) in [
            (vec![("a", vec!["../b"]), ("b", vec!["."; 40])], 1),
            (vec![("a", vec!["../b"]), ("b", vec!["../a"])], 2),
            (vec![("a", vec!["."])], 1),
            // It would be a root if the circle did not name it.
            (
                vec![
                    ("d1", vec!["../production", "../d2"]),
                    ("d2", vec!["../d1"]),
                    ("production", vec!["map.yaml"]),
                ],
                2,
            ),
        ] {
            let (groups, findings) = built(&lists);
            assert!((1..=reported).contains(&findings.len()), "{findings:?}");
            for finding in findings {
                assert!(
                    finding.problem.starts_with("is built upon itself"),
                    "{finding:?}"
                );
            }
            let found = groups.iter().any(|group| !group.objects.is_empty());
            assert!(found, "the others are looked into: {lists:?}");
        }
    }

    #[test]
    fn a_tree_of_too_much_work_ends_with_one_finding() {
        let bases: Vec<String> = (1..16).map(|storey| format!("../{storey}")).collect();
        let storeys: Vec<String> = (0..15).map(|storey| storey.to_string()).collect();
        // Fifteen storeys of forty copies each end, but not in time.
        let lists: Vec<_> = storeys
            .iter()
            .zip(&bases)
            .map(|(folder, base)| (folder.as_str(), vec![base.as_str(); 40]))
            .chain([("15", Vec::new())])
            .collect();
        let (_, findings) = built(&lists);
        assert_eq!(findings.len(), 1, "{findings:?}");
        assert!(findings[0].problem.contains("too much work"));
    }

    #[test]
    fn a_file_that_is_added_twice_is_reported() {
        let (_, findings) = built(&[("production", vec!["map.yaml", "./map.yaml"])]);
        assert_eq!(findings.len(), 1, "{findings:?}");
        assert_eq!(
            findings[0].problem,
            "adds production/map.yaml a second time"
        );
    }
}
