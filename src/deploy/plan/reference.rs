//! The reference page of `deploy.toml`, rendered from its JSON Schema.

use askama::Template;
use serde_json::{Map, Value};

use super::component::Component;
use super::endpoint::Backend;
use super::environment::{Environment, Plan};
use crate::deploy::emit::RenderError;
use crate::deploy::service::{BackendKind, Service};
use crate::deploy::toml_file::tables::{Table, cell, docs, table};

/// The page; its words are in the template, everything else comes from the schema and the plan of
/// a service without a `deploy.toml`.
#[derive(Template)]
#[template(path = "deploy/deploy.md")]
struct Page<'a> {
    about: String,
    tables: Vec<Table>,
    components: Vec<(&'static str, String)>,
    backends: Vec<BackendRow>,
    silent: Vec<Silent>,
    example: Example<'a>,
}

struct BackendRow {
    name: String,
    setting: String,
    schemes: String,
    word: String,
    default: String,
}

/// Defaults of one environment where the file is silent.
struct Silent {
    name: String,
    namespace: String,
    replicas: String,
    components: String,
    backends: String,
    resources: String,
}

/// Values of the example.
struct Example<'a> {
    service: &'a str,
    version: &'a str,
    environment: String,
    backends: Vec<(String, String)>,
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
    let page = Page {
        about: docs(&schema),
        tables: tables.into(),
        components: components(&schema),
        backends: service.backends.iter().map(backend).collect(),
        silent: plan.environments.iter().map(silent).collect(),
        example: Example {
            service: &service.name,
            version: &service.version,
            environment: plan
                .environments
                .last()
                .map(|last| last.name.clone())
                .unwrap_or_default(),
            backends: service
                .backends
                .iter()
                .filter(|kind| kind.default.is_some())
                .map(|kind| (kind.name.clone(), kind.example()))
                .collect(),
        },
    };
    // The template engine drops the last line break.
    Ok(page.render()? + "\n")
}

/// Every component with its documentation, in the order in which they are applied.
fn components(schema: &Value) -> Vec<(&'static str, String)> {
    let variants = schema.pointer("/$defs/Component/oneOf");
    let variants = variants.and_then(Value::as_array).into_iter().flatten();
    let variants: Vec<_> = variants.collect();
    let about = |name: &str| {
        let found = variants.iter().find(|variant| variant["const"] == name);
        found
            .map(|variant| cell(&docs(variant)))
            .unwrap_or_default()
    };
    Component::ALL
        .map(|component| (component.as_str(), about(component.as_str())))
        .into()
}

fn backend(kind: &BackendKind) -> BackendRow {
    let schemes = kind
        .schemes
        .iter()
        .map(|(scheme, port)| format!("`{scheme}://` ({port})"));
    let code = |text: &String| format!("`{text}`");
    BackendRow {
        name: kind.name.clone(),
        setting: kind.setting.clone(),
        schemes: schemes.collect::<Vec<_>>().join(", "),
        word: kind
            .embedded
            .as_ref()
            .map(|embedded| code(&embedded.word))
            .unwrap_or_default(),
        default: kind
            .default
            .as_ref()
            .map_or_else(|| "not used".to_owned(), code),
    }
}

fn silent(environment: &Environment) -> Silent {
    let components: Vec<_> = environment.components.iter().map(|c| c.as_str()).collect();
    let backends = environment
        .backends
        .iter()
        .map(|(name, backend)| match backend {
            Backend::Embedded => format!("{name} inside the process"),
            Backend::Remote(endpoint) => format!("`{endpoint}`"),
        });
    let resources = environment.resources.requests.iter().map(|(name, asked)| {
        let allowed = environment.resources.limits.get(name);
        let allowed = allowed.map_or("", String::as_str);
        if asked == allowed {
            format!("{name} {asked}")
        } else {
            format!("{name} {asked} to {allowed}")
        }
    });
    let (least, most) = (environment.replicas, environment.max_replicas);
    Silent {
        name: environment.name.clone(),
        namespace: environment.namespace.clone(),
        replicas: if least == most {
            least.to_string()
        } else {
            format!("{least} to {most}")
        },
        components: if components.is_empty() {
            "none".to_owned()
        } else {
            components.join(", ")
        },
        backends: backends.collect::<Vec<_>>().join(", "),
        resources: resources.collect::<Vec<_>>().join(", "),
    }
}
