//! A project for tests of this module: a service like many, in two environments.

use serde_json::json;

use super::artefact::Project;
use super::plan::{Backend, Endpoint, Plan};
use super::service::{BackendKind, Embedded, Service};

/// One pod an environment, with Redis inside the process and no component.
const PLAN: &str = r#"
image = "registry.example.org/shop:1.2.3"

[environments.development]
resources.requests = { cpu = "100m", memory = "128Mi" }
resources.limits = { cpu = "500m", memory = "256Mi" }
backends.redis = "none"
settings.GREETING = "price: $5"

[environments.production]
namespace = "shop-production"
replicas = 1
components = []
resources.requests = { cpu = "100m", memory = "128Mi" }
resources.limits = { cpu = "500m", memory = "256Mi" }
backends = { database = "postgres://db.example.org:5433", redis = "none" }
settings.GREETING = "price: $5"
"#;

/// A service `shop` with a database, Redis, a metrics port and secrets.
pub(crate) fn project() -> Project {
    let service = service();
    let mut plan = Plan::read(&service, Some(("deploy.toml", PLAN)), false).unwrap();
    // Artefacts take a plan that says nothing of backends, too.
    plan.environments[0].backends.clear();
    Project { service, plan }
}

/// The service alone.
pub(crate) fn service() -> Service {
    let text = json!({ "type": "string" });
    let secret = json!({ "type": ["string", "null"], "writeOnly": true });
    let mut key = secret.clone();
    key["x-required-in"] = json!(["production"]);
    let schema = json!({ "properties": {
        "environment": { "enum": ["development", "production"], "default": "development" },
        "server": { "properties": {
            "host": { "type": "string", "default": "0.0.0.0", "description": "Address." },
            "port": { "type": "integer", "minimum": 1, "maximum": 65535, "default": 8000 },
            "metrics_port": { "type": "integer", "default": 9000 },
            "stop_seconds": { "type": "integer", "default": 25 },
        }},
        "greeting": { "type": "string", "default": "hello", "description": "What it says." },
        "database_url": { "type": "string", "writeOnly": true, "default": "sqlite://shop.db" },
        "redis": { "properties": {
            "url": { "type": "string", "writeOnly": true, "default": "redis://localhost:6379/0" },
            "enabled": { "type": "boolean", "default": true },
        }},
        "signing_key": key,
        "api_key": secret,
        "region": text,
    }});
    let mut service = Service::new("shop", "1.2.3", schema).unwrap();
    service.about = "Sells \"things\" for $5".to_owned();
    service.repository = "https://example.org/shop".to_owned();
    service.licenses = "MIT".to_owned();
    service.host = Some("SERVER_HOST".to_owned());
    service.metrics_port = Some("SERVER_METRICS_PORT".to_owned());
    service.shutdown_timeout = Some("SERVER_STOP_SECONDS".to_owned());
    service.program.serve = vec!["serve".to_owned()];
    service.program.secrets_variable = Some("SETTINGS_DIR".to_owned());
    service.program.healthcheck = Some(vec!["healthcheck".to_owned()]);
    let mut database = kind("database", "DATABASE_URL", ("postgres", 5432), "sqlite");
    database.default = Some("postgres://postgres:5432".to_owned());
    database.url = Some("{scheme}://shop:{password}@{host}:{port}/shop".to_owned());
    let mut redis = kind("redis", "REDIS_URL", ("redis", 6379), "none");
    redis.url = Some("{scheme}://:{password}@{host}:{port}".to_owned());
    let off = ("REDIS_ENABLED".to_owned(), "false".to_owned());
    redis.embedded.as_mut().unwrap().settings.push(off);
    service.backends = vec![database, redis];
    service
}

/// A kind of backend, which `word` puts inside the process.
pub(crate) fn kind(
    name: &str,
    setting: &str,
    (scheme, port): (&str, u16),
    word: &str,
) -> BackendKind {
    BackendKind {
        name: name.to_owned(),
        setting: setting.to_owned(),
        schemes: vec![(scheme.to_owned(), port)],
        embedded: Some(Embedded {
            word: word.to_owned(),
            settings: Vec::new(),
        }),
        default: Some(format!("{scheme}://{name}:{port}")),
        through: None,
        url: None,
    }
}

/// A backend on the network.
pub(crate) fn remote(kind: &str, scheme: &str, host: &str, port: u16) -> (String, Backend) {
    let endpoint = Endpoint {
        scheme: scheme.to_owned(),
        host: host.to_owned(),
        port,
    };
    (kind.to_owned(), Backend::Remote(endpoint))
}

/// Fails unless `found` reads as a text that holds all of `parts`.
#[track_caller]
pub(crate) fn assert_holds(found: &impl ToString, parts: &[&str]) {
    let text = found.to_string();
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in: {text}");
    }
}
