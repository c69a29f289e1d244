//! A tree of kustomizations: what each is built upon, step by step.
//!
//! Not a kustomize: it follows `resources`, `components` and patches in files. What a step does to
//! objects is the caller's business, as is whether something that is missing is a fault.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{items, join, text_at, texts};

/// Kustomizations upon kustomizations.
const MAX_DEPTH: usize = 16;

/// Steps that a tree may take in all, a node of a document being one: folders that each name the next
/// one twice would take as many as there are paths, and each object is copied for each overlay.
const MAX_STEPS: usize = 10_000_000;

/// Steps that it takes to follow a name.
const NAME_STEPS: usize = 50;

/// File names of a kustomization. Kustomize knows a third, `Kustomization`, which no reader of YAML
/// files takes for one.
const NAMES: [&str; 2] = ["kustomization.yaml", "kustomization.yml"];

/// Fields that name what a kustomization is built upon.
const BASES: [&str; 2] = ["resources", "components"];

/// Documents by the paths of their files.
pub(crate) type Files<'a> = BTreeMap<&'a str, Vec<&'a Value>>;

/// One step, in the order in which kustomize takes them: bases, components, patches, other fields.
pub(crate) enum Step<'s, 'a> {
    /// Adds the objects of a file.
    Resource(&'a str, &'s [&'a Value]),
    /// Lays the documents of a file over the objects that are its target; null where none is named.
    Patch(&'a str, &'s [&'a Value], &'a Value),
    /// Changes every object so far by the fields of the kustomization.
    Fields(&'a Value),
    /// Asks for a file that is not in the tree.
    Absent(String),
}

/// A folder that cannot be built.
#[derive(Debug)]
pub(crate) struct Unbuildable {
    pub(crate) folder: String,
    /// The end of a sentence that begins with the folder.
    pub(crate) problem: String,
}

impl Unbuildable {
    fn new(folder: &str, problem: impl Into<String>) -> Self {
        Self {
            folder: folder.to_owned(),
            problem: problem.into(),
        }
    }
}

/// Kustomizations by folder.
pub(crate) struct Tree<'a> {
    files: &'a Files<'a>,
    folders: BTreeMap<&'a str, &'a Value>,
    /// Folders that have been built, by themselves or below another.
    built: BTreeSet<&'a str>,
    /// Steps that are left.
    steps: usize,
}

/// The parts that one folder is built of, so far.
#[derive(Default)]
struct Walk<'a> {
    /// Folders from the outermost to the one that is being built.
    path: Vec<&'a str>,
    folders: BTreeSet<&'a str>,
    files: BTreeSet<&'a str>,
    objects: usize,
    /// Nodes of the objects.
    nodes: usize,
}

impl<'a> Tree<'a> {
    pub(crate) fn of(files: &'a Files<'a>) -> Self {
        let folders = files.iter().filter_map(|(file, documents)| {
            let (folder, name) = file.rsplit_once('/').unwrap_or(("", file));
            let list = documents.first().filter(|_| NAMES.contains(&name))?;
            Some((folder, *list))
        });
        Self {
            folders: folders.collect(),
            built: BTreeSet::new(),
            files,
            steps: MAX_STEPS,
        }
    }

    /// Folders, each with a file or folder that it is built upon.
    fn bases(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.folders.iter().flat_map(|(folder, list)| {
            let names = BASES.into_iter().flat_map(|key| texts(&list[key]));
            names.map(move |name| (*folder, name))
        })
    }

    /// Folders that nothing else is built upon.
    pub(crate) fn roots(&self) -> Vec<&'a str> {
        let used = self.bases().map(|(folder, name)| join(folder, name));
        let used: BTreeSet<String> = used.collect();
        let component = |list: &Value| text_at(list, "/kind") == "Component";
        let roots = self.folders.iter();
        roots
            .filter(|(folder, list)| !used.contains(**folder) && !component(list))
            .map(|(folder, _)| *folder)
            .collect()
    }

    /// A folder that no walk has built, where all roots were walked: it is part of a circle, or below
    /// one, and `kubectl apply -k` may still build it.
    pub(crate) fn next_unbuilt(&self) -> Option<&'a str> {
        let mut folders = self.folders.iter();
        let left = folders.find(|(folder, list)| {
            !self.built.contains(**folder) && text_at(list, "/kind") != "Component"
        });
        left.map(|(folder, _)| *folder)
    }

    /// True when no steps are left, so that nothing more can be built.
    pub(crate) fn is_exhausted(&self) -> bool {
        self.steps == 0
    }

    /// The files that a kustomization is in charge of.
    pub(crate) fn listed(&self) -> BTreeSet<String> {
        let all = self.folders.iter().flat_map(|(folder, list)| {
            let keys = ["resources", "patchesStrategicMerge"].into_iter();
            let names = keys.flat_map(|key| texts(&list[key]));
            let patches = items(&list["patches"]).map(|patch| text_at(patch, "/path"));
            names.chain(patches).map(move |name| join(folder, name))
        });
        all.collect()
    }

    /// Folders, each with what it is built upon and is not in the tree.
    pub(crate) fn absent(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.bases().filter(|(folder, name)| {
            let path = join(folder, name);
            !self.files.contains_key(path.as_str()) && !self.folders.contains_key(path.as_str())
        })
    }

    /// Takes every step of the kustomization in `folder` and of those below it.
    ///
    /// # Errors
    /// [`Unbuildable`], and whatever `take` fails with.
    pub(crate) fn walk<E: From<Unbuildable>>(
        &mut self,
        folder: &str,
        take: &mut impl FnMut(Step<'_, 'a>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut walk = Walk::default();
        // Also where it fails: it is not tried again.
        let known = self.folders.get_key_value(folder);
        self.built.extend(known.map(|(folder, _)| *folder));
        self.descend(folder, &mut walk, take)?;
        self.built.append(&mut walk.folders);
        Ok(())
    }

    /// The same within a walk.
    fn descend<E: From<Unbuildable>>(
        &mut self,
        folder: &str,
        walk: &mut Walk<'a>,
        take: &mut impl FnMut(Step<'_, 'a>) -> Result<(), E>,
    ) -> Result<(), E> {
        let Some((folder, list)) = self.folders.get_key_value(folder) else {
            return take(Step::Absent(join(folder, NAMES[0])));
        };
        let (folder, list) = (*folder, *list);
        if walk.path.contains(&folder) {
            return Err(Unbuildable::new(folder, "is built upon itself").into());
        }
        if walk.path.len() > MAX_DEPTH {
            let problem = format!("is below more than {MAX_DEPTH} other kustomizations");
            return Err(Unbuildable::new(folder, problem).into());
        }
        walk.path.push(folder);
        walk.folders.insert(folder);
        let files = self.files;
        for name in texts(&list["resources"]) {
            let path = join(folder, name);
            let found = files.get_key_value(path.as_str());
            let nodes = found.map_or(0, |(_, documents)| nodes(documents));
            self.spend(folder, nodes)?;
            if let Some((file, documents)) = found {
                // Kustomize refuses it, too: the ids of its objects are registered already. Copies of
                // one large file would be a memory without end.
                if !walk.files.insert(file) {
                    let problem = format!("adds {file} a second time");
                    return Err(Unbuildable::new(folder, problem).into());
                }
                walk.objects += documents.len();
                walk.nodes += nodes;
                take(Step::Resource(file, documents))?;
            } else {
                self.descend(&path, walk, take)?;
            }
        }
        // A component works on what was added before it, while kustomize builds a base by itself. Here
        // both see all objects so far: the patches, namespace, images and labels of a base reach the
        // objects of the bases that are listed before it.
        for name in texts(&list["components"]) {
            self.spend(folder, 0)?;
            self.descend(&join(folder, name), walk, take)?;
        }
        let patches = items(&list["patches"]).map(|one| (text_at(one, "/path"), &one["target"]));
        let merged = texts(&list["patchesStrategicMerge"]).map(|path| (path, &Value::Null));
        for (path, target) in patches.chain(merged) {
            let path = join(folder, path);
            let found = files.get_key_value(path.as_str());
            // Each document, or each operation in it, is compared with every object and may be laid
            // over it.
            let nodes = found.map_or(0, |(_, documents)| nodes(documents));
            self.spend(folder, (1 + walk.objects).saturating_mul(nodes))?;
            take(match found {
                Some((file, documents)) => Step::Patch(file, documents, target),
                None => Step::Absent(path),
            })?;
        }
        // Images look at the containers within the objects.
        let lists = ["images", "labels"].map(|key| items(&list[key]).count());
        let nodes = walk.nodes.saturating_mul(lists[0] + lists[1]);
        self.spend(folder, nodes.saturating_add(walk.objects))?;
        walk.path.pop();
        take(Step::Fields(list))
    }

    /// Takes `more` of the steps that are left, and those of a name. One that leads nowhere costs them, too:
    /// one file may hold a million of them, and be built upon as often.
    fn spend(&mut self, folder: &str, more: usize) -> Result<(), Unbuildable> {
        let left = self.steps.checked_sub(more.saturating_add(NAME_STEPS));
        self.steps = left.unwrap_or_default();
        let problem =
            "is not built, nor what comes after it: the kustomizations ask for too much work";
        left.map(drop)
            .ok_or_else(|| Unbuildable::new(folder, problem))
    }
}

/// Values in `documents`, at every depth.
fn nodes(documents: &[&Value]) -> usize {
    fn of(value: &Value) -> usize {
        1 + match value {
            Value::Array(items) => items.iter().map(of).sum(),
            Value::Object(members) => members.values().map(of).sum::<usize>(),
            _ => 0,
        }
    }
    documents.iter().map(|document| of(document)).sum()
}
