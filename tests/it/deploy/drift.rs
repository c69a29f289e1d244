//! Nothing drifts: whatever changes of a setting changes a file, and the file names the setting.

use aura::deploy::artefact::Project;
use aura::deploy::artefacts::ARTEFACTS;
use aura::deploy::file::File;
use aura::deploy::plan::Plan;
use aura::deploy::service::Service;
use aura::deploy::tree;
use aura::schema::Setting;
use aura::server::service::service;
use serde_json::{Value, json};

use super::generate;
use crate::support::{Settings, said};

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
    let one =
        |artefact: &aura::deploy::artefact::Artefact| (artefact.render)(project).expect("files");
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

/// The files of aura as it is, on disk.
struct Committed {
    folder: tempfile::TempDir,
    real: Service,
}

impl Committed {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let real = service(json!({ "openapi": "3.0.0" })).expect("aura");
        let files = render(&with(real.schema.clone()).expect("aura itself"));
        tree::write(folder.path(), &files, false).expect("files");
        let drift = tree::check(folder.path(), &files).expect("a folder");
        assert!(drift.is_empty());
        Self { folder, real }
    }

    /// Changes the field of `setting` in a copy of the schema, and renders that over the files: the
    /// drift must name the setting.
    fn notices(&self, setting: &Setting, what: &str, change: impl FnOnce(&mut Value)) {
        let mut schema = self.real.schema.clone();
        change(field(&mut schema, &setting.path));
        self.notices_in(setting, what, schema);
    }

    fn notices_in(&self, setting: &Setting, what: &str, schema: Value) {
        assert_ne!(schema, self.real.schema, "{what} of {}", setting.name);
        let project = with(schema).unwrap_or_else(|| panic!("{what} of {} renders", setting.name));
        let drift = tree::check(self.folder.path(), &render(&project)).expect("a folder");
        let named = drift.to_string().contains(&setting.name);
        assert!(named, "{what} of {} goes unnoticed", setting.name);
    }

    /// Whether the service itself is made of it, so that without it nothing is rendered at all.
    fn is_fixed(&self, setting: &Setting) -> bool {
        setting.name == self.real.environment || setting.name == self.real.port
    }
}

#[test]
fn a_name_or_a_secrecy_that_changes_is_noticed() {
    let committed = Committed::new();
    for setting in &committed.real.settings {
        if committed.is_fixed(setting) {
            continue;
        }
        committed.notices(setting, "the secrecy", |node| {
            let secret = node["writeOnly"] == true;
            node["writeOnly"] = json!(!secret);
        });

        let mut schema = committed.real.schema.clone();
        let (last, sections) = setting.path.split_last().expect("a name");
        let section = match sections {
            [] => &mut schema,
            sections => field(&mut schema, sections),
        };
        let section = match section["$ref"].as_str().map(str::to_owned) {
            Some(reference) => schema.pointer_mut(reference.trim_start_matches('#')),
            None => Some(section),
        };
        let properties = section.and_then(|section| section["properties"].as_object_mut());
        let properties = properties.expect("properties");
        let node = properties.shift_remove(last).expect("the field");
        properties.insert(format!("{last}_new"), node);
        // A condition on a name that is gone is refused before anything is rendered.
        let mut all = committed.real.settings.iter();
        let is_condition = all.any(|one| {
            let mut conditions = one.required_when.iter();
            conditions.any(|condition| condition.setting == setting.name)
        });
        if is_condition {
            assert!(with(schema).is_none(), "{}", setting.name);
            continue;
        }
        committed.notices_in(setting, "the name", schema);
    }
}

#[test]
fn a_range_that_changes_is_noticed() {
    let committed = Committed::new();
    let mut ranges = 0;
    for setting in &committed.real.settings {
        for (key, bound, by) in [
            ("minimum", &setting.minimum, -1),
            ("maximum", &setting.maximum, 1),
        ] {
            let bound = bound.as_ref().and_then(serde_json::Number::as_i64);
            if let Some(bound) = bound {
                ranges += 1;
                let what = format!("the {key}");
                committed.notices(setting, &what, |node| node[key] = json!(bound + by));
            }
        }
    }
    assert!(ranges > 20, "{ranges}");
}

#[test]
fn a_default_or_a_need_that_changes_is_noticed() {
    let committed = Committed::new();
    for setting in &committed.real.settings {
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
        // A secret without one has none to change.
        if !setting.secret || setting.default.is_some() {
            committed.notices(setting, "the default", |node| node["default"] = other);
        }
        if setting.secret {
            let needed = json!(["staging"]);
            committed.notices(setting, "the need", |node| node["x-required-in"] = needed);
            let asked = json!({ "LOG_LEVEL": ["trace"] });
            committed.notices(setting, "the condition", |node| {
                node["x-required-when"] = asked;
            });
        }
    }
}

#[tokio::test]
async fn an_update_is_described_in_words() {
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
    // What the older version's own command prints, by way of a pipe.
    let words = ["generate", "diff", "--from", "-"];
    assert_eq!(
        Settings::new().done_with(&words, &old.to_string()).await,
        text
    );
    let refused = Settings::new().run_with(&words, "not JSON").await;
    let hint = "name what the older version's `aura generate schema` prints";
    assert!(said(&refused).contains(hint), "{}", said(&refused));
}
