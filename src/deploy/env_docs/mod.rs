//! The artefact `env-docs`: the reference of all variables, to read (Markdown, HTML) and for
//! scripts (JSON).
//!
//! What is said of a setting is gathered once, in [`rows`]; each format only escapes it.

mod plain;

use askama::Template;
use serde_json::{Map, Value, json};

use super::artefact::{Artefact, Project};
use super::emit::RenderError;
use super::file::File;
use super::prose::{self, Block, Span};
use super::service::Service;
use super::{facts, kubernetes, markdown};
use crate::schema::Setting;

pub use plain::explain;

/// The artefact.
pub(crate) const ARTEFACT: Artefact = Artefact {
    name: "env-docs",
    about: "Reference of the variables: Markdown, HTML and JSON",
    render,
};

/// The page that people read.
pub(crate) const MARKDOWN: &str = "docs/reference/environment.md";

/// Every variable, by section.
#[derive(Template)]
#[template(path = "deploy/environment.html")]
struct Page<'a> {
    name: &'a str,
    /// True if a secret may come from a file.
    files: bool,
    sections: Vec<Section<'a>>,
}

#[derive(Template)]
#[template(path = "deploy/environment.md", escape = "none")]
struct MarkdownPage<'a> {
    name: &'a str,
    /// True if a secret may come from a file.
    files: bool,
    sections: Vec<Section<'a>>,
}

struct Section<'a> {
    title: String,
    docs: &'a str,
    variables: Vec<Variable<'a>>,
}

/// A variable and all there is to say about it.
struct Variable<'a> {
    setting: &'a Setting,
    rows: Vec<Row>,
}

/// One fact: what it is about, and lines that say it.
struct Row {
    label: &'static str,
    lines: Vec<Vec<Span>>,
}

fn render(project: &Project) -> Result<Vec<File>, RenderError> {
    let service = &project.service;
    let name = &service.name;
    let sections = sections(service);
    let mut files = service.settings.iter();
    let files = files.any(|setting| setting.file_variable().is_some());
    let markdown = MarkdownPage {
        name,
        files,
        sections,
    };
    let markdown = markdown.render()?;
    let sections = self::sections(service);
    let html = Page {
        name,
        files,
        sections,
    };
    // A lone one would be another line end to Git and to browsers.
    let html = html.render()?.replace('\r', "&#13;");
    let path = |end: &str| format!("docs/reference/environment.{end}");
    Ok(vec![
        File::with_markup_mark(service, "env-docs", MARKDOWN, &markdown),
        File::with_markup_mark(service, "env-docs", path("html"), &html),
        File::json(
            service,
            "env-docs",
            path("json"),
            "$comment",
            &list(service),
        ),
    ])
}

fn sections(service: &Service) -> Vec<Section<'_>> {
    let groups = facts::groups(service).into_iter();
    groups
        .map(|group| Section {
            title: group.title,
            docs: group.docs,
            variables: group
                .settings
                .into_iter()
                .map(|setting| Variable {
                    setting,
                    rows: rows(service, setting),
                })
                .collect(),
        })
        .collect()
}

fn rows(service: &Service, setting: &Setting) -> Vec<Row> {
    let text = |text: &str| Span::Text(text.to_owned());
    let code = |code: &str| Span::Code(code.to_owned());
    let mut rows = Vec::new();
    let mut row = |label, lines: Vec<Vec<Span>>| rows.push(Row { label, lines });
    row("Type", vec![vec![text(&facts::kind(setting))]]);
    if let Some(allowed) = allowed(setting) {
        row("Allowed", allowed);
    }
    row("Default", defaults(setting));
    row("Required", vec![vec![text(&facts::required(setting))]]);
    let secret = match setting.file_variable() {
        Some(file) => vec![
            text("yes; "),
            code(&file),
            text(" may name a file that holds it"),
        ],
        None if setting.secret => vec![text("yes")],
        None => vec![text("no")],
    };
    row("Secret", vec![secret]);
    if let Some(example) = setting.example_text() {
        row("Example", vec![vec![code(&example)]]);
    }
    let place = kubernetes::ObjectRef::of(service, setting);
    let object = [text(place.kind), text(" "), code(&place.name)];
    let file = [text(", in "), code(&place.file)];
    row("In Kubernetes", vec![[object.as_slice(), &file].concat()]);
    if setting.deprecated {
        row("Status", vec![vec![text("deprecated: it will go")]]);
    }
    rows
}

/// Allowed values: a line for each value that means something, or one for all.
fn allowed(setting: &Setting) -> Option<Vec<Vec<Span>>> {
    if setting.variants.is_empty() {
        return Some(vec![vec![Span::Text(setting.allowed()?)]]);
    }
    let variants = setting.variants.iter().map(|variant| {
        let mut line = vec![Span::Code(variant.value.clone())];
        if !variant.docs.is_empty() {
            line.push(Span::Text(": ".to_owned()));
            line.extend(prose::spans(&variant.docs));
        }
        line
    });
    Some(variants.collect())
}

/// The default, and those of environments that have their own.
fn defaults(setting: &Setting) -> Vec<Vec<Span>> {
    let shown = |value: Option<String>| match value {
        None => Span::Text("none".to_owned()),
        Some(value) if value.is_empty() => Span::Text("empty".to_owned()),
        Some(value) => Span::Code(value),
    };
    let mut lines = vec![vec![shown(setting.default_text())]];
    for environment in setting.default_in.keys() {
        lines.push(vec![
            Span::Text(format!("in {environment}: ")),
            shown(setting.default_text_in(environment)),
        ]);
    }
    lines
}

/// The list for scripts.
fn list(service: &Service) -> Map<String, Value> {
    let mut list = Map::new();
    list.insert("service".to_owned(), service.name.as_str().into());
    let settings = service
        .settings
        .iter()
        .map(|setting| describe(service, setting));
    list.insert("variables".to_owned(), settings.collect());
    list
}

/// All there is to say about `setting`, as an object for scripts.
#[must_use]
pub fn describe(service: &Service, setting: &Setting) -> Value {
    let variants = setting.variants.iter();
    let variants = variants.map(|one| json!({ "value": one.value, "docs": one.docs }));
    json!({
        "name": setting.name,
        "path": setting.path.join("."),
        "summary": setting.summary(),
        "docs": setting.docs,
        "type": facts::kind_word(&setting.kind),
        "unit": facts::unit(setting),
        "allowed": variants.collect::<Value>(),
        "minimum": setting.minimum,
        "maximum": setting.maximum,
        "format": setting.format,
        "default": setting.default,
        "default_in": setting.default_in,
        "example": setting.example,
        "required": setting.required,
        "required_in": setting.required_in,
        "required_when": setting.required_when.iter().map(|condition| {
            json!({ "setting": condition.setting, "values": condition.values })
        }).collect::<Value>(),
        "secret": setting.secret,
        "file_variable": setting.file_variable(),
        "deprecated": setting.deprecated,
        "kubernetes": kubernetes::ObjectRef::of(service, setting),
    })
}

impl Section<'_> {
    /// The anchor that Markdown readers make of the heading.
    fn markdown_anchor(&self) -> String {
        self.title.to_lowercase()
    }

    /// An anchor that no variable has.
    fn anchor(&self) -> String {
        format!("section-{}", self.title)
    }

    fn blocks(&self) -> Vec<Block> {
        prose::blocks(self.docs)
    }

    fn markdown(&self) -> String {
        markdown::blocks(self.docs)
    }
}

impl Variable<'_> {
    fn markdown_anchor(&self) -> String {
        self.setting.name.to_lowercase()
    }

    fn blocks(&self) -> Vec<Block> {
        prose::blocks(&self.setting.docs)
    }

    fn markdown(&self) -> String {
        markdown::blocks(&self.setting.docs)
    }

    fn table(&self) -> String {
        let rows = self.rows.iter().map(|row| {
            let lines: Vec<_> = row.lines.iter().map(|line| markdown::spans(line)).collect();
            vec![row.label.to_owned(), lines.join("<br>")]
        });
        markdown::table(&["", ""], &rows.collect::<Vec<_>>())
    }
}

#[cfg(test)]
mod tests;
