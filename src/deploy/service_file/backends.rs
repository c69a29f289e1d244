//! What the service stands on, as `[backends.NAME]` says.

use std::collections::BTreeMap;

use super::BackendWritten;
use crate::deploy::plan::report::Report;
use crate::deploy::plan::{Label, default_endpoint};
use crate::deploy::{BackendKind, Embedded};
use crate::schema::{FaultKind, Settings};

/// Words that a URL may leave to be filled in.
const BLANKS: [&str; 4] = ["{scheme}", "{host}", "{port}", "{password}"];

/// The backends; what is wrong with one goes into `report`.
pub(super) fn read(
    written: &BTreeMap<String, BackendWritten>,
    settings: &Settings,
    report: &mut Report,
) -> Vec<BackendKind> {
    let each = written.iter();
    each.map(|(name, one)| backend(name, one, settings, report))
        .collect()
}

fn backend(
    name: &str,
    written: &BackendWritten,
    settings: &Settings,
    report: &mut Report,
) -> BackendKind {
    let text = |word: &Option<super::Word>| word.clone().map(String::from);
    let port = |(scheme, port): (&String, &crate::schema::Bounded<1, 65_535>)| {
        (scheme.clone(), port.as_u16())
    };
    let kind = BackendKind {
        name: name.to_owned(),
        setting: written
            .setting
            .clone()
            .map(String::from)
            .unwrap_or_default(),
        schemes: written.schemes.iter().map(port).collect(),
        embedded: written.embedded.as_ref().map(|word| Embedded {
            word: word.as_str().to_owned(),
            settings: written
                .embedded_settings
                .iter()
                .map(|(name, text)| (name.clone(), text.as_str().to_owned()))
                .collect(),
        }),
        default: text(&written.default),
        through: None,
        url: text(&written.url),
    };
    let mut refuse = |key: &str, problem: &str, remedy: &str| {
        let path = ["backends", name, key];
        let path = if key.is_empty() {
            &path[..2]
        } else {
            &path[..]
        };
        if !report.failed(path) {
            report.refuse(FaultKind::Invalid, path, problem, remedy);
        }
    };
    if Label::try_from(name).is_err() {
        let remedy = "use small letters, digits and -: database";
        refuse("", "is no name of a backend", remedy);
    }
    let setting = settings.get(&kind.setting);
    match (&written.setting, setting) {
        (None, _) => refuse("setting", "is missing", "name the variable of its URL"),
        (Some(_), None) => {
            let near = settings.nearest(&kind.setting);
            let near = near.map(|near| format!("did you mean {}?", near.name));
            refuse("setting", "is no setting", &near.unwrap_or_default());
        }
        _ => {}
    }
    let begins = |scheme: &str| scheme.starts_with(|letter: char| letter.is_ascii_lowercase());
    let rest = |letter: char| {
        letter.is_ascii_lowercase() || letter.is_ascii_digit() || "+.-".contains(letter)
    };
    if kind.schemes.is_empty() {
        let remedy = "write it like { postgresql = 5432 }";
        refuse("schemes", "is missing", remedy);
    }
    for (scheme, _) in &kind.schemes {
        if !begins(scheme) || !scheme.chars().all(rest) {
            let remedy = "write it in small letters: { postgresql = 5432 }";
            refuse("schemes", "has a name that is no scheme of a URL", remedy);
        }
    }
    if let Some(Err(problem)) = default_endpoint(&kind) {
        let (problem, remedy) = problem.split_once("; ").unwrap_or((&problem, ""));
        refuse("default", problem, remedy);
    }
    if let Some(url) = &kind.url {
        let rest = BLANKS
            .iter()
            .fold(url.clone(), |url, blank| url.replace(blank, ""));
        let secret = setting.is_none_or(|setting| setting.secret);
        if rest.contains(['{', '}']) || !url.contains("{host}") {
            let remedy = "write it like {scheme}://shop:{password}@{host}:{port}/shop";
            refuse("url", "is no URL with {host} in it", remedy);
        } else if !secret {
            let remedy = "list the variable in settings.secrets, or take this out";
            refuse(
                "url",
                "is written into a Secret, and the setting is none",
                remedy,
            );
        }
    }
    if kind.embedded.is_none() && !written.embedded_settings.is_empty() {
        let remedy = "write embedded = \"sqlite\", or take this out";
        refuse("embedded_settings", "needs a word in `embedded`", remedy);
    }
    for (setting, text) in kind.embedded.iter().flat_map(|one| &one.settings) {
        let known = settings.get(setting).filter(|known| !known.secret);
        let wrong = match known.map(|known| known.parse(text)) {
            None => "names a variable that is no setting, or a secret".to_owned(),
            Some(Err(fault)) => format!("has a value for {setting} that {}", fault.problem),
            Some(Ok(_)) => continue,
        };
        refuse("embedded_settings", &wrong, "");
    }
    kind
}
