//! A project for tests of this module: a service like many, in two environments.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::artefact::Project;
use super::plan::{
    Annotations, Backend, Endpoint, Environment, ExternalSecret, Gateway, Image, KubernetesVersion,
    Network, Placement, Plan, Resources, Tier,
};
use super::service::{BackendKind, Embedded, Service};

/// A service `shop` with a database, Redis, a metrics port and secrets.
pub(crate) fn project() -> Project {
    Project {
        service: service(),
        plan: Plan {
            image: image(),
            environments: vec![
                environment("development", BTreeMap::new()),
                environment(
                    "production",
                    BTreeMap::from([
                        remote("database", "postgres", "db.example.org", 5433),
                        ("redis".to_owned(), Backend::Embedded),
                    ]),
                ),
            ],
            mentioned: Vec::new(),
            warnings: Vec::new(),
        },
    }
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
    service.backends = vec![
        BackendKind {
            name: "database".to_owned(),
            setting: "DATABASE_URL".to_owned(),
            schemes: vec![("postgres".to_owned(), 5432)],
            embedded: Some(Embedded {
                word: "sqlite".to_owned(),
                settings: Vec::new(),
            }),
            default: Some("postgres://postgres:5432".to_owned()),
            through: None,
            url: Some("{scheme}://shop:{password}@{host}:{port}/shop".to_owned()),
        },
        BackendKind {
            name: "redis".to_owned(),
            setting: "REDIS_URL".to_owned(),
            schemes: vec![("redis".to_owned(), 6379)],
            embedded: Some(Embedded {
                word: "none".to_owned(),
                settings: vec![("REDIS_ENABLED".to_owned(), "false".to_owned())],
            }),
            default: Some("redis://redis:6379".to_owned()),
            through: None,
            url: Some("{scheme}://:{password}@{host}:{port}".to_owned()),
        },
    ];
    service
}

fn image() -> Image {
    Image {
        name: "registry.example.org/shop".to_owned(),
        tag: Some("1.2.3".to_owned()),
        digest: None,
    }
}

/// An environment of the service.
pub(crate) fn environment(name: &str, backends: BTreeMap<String, Backend>) -> Environment {
    let quantities = |cpu: &str, memory: &str| {
        BTreeMap::from([
            ("cpu".to_owned(), cpu.to_owned()),
            ("memory".to_owned(), memory.to_owned()),
        ])
    };
    Environment {
        name: name.to_owned(),
        tier: if name == "production" {
            Tier::Production
        } else {
            Tier::Development
        },
        namespace: format!("shop-{name}"),
        image: image(),
        host: None,
        replicas: 1,
        max_replicas: 1,
        resources: Resources {
            requests: quantities("100m", "128Mi"),
            limits: quantities("500m", "256Mi"),
        },
        components: BTreeSet::new(),
        labels: BTreeMap::new(),
        annotations: Annotations::default(),
        placement: Placement::default(),
        external_secret: ExternalSecret::of(&service()),
        gateway: Gateway {
            name: "gateway".to_owned(),
            namespace: "gateway".to_owned(),
            section: "https".to_owned(),
            ingress_class: "nginx".to_owned(),
            cidrs: Vec::new(),
        },
        network: Network::default(),
        monitoring_namespace: "monitoring".to_owned(),
        kubernetes: KubernetesVersion::default(),
        gitops: None,
        monitoring_labels: BTreeMap::new(),
        backends,
        settings: BTreeMap::from([
            ("ENVIRONMENT".to_owned(), name.to_owned()),
            ("GREETING".to_owned(), "price: $5".to_owned()),
            ("REDIS_ENABLED".to_owned(), "false".to_owned()),
        ]),
    }
}

pub(crate) fn remote(kind: &str, scheme: &str, host: &str, port: u16) -> (String, Backend) {
    let endpoint = Endpoint {
        scheme: scheme.to_owned(),
        host: host.to_owned(),
        port,
    };
    (kind.to_owned(), Backend::Remote(endpoint))
}
