//! The reference page of `deploy.toml`, rendered from its JSON Schema.

use askama::Template;
use serde_json::{Map, Value};

use super::component::Component;
use super::endpoint::Backend;
use super::environment::{Environment, Plan};
use crate::deploy::emit::RenderError;
use crate::deploy::service::Service;
use crate::deploy::toml_file::tables::{Table, cell, docs, table};

/// The page; its words are in the template, everything else comes from the schema and the plan of
/// a service without a `deploy.toml`.
#[derive(Template)]
#[template(path = "deploy/deploy.md")]
struct Page<'a> {
    about: String,
    tables: Vec<Table>,
    components: Vec<(&'static str, String)>,
    service: &'a Service,
    /// The environments of a service without a `deploy.toml`.
    environments: &'a [Environment],
    /// The environment of the example.
    last: &'a str,
    /// Backends of the example, each with its address.
    backends: Vec<(&'a str, String)>,
}

/// The page of `service`, from its `schema`.
pub(crate) fn page(service: &Service, schema: &Map<String, Value>) -> Result<String, RenderError> {
    let plan = Plan::read(service, None, false)
        .map_err(|faults| RenderError::Facts(faults.to_string()))?;
    let schema = Value::Object(schema.clone());
    let tables = [
        ("The top of the file", ""),
        ("`[environments.NAME]`", "/$defs/Environment"),
        ("`[environments.NAME.gateway]`", "/$defs/Gateway"),
        (
            "`[network]` and `[environments.NAME.network]`",
            "/$defs/Network",
        ),
        ("`[[network.egress]]`", "/$defs/Egress"),
        ("`[environments.NAME.monitoring]`", "/$defs/Monitoring"),
        ("`[environments.NAME.resources]`", "/$defs/Resources"),
        (
            "`[environments.NAME.resources.requests]` and `.limits`",
            "/$defs/Amounts",
        ),
        ("`[environments.NAME.annotations]`", "/$defs/Annotations"),
        ("`[[environments.NAME.tolerations]]`", "/$defs/Toleration"),
        (
            "`[environments.NAME.external_secret]`",
            "/$defs/ExternalSecret",
        ),
        (
            "`[environments.NAME.external_secret.keys.VARIABLE]`",
            "/$defs/Remote",
        ),
    ];
    let tables = tables.map(|(title, pointer)| table(&schema, title, pointer));
    let defaults = service
        .backends
        .iter()
        .filter(|kind| kind.default.is_some());
    let page = Page {
        about: docs(&schema),
        tables: tables.into(),
        components: components(&schema),
        service,
        environments: &plan.environments,
        last: plan
            .environments
            .last()
            .map_or("", |last| last.name.as_str()),
        backends: defaults
            .map(|kind| (kind.name.as_str(), kind.example()))
            .collect(),
    };
    // The template engine drops the last line break.
    Ok(page.render()? + "\n")
}

/// Every component with its documentation, in the order in which they are applied.
fn components(schema: &Value) -> Vec<(&'static str, String)> {
    let variants = schema.pointer("/$defs/Component/oneOf");
    let variants = variants.and_then(Value::as_array).into_iter().flatten();
    let variants: Vec<_> = variants.collect();
    let about = |component: Component| {
        let name = component.as_str();
        let found = variants.iter().find(|variant| variant["const"] == name);
        (
            name,
            found
                .map(|variant| cell(&docs(variant)))
                .unwrap_or_default(),
        )
    };
    Component::ALL.map(about).into()
}
