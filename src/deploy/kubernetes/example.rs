//! A small service in three environments, for the tests.

use serde_json::{Value, json};

use super::build;
use super::manifests::render;
use crate::deploy::artefact::Project;
use crate::deploy::plan::Plan;
use crate::deploy::sample::{kind, remote};
use crate::deploy::service::{Probes, Service};

/// Development keeps its database beside the process; production asks for all that there is.
const PLAN: &str = r#"
image = "ghcr.io/example/demo:1.2.0"

[environments.development.backends]
database = "none"
redis = "redis://redis:6379"

[environments.staging]
host = "staging.example.com"
replicas = 1
components = ["migrate-job", "network-policy", "ingress", "monitoring"]
backends.database = "postgres://db.data:5432"

[environments.production]
namespace = "demo-production"
image = "ghcr.io/example/demo:1.2.0@DIGEST"
host = "production.example.com"
components = [
    "migrate-job", "secret-files", "external-secret", "ha", "network-policy", "gateway", "monitoring",
]
backends.database = "postgres://db.data:5432"
"#;

pub(super) fn project() -> Project {
    let service = service();
    let digest = format!("sha256:{}", "a".repeat(64));
    let text = PLAN.replace("DIGEST", &digest);
    let mut plan = Plan::read(&service, Some(("deploy.toml", &text)), false).unwrap();
    let production = &mut plan.environments[2];
    // One that is not among the backends of the service yet.
    let upstream = remote("upstream", "https", "api.example.com", 443);
    production.backends.extend([upstream]);
    Project { service, plan }
}

/// The objects of an environment, as kustomize would build them.
pub(super) fn built(project: &Project, environment: &str) -> Vec<Value> {
    build::overlay(&render(project).unwrap(), environment).unwrap()
}

/// The first object of that kind among them.
pub(super) fn object(project: &Project, environment: &str, kind: &str) -> Value {
    let mut objects = built(project, environment).into_iter();
    let found = objects.find(|object| object["kind"] == kind);
    found.unwrap_or_else(|| panic!("no {kind} in {environment}"))
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
        kind("database", "DATABASE_URL", ("postgres", 5432), "none"),
        kind("redis", "REDIS_URL", ("redis", 6379), "none"),
    ];
    service
}
