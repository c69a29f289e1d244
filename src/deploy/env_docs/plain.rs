//! One setting for a terminal: what the pages say of it, as plain text.

use std::fmt::Write as _;

use super::rows::rows;
use crate::deploy::prose::plain;
use crate::deploy::service::Service;
use crate::schema::Setting;

/// Letters of a line, as narrow terminals have them.
const COLUMNS: usize = 80;

/// Everything there is to say of `setting`: its name, its documentation, and a row a fact, each
/// ending in a line break. `more` are rows of the caller's own, a label and its lines each.
#[must_use]
pub fn explain(service: &Service, setting: &Setting, more: &[(&str, Vec<String>)]) -> String {
    let mut text = format!("{}\n", setting.name);
    for line in paragraphs(&setting.docs) {
        // Writing to a String cannot fail.
        for line in wrapped(&line, COLUMNS - 4) {
            let _ = writeln!(text, "{}", format!("    {line}").trim_end());
        }
    }
    text.push('\n');
    let rows = rows(service, setting);
    let labels = rows.iter().map(|row| row.label);
    let labels = labels.chain(more.iter().map(|(label, _)| *label));
    let width = labels.map(str::len).max().unwrap_or(0);
    let rows = rows.into_iter().map(|row| {
        let lines = row.lines.iter().map(|line| plain(line));
        let lines = lines.flat_map(|line| wrapped(&line, COLUMNS.saturating_sub(width + 6)));
        (row.label, lines.collect())
    });
    // Paths and values are copied, so their lines stay whole.
    let more = more.iter().map(|(label, lines)| (*label, lines.clone()));
    let rows: Vec<(&str, Vec<String>)> = rows.chain(more).collect();
    for (label, lines) in rows {
        for (at, line) in lines.iter().enumerate() {
            let label = if at == 0 { label } else { "" };
            let _ = writeln!(text, "    {label:<width$}  {line}");
        }
    }
    text
}

/// The lines of `docs`, those of one paragraph or of one item of a list put together.
fn paragraphs(docs: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for line in docs.lines().map(str::trim_end) {
        let begins = line.is_empty() || line.starts_with(['-', '*', ' ', '#', '|', '`']);
        match lines.last_mut() {
            Some(last) if !begins && !last.is_empty() => {
                last.push(' ');
                last.push_str(line);
            }
            _ => lines.push(line.to_owned()),
        }
    }
    lines
}

/// `line` in lines of `width` letters at most; a longer word has one of its own. Those after the
/// first of an item of a list are indented.
fn wrapped(line: &str, width: usize) -> Vec<String> {
    let indent = if line.starts_with("- ") { "  " } else { "" };
    let mut lines = vec![String::new()];
    for word in line.split(' ') {
        let Some(last) = lines.last_mut() else { break };
        if last.trim().is_empty() {
            last.push_str(word);
        } else if last.chars().count() + 1 + word.chars().count() <= width {
            last.push(' ');
            last.push_str(word);
        } else {
            lines.push(format!("{indent}{word}"));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deploy::sample;

    #[test]
    fn long_lines_are_wrapped_and_no_word_is_lost() {
        let text = "- one two three four\nfive\n\nsix sevenseven";
        let lines = paragraphs(text);
        assert_eq!(lines, ["- one two three four five", "", "six sevenseven"]);
        let of = |line: &str| wrapped(line, 11);
        assert_eq!(of(&lines[0]), ["- one two", "  three", "  four five"]);
        assert_eq!(of(""), [""]);
        assert_eq!(of(&lines[2]), ["six", "sevenseven"]);
        assert_eq!(of("a longlonglonglong b"), ["a", "longlonglonglong", "b"]);
    }

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
