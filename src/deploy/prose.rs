//! Doc comments as paragraphs, lists and code, so that every format can escape them by its own
//! rules. How they are written down is the format's business.

/// A part of a text that stands by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Block {
    /// One paragraph.
    Paragraph(Vec<Span>),
    /// The items of a list.
    List(Vec<Vec<Span>>),
}

/// A part of a line. White space within is single spaces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Span {
    /// Words.
    Text(String),
    /// Text between backticks.
    Code(String),
}

/// The blocks of `docs`, which is what a doc comment may hold: paragraphs, lists with `-` or `*`,
/// and backticks. Anything else is taken for words.
#[must_use]
pub fn blocks(docs: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut lines: Vec<&str> = Vec::new();
    for line in docs.lines().chain([""]) {
        if !line.trim().is_empty() {
            lines.push(line);
            continue;
        }
        if !lines.is_empty() {
            block(&lines, &mut blocks);
            lines.clear();
        }
    }
    blocks
}

/// A paragraph and the list that may follow it.
fn block(lines: &[&str], blocks: &mut Vec<Block>) {
    let first = lines.iter().position(|line| item(line).is_some());
    let (words, list) = lines.split_at(first.unwrap_or(lines.len()));
    if !words.is_empty() {
        blocks.push(Block::Paragraph(spans(&words.join(" "))));
    }
    let mut entries: Vec<String> = Vec::new();
    for line in list {
        match (item(line), entries.last_mut()) {
            (None, Some(entry)) => {
                entry.push(' ');
                entry.push_str(line);
            }
            (text, _) => entries.push(text.unwrap_or(line).to_owned()),
        }
    }
    if !entries.is_empty() {
        let entries = entries.iter().map(|text| spans(text));
        blocks.push(Block::List(entries.collect()));
    }
}

fn item(line: &str) -> Option<&str> {
    let line = line.trim_start();
    line.strip_prefix("- ").or_else(|| line.strip_prefix("* "))
}

/// The spans of one line. A run of backticks opens code where an equal run closes it.
#[must_use]
pub fn spans(text: &str) -> Vec<Span> {
    let text = one_line(text);
    let mut spans = Vec::new();
    let mut words = String::new();
    let mut rest = text.as_str();
    while let Some(at) = rest.find('`') {
        let run = rest[at..].chars().take_while(|c| *c == '`').count();
        let (before, after) = (&rest[..at], &rest[at + run..]);
        words.push_str(before);
        if let Some(end) = closing(after, run) {
            push_text(&mut spans, &mut words);
            spans.push(Span::Code(after[..end].trim().to_owned()));
            rest = &after[end + run..];
        } else {
            words.push_str(&rest[at..at + run]);
            rest = after;
        }
    }
    words.push_str(rest);
    push_text(&mut spans, &mut words);
    spans
}

fn push_text(spans: &mut Vec<Span>, words: &mut String) {
    if !words.is_empty() {
        spans.push(Span::Text(std::mem::take(words)));
    }
}

/// Position of the next run of exactly `run` backticks with something before it.
fn closing(text: &str, run: usize) -> Option<usize> {
    let mut from = 0;
    while let Some(at) = text[from..].find('`').map(|at| from + at) {
        let here = text[at..].chars().take_while(|c| *c == '`').count();
        if here == run {
            return (!text[..at].trim().is_empty()).then_some(at);
        }
        from = at + here;
    }
    None
}

/// `text` on one line, with single spaces, and nothing in it that a terminal or a browser would
/// obey.
pub(crate) fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let line = words.join(" ");
    line.chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect()
}

/// The words of `text` in lines of at most `columns` characters, but for words that are longer. All
/// lines but the first begin with `hang`.
pub(crate) fn wrapped(text: &str, columns: usize, hang: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(last) if last.chars().count() + 1 + word.chars().count() <= columns => {
                last.push(' ');
                last.push_str(word);
            }
            Some(_) => lines.push(format!("{hang}{word}")),
            None => lines.push(word.to_owned()),
        }
    }
    lines
}

/// The words of `spans`, without the marks of code.
pub(crate) fn plain(spans: &[Span]) -> String {
    spans
        .iter()
        .map(|span| match span {
            Span::Text(text) | Span::Code(text) => text.as_str(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn paragraphs_lists_and_code_are_told_apart() {
        let found = blocks("One `a b`\nline.\n\nTwo:\n- x\n  y\n* `z`\n");
        let text = |text: &str| Span::Text(text.to_owned());
        let code = |text: &str| Span::Code(text.to_owned());
        assert_eq!(
            found,
            [
                Block::Paragraph(vec![text("One "), code("a b"), text(" line.")]),
                Block::Paragraph(vec![text("Two:")]),
                Block::List(vec![vec![text("x y")], vec![code("z")]]),
            ]
        );
    }

    #[test]
    fn lone_backticks_are_words() {
        assert_eq!(spans("a ` b"), [Span::Text("a ` b".to_owned())]);
        assert_eq!(spans("``a`"), [Span::Text("``a`".to_owned())]);
        assert_eq!(spans("``a`b``"), [Span::Code("a`b".to_owned())]);
    }

    proptest! {
        #[test]
        fn no_word_is_lost(text in "[a-c` \\n]{0,40}|\\PC{0,40}") {
            let kept = plain(&spans(&text));
            let bare = |text: &str| text.replace(['`', ' '], "");
            prop_assert_eq!(bare(&kept), bare(&one_line(&text)));
        }
    }
}
