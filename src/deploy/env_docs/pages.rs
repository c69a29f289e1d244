//! The pages of all variables, and the list for scripts.

use askama::Template;
use serde_json::{Map, Value, json};

use super::rows::{Row, rows};
use crate::deploy::artefact::{Artefact, Project};
use crate::deploy::emit::RenderError;
use crate::deploy::file::File;
use crate::deploy::prose::{self, Block, Span};
use crate::deploy::service::Service;
use crate::deploy::{facts, kubernetes, markdown};
use crate::schema::Setting;

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

/// The same in Markdown.
#[derive(Template)]
#[template(path = "deploy/environment.md", escape = "none")]
struct MarkdownPage<'a> {
    page: &'a Page<'a>,
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

fn render(project: &Project) -> Result<Vec<File>, RenderError> {
    let service = &project.service;
    let mut files = service.settings.iter();
    let page = Page {
        name: &service.name,
        files: files.any(|setting| setting.file_variable().is_some()),
        sections: sections(service),
    };
    let markdown = MarkdownPage { page: &page }.render()?;
    // A lone one would be another line end to Git and to browsers.
    let html = page.render()?.replace('\r', "&#13;");
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
