//! Text to Markdown that shows it as it is: in paragraphs and in the cells of tables.
//!
//! The dialect is `CommonMark` with the tables of GitHub. What is written works in a cell as well
//! as outside of one, so callers need not know where a text will stand: a `|` is never written as
//! such.

use super::prose::{self, Block, Span};

/// `docs` as paragraphs and lists, with an empty line after each.
pub(crate) fn blocks(docs: &str) -> String {
    let mut out = String::new();
    for block in prose::blocks(docs) {
        match block {
            Block::Paragraph(words) => {
                out.push_str(&beginning(&spans(&words)));
                out.push('\n');
            }
            Block::List(items) => {
                for item in items {
                    out.push_str("- ");
                    out.push_str(&beginning(&spans(&item)));
                    out.push('\n');
                }
            }
        }
        out.push('\n');
    }
    out
}

/// `docs` on one line.
pub(crate) fn line(docs: &str) -> String {
    spans(&prose::spans(docs))
}

/// Spans on one line.
pub(crate) fn spans(spans: &[Span]) -> String {
    spans
        .iter()
        .map(|span| match span {
            Span::Text(words) => text(words),
            Span::Code(words) => code(words),
        })
        .collect()
}

/// `value` as code. White space at its ends and line breaks are shown as such where they can be.
pub(crate) fn code(value: &str) -> String {
    let plain = |c: char| !c.is_control() && !matches!(c, '`' | '|');
    let whole = !value.is_empty() && value == value.trim() && !value.ends_with('\\');
    if whole && value.chars().all(plain) {
        return format!("`{value}`");
    }
    // Between backticks neither a backtick nor a `|` can be escaped in every reader.
    let inner: String = value
        .chars()
        .map(|c| match c {
            '\n' => "&#9166;".to_owned(),
            c if c.is_control() => "\u{fffd}".to_owned(),
            c if c.is_ascii_alphanumeric() || !c.is_ascii() => c.to_string(),
            ' ' => "&#32;".to_owned(),
            c => format!("&#{};", u32::from(c)),
        })
        .collect();
    format!("<code>{inner}</code>")
}

/// `words` as words: no character of theirs is markup.
pub(crate) fn text(words: &str) -> String {
    let mut out = String::new();
    let mut before = ' ';
    let mut rest = words.chars().peekable();
    while let Some(c) = rest.next() {
        let after = rest.peek().copied().unwrap_or(' ');
        match c {
            '|' => out.push_str("&#124;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            // Inside a word it is only itself, and names of variables stay readable.
            '_' if before.is_alphanumeric() && after.is_alphanumeric() => out.push(c),
            '\\' | '`' | '*' | '_' | '[' | ']' | '~' | '$' => out.extend(['\\', c]),
            c if c.is_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
        before = c;
    }
    out
}

/// `line` where a paragraph begins: what would make a heading, a list or a rule of it is escaped.
fn beginning(line: &str) -> String {
    let digits = line.chars().take_while(char::is_ascii_digit).count();
    let rest = &line[digits..];
    if line.starts_with(['#', '+', '-', '=']) || (digits > 0 && rest.starts_with(['.', ')'])) {
        return format!("{}\\{rest}", &line[..digits]);
    }
    line.to_owned()
}

/// A table of cells that are Markdown of one line already.
pub(crate) fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let row = |cells: Vec<&str>| format!("| {} |\n", cells.join(" | "));
    let mut out = row(head.to_vec());
    out.push_str(&row(vec!["---"; head.len()]));
    for cells in rows {
        out.push_str(&row(cells.iter().map(String::as_str).collect()));
    }
    out
}

#[cfg(test)]
mod tests;
