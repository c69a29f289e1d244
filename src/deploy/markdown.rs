//! Text to Markdown that shows it as it is: in paragraphs and in the cells of tables.
//!
//! The dialect is `CommonMark` with the tables of GitHub. What is written works in a cell as well as
//! outside of one, so nobody has to know where a text will stand: a `|` is never written as such.

use super::prose::{self, Block, Span};

/// `docs` as paragraphs and lists, with an empty line after each.
pub(super) fn blocks(docs: &str) -> String {
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
pub(super) fn line(docs: &str) -> String {
    spans(&prose::spans(docs))
}

/// Spans on one line.
pub(super) fn spans(spans: &[Span]) -> String {
    spans
        .iter()
        .map(|span| match span {
            Span::Text(words) => text(words),
            Span::Code(words) => code(words),
        })
        .collect()
}

/// `value` as code. White space at its ends and line breaks are shown as such where they can be.
pub(super) fn code(value: &str) -> String {
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
pub(super) fn text(words: &str) -> String {
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
pub(super) fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let row = |cells: Vec<&str>| format!("| {} |\n", cells.join(" | "));
    let mut out = row(head.to_vec());
    out.push_str(&row(vec!["---"; head.len()]));
    for cells in rows {
        out.push_str(&row(cells.iter().map(String::as_str).collect()));
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What a reader of Markdown would show of one line that was written here.
    fn shown(markdown: &str) -> String {
        let mut out = String::new();
        let mut rest = markdown;
        while let Some(c) = rest.chars().next() {
            let mut taken = c.len_utf8();
            if let Some(tail) = rest.strip_prefix('\\') {
                let escaped = tail.chars().next().unwrap();
                assert!(escaped.is_ascii_punctuation());
                out.push(escaped);
                taken += 1;
            } else if let Some(tail) = rest.strip_prefix('`') {
                let end = tail.find('`').unwrap();
                out.push_str(&tail[..end]);
                taken += end + 1;
            } else if let Some(tail) = rest.strip_prefix('&') {
                let end = tail.find(';').unwrap();
                match &tail[..end] {
                    "lt" => out.push('<'),
                    "gt" => out.push('>'),
                    "amp" => out.push('&'),
                    "#9166" => out.push('\n'),
                    code => {
                        let code = code.strip_prefix('#').unwrap().parse().unwrap();
                        out.push(char::from_u32(code).unwrap());
                    }
                }
                taken += end + 1;
            } else if let Some(tag) = ["<code>", "</code>"]
                .iter()
                .find(|tag| rest.starts_with(**tag))
            {
                taken = tag.len();
            } else {
                assert!(!"<>|*[]~$".contains(c), "{c} in {markdown}");
                out.push(c);
            }
            rest = &rest[taken..];
        }
        out
    }

    #[test]
    fn plain_words_stay_readable() {
        assert_eq!(
            line("Set `JWT_SECRET_KEY`, not SECRET_KEY."),
            "Set `JWT_SECRET_KEY`, not SECRET_KEY."
        );
        assert_eq!(text("a|b <c> _d_"), "a&#124;b &lt;c&gt; \\_d\\_");
        assert_eq!(code("a|b"), "<code>a&#124;b</code>");
        assert_eq!(code(""), "<code></code>");
        assert_eq!(
            blocks("# no\n\n1. no\n\n- yes"),
            "\\# no\n\n1\\. no\n\n- yes\n\n"
        );
    }

    proptest! {
        #[test]
        fn any_text_is_shown_as_it_is(words in "[|<>&`*_~$!# \\[\\]\\\\a-c]{0,30}|\\PC{0,40}") {
            let words = prose::one_line(&words);
            prop_assert_eq!(shown(&text(&words)), words);
        }

        #[test]
        fn any_code_is_shown_as_it_is(value in "[|<>&`*_~$!# \\[\\]\\\\a-c\\n]{0,30}|\\PC{0,40}") {
            prop_assert_eq!(shown(&code(&value)), value);
        }

        #[test]
        fn any_cells_leave_the_table_whole(
            cells in prop::collection::vec("[|<`\\\\\\n a]{0,12}|\\PC{0,20}", 3),
        ) {
            let row = vec![line(&cells[0]), code(&cells[1]), text(&prose::one_line(&cells[2]))];
            let table = table(&["a", "b", "c"], &[row]);
            prop_assert_eq!(table.lines().count(), 3);
            prop_assert!(table.lines().all(|line| line.matches('|').count() == 4));
        }
    }
}
