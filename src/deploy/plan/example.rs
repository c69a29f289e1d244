//! A service for the tests of this module, and tables of what is said of its plans.

use std::collections::BTreeMap;

use serde_json::json;

use super::{Environment, Plan};
use crate::deploy::service::{BackendKind, Embedded, Service};
use crate::schema::{Fault, FaultKind, Faults};

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
        kind("database DATABASE_URL postgres=5432 sqlite"),
        kind("redis REDIS_URL redis=6379,rediss=6379 none REDIS_ENABLED=false"),
        kind("upstream LLM_URL https=443,http=80"),
    ];
    service
}

/// A backend from its name, its setting, its schemes with their ports and, unless it is optional,
/// the word for one inside the process and the settings that choose it.
fn kind(words: &str) -> BackendKind {
    let words: Vec<&str> = words.split(' ').collect();
    let pairs = |text: Option<&&str>| -> Vec<(String, String)> {
        let pairs = text.into_iter().flat_map(|text| text.split(','));
        let pairs = pairs.map(|pair| pair.split_once('=').unwrap());
        pairs.map(|(a, b)| (a.to_owned(), b.to_owned())).collect()
    };
    let schemes = pairs(words.get(2)).into_iter();
    let schemes: Vec<_> = schemes
        .map(|(name, port)| (name, port.parse().unwrap()))
        .collect();
    let embedded = words.get(3).map(|word| Embedded {
        word: (*word).to_owned(),
        settings: pairs(words.get(4)),
    });
    BackendKind {
        name: words[0].to_owned(),
        setting: words[1].to_owned(),
        default: embedded
            .as_ref()
            .map(|_| format!("{}://{}", schemes[0].0, words[0])),
        schemes,
        embedded,
        through: None,
        url: None,
    }
}

/// Refuses to log much in production.
fn check(variables: &BTreeMap<String, String>) -> Vec<Fault> {
    let is = |name: &str, text: &str| variables.get(name).is_some_and(|given| given == text);
    let refused = is("ENVIRONMENT", "production") && is("LOG_LEVEL", "debug");
    let (name, problem) = ("LOG_LEVEL", "is debug in production");
    let fault = Fault::new(FaultKind::Conflict, name, problem, "");
    refused.then_some(fault).into_iter().collect()
}

/// Reads `text` as the `deploy.toml` of `service`.
pub(super) fn read(service: &Service, text: &str, strict: bool) -> Result<Plan, Faults> {
    Plan::read(service, Some(("deploy.toml", text)), strict)
}

/// The plan of `text`.
pub(super) fn plan(text: &str) -> Plan {
    read(&service(), text, false).unwrap_or_else(|faults| panic!("{text}\n{faults}"))
}

/// One environment of the plan of `text`.
pub(super) fn environment(text: &str, name: &str) -> Environment {
    plan(text).environment(name).unwrap().clone()
}

/// The faults of `text`, one a line.
pub(super) fn faults(text: &str) -> Vec<String> {
    match read(&service(), text, false) {
        Ok(_) => panic!("nothing is wrong with\n{text}"),
        Err(faults) => faults.iter().map(ToString::to_string).collect(),
    }
}

/// The one fault of `text`, whose beginning is checked here.
pub(super) fn fault(text: &str, beginning: &str) {
    let faults = faults(text);
    assert_eq!(faults.len(), 1, "{faults:#?}");
    assert!(
        faults[0].starts_with(beginning),
        "{}\n{beginning}",
        faults[0]
    );
}

/// The warnings of `text` whose names end in `name`.
pub(super) fn warnings(service: &Service, text: &str, name: &str) -> Vec<String> {
    let plan = read(service, text, false).unwrap_or_else(|faults| panic!("{text}\n{faults}"));
    let told = plan.warnings.iter().filter(|one| one.name.ends_with(name));
    told.map(ToString::to_string).collect()
}

/// Holds each entry of `table` to what is said of it by [`service`], as [`verdicts_of`] does.
pub(super) fn verdicts(table: &str) {
    verdicts_of(&service(), table);
}

/// Holds each entry of `table` to what is said of it: lines of `[environments.production]`, or, where
/// they begin with `[` or `environments.`, a whole file. Behind `!` stand the place, the key and the
/// beginning of its one fault, behind `~` those of exactly one of its warnings.
pub(super) fn verdicts_of(service: &Service, table: &str) {
    let mut written = Vec::new();
    for line in table.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let marked = ["! ", "~ "].iter().find_map(|mark| line.strip_prefix(mark));
        let Some((at, beginning)) = marked.and_then(|told| told.split_once(' ')) else {
            written.push(line);
            continue;
        };
        let text = written.join("\n");
        let whole = text.starts_with('[') || text.starts_with("environments.");
        let (text, prefix) = if whole {
            (text, "")
        } else {
            let text = format!("[environments.production]\n{text}");
            (text, "environments.production.")
        };
        let expected = format!("deploy.toml:{at} {prefix}{beginning}");
        let told = read(service, &text, false).map(|plan| plan.warnings);
        let found = match &told {
            Err(faults) if line.starts_with('!') => {
                assert_eq!(faults.iter().count(), 1, "{text}\n{faults}");
                faults.to_string().starts_with(&expected)
            }
            Ok(warnings) if line.starts_with('~') => {
                let warnings = warnings.iter();
                let matching = warnings.filter(|one| one.to_string().starts_with(&expected));
                matching.count() == 1
            }
            _ => false,
        };
        assert!(found, "{text}\n{expected}\n{told:#?}");
        written.clear();
    }
    assert!(written.is_empty(), "{written:?}");
}

/// Holds a type of text to what it takes: the words of `good`, and of each line of `wrong`, behind
/// `!`, what is said of the text before it, which is not shown where it could be a password.
/// `x*3` stands for `xxx`, and a text with white space is in quotes.
pub(super) fn texts<T>(good: &str, wrong: &str)
where
    T: for<'a> TryFrom<&'a str, Error: ToString>,
{
    let text_of = |written: &str| {
        let repeated = written.split_once('*');
        let repeated = repeated.and_then(|(unit, times)| Some(unit.repeat(times.parse().ok()?)));
        let quoted = || serde_json::from_str(written).ok();
        repeated
            .or_else(quoted)
            .unwrap_or_else(|| written.to_owned())
    };
    for written in good.split_whitespace() {
        assert!(T::try_from(&text_of(written)).is_ok(), "{written}");
    }
    for line in wrong.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (written, told) = line.split_once(" !").unwrap();
        let quoted = written.starts_with('"').then(|| vec![written]);
        for written in quoted.unwrap_or_else(|| written.split_whitespace().collect()) {
            let text = text_of(written);
            let refused = T::try_from(&text).err();
            let refused = refused
                .unwrap_or_else(|| panic!("{written} is read"))
                .to_string();
            assert!(refused.contains(told.trim()), "{written}: {refused}");
            assert!(!refused.contains("canary"), "{refused}");
        }
    }
}
