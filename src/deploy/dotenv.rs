//! The artefact `dotenv`: `.env.example`, every setting with what it means.
//!
//! Plain settings are commented out with their defaults, required ones wait for a value, and no
//! value of a secret is in it. Lines are `NAME=value` as a POSIX shell reads them: quotes stand
//! only where a value needs them, so that readers that know no quotes (`docker run --env-file`,
//! `podman run --env-file`) agree on every line without.

use askama::Template;

use super::artefact::{Artefact, Project};
use super::emit::RenderError;
use super::facts::{self, Group};
use super::file::File;
use super::prose::{self, Block, Span};
use super::service::Service;
use crate::schema::Setting;

/// Columns of a comment, the `# ` included.
const WIDTH: usize = 96;

/// The artefact.
pub(crate) const ARTEFACT: Artefact = Artefact {
    name: "dotenv",
    about: ".env.example: every setting with its default, to be copied and filled in",
    render,
};

#[derive(Template)]
#[template(path = "deploy/dotenv.txt", escape = "none")]
struct Page<'a> {
    name: &'a str,
    groups: Vec<GroupText>,
}

/// Comments and lines, ready to stand in the file.
struct GroupText {
    title: String,
    docs: String,
    settings: Vec<SettingText>,
}

struct SettingText {
    comment: String,
    line: String,
}

fn render(project: &Project) -> Result<Vec<File>, RenderError> {
    let service = &project.service;
    let groups = facts::groups(service);
    let page = Page {
        name: &service.name,
        groups: groups
            .iter()
            .map(|group| group_text(service, group))
            .collect(),
    };
    let text = page.render()?;
    Ok(vec![File::with_hash_mark(
        service,
        "dotenv",
        ".env.example",
        &text,
    )])
}

fn group_text(service: &Service, group: &Group<'_>) -> GroupText {
    let settings = group.settings.iter();
    GroupText {
        title: group.title.clone(),
        docs: comment(group.docs),
        settings: settings
            .map(|setting| SettingText {
                comment: about(service, setting),
                line: line(setting),
            })
            .collect(),
    }
}

/// Everything that stands above a setting.
fn about(service: &Service, setting: &Setting) -> String {
    let mut out = comment(&setting.docs);
    if setting.variants.iter().all(|one| one.docs.is_empty()) {
        if let Some(allowed) = setting.allowed() {
            wrap(&mut out, &format!("Allowed: {allowed}."), "");
        }
    } else {
        wrap(&mut out, "Allowed:", "");
        for variant in &setting.variants {
            let gap = if variant.docs.is_empty() { "" } else { ": " };
            let text = format!("- {}{gap}{}", variant.value, variant.docs);
            wrap(&mut out, &text, "  ");
        }
    }
    for environment in setting.default_in.keys() {
        let default = setting.default_text_in(environment).unwrap_or_default();
        if !setting.secret {
            wrap(
                &mut out,
                &format!("Default in {environment}: {default}"),
                "",
            );
        }
    }
    if facts::is_required(setting) || !setting.required_when.is_empty() {
        let wanted = facts::required(setting).replace("yes", "everywhere");
        let sentence = format!("Required {wanted}.");
        if !prose::one_line(&setting.docs).contains(&sentence) {
            wrap(&mut out, &sentence, "");
        }
    }
    if let Some(example) = setting.example_text().filter(|_| !setting.secret) {
        wrap(&mut out, &format!("Example: {example}"), "");
    }
    if setting.secret {
        let recipe = facts::recipe(service, setting);
        // The docs may have said so.
        let recipe = recipe.filter(|recipe| !prose::one_line(&setting.docs).contains(recipe));
        let text = match setting.file_variable() {
            Some(file) => format!("Secret; {file} may name a file that holds it."),
            None => "Secret.".to_owned(),
        };
        wrap(&mut out, &text, "");
        if let Some(recipe) = recipe {
            wrap(&mut out, &recipe, "");
        }
    }
    if setting.deprecated {
        wrap(&mut out, "Deprecated: it will go.", "");
    }
    out
}

/// The setting itself: commented out where it may be left out.
fn line(setting: &Setting) -> String {
    let off = if facts::is_required(setting) { "" } else { "#" };
    let value = setting.default_text().filter(|_| !setting.secret);
    // A line break would end the comment.
    let value = value.filter(|value| !value.contains(char::is_control));
    let quoted = value.map_or(String::new(), |value| quote(&value));
    format!("{off}{}={quoted}\n", setting.name)
}

/// `docs` as comment lines.
fn comment(docs: &str) -> String {
    let text = |spans: &[Span]| {
        let words = spans.iter().map(|span| match span {
            Span::Text(text) => text.clone(),
            Span::Code(text) => format!("`{text}`"),
        });
        words.collect::<String>()
    };
    let mut out = String::new();
    for (at, block) in prose::blocks(docs).iter().enumerate() {
        if at > 0 {
            out.push_str("#\n");
        }
        match block {
            Block::Paragraph(spans) => wrap(&mut out, &text(spans), ""),
            Block::List(items) => {
                for item in items {
                    wrap(&mut out, &format!("- {}", text(item)), "  ");
                }
            }
        }
    }
    out
}

/// Adds `text` as comment lines of at most [`WIDTH`] columns, but for words that are longer. All
/// but the first have `hang` in front of their words.
fn wrap(out: &mut String, text: &str, hang: &str) {
    for line in prose::wrapped(&prose::one_line(text), WIDTH - "# ".len(), hang) {
        out.extend(["# ", &line, "\n"]);
    }
}

/// `value` as a POSIX shell reads it (XCU 2.2, "Quoting"): bare where no reader could take it for
/// anything else, in single quotes where it can. A single quote wants double ones; where the value
/// has more that those would not keep, it is written as `'\''`, which only shells and systemd read.
fn quote(value: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || "_-./:@%+,=".contains(c);
    if value.chars().all(bare) {
        return value.to_owned();
    }
    if value.contains('\'') && !value.contains(['"', '$', '`', '\\', '!']) {
        return format!("\"{value}\"");
    }
    format!("'{}'", value.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests;
