//! Backends of the service, as `[backends.NAME]` says.

use std::collections::BTreeMap;

use super::file::BackendToml;
use super::text::Word;
use crate::deploy::plan::secret_signs;
use crate::deploy::plan::{Label, default_endpoint};
use crate::deploy::service::{BackendKind, Embedded};
use crate::deploy::toml_file::Report;
use crate::schema::Settings;

/// Words that a URL may leave to be filled in.
const BLANKS: [&str; 4] = ["{scheme}", "{host}", "{port}", "{password}"];

/// The backends; their faults go into `report`.
pub(super) fn read(
    written: &BTreeMap<String, BackendToml>,
    settings: &Settings,
    report: &mut Report,
) -> Vec<BackendKind> {
    let mut kinds = Vec::new();
    for (name, one) in written {
        // Looking for the nearest name takes time: not for faults that are not told.
        if report.is_full() {
            break;
        }
        let kind = kind_of(name, one);
        let mut check = Check {
            kind: &kind,
            before: &kinds,
            written: one,
            settings,
            report,
        };
        check.name();
        check.setting();
        check.schemes();
        check.default();
        check.url();
        check.embedded();
        kinds.push(kind);
    }
    kinds
}

fn kind_of(name: &str, written: &BackendToml) -> BackendKind {
    let text = |word: &Option<Word>| word.clone().map(String::from);
    let port = |(scheme, port): (&String, &crate::schema::Bounded<1, 65_535>)| {
        (scheme.clone(), port.as_u16())
    };
    let setting = written.setting.clone().map(String::from);
    BackendKind {
        name: name.to_owned(),
        setting: setting.unwrap_or_default(),
        schemes: written.schemes.iter().map(port).collect(),
        embedded: written.embedded.as_ref().map(|word| Embedded {
            word: String::from(word.clone()),
            settings: written
                .embedded_settings
                .iter()
                .map(|(name, text)| (name.clone(), String::from(text.clone())))
                .collect(),
        }),
        default: text(&written.default),
        through: None,
        url: text(&written.url),
    }
}

/// One backend under examination.
struct Check<'a> {
    kind: &'a BackendKind,
    /// Those that were read.
    before: &'a [BackendKind],
    written: &'a BackendToml,
    settings: &'a Settings,
    report: &'a mut Report,
}

impl Check<'_> {
    /// Refuses what stands at `key`, or the whole table, once.
    fn refuse(&mut self, key: &str, problem: &str, remedy: &str) {
        let path = ["backends", &self.kind.name, key];
        let path = if key.is_empty() {
            &path[..2]
        } else {
            &path[..]
        };
        if !self.report.failed(path) {
            self.report.invalid(path, problem, remedy);
        }
    }

    fn name(&mut self) {
        if Label::try_from(self.kind.name.as_str()).is_err() {
            let remedy = "use small letters, digits and -: database";
            self.refuse("", "is not a name of a backend", remedy);
        }
    }

    fn setting(&mut self) {
        if self.written.setting.is_none() {
            self.refuse("setting", "is missing", "name the variable of its URL");
        } else if self.settings.get(&self.kind.setting).is_none() {
            let near = self.settings.nearest(&self.kind.setting);
            let near = near.map(|near| format!("did you mean {}?", near.name));
            self.refuse("setting", "is not a setting", &near.unwrap_or_default());
        }
        let setting = &self.kind.setting;
        let before = self.before.iter();
        let taken = before.filter(|kind| !setting.is_empty() && kind.setting == *setting);
        if let Some(name) = taken.map(|kind| kind.name.clone()).next() {
            let problem = format!("is the variable of backends.{name} already");
            self.refuse(
                "setting",
                &problem,
                "a variable holds one URL: take one out",
            );
        }
    }

    fn schemes(&mut self) {
        if self.kind.schemes.is_empty() {
            let remedy = "write it like { postgresql = 5432 }";
            self.refuse("schemes", "is missing", remedy);
        }
        let begins = |scheme: &str| scheme.starts_with(|letter: char| letter.is_ascii_lowercase());
        let rest = |letter: char| {
            letter.is_ascii_lowercase() || letter.is_ascii_digit() || "+.-".contains(letter)
        };
        let is_scheme = |scheme: &str| begins(scheme) && scheme.chars().all(rest);
        if !self.kind.schemes.iter().all(|(name, _)| is_scheme(name)) {
            let remedy = "write it in small letters: { postgresql = 5432 }";
            self.refuse(
                "schemes",
                "has a name that is not a scheme of a URL",
                remedy,
            );
        }
    }

    fn default(&mut self) {
        if let Some(Err(problem)) = default_endpoint(self.kind) {
            let (problem, remedy) = problem.split_once("; ").unwrap_or((&problem, ""));
            self.refuse("default", problem, remedy);
        }
    }

    fn url(&mut self) {
        let known = self.settings.get(&self.kind.setting);
        let Some(url) = &self.kind.url else {
            // Without it no Secret holds the variable, and the pods take the program's default.
            if known.is_some_and(|setting| setting.secret) {
                let remedy = "write it like {scheme}://shop:{password}@{host}:{port}/shop";
                self.refuse("url", "is missing, and the setting is a secret", remedy);
            }
            return;
        };
        let rest = BLANKS
            .iter()
            .fold(url.clone(), |url, blank| url.replace(blank, ""));
        if rest.contains(['{', '}']) || !url.contains("{host}") {
            let remedy = "write it like {scheme}://shop:{password}@{host}:{port}/shop";
            self.refuse("url", "is not a URL with {host} in it", remedy);
        } else if has_fixed_password(url) {
            let remedy = "write {password} in its place: each environment has its own";
            self.refuse("url", "has a password in it", remedy);
        } else if known.is_some_and(|setting| !setting.secret) {
            self.refuse(
                "url",
                "is written into a Secret, and the setting is none",
                "list the variable in settings.secrets, or take this out",
            );
        }
    }

    fn embedded(&mut self) {
        if self.kind.embedded.is_none() && !self.written.embedded_settings.is_empty() {
            let remedy = "write embedded = \"sqlite\", or take this out";
            self.refuse("embedded_settings", "needs a word in `embedded`", remedy);
        }
        let embedded = self.kind.embedded.as_ref();
        for (setting, text) in embedded.into_iter().flat_map(|one| &one.settings) {
            let known = self.settings.get(setting).filter(|known| !known.secret);
            let wrong = match known.map(|known| known.parse(text)) {
                None => "names a variable that is not a setting, or a secret".to_owned(),
                Some(Err(fault)) => format!("has a value for {setting} that {}", fault.problem),
                Some(Ok(_)) => match secret_signs::of(text) {
                    Some(sign) => format!("has a value for {setting} with {sign} in it"),
                    None => continue,
                },
            };
            self.refuse("embedded_settings", &wrong, "");
        }
    }
}

/// Checks whether the template `url` has a password that is not a blank.
fn has_fixed_password(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let login = rest.rsplit_once('@').map(|(login, _)| login);
    let password = login.and_then(|login| login.split_once(':'));
    let is_fixed = |password: &str| !matches!(password, "" | "{password}");
    password.is_some_and(|(_, password)| is_fixed(password))
        || secret_signs::has_assignment(&url.replace("{password}", ""))
}
