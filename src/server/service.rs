//! Facts of aura that its deployment files need and its settings do not hold.
//!
//! Paths of probes, names of commands and kinds of backends stand here once; every manifest
//! follows.

use std::collections::BTreeMap;

use serde_json::Value;

use super::memory;
use crate::auth::new_key;
use crate::config::{Algorithm, Config, SECRETS_VARIABLE};
use crate::deploy::promises::Page;
use crate::deploy::promises::{Build, Library, Names, Promises};
use crate::deploy::service::{BackendKind, Embedded, Guide, Probes, Program, Requests, Service};
use crate::schema::{Environment, Fault, SchemaError, Secret};

/// aura, as something to deploy; `openapi` is the document of its routes.
///
/// # Errors
/// [`SchemaError`] where the configuration cannot be read as settings.
pub fn service(openapi: Value) -> Result<Service, SchemaError> {
    let schema = schemars::schema_for!(Config).to_value();
    let mut service = Service::new("aura", env!("CARGO_PKG_VERSION"), schema)?;
    env!("CARGO_PKG_DESCRIPTION").clone_into(&mut service.about);
    env!("CARGO_PKG_REPOSITORY").clone_into(&mut service.repository);
    env!("CARGO_PKG_LICENSE").clone_into(&mut service.licenses);
    service.generator = Some("aura generate {artefact}".to_owned());
    service.renders_others = true;
    service.host = Some("SERVER_HOST".to_owned());
    service.metrics_port = Some("SERVER_METRICS_PORT".to_owned());
    service.shutdown_timeout = Some("SERVER_SHUTDOWN_TIMEOUT_SECONDS".to_owned());
    service.trusted_proxies = Some("SERVER_TRUSTED_PROXIES".to_owned());
    service.requests = requests();
    service.probes = Probes::below("/health");
    service.backends = backends();
    service.program = Program {
        entrypoint: "/aura".to_owned(),
        command: Vec::new(),
        serve: words(&["serve"]),
        secrets_variable: Some(SECRETS_VARIABLE.to_owned()),
        migrate: Some(words(&["migrate"])),
        no_migrate: Some("--no-migrate".to_owned()),
        healthcheck: Some(words(&["healthcheck"])),
        sleep: Some(words(&["sleep"])),
    };
    service.openapi = Some(openapi);
    service.guides = guides();
    service.check = Some(check);
    service.make = Some(make);
    service.memory = Some(most_memory);
    service.promises = promises();
    Ok(service)
}

/// Every request, and those under `/v1`, which are longer and slower.
fn requests() -> Vec<Requests> {
    let every = Requests {
        body_bytes: Some("SERVER_MAX_BODY_BYTES".to_owned()),
        ..Requests::default()
    };
    let llm = Requests {
        body_bytes: Some("LLM_MAX_BODY_BYTES".to_owned()),
        silent_seconds: Some("LLM_UPSTREAM_TIMEOUT_SECONDS".to_owned()),
        streams: true,
        backend: Some("upstream".to_owned()),
    };
    vec![every, llm]
}

fn backends() -> Vec<BackendKind> {
    let schemes = |list: &[(&str, u16)]| {
        list.iter()
            .map(|(scheme, port)| ((*scheme).to_owned(), *port))
            .collect()
    };
    let redis = || {
        schemes(&[
            ("redis", 6379),
            ("rediss", 6379),
            ("valkey", 6379),
            ("valkeys", 6379),
        ])
    };
    vec![
        BackendKind {
            name: "database".to_owned(),
            setting: "DATABASE_URL".to_owned(),
            schemes: schemes(&[("postgres", 5432), ("postgresql", 5432)]),
            embedded: Some(Embedded {
                word: "sqlite".to_owned(),
                settings: Vec::new(),
            }),
            default: Some("postgres://postgres:5432".to_owned()),
            through: None,
            url: Some("{scheme}://aura:{password}@{host}:{port}/aura".to_owned()),
        },
        BackendKind {
            name: "redis".to_owned(),
            setting: "REDIS_URL".to_owned(),
            schemes: redis(),
            embedded: Some(Embedded {
                word: "none".to_owned(),
                settings: vec![("REDIS_ENABLED".to_owned(), "false".to_owned())],
            }),
            default: Some("redis://redis:6379".to_owned()),
            through: None,
            url: Some("{scheme}://:{password}@{host}:{port}".to_owned()),
        },
        BackendKind {
            name: "cache".to_owned(),
            setting: "REDIS_CACHE_URL".to_owned(),
            schemes: redis(),
            embedded: None,
            default: None,
            through: None,
            url: Some("{scheme}://:{password}@{host}:{port}".to_owned()),
        },
        BackendKind {
            name: "upstream".to_owned(),
            setting: "LLM_UPSTREAM_URL".to_owned(),
            schemes: schemes(&[("https", 443), ("http", 80)]),
            embedded: None,
            default: None,
            through: Some("proxy".to_owned()),
            url: None,
        },
        BackendKind {
            name: "proxy".to_owned(),
            setting: "LLM_UPSTREAM_PROXY".to_owned(),
            schemes: schemes(&[("http", 80), ("https", 443)]),
            embedded: None,
            default: None,
            through: None,
            // The password of another operator.
            url: Some("{scheme}://{host}:{port}".to_owned()),
        },
    ]
}

/// The pages whose tables are rendered. They are read from where they are written to.
fn guides() -> Vec<Guide> {
    let pages = [
        (
            "environment-config.md",
            include_str!("../../docs/workflows/environment-config.md"),
        ),
        (
            "production-deployment.md",
            include_str!("../../docs/workflows/production-deployment.md"),
        ),
        (
            "production-secrets.md",
            include_str!("../../docs/workflows/production-secrets.md"),
        ),
    ];
    let guide = |(name, text): (&str, &str)| Guide {
        path: format!("docs/workflows/{name}"),
        text: text.to_owned(),
    };
    pages.into_iter().map(guide).collect()
}

/// The promises that `aura verify` checks a release against.
fn promises() -> Promises {
    let library = |(name, purpose): (&str, &str)| Library {
        name: name.to_owned(),
        purpose: purpose.to_owned(),
    };
    let page = |(path, names): (&str, Names)| Page {
        path: path.to_owned(),
        names,
    };
    let build = |(path, frozen_by): (&str, &str)| Build {
        path: path.to_owned(),
        frozen_by: frozen_by.to_owned(),
    };
    Promises {
        libraries: [
            ("bcrypt", "hashes passwords"),
            ("jsonwebtoken", "signs and verifies JWT"),
            ("redis", "is the client of Redis"),
        ]
        .map(library)
        .into(),
        pages: [
            ("docs/GETTING_STARTED.md", Names::RequiredSettings),
            ("docs/USER_GUIDE.md", Names::Reference),
        ]
        .map(page)
        .into(),
        builds: [
            ("scripts/static", "--locked"),
            ("nix/package.nix", "lockFile"),
        ]
        .map(build)
        .into(),
    }
}

/// Everything that aura would refuse or warn of in `variables` at its start, secrets taken for
/// present.
fn check(variables: &BTreeMap<String, String>) -> Vec<Fault> {
    let environment: Environment = variables.iter().collect();
    let (Ok(loader), Ok(settings)) = (Config::loader(environment), Config::settings()) else {
        // A schema that cannot be read has failed before anybody comes here.
        return Vec::new();
    };
    let loader = loader.secrets_elsewhere(true).strict_names(true);
    match Config::load(&loader) {
        // The default of a secret that is elsewhere says nothing.
        Ok(config) => {
            let is_secret = |name: &str| settings.get(name).is_some_and(|setting| setting.secret);
            let warnings = config.warnings.into_iter();
            warnings
                .filter(|warning| !is_secret(&warning.name))
                .collect()
        }
        Err(faults) => faults.into_iter().collect(),
    }
}

/// A private key for the algorithm of `variables`; none of any other secret.
fn make(name: &str, variables: &BTreeMap<String, String>) -> Option<Secret<String>> {
    let algorithm = variables.get("JWT_ALGORITHM").map(String::as_str);
    let named = |one: &Algorithm| Some(one.as_str()) == algorithm;
    let algorithm = Algorithm::ALL.into_iter().find(named);
    let algorithm = algorithm.filter(|_| name == "JWT_PRIVATE_KEY")?;
    new_key(algorithm).ok()
}

/// The most memory that one process with `variables` takes, in bytes.
fn most_memory(variables: &BTreeMap<String, String>) -> Option<u64> {
    let loader = Config::loader(variables.iter().collect()).ok()?;
    let config = Config::load(&loader.secrets_elsewhere(true)).ok()?.value;
    Some(memory::most(&config))
}

fn words(list: &[&str]) -> Vec<String> {
    list.iter().map(|word| (*word).to_owned()).collect()
}
