//! Strategic merge, as Kubernetes defines it for the lists that carry settings.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::{is_deletion, text_at};

/// Lists that are merged item by item, and what their items are known by; others are replaced.
const KEYS: &[(&str, &str)] = &[
    ("containers", "name"),
    ("env", "name"),
    ("initContainers", "name"),
    ("volumeMounts", "mountPath"),
    ("volumes", "name"),
];

/// Lays `patch` over `target`: maps by key, where null takes the key out and
/// `$patch: replace` all of them; lists with a key of their
/// own item by item; everything else is replaced.
pub(crate) fn merge(target: &mut Value, patch: &Value) {
    merge_at(target, patch, "");
}

/// The same for what stands at `key`.
fn merge_at(target: &mut Value, patch: &Value, key: &str) {
    let known_by = KEYS.iter().find(|(list, _)| *list == key);
    match (target, patch, known_by) {
        (Value::Object(into), Value::Object(from), _) => merge_maps(into, from),
        (Value::Array(into), Value::Array(from), Some((_, known_by))) => {
            merge_lists(into, from, known_by);
        }
        (target, patch, _) => *target = patch.clone(),
    }
}

fn merge_maps(into: &mut Map<String, Value>, from: &Map<String, Value>) {
    let directive = from.get("$patch");
    if directive.is_some_and(|directive| directive == "replace") {
        into.clear();
    }
    for (key, value) in from.iter().filter(|(key, _)| *key != "$patch") {
        if value.is_null() {
            into.shift_remove(key);
        } else if let Some(old) = into.get_mut(key) {
            merge_at(old, value, key);
        } else {
            into.insert(key.clone(), value.clone());
        }
    }
}

/// New items come first, as they do in kustomize.
fn merge_lists(into: &mut Vec<Value>, from: &[Value], known_by: &str) {
    let pointer = format!("/{known_by}");
    let id = |item: &Value| text_at(item, &pointer).to_owned();
    // By name: both lists may be long.
    let mut places: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (place, old) in into.iter().enumerate() {
        places.entry(id(old)).or_default().push(place);
    }
    let mut gone = BTreeSet::new();
    let mut merged = Vec::new();
    for item in from {
        let name = id(item);
        if is_deletion(item) {
            gone.extend(places.remove(&name).into_iter().flatten());
        } else if let Some(place) = places.get(&name).and_then(|places| places.first()) {
            merge_at(&mut into[*place], item, "");
        } else {
            merged.push(item.clone());
        }
    }
    let old = into.drain(..).enumerate();
    merged.extend(
        old.filter(|(place, _)| !gone.contains(place))
            .map(|(_, old)| old),
    );
    *into = merged;
}

#[cfg(test)]
mod tests;
