//! Finished objects that are looked at beyond their settings, and where each part was written.

use serde_json::Value;

use super::report::{Finding, FindingKind, Location, object_title};
use crate::deploy::kustomize::{is_operation, text_at};

/// Kinds that are kept whole.
const KINDS: &[&str] = &[
    "DaemonSet",
    "Deployment",
    "HorizontalPodAutoscaler",
    "Job",
    "NetworkPolicy",
    "StatefulSet",
];

/// An object, and the base and the patches that it was made of.
pub(super) struct MergedObject {
    pub(super) at: Location,
    pub(super) value: Value,
    /// File and content, the base first.
    layers: Vec<(String, Value)>,
}

/// A finding whose line is still to be looked up.
pub(super) struct Hazard {
    pub(super) finding: Finding,
    pub(super) written_at: DocumentPath,
}

/// A place in a document.
pub(super) struct DocumentPath {
    pub(super) file: String,
    /// The object as that document calls it.
    pub(super) object: String,
    /// Keys of maps, and names or numbers of items of lists.
    pub(super) path: Vec<String>,
    /// A variable that is named there or below.
    pub(super) variable: String,
}

impl MergedObject {
    /// `value`, which `layers` make; none of a kind that is not looked at.
    pub(super) fn of(layers: &[(&str, &Value)], value: Value) -> Option<Self> {
        let (file, _) = layers.first()?;
        KINDS.contains(&text_at(&value, "/kind")).then(|| Self {
            at: Location::new(*file, title(&value)),
            layers: layers
                .iter()
                .map(|(file, layer)| ((*file).to_owned(), (*layer).clone()))
                .collect(),
            value,
        })
    }

    pub(super) fn kind(&self) -> &str {
        text_at(&self.value, "/kind")
    }

    pub(super) fn name(&self) -> &str {
        text_at(&self.value, "/metadata/name")
    }

    pub(super) fn namespace(&self) -> &str {
        text_at(&self.value, "/metadata/namespace")
    }

    /// The value at `path`; null where there is none.
    pub(super) fn find(&self, path: &[&str]) -> &Value {
        walk(&self.value, path).unwrap_or(&Value::Null)
    }

    /// A fault at `path`, in the words of `problem` and `remedy`; reports call it `key`.
    pub(super) fn hazard(
        &self,
        kind: FindingKind,
        key: &str,
        path: &[&str],
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Hazard {
        let (file, layer, path) = self.written(path);
        let at = Location::new(file, &self.at.object);
        Hazard {
            finding: at.finding(kind, key, problem, remedy),
            written_at: DocumentPath {
                file: file.to_owned(),
                object: title(layer),
                path: path.iter().map(|step| (*step).to_owned()).collect(),
                variable: String::new(),
            },
        }
    }

    /// The layer that says last what is at `path`; where none does, the first that has what is
    /// nearest above, and how far that is.
    fn written<'a, 'p>(&'a self, path: &'p [&'p str]) -> (&'a str, &'a Value, &'p [&'p str]) {
        let has = |(_, layer): &&(String, Value), path: &[&str]| walk(layer, path).is_some();
        let says = |layer: &&(String, Value)| has(layer, path) || reaches(&layer.1, path);
        if let Some((file, layer)) = self.layers.iter().rev().find(says) {
            // The document of a JSON Patch operation has none of the path of its target.
            let path = if is_operation(layer) { &[] } else { path };
            return (file, layer, path);
        }
        for end in (0..path.len()).rev() {
            let part = &path[..end];
            if let Some((file, layer)) = self.layers.iter().find(|layer| has(layer, part)) {
                return (file, layer, part);
            }
        }
        (&self.at.file, &self.value, &[])
    }
}

/// Checks whether `layer` is an operation at `path` or above it. It calls items by their numbers.
fn reaches(layer: &Value, path: &[&str]) -> bool {
    let mut steps = text_at(layer, "/path").split('/').skip(1).enumerate();
    is_operation(layer)
        && steps.all(|(at, step)| {
            let number = step.parse::<usize>().is_ok();
            path.get(at).is_some_and(|own| *own == step || number)
        })
}

/// The value at `path` of `value`, where items of a list go by name or number.
fn walk<'a>(value: &'a Value, path: &[&str]) -> Option<&'a Value> {
    path.iter().try_fold(value, |value, step| match value {
        Value::Object(map) => map.get(*step),
        Value::Array(items) => {
            let named = items.iter().find(|item| item["name"] == **step);
            named.or_else(|| items.get(step.parse::<usize>().ok()?))
        }
        _ => None,
    })
}

/// The name of `value` in a report.
fn title(value: &Value) -> String {
    let part = |key| text_at(value, key);
    object_title(
        part("/kind"),
        part("/metadata/namespace"),
        part("/metadata/name"),
    )
}
