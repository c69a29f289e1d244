//! Keeps the operator's secrets out of diffs.
//!
//! People fill in generated files: a Secret, an `.env`. A drift check then runs where its output is
//! kept for long, so what they wrote must not stand in it.

use std::collections::{BTreeMap, BTreeSet};

use crate::schema::{REDACTED, SET_ME};

/// Ends of names whose values are secret, wherever they stand.
const SECRET_ENDS: &[&str] = &["SECRET", "PASSWORD", "_KEY", "_KEYS", "_TOKEN"];

/// `there` with the values hidden that may be secret; `rendered` is what the file should say.
///
/// A line that is rendered just so is not hidden. Of the others it is: every value in a Secret, an
/// `.env` or a file with placeholders; elsewhere a value in the place of a placeholder, a value
/// with the name of a secret, and the user in a URL.
pub(super) fn secrets(path: &str, there: &str, rendered: &str) -> String {
    let known: BTreeSet<&str> = rendered.lines().collect();
    let fields: BTreeMap<&str, &str> = rendered.lines().filter_map(field).collect();
    let whole = is_secret(path, there) || is_secret(path, rendered);
    let hidden = there.split_inclusive('\n').map(|line| {
        let text = line.trim_end_matches(['\n', '\r']);
        if known.contains(text) {
            return line.to_owned();
        }
        let end = &line[text.len()..];
        match field(text) {
            Some((name, _)) if whole || is_own(name, fields.get(name).copied()) => {
                let value = text.find(name).unwrap_or_default() + name.len();
                format!("{} {REDACTED}{end}", &text[..=value])
            }
            None if whole && !text.trim().is_empty() => format!("{REDACTED}{end}"),
            _ => hide_user(text) + end,
        }
    });
    hidden.collect()
}

/// Checks whether all of a file may be secret.
fn is_secret(path: &str, text: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    name.starts_with(".env")
        || text.contains(SET_ME)
        || text.lines().any(|line| line.trim() == "kind: Secret")
}

/// Checks whether the value of `name` is the operator's own; `rendered` is the value that is
/// rendered.
fn is_own(name: &str, rendered: Option<&str>) -> bool {
    let placeholder = |value: &str| value.contains("${") || value.contains(SET_ME);
    match rendered {
        Some(value) => placeholder(value),
        None => SECRET_ENDS.iter().any(|end| name.ends_with(end)),
    }
}

/// The name and the value of a line such as `NAME: value`, `- NAME=value` or `#NAME=value`.
fn field(line: &str) -> Option<(&str, &str)> {
    let line = line.trim_start_matches([' ', '\t', '-', '#', '"', '\'']);
    let end = line.find(|c: char| !(c.is_alphanumeric() || "_-./".contains(c)))?;
    let (name, rest) = line.split_at(end);
    let value = rest.strip_prefix(['"', '\'']).unwrap_or(rest);
    let value = value.strip_prefix([':', '='])?;
    (!name.is_empty()).then_some((name, value.trim()))
}

/// `text` without the user and password of its URLs.
fn hide_user(text: &str) -> String {
    let mut parts = text.split("://");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out.push_str("://");
        let authority = part.find(['/', ' ', '"', '\'']).unwrap_or(part.len());
        match part[..authority].rfind('@') {
            Some(at) if part[..at].contains(':') => {
                out.push_str(REDACTED);
                out.push_str(&part[at..]);
            }
            _ => out.push_str(part),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filled_in_secret_is_hidden_and_its_names_are_not() {
        let rendered = format!("kind: Secret\nstringData:\n  A_KEY: \"{SET_ME}\"\n  B: \"x\"\n");
        let there =
            "kind: Secret\nstringData:\n  A_KEY: \"canary\"\n  B: \"x\"\n  PEM: |\n    canary\n";
        let text = secrets("k8s/secret.yaml", there, &rendered);
        assert!(!text.contains("canary"), "{text}");
        assert!(
            text.contains("  A_KEY: ") && text.contains("  B: \"x\"\n"),
            "{text}"
        );
    }

    #[test]
    fn a_filled_in_env_file_is_hidden() {
        let text = secrets(".env.example", "A=canary\n#B=canary\n", "A=\n#B=1\n");
        assert_eq!(text, format!("A= {REDACTED}\n#B= {REDACTED}\n"));
    }

    #[test]
    fn other_files_hide_only_values_of_the_operator() {
        let rendered = "  A: ${A:?}\n  TOKEN_MINUTES: \"30\"\n";
        let there =
            "  A: canary\n  TOKEN_MINUTES: \"60\"\n  B_KEY: canary\n  U: redis://u:canary@h/0\n";
        let text = secrets("compose.yaml", there, rendered);
        assert!(!text.contains("canary"), "{text}");
        assert!(text.contains("TOKEN_MINUTES: \"60\""), "{text}");
        assert!(text.contains("@h/0"), "{text}");
    }
}
