//! The artefacts `schema`, the JSON Schema of the configuration, each setting with its variable, and
//! `deploy-schema`, that of `deploy.toml`.
//!
//! The former is what `aura generate diff` reads of an older version, and what an editor checks a
//! configuration against. The settings themselves are read from the schema in `crate::schema`.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::artefact::{Artefact, Project};
use super::emit::RenderError;
use super::file::File;
use super::plan;
use crate::schema::{Setting, Settings};

/// The dialect, as schemars writes it.
const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// Longer chains of references lead nowhere.
const MAX_DEPTH: usize = 16;

/// The artefact.
pub(crate) const ARTEFACT: Artefact = Artefact {
    name: "schema",
    about: "JSON Schema of the configuration, each setting with its variable",
    render,
};

/// The schema and the reference page of `deploy.toml`.
pub(crate) const DEPLOY_TOML: Artefact = Artefact {
    name: "deploy-schema",
    about: "JSON Schema and reference page of deploy.toml",
    render: render_deploy_toml,
};

/// Keywords in which a schema lists alternatives.
const ALTERNATIVES: [&str; 3] = ["allOf", "anyOf", "oneOf"];

fn render(project: &Project) -> Result<Vec<File>, RenderError> {
    let service = &project.service;
    if !service.schema.is_object() {
        return Err(RenderError::Facts(format!(
            "the configuration schema of {} is not a JSON object",
            service.name
        )));
    }
    let schema = annotated(&service.schema, &service.settings);
    let mut whole = Map::new();
    whole.insert("$schema".to_owned(), DIALECT.into());
    whole.extend(
        schema
            .into_iter()
            .filter(|(key, _)| key != "$schema" && key != "$id"),
    );
    let path = "docs/reference/config.schema.json";
    Ok(vec![File::json(
        service, "schema", path, "$comment", &whole,
    )])
}

fn render_deploy_toml(project: &Project) -> Result<Vec<File>, RenderError> {
    let (service, name) = (&project.service, DEPLOY_TOML.name);
    let schema = plan::schema::document(service);
    let page = plan::reference::page(service, &schema)?;
    let path = |end: &str| format!("docs/reference/deploy.{end}");
    Ok(vec![
        File::json(service, name, path("schema.json"), "$comment", &schema),
        File::with_markup_mark(service, name, path("md"), &page),
    ])
}

/// `schema` with `x-env` at each setting.
///
/// Sections are written where they stand instead of being referred to: one struct may be two
/// sections, whose settings have different names.
fn annotated(schema: &Value, settings: &Settings) -> Map<String, Value> {
    let mut node = schema.as_object().cloned().unwrap_or_default();
    section(schema, settings, &mut node, &mut Vec::new());
    let mut used = BTreeSet::new();
    let definitions = node.remove("$defs");
    references(&Value::Object(node.clone()), &mut used);
    if let Some(Value::Object(mut definitions)) = definitions {
        let mut reached = 0;
        while reached < used.len() {
            reached = used.len();
            for name in used.clone() {
                references(definitions.get(&name).unwrap_or(&Value::Null), &mut used);
            }
        }
        definitions.retain(|name, _| used.contains(name));
        if !definitions.is_empty() {
            node.insert("$defs".to_owned(), Value::Object(definitions));
        }
    }
    node
}

/// Annotates the settings of a section that stands at `path`.
fn section(
    root: &Value,
    settings: &Settings,
    node: &mut Map<String, Value>,
    path: &mut Vec<String>,
) {
    if path.len() > MAX_DEPTH {
        return;
    }
    if let Some(target) = target(root, node) {
        let over = std::mem::take(node);
        *node = target.clone();
        node.extend(over.into_iter().filter(|(key, _)| key != "$ref"));
        return section(root, settings, node, path);
    }
    if !node.contains_key("properties")
        && let Some(only) = only_alternative(node)
    {
        return section(root, settings, only, path);
    }
    let Some(properties) = node.get_mut("properties").and_then(Value::as_object_mut) else {
        return;
    };
    for (key, field) in properties {
        let Some(field) = field.as_object_mut() else {
            continue;
        };
        path.push(key.clone());
        // What the settings do not go into is a value, whatever its schema looks like.
        let below = |one: &Setting| one.path.len() > path.len() && one.path.starts_with(path);
        if settings.iter().any(below) {
            section(root, settings, field, path);
        } else {
            let name = settings.iter().find(|setting| setting.path == *path);
            field.extend(name.map(|one| ("x-env".to_owned(), one.name.as_str().into())));
        }
        path.pop();
    }
}

/// The single alternative beside `null`.
fn only_alternative(node: &mut Map<String, Value>) -> Option<&mut Map<String, Value>> {
    let key = ALTERNATIVES.iter().find(|key| node.contains_key(**key))?;
    let all = node.get_mut(*key)?.as_array_mut()?.iter_mut();
    let mut rest = all
        .filter_map(Value::as_object_mut)
        .filter(|one| one.get("type") != Some(&Value::from("null")));
    let only = rest.next()?;
    rest.next().is_none().then_some(only)
}

fn target<'a>(root: &'a Value, node: &Map<String, Value>) -> Option<&'a Map<String, Value>> {
    let pointer = node.get("$ref")?.as_str()?.strip_prefix('#')?;
    root.pointer(pointer)?.as_object()
}

/// Adds the names of the definitions that `value` refers to.
fn references(value: &Value, used: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            if let Some(Value::String(reference)) = map.get("$ref")
                && let Some(name) = reference.strip_prefix("#/$defs/")
            {
                let name = name.split('/').next().unwrap_or_default();
                // Escapes of a JSON Pointer (RFC 6901, section 3).
                used.insert(name.replace("~1", "/").replace("~0", "~"));
            }
            map.values().for_each(|value| references(value, used));
        }
        Value::Array(items) => items.iter().for_each(|value| references(value, used)),
        _ => {}
    }
}

#[cfg(test)]
mod tests;
