//! Checks of what is written against the schema, beyond the form of single values.

use std::collections::BTreeSet;

use serde_json::Value;

use super::SettingsWritten;
use super::text::{Fact, Variable};
use crate::deploy::Service;
use crate::deploy::plan::has_password;
use crate::deploy::plan::report::Report;
use crate::schema::{FaultKind, Kind, Setting, Settings, is_of_the_system, nearest};

/// Ends of names that only secrets have.
const SECRET_ENDS: [&str; 14] = [
    "ACCESS_KEY",
    "API_KEY",
    "CREDENTIAL",
    "CREDENTIALS",
    "ENCRYPTION_KEY",
    "PASSPHRASE",
    "PASSWD",
    "PASSWORD",
    "PRIVATE_KEY",
    "PWD",
    "SECRET",
    "SECRET_KEY",
    "SIGNING_KEY",
    "TOKEN",
];

/// Variables of interpreters that take the number of cores, and nothing else.
const CORES: [&str; 1] = ["PYTHON_CPU_COUNT"];

/// Smallest user id that scanners accept: below it, one may be a user of the node.
const LEAST_USER: u32 = 10_000;

/// The schema in `service.toml`.
const SCHEMA: [&str; 2] = ["settings", "schema"];

/// Refuses names that no setting has, and a variable that is both a secret and none.
pub(super) fn names(written: &SettingsWritten, settings: &Settings, report: &mut Report) {
    let near = |name: &str| match settings.nearest(name) {
        Some(near) => format!("did you mean {}?", near.name),
        None => "take it out".to_owned(),
    };
    for (key, list) in [("secrets", &written.secrets), ("plain", &written.plain)] {
        for (at, name) in list.iter().enumerate() {
            // Looking for the nearest name takes time: not for faults that are not told.
            if report.is_full() {
                return;
            }
            let (problem, remedy) = match settings.get(name.as_str()) {
                None => ("is no setting", near(name.as_str())),
                Some(setting) if key == "plain" && setting.secret => (
                    "is a secret by the schema or settings.secrets",
                    "take it out here or there".to_owned(),
                ),
                Some(_) => continue,
            };
            let path = ["settings", key, &format!("[{at}]")];
            report.refuse(FaultKind::Invalid, &path, problem, remedy);
        }
    }
    if let Some(name) = &written.environment
        && settings.get(name.as_str()).is_none()
    {
        let path = ["settings", "environment"];
        let remedy = near(name.as_str());
        report.refuse(FaultKind::Invalid, &path, "is no setting", remedy);
    }
    let paths: BTreeSet<String> = settings.iter().map(|one| one.path.join(".")).collect();
    for path in written.names.keys().filter(|path| !paths.contains(*path)) {
        if report.is_full() {
            return;
        }
        let remedy = match nearest(path, paths.iter().map(String::as_str)) {
            Some(near) => format!("did you mean \"{near}\"?"),
            None => "take it out".to_owned(),
        };
        let at = ["settings", "names", path];
        report.refuse(FaultKind::Invalid, &at, "is no field of the schema", remedy);
    }
}

/// Refuses settings of the ConfigMap that are likely to be secrets.
pub(super) fn secrets(written: &SettingsWritten, settings: &Settings, report: &mut Report) {
    let plain: BTreeSet<&str> = written.plain.iter().map(Variable::as_str).collect();
    let of_the_map = |one: &&Setting| !one.secret && !plain.contains(one.name.as_str());
    for setting in settings.iter().filter(of_the_map) {
        if report.is_full() {
            return;
        }
        let several = matches!(setting.kind, Kind::List(_) | Kind::Json);
        let text = match &setting.kind {
            Kind::String | Kind::Json => true,
            Kind::List(items) => **items == Kind::String,
            _ => false,
        };
        let defaults = || setting.default.iter().chain(setting.default_in.values());
        let problem = if defaults().any(|value| has_password(&setting.text_of(value))) {
            "has a default with a password in it"
        } else if text && sounds_secret(&setting.name, several) {
            "is named like a secret, and would stand in a ConfigMap"
        } else if defaults().any(holds_secret) {
            "has a default with a key that is named like a secret"
        } else {
            continue;
        };
        report.refuse(
            FaultKind::Invalid,
            &SCHEMA,
            format!("describes {}, which {problem}", setting.name),
            "make it a secret (SecretStr), or list it in settings.secrets or settings.plain",
        );
    }
}

/// Checks whether `name` is that of a secret, in upper case or in the spelling of JSON: `DB_PASSWORD`,
/// `dbPassword`, `db-password`. With `several`, also whether it is that of several.
fn sounds_secret(name: &str, several: bool) -> bool {
    let mut upper = String::new();
    let mut after_small = false;
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && after_small {
            upper.push('_');
        }
        after_small = letter.is_ascii_lowercase() || letter.is_ascii_digit();
        let letter = if letter.is_ascii_alphanumeric() {
            letter
        } else {
            '_'
        };
        upper.push(letter.to_ascii_uppercase());
    }
    let ends = |name: &str| {
        SECRET_ENDS.iter().any(|end| {
            let rest = name.strip_suffix(end);
            rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('_'))
        })
    };
    ends(&upper) || several && upper.strip_suffix('S').is_some_and(ends)
}

/// Checks whether `value` has a key that is named like a secret, with a text in it.
fn holds_secret(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().any(holds_secret),
        Value::Object(members) => members.iter().any(|(key, value)| {
            let given = match value {
                Value::String(text) => !text.is_empty(),
                Value::Array(items) => items.iter().any(Value::is_string),
                _ => false,
            };
            given && sounds_secret(key, value.is_array()) || holds_secret(value)
        }),
        _ => false,
    }
}

/// Refuses variables of the pods that mean something else already.
pub(super) fn variables(service: &Service, report: &mut Report) {
    let (cores, secrets) = (&service.cores, &service.program.secrets_variable);
    for (key, variable) in [("cores", cores), ("secrets_variable", secrets)] {
        let Some(name) = variable else {
            continue;
        };
        let (kind, problem) = if service.settings.get(name).is_some() {
            let problem = "names a setting, whose value would never count";
            (FaultKind::Conflict, problem)
        } else if is_of_the_system(name) && !(key == "cores" && CORES.contains(&name.as_str())) {
            let problem = "names a variable that the system itself reads or sets";
            (FaultKind::Invalid, problem)
        } else {
            continue;
        };
        report.refuse(kind, &[key], problem, "name a variable that is no setting");
    }
    // A container with one name twice is refused by the API.
    if secrets.is_some() && secrets == cores {
        report.refuse(
            FaultKind::Conflict,
            &["secrets_variable"],
            "is the variable of cores",
            "name another one",
        );
    }
}

/// Warns of a user id that a user of the node may have.
pub(super) fn user(id: u32, report: &mut Report) {
    if id < LEAST_USER {
        report.advise(
            &["user"],
            format!("is {id}, which may be a user of the node, and scanners ask for 10000 or more"),
            "take a number from 10000 on, in the image too",
        );
    }
}

/// Refuses a number out of `range`, and a variable that holds no whole number.
pub(super) fn fact(
    path: &[&str],
    (least, most): (u64, u64),
    fact: &Fact,
    settings: &Settings,
    report: &mut Report,
) {
    let text = fact.as_str();
    if fact.is_number() {
        let number = text.parse::<u64>().ok();
        if number.is_none_or(|number| number < least || number > most) {
            let problem = format!("is {text}, which is out of range");
            let remedy = format!("allowed: {least} to {most}");
            report.refuse(FaultKind::Invalid, path, problem, remedy);
        }
        return;
    }
    let problem = match settings.get(text) {
        None => "is no setting",
        Some(setting) if setting.secret => "is a secret",
        Some(setting) if setting.kind != Kind::Integer => "is no whole number",
        Some(setting) if setting.default_text().is_none() => "has no default",
        Some(_) => return,
    };
    let remedy = match settings.nearest(text).filter(|near| near.name != text) {
        Some(near) => format!("did you mean {}? Or write a number", near.name),
        None => "write a number, or the variable that holds it".to_owned(),
    };
    report.refuse(FaultKind::Invalid, path, problem, remedy);
}

/// Refuses folders that are writable already.
pub(super) fn writable(folders: &[String], report: &mut Report) {
    let mut taken = BTreeSet::from(["/tmp"]);
    for (at, folder) in folders.iter().enumerate() {
        let ends = folder.match_indices('/').map(|(end, _)| end);
        let mut around = ends.chain([folder.len()]).map(|end| &folder[..end]);
        let within = around.any(|folder| taken.contains(folder));
        taken.insert(folder);
        if within {
            let path = ["writable", &format!("[{at}]")];
            let problem = "lies in a folder that is writable already";
            report.refuse(FaultKind::Invalid, &path, problem, "take it out");
        }
    }
}
