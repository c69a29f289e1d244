//! Manifests that were given: the files of a tree as `aura generate k8s` writes it, edited by hand
//! or not, and what kustomize would make of them; or a stream that kustomize has made.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::checkout::folder;
use super::error::Unusable;
use super::findings::Unseen;
use crate::deploy::facts::is_revision_of;
use crate::deploy::kubernetes::build;
use crate::deploy::kustomize::{items, text_at};
use crate::deploy::plan::Environment;
use crate::inspect::input::{self, Input, Inputs};
use crate::inspect::occurrence::occurrences;
use crate::inspect::yaml;
use crate::schema::Setting;

/// The reason that the base of a stream is not looked at.
pub(super) const NO_BASE: Unseen = Unseen("a stream has no base");

/// The name of a stream.
const STREAM: &str = "standard input";

/// The kustomization that everything is built upon.
const BASE: &str = "base/backend";
/// Below it is one kustomization an environment.
const OVERLAYS: &str = "overlays";
/// File name of a kustomization.
const LIST: &str = "kustomization.yaml";

/// A tree of manifests.
pub struct Manifests {
    /// The files as texts.
    pub(super) inputs: Inputs,
    /// The built sets, the base first, where there is one.
    pub(super) places: Vec<ObjectSet>,
    /// True if the first of them is the base.
    has_base: bool,
}

/// One kustomization and the objects that it makes.
#[derive(Debug, Clone)]
pub(super) struct ObjectSet {
    /// `base`, the name of the overlay, or, in a stream, of the namespace.
    pub(super) name: String,
    /// The folder of its kustomization; none in a stream.
    folder: Option<String>,
    /// In the order in which they are applied.
    pub(super) objects: Vec<Value>,
}

impl Manifests {
    /// Reads the tree below `path`, or below its folder `k8s` where it has one; where `path` is a
    /// file, the stream in it.
    ///
    /// # Errors
    /// [`Unusable`] where there is no such folder, it is not such a tree, half of it is missing, or
    /// a file is not valid YAML.
    pub fn read(path: &Path) -> Result<Self, Unusable> {
        if path.is_file() {
            return Self::of_stream(&path.display().to_string(), input::read(path));
        }
        folder(path)?;
        let below = path.join("k8s");
        let root = if below.is_dir() { &below } else { path };
        Self::of(&path.display().to_string(), input::read(root))
    }

    /// Reads a stream of objects, as `kubectl kustomize` prints it.
    ///
    /// # Errors
    /// [`Unusable`] where it is not valid YAML, is too long, or has no Deployment.
    pub fn read_stream(stream: impl std::io::Read) -> Result<Self, Unusable> {
        Self::of_stream(STREAM, input::read_stream(STREAM, stream))
    }

    /// The same of a text, which is called `path`.
    pub(super) fn of_text(path: &str, text: String) -> Result<Self, Unusable> {
        Self::of_stream(path, Inputs::from_iter([(path, text)]))
    }

    /// The same of a stream that was read before, which is called `path`: a place for each
    /// namespace.
    pub(super) fn of_stream(path: &str, inputs: Inputs) -> Result<Self, Unusable> {
        if let Some(finding) = inputs.findings.first() {
            return Err(Unusable::File {
                path: path.to_owned(),
                problem: finding.problem.clone(),
            });
        }
        let mut places: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        for object in inputs.inputs.iter().map(objects) {
            for object in object? {
                let key = if object["kind"] == "Namespace" {
                    "/metadata/name"
                } else {
                    "/metadata/namespace"
                };
                let namespace = text_at(&object, key).to_owned();
                places.entry(namespace).or_default().push(object);
            }
        }
        let serves = |objects: &Vec<Value>| objects.iter().any(|one| one["kind"] == "Deployment");
        let wide = places.remove("").unwrap_or_default();
        if serves(&wide) {
            places.insert(String::new(), wide);
        } else {
            // Objects without a namespace, such as a ClusterRoleBinding, hold in all of them.
            for objects in places.values_mut() {
                objects.extend_from_slice(&wide);
            }
        }
        places.retain(|_, objects| serves(objects));
        if places.is_empty() {
            return Err(Unusable::Half {
                path: path.to_owned(),
                what: "stream of manifests",
                problem: "it has no Deployment".to_owned(),
                remedy: "pipe what `kubectl kustomize k8s/overlays/NAME` prints".to_owned(),
            });
        }
        let places = places.into_iter().map(|(namespace, objects)| ObjectSet {
            // kubectl takes the namespace of its context for what has none.
            name: if namespace.is_empty() {
                "default".to_owned()
            } else {
                namespace
            },
            folder: None,
            objects,
        });
        Ok(Self {
            places: places.collect(),
            inputs,
            has_base: false,
        })
    }

    /// The same of files that were read before; `path` is for errors.
    pub(super) fn of(path: &str, inputs: Inputs) -> Result<Self, Unusable> {
        let file = |file: &str, problem: String| Unusable::File {
            path: format!("{path}/{file}"),
            problem,
        };
        if let Some(finding) = inputs.findings.first() {
            return Err(file(&finding.file, finding.problem.clone()));
        }
        let mut values = BTreeMap::new();
        for input in inputs
            .inputs
            .iter()
            .filter(|input| is_manifest(&input.file))
        {
            let mut documents = yaml::documents::<Value>(input)
                .map_err(|finding| file(&input.file, finding.problem))?;
            if documents.len() > 1 {
                let problem = "it has several objects, and a tree of ours has one a file";
                return Err(file(&input.file, problem.to_owned()));
            }
            values.extend(documents.pop().map(|only| (input.file.clone(), only)));
        }
        let half = |problem: &str| Unusable::Half {
            path: path.to_owned(),
            what: "tree of manifests",
            problem: problem.to_owned(),
            remedy: "write one with `generate k8s --out DIR`, and name DIR".to_owned(),
        };
        if !values.contains_key(&format!("{BASE}/{LIST}")) {
            return Err(half(&format!("it has no {BASE}/{LIST}")));
        }
        let overlays = values.keys().filter_map(|file| {
            let name = file.strip_prefix(OVERLAYS)?.strip_prefix('/')?;
            name.strip_suffix(LIST)?.strip_suffix('/')
        });
        let overlays: Vec<&str> = overlays.collect();
        if overlays.is_empty() {
            return Err(half(&format!("it has no {OVERLAYS}/NAME/{LIST}")));
        }
        let folders = overlays.iter().map(|name| format!("{OVERLAYS}/{name}"));
        let names = std::iter::once("base").chain(overlays.iter().copied());
        let folders: Vec<String> = std::iter::once(BASE.to_owned()).chain(folders).collect();
        let built = build::folders(&values, &folders).map_err(|error| Unusable::Manifests {
            path: path.to_owned(),
            error,
        })?;
        let places = names.zip(folders).zip(built);
        let places = places
            .map(|((name, folder), objects)| ObjectSet {
                name: name.to_owned(),
                objects,
                folder: Some(folder),
            })
            .collect();
        Ok(Self {
            inputs,
            places,
            has_base: true,
        })
    }

    /// The base of every environment; none in a stream.
    pub(super) fn base(&self) -> Option<&ObjectSet> {
        self.places.first().filter(|_| self.has_base)
    }

    /// One an environment.
    pub(super) fn overlays(&self) -> &[ObjectSet] {
        let first = usize::from(self.has_base);
        self.places.get(first..).unwrap_or_default()
    }

    /// The line in a ConfigMap of `place`, or of the base, that gives `setting`, as the beginning of
    /// a sentence; empty where none does.
    pub(super) fn lines(&self, place: &ObjectSet, setting: &Setting) -> String {
        let (occurrences, _) = occurrences(setting, &self.inputs);
        let below = |folder: &str, file: &str| {
            let rest = file.strip_prefix(folder);
            rest.is_some_and(|rest| rest.starts_with('/'))
        };
        let maps = || {
            let all = occurrences.iter();
            all.filter(|occurrence| occurrence.object.starts_with("ConfigMap "))
        };
        let found = match &place.folder {
            Some(folder) => maps()
                .find(|occurrence| below(folder, &occurrence.file))
                .or_else(|| maps().find(|occurrence| below(BASE, &occurrence.file))),
            None => {
                maps().find(|occurrence| occurrence.object.contains(&format!(" {}/", place.name)))
            }
        };
        found.map_or_else(String::new, |occurrence| format!("{occurrence}: "))
    }
}

/// The objects of a stream.
fn objects(input: &Input) -> Result<Vec<Value>, Unusable> {
    yaml::objects(input).map_err(|finding| Unusable::File {
        path: input.file.clone(),
        problem: finding.problem,
    })
}

impl ObjectSet {
    /// Checks whether it is what `environment` makes: by the name of the overlay, or the namespace.
    pub(super) fn is_of(&self, environment: &Environment) -> bool {
        let known_by = if self.folder.is_some() {
            &environment.name
        } else {
            &environment.namespace
        };
        self.name == *known_by
    }

    /// Checks whether an object in `file` is a part of it: below its own folder or what is no
    /// overlay's, in a tree; by `namespace`, in a stream.
    pub(super) fn is_made_of(&self, file: &str, namespace: &str) -> bool {
        match &self.folder {
            Some(folder) => {
                let own = file.strip_prefix(folder.as_str());
                own.is_some_and(|rest| rest.starts_with('/')) || !file.starts_with(OVERLAYS)
            }
            None => namespace.is_empty() || namespace == self.name,
        }
    }

    /// Objects of `kind`.
    pub(super) fn kind<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Value> {
        self.objects
            .iter()
            .filter(move |object| object["kind"] == kind)
    }

    /// The `kind` called `name` or a revision of it, else a copy that a kustomization has renamed.
    pub(super) fn find(&self, kind: &str, name: &str) -> Option<&Value> {
        let all = || self.objects.iter().filter(|one| one["kind"] == kind);
        let exact = all().find(|one| is_revision_of(name_of(one), name));
        // Several names may contain it: the shortest is the copy, with a prefix or suffix alone.
        let copies = all().filter(|one| name_of(one).contains(name));
        exact.or_else(|| copies.min_by_key(|copy| name_of(copy).len()))
    }

    /// Checks whether `found` is what pods call the object `name`: that name, a revision of it, or
    /// the new name of an object that is here.
    pub(super) fn is_called(&self, found: &str, name: &str) -> bool {
        // An ExternalSecret names the Secret that it makes in `spec.target`.
        let makes = |object: &Value| {
            let names = ["/metadata/name", "/spec/target/name"];
            names.iter().any(|at| text_at(object, at) == found)
        };
        is_revision_of(found, name) || found.contains(name) && self.objects.iter().any(makes)
    }

    /// The specification of every pod that serves or runs once, with the name of its owner.
    pub(super) fn pods(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.objects.iter().filter_map(|object| {
            let pod = object.pointer("/spec/template/spec")?;
            Some((object["metadata"]["name"].as_str().unwrap_or_default(), pod))
        })
    }

    /// The containers of what serves.
    pub(super) fn servers(&self) -> impl Iterator<Item = &Value> {
        let pods = self.kind("Deployment");
        pods.flat_map(|deployment| items(&deployment["spec"]["template"]["spec"]["containers"]))
    }
}

/// Checks whether a file of that name holds an object; what else there is beside them is not ours.
fn is_manifest(file: &str) -> bool {
    let ending = Path::new(file).extension().and_then(|end| end.to_str());
    matches!(ending, Some("yaml" | "yml" | "json"))
}

/// The name of an object or of a reference to one; empty where it has none.
pub(super) fn name_of(object: &Value) -> &str {
    let name = object.pointer("/metadata/name").or(object.get("name"));
    name.and_then(Value::as_str).unwrap_or_default()
}

/// The keys of a map; none of anything else.
pub(super) fn keys(map: &Value) -> impl Iterator<Item = &str> {
    let members = map.as_object().into_iter().flatten();
    members.map(|(key, _)| key.as_str())
}
