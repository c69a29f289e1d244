//! Faults of keys and values in one place, whoever reads them.

use std::collections::BTreeSet;

use serde_json::Value;

use super::given::Given;
use super::object::{Entry, Holder, Source};
use super::report::{Finding, FindingKind, Location};
use crate::deploy::facts;
use crate::deploy::service::Service;
use crate::schema::{Environment, Fault, FaultKind, Loader, SET_ME, Setting};

/// Variables of the runtime that a manifest of ours may well set.
const RUNTIME: &[&str] = &[
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "NO_PROXY",
    "RUST_BACKTRACE",
    "RUST_LOG",
    "SOURCE_DATE_EPOCH",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "TOKIO_WORKER_THREADS",
    "TZ",
];

/// Passwords of the servers in `compose.yaml`, which are in the same file as ours.
const COMPOSE: &[&str] = &["POSTGRES_PASSWORD", "REDIS_PASSWORD"];

/// The setting that `key` gives: itself, or the secret whose file it names.
pub(super) fn setting<'a>(service: &'a Service, key: &str) -> Option<&'a Setting> {
    service.settings.get(key).or_else(|| {
        let base = key.strip_suffix("_FILE")?;
        service.settings.get(base).filter(|setting| setting.secret)
    })
}

/// Faults of `source` by itself.
pub(super) fn of_source(service: &Service, source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut seen = BTreeSet::new();
    for entry in &source.entries {
        let Entry { key, given, at } = entry;
        if setting(service, key).is_none() {
            findings.extend(stranger(service, source.holder, entry));
            continue;
        }
        if !seen.insert(key) {
            let problem = "is given twice in this file";
            findings.push(at.finding(FindingKind::Duplicate, key, problem, "keep one of the two"));
        }
        findings.extend(place(service, source.holder, entry));
        findings.extend(odd(at, key, given));
        if let Given::Text(text) = given {
            findings.extend(of_text(service, at, key, text));
        }
    }
    findings
}

/// A secret where everybody sees it, or a plain setting where nobody does.
fn place(service: &Service, holder: Holder, entry: &Entry) -> Option<Finding> {
    let Entry { key, at, .. } = entry;
    // The path in a `_FILE` variable is not a secret.
    let setting = service.settings.get(key)?;
    match holder {
        Holder::ConfigMap if setting.secret => Some(at.finding(
            FindingKind::Misplaced,
            key,
            "is a secret, and a ConfigMap is read by anybody who may list it",
            format!(
                "move it to the Secret {}, and replace its value",
                facts::secret(service)
            ),
        )),
        Holder::Secret if !setting.secret => Some(at.finding(
            FindingKind::Advice,
            key,
            "is not a secret",
            format!(
                "move it to the ConfigMap {}, where a change is seen",
                facts::config_map(service)
            ),
        )),
        _ => None,
    }
}

/// A key that is not a setting.
fn stranger(service: &Service, holder: Holder, entry: &Entry) -> Option<Finding> {
    let Entry { key, given, at } = entry;
    let compose = COMPOSE.contains(&key.as_str()) && holder != Holder::ConfigMap;
    if RUNTIME.contains(&key.as_str()) || compose {
        return None;
    }
    let sentinel = matches!(given, Given::Text(text) if text.contains(SET_ME));
    // Compose and other programs read the same `.env` file.
    if holder == Holder::Dotenv && !sentinel && !service.settings.is_near_miss(key) {
        return None;
    }
    // Last, because it compares the key with every setting: a `.env` file may hold thousands.
    let remedy = match service.settings.nearest(key) {
        Some(near) => format!("did you mean {}?", near.name),
        None => "remove it".to_owned(),
    };
    Some(at.finding(FindingKind::Unknown, key, "is not a setting", remedy))
}

pub(super) fn odd(at: &Location, key: &str, given: &Given) -> Option<Finding> {
    let Given::Odd { problem, remedy } = given else {
        return None;
    };
    Some(at.finding(FindingKind::Invalid, key, *problem, *remedy))
}

/// Faults that the service finds in the text of `key` by itself. Names of files are not looked at:
/// they are paths in another machine.
pub(super) fn of_text(service: &Service, at: &Location, key: &str, text: &str) -> Vec<Finding> {
    if service.settings.get(key).is_none() {
        return Vec::new();
    }
    let environment = Environment::from_iter([(key, text)]);
    // Load this setting alone: a hostile file may hold thousands, and each load reads all rules.
    let loader = Loader::new(service.settings.only(key), environment);
    let resolution = loader.secrets_elsewhere(true).resolve::<Value>();
    let faults = resolution.faults.iter().chain(&resolution.warnings);
    faults
        .filter(|fault| fault.name == key)
        .map(|fault| finding(at, fault))
        .collect()
}

/// A fault of the service as a finding at `at`.
pub(super) fn finding(at: &Location, fault: &Fault) -> Finding {
    let kind = match fault.kind {
        FaultKind::Missing => FindingKind::Missing,
        FaultKind::Placeholder => {
            let remedy = "put the real value in its place, or let the cluster make this object";
            return at.finding(FindingKind::Sentinel, &fault.name, "is to be set", remedy);
        }
        FaultKind::NearMiss => FindingKind::Unknown,
        FaultKind::Advice => FindingKind::Advice,
        FaultKind::Empty
        | FaultKind::Invalid
        | FaultKind::File
        | FaultKind::Conflict
        | FaultKind::ServiceLink => FindingKind::Invalid,
    };
    at.finding(kind, &fault.name, &fault.problem, &fault.remedy)
}
