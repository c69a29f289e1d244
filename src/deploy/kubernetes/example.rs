//! A small service in three environments, for the tests.

use std::collections::BTreeMap;

use serde_json::json;

use crate::deploy::artefact::Project;
use crate::deploy::plan::{
    Backend, Component, Environment, ExternalSecret, Image, Plan, Resources, Tier,
};
use crate::deploy::sample::{self, remote};
use crate::deploy::service::{BackendKind, Embedded, Probes, Service};

pub(super) fn project() -> Project {
    let environments = vec![
        environment("development", &[]),
        environment(
            "staging",
            &[
                Component::MigrateJob,
                Component::NetworkPolicy,
                Component::Ingress,
                Component::Monitoring,
            ],
        ),
        environment(
            "production",
            &[
                Component::MigrateJob,
                Component::SecretFiles,
                Component::ExternalSecret,
                Component::Ha,
                Component::NetworkPolicy,
                Component::Gateway,
                Component::Monitoring,
            ],
        ),
    ];
    Project {
        service: service(),
        plan: Plan {
            image: image(None),
            environments,
            mentioned: Vec::new(),
            warnings: Vec::new(),
        },
    }
}

fn service() -> Service {
    let schema = json!({
        "$defs": {
            "Log": { "type": "object", "properties": { "format": {
                "$ref": "#/$defs/Format", "description": "How it is written.", "default": "text",
                "x-default-in": { "production": "json", "staging": "json" },
            } } },
            "Format": { "type": "string", "enum": ["text", "json"] },
        },
        "properties": {
            "environment": {
                "type": "string", "enum": ["development", "staging", "production"],
                "default": "development", "description": "Where it runs.",
            },
            "server": { "type": "object", "properties": {
                "port": { "type": "integer", "default": 8000,
                    "description": "The port that\nserves.\n\nMore of it." },
                "metrics_port": { "type": "integer", "default": 9000 },
                "shutdown_timeout_seconds": { "type": "integer", "default": 25 },
                "trusted_proxies": { "type": "array", "items": { "type": "string" }, "default": [] },
            } },
            "jwt": { "type": "object", "properties": {
                "secret_key": { "type": ["string", "null"], "writeOnly": true,
                    "x-required-in": ["staging", "production"] },
                "access_token_expire_minutes": { "type": "integer", "default": 30 },
            } },
            "database": { "type": "object", "properties": { "url": {
                "type": "string", "writeOnly": true, "default": "sqlite://demo.db" } } },
            "redis": { "type": "object", "properties": { "url": {
                "type": "string", "writeOnly": true, "default": "redis://localhost:6379/0" } } },
            "llm": { "type": "object", "properties": {
                "upstream_url": { "type": ["string", "null"] },
                "upstream_api_key": { "type": ["string", "null"], "writeOnly": true,
                    "description": "The key of the upstream." },
            } },
            "log": { "$ref": "#/$defs/Log" },
        },
    });
    let mut service = Service::new("demo", "1.2.0", schema).unwrap();
    service.metrics_port = Some("SERVER_METRICS_PORT".to_owned());
    service.shutdown_timeout = Some("SERVER_SHUTDOWN_TIMEOUT_SECONDS".to_owned());
    service.probes = Probes::below("/health");
    service.program.serve = vec!["serve".to_owned()];
    service.program.migrate = Some(vec!["migrate".to_owned()]);
    service.program.no_migrate = Some("--no-migrate".to_owned());
    service.program.sleep = Some(vec!["sleep".to_owned()]);
    service.program.secrets_variable = Some("SETTINGS_DIR".to_owned());
    service.backends = vec![
        backend("database", "DATABASE_URL", "postgres", 5432),
        backend("redis", "REDIS_URL", "redis", 6379),
    ];
    service
}

fn backend(name: &str, setting: &str, scheme: &str, port: u16) -> BackendKind {
    BackendKind {
        name: name.to_owned(),
        setting: setting.to_owned(),
        schemes: vec![(scheme.to_owned(), port)],
        embedded: Some(Embedded {
            word: "none".to_owned(),
            settings: Vec::new(),
        }),
        default: Some(format!("{scheme}://{name}:{port}")),
        through: None,
        url: None,
    }
}

fn image(digest: Option<String>) -> Image {
    Image {
        name: "ghcr.io/example/demo".to_owned(),
        tag: Some("1.2.0".to_owned()),
        digest,
    }
}

fn environment(name: &str, components: &[Component]) -> Environment {
    let production = name == "production";
    let mut backends = BTreeMap::from([
        ("database".to_owned(), Backend::Embedded),
        remote("redis", "redis", "redis", 6379),
    ]);
    if name != "development" {
        backends.extend([remote("database", "postgres", "db.data", 5432)]);
    }
    if production {
        backends.extend([remote("upstream", "https", "api.example.com", 443)]);
    }
    let quantities: BTreeMap<_, _> = [
        ("cpu", "1"),
        ("memory", "512Mi"),
        ("ephemeral-storage", "256Mi"),
    ]
    .map(|(key, text)| (key.to_owned(), text.to_owned()))
    .into();
    Environment {
        tier: match name {
            "development" => Tier::Development,
            "production" => Tier::Production,
            _ => Tier::Staging,
        },
        namespace: format!("demo-{name}"),
        image: image(production.then(|| format!("sha256:{}", "a".repeat(64)))),
        host: (name != "development").then(|| format!("{name}.example.com")),
        replicas: if production { 3 } else { 1 },
        max_replicas: if production { 10 } else { 1 },
        resources: Resources {
            requests: quantities.clone(),
            limits: quantities,
        },
        components: components.iter().copied().collect(),
        external_secret: ExternalSecret::of(&service()),
        settings: [("ENVIRONMENT".to_owned(), name.to_owned())].into(),
        ..sample::environment(name, backends)
    }
}
