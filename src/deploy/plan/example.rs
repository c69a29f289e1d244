//! A service for the tests of this module, and what its plans and faults are.

use std::collections::BTreeMap;

use serde_json::json;

use super::{Environment, Plan};
use crate::deploy::service::{BackendKind, Embedded, Service};
use crate::schema::{Fault, FaultKind};

/// A service `aura` with three environments, a database, Redis and an optional upstream.
pub(super) fn service() -> Service {
    let secret = |default: &str| json!({ "type": "string", "writeOnly": true, "default": default });
    let schema = json!({ "properties": {
        "environment": {
            "enum": ["development", "staging", "production"], "default": "development",
        },
        "server": { "properties": {
            "host": { "type": "string", "default": "0.0.0.0" },
            "port": { "type": "integer", "default": 8000, "description": "The port." },
            "metrics_port": { "type": "integer", "default": 9000 },
            "proxies": { "type": "array", "items": { "type": "string" }, "default": [] },
        }},
        "log_level": { "enum": ["debug", "info"], "default": "info" },
        "ratio": { "type": "number", "minimum": 0, "maximum": 1, "default": 0.5 },
        "database_url": secret("sqlite://aura.db"),
        "redis": { "properties": {
            "url": secret("redis://localhost:6379/0"),
            "enabled": { "type": "boolean", "default": true },
        }},
        "llm_url": { "type": ["string", "null"] },
    }});
    let mut service = Service::new("aura", "1.2.3", schema).unwrap();
    service.host = Some("SERVER_HOST".to_owned());
    service.metrics_port = Some("SERVER_METRICS_PORT".to_owned());
    service.program.secrets_variable = Some("SETTINGS_DIR".to_owned());
    service.program.migrate = Some(vec!["migrate".to_owned()]);
    service.program.no_migrate = Some("--no-migrate".to_owned());
    service.program.sleep = Some(vec!["sleep".to_owned()]);
    service.check = Some(check);
    service.backends = vec![
        kind(
            "database",
            "DATABASE_URL",
            &[("postgres", 5432)],
            "sqlite",
            &[],
        ),
        kind(
            "redis",
            "REDIS_URL",
            &[("redis", 6379), ("rediss", 6379)],
            "none",
            &[("REDIS_ENABLED", "false")],
        ),
        BackendKind {
            embedded: None,
            default: None,
            ..kind(
                "upstream",
                "LLM_URL",
                &[("https", 443), ("http", 80)],
                "",
                &[],
            )
        },
    ];
    service
}

fn kind(
    name: &str,
    setting: &str,
    schemes: &[(&str, u16)],
    word: &str,
    settings: &[(&str, &str)],
) -> BackendKind {
    let schemes = schemes
        .iter()
        .map(|(scheme, port)| ((*scheme).to_owned(), *port));
    let settings = settings
        .iter()
        .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()));
    let schemes: Vec<_> = schemes.collect();
    BackendKind {
        name: name.to_owned(),
        setting: setting.to_owned(),
        default: Some(format!("{}://{name}", schemes[0].0)),
        schemes,
        embedded: Some(Embedded {
            word: word.to_owned(),
            settings: settings.collect(),
        }),
        through: None,
        url: None,
    }
}

/// Refuses to log much in production.
fn check(variables: &BTreeMap<String, String>) -> Vec<Fault> {
    let is = |name: &str, text: &str| variables.get(name).is_some_and(|given| given == text);
    let refused = is("ENVIRONMENT", "production") && is("LOG_LEVEL", "debug");
    let fault = Fault::new(
        FaultKind::Conflict,
        "LOG_LEVEL",
        "is debug in production",
        "",
    );
    refused.then_some(fault).into_iter().collect()
}

/// The plan of `text`.
pub(super) fn plan(text: &str) -> Plan {
    Plan::read(&service(), Some(("deploy.toml", text)), false)
        .unwrap_or_else(|faults| panic!("{text}\n{faults}"))
}

/// One environment of the plan of `text`.
pub(super) fn environment(text: &str, name: &str) -> Environment {
    let mut environments = plan(text).environments.into_iter();
    environments
        .find(|environment| environment.name == name)
        .unwrap()
}

/// The faults of `text`, one a line.
pub(super) fn faults(text: &str) -> Vec<String> {
    match Plan::read(&service(), Some(("deploy.toml", text)), false) {
        Ok(_) => panic!("nothing is wrong with\n{text}"),
        Err(faults) => faults.iter().map(ToString::to_string).collect(),
    }
}

/// The one fault of `text`, whose beginning is checked here.
pub(super) fn fault(text: &str, beginning: &str) -> String {
    let faults = faults(text);
    assert_eq!(faults.len(), 1, "{faults:#?}");
    assert!(
        faults[0].starts_with(beginning),
        "{}\n{beginning}",
        faults[0]
    );
    faults[0].clone()
}

/// The one fault of `lines` in `[environments.production]`, at that line of them.
pub(super) fn refused(lines: &str, at: &str, problem: &str) {
    let text = format!("[environments.production]\n{lines}");
    fault(&text, &format!("deploy.toml:{at}: {problem}"));
}

/// Holds each entry of `table` to its fault: lines of `[environments.production]`, and behind `!` the
/// place and the beginning of the fault.
pub(super) fn refusals(table: &str) {
    let mut written = Vec::new();
    for line in table.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let Some((at, told)) = line
            .strip_prefix("! ")
            .and_then(|told| told.split_once(' '))
        else {
            written.push(line);
            continue;
        };
        let (key, problem) = told.split_once(": ").unwrap();
        let at = format!("{at} environments.production.{key}");
        refused(&written.join("\n"), &at, problem);
        written.clear();
    }
    assert!(written.is_empty(), "{written:?}");
}
