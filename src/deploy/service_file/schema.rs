//! The JSON Schema and the reference page of `service.toml`.

use askama::Template;
use serde_json::{Map, Value};

use super::file::ServiceToml;
use crate::deploy::artefact::{Artefact, Project};
use crate::deploy::emit::RenderError;
use crate::deploy::file::File;
use crate::deploy::toml_file::tables::{Table, docs, table, without_null};

/// The page; its words are in the template, the tables come from the schema.
#[derive(Template)]
#[template(path = "deploy/service.md")]
struct Page {
    about: String,
    tables: Vec<Table>,
}

/// The schema and the reference page of `service.toml`.
pub(crate) const ARTEFACT: Artefact = Artefact {
    name: NAME,
    about: "JSON Schema and reference page of service.toml",
    render,
};

const NAME: &str = "service-schema";

/// Both files; none for a service that renders no others.
fn render(project: &Project) -> Result<Vec<File>, RenderError> {
    let service = &project.service;
    if !service.renders_others {
        return Ok(Vec::new());
    }
    let schema = document();
    let tree = Value::Object(schema.clone());
    let tables = [
        ("The top of the file", ""),
        ("`[settings]`", "/$defs/Settings"),
        ("`[probes]`", "/$defs/Probes"),
        ("`[[requests]]`", "/$defs/Requests"),
        ("`[backends.NAME]`", "/$defs/Backend"),
    ];
    let page = Page {
        about: docs(&tree),
        tables: tables
            .map(|(title, pointer)| table(&tree, title, pointer))
            .into(),
    };
    let page = page.render()? + "\n";
    let path = |end: &str| format!("docs/reference/service.{end}");
    Ok(vec![
        File::json(service, NAME, path("schema.json"), "$comment", &schema),
        File::with_markup_mark(service, NAME, path("md"), &page),
    ])
}

/// The schema (JSON Schema 2020-12).
fn document() -> Map<String, Value> {
    let mut schema = schemars::schema_for!(ServiceToml).to_value();
    without_null(&mut schema);
    schema["title"] = "service.toml".into();
    schema["required"] = serde_json::json!(["name", "version", "port", "settings"]);
    schema["$defs"]["Settings"]["required"] = serde_json::json!(["schema"]);
    schema.as_object().cloned().unwrap_or_default()
}
