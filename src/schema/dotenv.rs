//! Lines of `NAME=value`, as shells, Compose and systemd agree on them: `#` comments, an optional
//! `export`, quotes around a value. A byte-order mark and line ends of Windows are no part of any
//! value. Nothing is expanded.

/// A line that gives a variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// Number of the line, from 1.
    pub line: u64,
    /// The variable.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// Reads the variables of `text`, in its order; of a line that is not an assignment, its number alone.
pub fn dotenv(text: &str) -> impl Iterator<Item = Result<Assignment, u64>> {
    let text = without_mark(text);
    let lines = (1..).zip(text.lines().map(str::trim));
    let lines = lines.filter(|(_, text)| !text.is_empty() && !text.starts_with('#'));
    lines.map(|(line, text)| assignment(line, text).ok_or(line))
}

/// `text` without a byte-order mark at its start, which editors on Windows write.
#[must_use]
pub fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

fn assignment(line: u64, text: &str) -> Option<Assignment> {
    let text = text.strip_prefix("export ").unwrap_or(text).trim_start();
    let (name, value) = text.split_once('=')?;
    let name = name.trim_end();
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    if name.is_empty() || !name.bytes().all(letter) || name.as_bytes()[0].is_ascii_digit() {
        return None;
    }
    Some(Assignment {
        line,
        name: name.to_owned(),
        value: value_of(value.trim())?,
    })
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

/// Checks that nothing but a comment follows.
fn ends(after: &str) -> bool {
    let after = after.trim_start();
    after.is_empty() || after.starts_with('#')
}

#[cfg(test)]
mod tests;
