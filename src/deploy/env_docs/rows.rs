//! Facts of a variable, gathered once; each format only escapes them.

use crate::deploy::prose::{self, Span};
use crate::deploy::service::Service;
use crate::deploy::{facts, kubernetes};
use crate::schema::Setting;

/// One fact: its subject, and lines that say it.
pub(super) struct Row {
    pub(super) label: &'static str,
    pub(super) lines: Vec<Vec<Span>>,
}

/// The facts of `setting`.
pub(super) fn rows(service: &Service, setting: &Setting) -> Vec<Row> {
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
