//! Lines of `NAME=value`, as shells, compose and systemd agree on them: `#` comments, an optional
//! `export`, quotes around a value. Nothing is expanded.

use super::report::{At, Finding, FindingKind};

/// A variable and its text.
pub(super) type Entry = (String, String);

/// The variables of `text`; lines that are none become findings, without their text.
pub(super) fn read(at: &At, text: &str) -> (Vec<Entry>, Vec<Finding>) {
    let mut entries = Vec::new();
    let mut findings = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        match entry(line) {
            Some(entry) => entries.push(entry),
            None => findings.push(at.finding(
                FindingKind::Unreadable,
                "",
                format!("line {} is not NAME=value", number + 1),
                "write one NAME=value a line, and # before a comment",
            )),
        }
    }
    (entries, findings)
}

/// The lines of `text`, from 1, that give a variable which `is_meant`.
pub(super) fn lines(text: &str, is_meant: impl Fn(&str) -> bool) -> impl Iterator<Item = u64> {
    let lines = (1..).zip(text.lines());
    lines.filter_map(move |(number, line)| {
        let (name, _) = entry(line.trim()).filter(|_| !line.trim_start().starts_with('#'))?;
        is_meant(&name).then_some(number)
    })
}

fn entry(line: &str) -> Option<Entry> {
    let line = line.strip_prefix("export ").unwrap_or(line).trim_start();
    let (name, value) = line.split_once('=')?;
    let name = name.trim_end();
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    if name.is_empty() || !name.bytes().all(letter) || name.as_bytes()[0].is_ascii_digit() {
        return None;
    }
    Some((name.to_owned(), value_of(value.trim())?))
}

fn value_of(text: &str) -> Option<String> {
    if let Some(rest) = text.strip_prefix('\'') {
        let (inner, after) = rest.split_once('\'')?;
        return ends(after).then(|| inner.to_owned());
    }
    let Some(rest) = text.strip_prefix('"') else {
        // A comment needs a space before it: a URL may have a fragment.
        let end = text.find(" #").unwrap_or(text.len());
        return Some(text[..end].trim_end().to_owned());
    };
    let mut value = String::new();
    let mut letters = rest.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '"' => return ends(letters.as_str()).then_some(value),
            '\\' => match letters.next()? {
                'n' => value.push('\n'),
                escaped @ ('"' | '\\' | '$' | '`') => value.push(escaped),
                other => value.extend(['\\', other]),
            },
            letter => value.push(letter),
        }
    }
    None
}

/// Whether nothing but a comment follows.
fn ends(after: &str) -> bool {
    let after = after.trim_start();
    after.is_empty() || after.starts_with('#')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at() -> At {
        At {
            file: ".env".to_owned(),
            object: String::new(),
        }
    }

    #[test]
    fn the_usual_ways_to_write_a_variable_are_read() {
        let text =
            "# c\n\nA=1\nexport B = two words # c\nC='it # is'\nD=\"a\\\"b\\n\"\nE=\nF=x#y\n";
        let (entries, findings) = read(&at(), text);
        assert!(findings.is_empty());
        let expected = [
            ("A", "1"),
            ("B", "two words"),
            ("C", "it # is"),
            ("D", "a\"b\n"),
            ("E", ""),
            ("F", "x#y"),
        ];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(entries, expected);
    }

    #[test]
    fn a_line_that_is_none_is_named_and_not_shown() {
        let (_, findings) = read(&at(), "A=1\ncanary-9\nB=\"canary-9\n");
        assert_eq!(findings.len(), 2);
        assert!(findings[0].problem.starts_with("line 2 "));
        assert!(
            findings
                .iter()
                .all(|finding| !finding.to_string().contains("canary"))
        );
    }

    proptest! {
        #[test]
        fn a_quoted_value_reads_back(text in "[ -~ä€]{0,30}") {
            let quoted = text.replace('\\', r"\\").replace('"', "\\\"").replace('$', "\\$");
            let (entries, _) = read(&at(), &format!("A=\"{quoted}\""));
            prop_assert_eq!(&entries[0].1, &text);
        }

        #[test]
        fn no_text_is_too_odd(text in "\\PC{0,60}") {
            let _ = read(&at(), &text);
        }
    }
}
