//! A tree of kustomizations: what each is built upon, step by step.
//!
//! Not a kustomize: it follows `resources`, `components` and patches in files. What a step does to
//! objects is the caller's business, as is whether something that is missing is a fault.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{items, join, text_at, texts};

/// Kustomizations upon kustomizations; deeper is one that is built upon itself.
const MAX_DEPTH: usize = 16;

/// Steps that a tree may take in all: folders that each name the next one twice would take as many
/// as there are paths.
const MAX_STEPS: usize = 2_000_000;

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

/// A folder that is built upon itself, or upon too much.
#[derive(Debug)]
pub(crate) struct Endless(pub(crate) String);

impl Endless {
    /// The end of a sentence that begins with the folder.
    pub(crate) const PROBLEM: &str = "is built upon itself, or upon too much";
}

/// Kustomizations by folder.
pub(crate) struct Tree<'a> {
    files: &'a Files<'a>,
    folders: BTreeMap<&'a str, &'a Value>,
    /// Steps that are left.
    steps: usize,
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
    /// [`Endless`], and whatever `take` fails with.
    pub(crate) fn walk<E: From<Endless>>(
        &mut self,
        folder: &str,
        take: &mut impl FnMut(Step<'_, 'a>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.descend(folder, 0, &mut 0, take)
    }

    /// The same at `depth`, where so many `objects` were added before.
    fn descend<E: From<Endless>>(
        &mut self,
        folder: &str,
        depth: usize,
        objects: &mut usize,
        take: &mut impl FnMut(Step<'_, 'a>) -> Result<(), E>,
    ) -> Result<(), E> {
        let Some(list) = self.folders.get(folder).copied() else {
            return take(Step::Absent(join(folder, NAMES[0])));
        };
        if depth == MAX_DEPTH {
            return Err(Endless(folder.to_owned()).into());
        }
        let files = self.files;
        for name in texts(&list["resources"]) {
            let path = join(folder, name);
            let found = files.get_key_value(path.as_str());
            self.spend(folder, found.map_or(0, |(_, documents)| documents.len()))?;
            if let Some((file, documents)) = found {
                *objects += documents.len();
                take(Step::Resource(file, documents))?;
            } else {
                self.descend(&path, depth + 1, objects, take)?;
            }
        }
        // A component works on what was added before it, while kustomize builds a base by itself. Here
        // both see all objects so far, which differs only where two bases have an object of the same
        // kind and name.
        for name in texts(&list["components"]) {
            self.spend(folder, 0)?;
            self.descend(&join(folder, name), depth + 1, objects, take)?;
        }
        let patches = items(&list["patches"]).map(|one| (text_at(one, "/path"), &one["target"]));
        let merged = texts(&list["patchesStrategicMerge"]).map(|path| (path, &Value::Null));
        for (path, target) in patches.chain(merged) {
            let path = join(folder, path);
            let found = files.get_key_value(path.as_str());
            // Each document is compared with every object.
            let compared = found.map_or(0, |(_, documents)| (1 + *objects) * documents.len());
            self.spend(folder, compared)?;
            take(match found {
                Some((file, documents)) => Step::Patch(file, documents, target),
                None => Step::Absent(path),
            })?;
        }
        self.spend(folder, *objects)?;
        take(Step::Fields(list))
    }

    /// Takes one step and `more` of those that are left. A name that leads nowhere costs a step, too:
    /// one file may hold a million of them, and be built upon as often.
    fn spend(&mut self, folder: &str, more: usize) -> Result<(), Endless> {
        let left = self.steps.checked_sub(1 + more);
        self.steps = left.ok_or_else(|| Endless(folder.to_owned()))?;
        Ok(())
    }
}
