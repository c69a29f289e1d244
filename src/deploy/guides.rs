//! The artefact `guides`: pages for operators, whose tables of settings are filled in.
//!
//! The prose stays as its author left it: only what stands between the markers
//! `<!-- table: NAME -->` and `<!-- /table -->` comes from here.

use std::collections::BTreeMap;
use std::fmt;

use super::artefact::{Artefact, Project};
use super::emit::RenderError;
use super::file::File;
use super::markdown::{code, line, table, text};
use super::service::{BackendKind, Guide, Service};
use super::{facts, kubernetes};
use crate::schema::Setting;

/// The artefact.
pub(crate) const ARTEFACT: Artefact = Artefact {
    name: "guides",
    about: "Pages for operators, with their tables filled in",
    render,
};

fn render(project: &Project) -> Result<Vec<File>, RenderError> {
    let tables = tables(&project.service);
    let fill = |guide: &Guide| {
        let text = fill(&guide.text, &tables)
            .map_err(|error| RenderError::Facts(format!("{}: {error}", guide.path)))?;
        Ok(File {
            path: guide.path.clone(),
            text,
        })
    };
    project.service.guides.iter().map(fill).collect()
}

/// The environment whose needs the table `production` lists.
const PRODUCTION: &str = "production";

/// The tables of `service` by name, each ending in a line break: `settings` (all of them),
/// `secrets` (with how to make each), `production` (what must be set there).
#[must_use]
pub fn tables(service: &Service) -> BTreeMap<&'static str, String> {
    BTreeMap::from([
        ("settings", settings(service)),
        ("secrets", secrets(service)),
        (PRODUCTION, production(service)),
    ])
}

fn settings(service: &Service) -> String {
    let rows = service.settings.iter().map(|setting| {
        let allowed = setting.allowed();
        vec![
            code(&setting.name),
            line(&setting.summary()),
            allowed.map_or(String::new(), |allowed| text(&allowed)),
            default(setting),
            text(kubernetes::ObjectRef::of(service, setting).kind),
        ]
    });
    let head = ["Variable", "Meaning", "Allowed", "Default", "In"];
    table(&head, &rows.collect::<Vec<_>>())
}

fn secrets(service: &Service) -> String {
    let rows = service.secret_settings().map(|setting| {
        let recipe = facts::recipe(service, setting);
        vec![
            code(&setting.name),
            needed(service, setting),
            recipe.map_or_else(|| line(&setting.summary()), |recipe| line(&recipe)),
        ]
    });
    table(
        &["Secret", "Needed", "How to make it"],
        &rows.collect::<Vec<_>>(),
    )
}

fn production(service: &Service) -> String {
    let mut rows = Vec::new();
    if let Some(setting) = service.settings.get(&service.environment) {
        let name = code(&setting.name);
        rows.push(vec![name, code(PRODUCTION), line(&setting.summary())]);
    }
    let required = |setting: &Setting| {
        setting.required || setting.required_in.iter().any(|place| place == PRODUCTION)
    };
    for setting in &service.settings {
        if setting.name == service.environment {
            continue;
        }
        if required(setting) || remote(service, setting).is_some() {
            let recipe = facts::recipe(service, setting).filter(|_| setting.secret);
            let example = setting.example_text().filter(|_| !setting.secret);
            let value = recipe.map(|recipe| line(&recipe));
            let value = value.or_else(|| example.map(|example| code(&example)));
            rows.push(vec![
                code(&setting.name),
                value.unwrap_or_default(),
                line(&setting.summary()),
            ]);
        }
    }
    table(&["Variable", "Value", "Meaning"], &rows)
}

/// The backend outside the process whose URL `setting` is, where production has one by default.
fn remote<'a>(service: &'a Service, setting: &Setting) -> Option<&'a BackendKind> {
    let mut backends = service.backends.iter();
    backends.find(|backend| backend.setting == setting.name && backend.default.is_some())
}

/// The condition on which a secret is needed, in Markdown.
fn needed(service: &Service, setting: &Setting) -> String {
    if facts::is_required(setting) {
        let place = facts::required(setting);
        return text(if place == "yes" { "always" } else { &place });
    }
    if !setting.required_when.is_empty() {
        return text(&facts::required(setting));
    }
    match remote(service, setting) {
        Some(backend) => format!("with a {} outside the process", text(&backend.name)),
        None => "if you use it".to_owned(),
    }
}

/// The default as a cell.
fn default(setting: &Setting) -> String {
    let shown = |value: Option<String>| match value {
        None => "none".to_owned(),
        Some(value) if value.is_empty() => "empty".to_owned(),
        Some(value) => code(&value),
    };
    let mut cell = shown(setting.default_text());
    for environment in setting.default_in.keys() {
        let own = shown(setting.default_text_in(environment));
        cell = format!("{cell}; in {} {own}", text(environment));
    }
    cell
}

/// Markers of a page that are wrong; one line each, with its number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct FillError(Vec<String>);

impl fmt::Display for FillError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

/// `page` with each table between its markers, which stand on lines of their own. What stood there
/// before is lost; all else stays as it is.
///
/// # Errors
/// [`FillError`] with every marker that is unknown, open or alone.
pub fn fill(page: &str, tables: &BTreeMap<&'static str, String>) -> Result<String, FillError> {
    let mut out = String::new();
    let mut faults = Vec::new();
    let mut open: Option<usize> = None;
    for (at, whole) in page.split_inclusive('\n').enumerate() {
        let (number, text) = (at + 1, whole.trim());
        let name = text.strip_prefix("<!-- table:");
        let name = name.and_then(|name| name.strip_suffix("-->"));
        if let Some(name) = name.map(str::trim) {
            if let Some(first) = open {
                faults.push(format!(
                    "line {first}: the table has no end; write <!-- /table --> before line {number}"
                ));
            }
            open = Some(number);
            out.push_str(whole);
            match tables.get(name) {
                Some(table) => out.extend(["\n", table, "\n"]),
                None => faults.push(format!(
                    "line {number}: there is no table {name:?}; there are {}",
                    tables.keys().copied().collect::<Vec<_>>().join(", ")
                )),
            }
        } else if text == "<!-- /table -->" {
            if open.take().is_none() {
                faults.push(format!("line {number}: ends a table that did not begin; write <!-- table: NAME --> above it"));
            }
            out.push_str(whole);
        } else if open.is_none() {
            out.push_str(whole);
        }
    }
    if let Some(first) = open {
        faults.push(format!(
            "line {first}: the table has no end; write <!-- /table --> after it"
        ));
    }
    if faults.is_empty() {
        Ok(out)
    } else {
        Err(FillError(faults))
    }
}

#[cfg(test)]
mod tests;
