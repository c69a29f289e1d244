//! Checks of what is written against the schema, beyond the form of single values.

use std::collections::BTreeSet;

use super::file::SettingsToml;
use super::text::{Fact, Word};
use crate::deploy::plan::secret_signs::{self, sounds_secret};
use crate::deploy::service::Service;
use crate::deploy::toml_file::Report;
use crate::schema::{FaultKind, Kind, Setting, Settings, is_of_the_system, nearest};

/// Variables of interpreters that take the number of cores, and nothing else.
const CORES: [&str; 1] = ["PYTHON_CPU_COUNT"];

/// Smallest user id that scanners accept: below it, one may be a user of the node.
const LEAST_USER: u32 = 10_000;

/// The schema in `service.toml`.
const SCHEMA: [&str; 2] = ["settings", "schema"];

/// Refuses names that no setting has, and a variable that is both a secret and none.
pub(super) fn names(written: &SettingsToml, settings: &Settings, report: &mut Report) {
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
            let (problem, remedy) = match settings.get(name.as_ref()) {
                None => ("is not a setting", near(name.as_ref())),
                Some(setting) if key == "plain" && setting.secret => (
                    "is a secret by the schema or settings.secrets",
                    "take it out here or there".to_owned(),
                ),
                Some(_) => continue,
            };
            let path = ["settings", key, &format!("[{at}]")];
            report.invalid(&path, problem, remedy);
        }
    }
    if let Some(name) = &written.environment
        && settings.get(name.as_ref()).is_none()
    {
        let path = ["settings", "environment"];
        let remedy = near(name.as_ref());
        report.invalid(&path, "is not a setting", remedy);
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
        report.invalid(&at, "is not a field of the schema", remedy);
    }
}

/// Refuses settings of the ConfigMap that are likely to be secrets.
pub(super) fn secrets(written: &SettingsToml, settings: &Settings, report: &mut Report) {
    let plain: BTreeSet<&str> = written.plain.iter().map(AsRef::as_ref).collect();
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
        let problem = if text && sounds_secret(&setting.name, several) {
            "is named like a secret, and would stand in a ConfigMap".to_owned()
        } else if let Some(sign) = defaults().find_map(|value| {
            let text = setting.text_of(value);
            secret_signs::of(&text)
        }) {
            format!("has a default with {sign} in it")
        } else {
            continue;
        };
        report.invalid(
            &SCHEMA,
            format!("describes {}, which {problem}", setting.name),
            "make it a secret (SecretStr), or list it in settings.secrets or settings.plain",
        );
    }
}

/// Refuses defaults of an environment, which stand in its ConfigMap, that the setting does not take.
pub(super) fn defaults(settings: &Settings, report: &mut Report) {
    for setting in settings.iter().filter(|setting| !setting.secret) {
        for (environment, value) in &setting.default_in {
            if report.is_full() {
                return;
            }
            if let Err(fault) = setting.parse(&setting.text_of(value)) {
                let (name, problem) = (&setting.name, fault.problem);
                let problem =
                    format!("describes {name}, whose default in {environment:?} {problem}");
                report.invalid(&SCHEMA, problem, fault.remedy);
            }
        }
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
        report.refuse(
            kind,
            &[key],
            problem,
            "name a variable that is not a setting",
        );
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
            report.invalid(path, problem, remedy);
        }
        return;
    }
    let problem = match settings.get(text) {
        None => "is not a setting",
        Some(setting) if setting.secret => "is a secret",
        Some(setting) if setting.kind != Kind::Integer => "is not a whole number",
        // Manifests hold the number itself, and only a default tells it before the program runs.
        Some(setting) if setting.default_text().is_none() => "has no default",
        Some(_) => return,
    };
    let remedy = match settings.nearest(text).filter(|near| near.name != text) {
        Some(near) => format!("did you mean {}? Or write a number", near.name),
        None => "write a number, or the variable that holds it".to_owned(),
    };
    report.invalid(path, problem, remedy);
}

/// Refuses words of commands that look like a secret: they stand in the manifest.
pub(super) fn words(key: &str, words: &[Word], report: &mut Report) {
    for (at, word) in words.iter().enumerate() {
        if report.is_full() {
            return;
        }
        if let Some(sign) = secret_signs::of(word.as_ref()) {
            let problem = format!("has {sign} in it, and would stand in the manifests");
            let remedy = "let the program read it from a setting that is a secret";
            report.invalid(&[key, &format!("[{at}]")], problem, remedy);
        }
    }
}

/// Refuses folders that are writable already.
pub(super) fn writable(service: &Service, report: &mut Report) {
    let mut taken = BTreeSet::from(["/tmp"]);
    if service.backends.iter().any(|kind| kind.embedded.is_some()) {
        taken.insert(&service.state_dir);
    }
    for (at, folder) in service.writable.iter().enumerate() {
        let ends = folder.match_indices('/').map(|(end, _)| end);
        let mut around = ends.chain([folder.len()]).map(|end| &folder[..end]);
        let within = around.any(|folder| taken.contains(folder));
        taken.insert(folder);
        if within {
            let path = ["writable", &format!("[{at}]")];
            let problem = "lies in a folder that is writable already";
            report.invalid(&path, problem, "take it out");
        }
    }
}
