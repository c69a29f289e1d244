//! Nothing drifts: whatever changes of a setting changes a file, and the file names the setting.

use std::path::Path;

use aura::deploy::{ARTEFACTS, File, Plan, Project, Service, tree};
use aura::server::service::service;
use serde_json::{Value, json};

use super::generate;

/// aura with `schema` in place of its own.
fn with(schema: Value) -> Option<Project> {
    let mut service = service(json!({ "openapi": "3.0.0" })).expect("aura");
    let other = Service::new("aura", &service.version, schema).ok()?;
    (service.schema, service.settings) = (other.schema, other.settings);
    // What the real loader thinks of a made-up setting is not the question.
    service.check = None;
    let plan = Plan::read(&service, None, false).ok()?;
    Some(Project { service, plan })
}

fn render(project: &Project) -> Vec<File> {
    let one = |artefact: &aura::deploy::Artefact| (artefact.render)(project).expect("files");
    ARTEFACTS.iter().flat_map(one).collect()
}

/// The schema node of the field at `path`, through its section.
fn field<'a>(schema: &'a mut Value, path: &[String]) -> &'a mut Value {
    let pointer = match path {
        [field] => format!("/properties/{field}"),
        [section, field] => {
            let node = &schema["properties"][section.as_str()];
            let target = node["$ref"].as_str().map_or_else(
                || format!("/properties/{section}"),
                |reference| reference.trim_start_matches('#').to_owned(),
            );
            format!("{target}/properties/{field}")
        }
        deeper => panic!("a setting in {deeper:?}"),
    };
    schema.pointer_mut(&pointer).expect("the field")
}

/// Renders a changed schema over the files of the real one: the drift must name `name`.
fn is_noticed(dir: &Path, name: &str, what: &str, schema: Value) {
    let Some(project) = with(schema) else {
        // It does not even render.
        return;
    };
    let drift = tree::check(dir, &render(&project)).expect("a folder");
    assert!(
        drift.to_string().contains(name),
        "{what} of {name} goes unnoticed"
    );
}

#[tokio::test]
async fn no_change_of_a_setting_goes_unnoticed() {
    let folder = tempfile::tempdir().expect("a folder");
    let dir = folder.path();
    let real = service(json!({ "openapi": "3.0.0" })).expect("aura");
    let project = with(real.schema.clone()).expect("aura itself");
    tree::write(dir, &render(&project), false).expect("files");
    assert!(
        tree::check(dir, &render(&project))
            .expect("a folder")
            .is_empty()
    );
    for setting in &real.settings {
        let name = setting.name.as_str();
        // Its fields are what the service itself is made of.
        let fixed = name == real.environment || name == real.port;

        let mut schema = real.schema.clone();
        let node = field(&mut schema, &setting.path);
        let secret = node["writeOnly"] == true;
        node["writeOnly"] = json!(!secret);
        if !fixed {
            is_noticed(dir, name, "the secrecy", schema);
        }

        let mut schema = real.schema.clone();
        let node = field(&mut schema, &setting.path);
        if let Some(minimum) = setting
            .minimum
            .as_ref()
            .and_then(serde_json::Number::as_i64)
        {
            node["minimum"] = json!(minimum - 1);
            is_noticed(dir, name, "the range", schema);
        }

        let mut schema = real.schema.clone();
        let mut path = setting.path.clone();
        let last = path.pop().expect("a name");
        let renamed = format!("{last}_new");
        let parent = match path.as_slice() {
            [] => &mut schema,
            [section] => field(&mut schema, std::slice::from_ref(section)),
            deeper => panic!("a section in {deeper:?}"),
        };
        let parent = match parent["$ref"].as_str().map(str::to_owned) {
            Some(reference) => schema
                .pointer_mut(reference.trim_start_matches('#'))
                .expect("the section"),
            None => parent,
        };
        let properties = parent["properties"].as_object_mut().expect("properties");
        let node = properties.shift_remove(&last).expect("the field");
        properties.insert(renamed, node);
        if !fixed {
            is_noticed(dir, name, "the name", schema);
        }
    }
}

#[tokio::test]
async fn a_default_that_changes_is_noticed() {
    let folder = tempfile::tempdir().expect("a folder");
    let dir = folder.path();
    let real = service(json!({ "openapi": "3.0.0" })).expect("aura");
    tree::write(
        dir,
        &render(&with(real.schema.clone()).expect("aura")),
        false,
    )
    .expect("files");
    for setting in real.settings.iter().filter(|setting| !setting.secret) {
        let (name, mut schema) = (setting.name.as_str(), real.schema.clone());
        let other = match &setting.default {
            Some(Value::Bool(on)) => json!(!on),
            Some(Value::Number(number)) => json!(number.as_i64().unwrap_or_default() + 1),
            Some(Value::Array(_)) => json!(["10.0.0.0/8"]),
            Some(Value::String(text)) => match setting.variants.last() {
                Some(last) if last.value != *text => json!(last.value),
                Some(_) => json!(setting.variants[0].value),
                None => json!(format!("{text}x")),
            },
            _ => json!("new"),
        };
        field(&mut schema, &setting.path)["default"] = other;
        is_noticed(dir, name, "the default", schema);
    }
}

#[tokio::test]
async fn an_update_is_told_in_words() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut old = service(json!({ "openapi": "3.0.0" })).expect("aura").schema;
    let path = ["log".to_owned(), "level".to_owned()];
    field(&mut old, &path)["default"] = json!("debug");
    let file = folder.path().join("old.json");
    std::fs::write(&file, old.to_string()).expect("a file");
    let done = generate(&["diff", "--from", &file.display().to_string()]).await;
    let text = String::from_utf8(done.stdout).expect("UTF-8");
    assert!(
        done.status.success() && text.contains("LOG_LEVEL"),
        "{text}"
    );
    assert!(text.contains("debug") && text.contains("info"), "{text}");
}
