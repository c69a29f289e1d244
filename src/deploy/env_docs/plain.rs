//! One setting for a terminal: what the pages say of it, as plain text.

use std::fmt::Write as _;

use super::{Span, rows};
use crate::deploy::Service;
use crate::schema::Setting;

/// Everything there is to say of `setting`: its name, its documentation, and a row a fact, each
/// ending in a line break. `more` are rows of the caller's own, a label and its lines each.
#[must_use]
pub fn explain(service: &Service, setting: &Setting, more: &[(&str, Vec<String>)]) -> String {
    let mut text = format!("{}\n", setting.name);
    for line in setting.docs.lines() {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{}", format!("    {line}").trim_end());
    }
    text.push('\n');
    let rows = rows(service, setting).into_iter().map(|row| {
        let lines = row.lines.iter().map(|line| words(line));
        (row.label, lines.collect())
    });
    let more = more.iter().map(|(label, lines)| (*label, lines.clone()));
    let rows: Vec<(&str, Vec<String>)> = rows.chain(more).collect();
    let labels = rows.iter().map(|(label, _)| label.len());
    let width = labels.max().unwrap_or(0);
    for (label, lines) in rows {
        for (at, line) in lines.iter().enumerate() {
            let label = if at == 0 { label } else { "" };
            let _ = writeln!(text, "    {label:<width$}  {line}");
        }
    }
    text
}

/// The words of a line, without the marks of code.
fn words(line: &[Span]) -> String {
    let words = line.iter().map(|span| match span {
        Span::Text(text) | Span::Code(text) => text.as_str(),
    });
    words.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deploy::sample;

    #[test]
    fn a_setting_is_explained_in_rows() {
        let service = sample::service();
        let setting = service.settings.get("SIGNING_KEY").unwrap();
        let more = [(
            "Written in",
            vec!["a.yaml:1".to_owned(), "b.yaml:2".to_owned()],
        )];
        assert_eq!(
            explain(&service, setting, &more),
            "SIGNING_KEY\n\n    \
             Type           text\n    \
             Default        none\n    \
             Required       in production\n    \
             Secret         yes; SIGNING_KEY_FILE may name a file that holds it\n    \
             In Kubernetes  Secret shop-secrets, in k8s/base/backend/secret.yaml\n    \
             Written in     a.yaml:1\n                   b.yaml:2\n"
        );
    }
}
