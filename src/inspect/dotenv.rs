//! `.env` files: what the loader reads, with findings for lines that it refuses.

use super::report::{Finding, FindingKind, Location};
use crate::schema::dotenv;

/// A variable and its text.
pub(super) type Entry = (String, String);

/// The variables of `text`; lines that are none become findings, without their text.
pub(super) fn read(at: &Location, text: &str) -> (Vec<Entry>, Vec<Finding>) {
    let mut entries = Vec::new();
    let mut findings = Vec::new();
    for line in dotenv(text) {
        match line {
            Ok(assignment) => entries.push((assignment.name, assignment.value)),
            Err(number) => findings.push(at.finding(
                FindingKind::Unreadable,
                "",
                format!("line {number} is not NAME=value"),
                "write one NAME=value a line, and # before a comment",
            )),
        }
    }
    (entries, findings)
}

/// The lines of `text`, from 1, that give a variable which `is_meant`.
pub(super) fn lines(text: &str, is_meant: impl Fn(&str) -> bool) -> impl Iterator<Item = u64> {
    let assignments = dotenv(text).filter_map(Result::ok);
    let meant = assignments.filter(move |assignment| is_meant(&assignment.name));
    meant.map(|assignment| assignment.line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invalid_line_is_named_and_not_shown() {
        let at = Location::new(".env", "");
        let (entries, findings) = read(&at, "\u{feff}A=1\r\ncanary-9\r\n");
        assert_eq!(entries, [("A".to_owned(), "1".to_owned())]);
        assert_eq!(findings.len(), 1);
        assert!(findings[0].problem.starts_with("line 2 "));
        assert!(!findings[0].to_string().contains("canary"));
    }
}
