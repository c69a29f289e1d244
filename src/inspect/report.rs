//! Findings, for operators and for scripts. They never hold the value of a secret.

use std::fmt;

use serde::Serialize;

/// The sort of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingKind {
    /// A file that cannot be read, or not as what its name says.
    Unreadable,
    /// A key that is not a setting.
    Unknown,
    /// A secret where anybody can read it.
    Misplaced,
    /// A setting that is given twice.
    Duplicate,
    /// A required setting that is given nowhere.
    Missing,
    /// A value that the service would refuse.
    Invalid,
    /// A probe that asks the wrong question, or none.
    Probe,
    /// A pod that is stopped while requests are in flight.
    Drain,
    /// State inside the process of one of several pods, or of one that is not kept.
    Replicas,
    /// Pods that go on with old values after a change.
    Stale,
    /// Settings of another environment than the place is for.
    Environment,
    /// A network policy that lets everybody through.
    Open,
    /// A value that still has to be filled in; a fault under `--strict` only.
    Sentinel,
    /// Works, and will hurt later; never a fault.
    Advice,
}

/// One thing that was found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    /// The file, as it was given or relative to the directory.
    pub file: String,
    /// The line, from 1, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// `ConfigMap namespace/name`; empty where the file is not a manifest.
    pub object: String,
    /// The setting or key; empty where it is about the whole.
    pub key: String,
    /// Its sort.
    pub kind: FindingKind,
    /// The problem.
    pub problem: String,
    /// The remedy.
    pub remedy: String,
}

impl Finding {
    /// Checks whether it fails a check.
    #[must_use]
    pub fn is_fault(&self, strict: bool) -> bool {
        match self.kind {
            FindingKind::Advice => false,
            FindingKind::Sentinel => strict,
            _ => true,
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&printable(&self.file))?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        for part in [&self.object, &self.key] {
            if !part.is_empty() {
                write!(f, ": {}", printable(part))?;
            }
        }
        write!(f, ": {}", printable(&self.problem))?;
        if self.remedy.is_empty() {
            return Ok(());
        }
        write!(f, "; {}", printable(&self.remedy))
    }
}

/// `text` of a file that anybody may have written, without what would move a terminal.
pub(super) fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_control() {
            out.extend(letter.escape_default());
        } else {
            out.push(letter);
        }
    }
    out
}

/// The findings of an inspection.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Findings, by file, object and key.
    pub findings: Vec<Finding>,
    /// `ConfigMap`s, `Secret`s, workloads and `.env` files that were looked into. None at all means
    /// that nothing was checked.
    pub inspected: Vec<String>,
}

impl Report {
    /// The findings that fail a check.
    pub fn faults(&self, strict: bool) -> impl Iterator<Item = &Finding> {
        self.findings
            .iter()
            .filter(move |finding| finding.is_fault(strict))
    }

    /// Checks whether nothing fails.
    #[must_use]
    pub fn passes(&self, strict: bool) -> bool {
        self.faults(strict).next().is_none()
    }

    pub(super) fn settle(&mut self) {
        self.findings.sort();
        self.findings.dedup();
        self.inspected.sort();
        self.inspected.dedup();
    }
}

/// A file, and the object in it; that is empty where the file is not a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Location {
    pub(super) file: String,
    pub(super) object: String,
}

impl Location {
    pub(super) fn new(file: impl Into<String>, object: impl Into<String>) -> Self {
        Self {
            file: file.into(),
            object: object.into(),
        }
    }

    pub(super) fn finding(
        &self,
        kind: FindingKind,
        key: &str,
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Finding {
        Finding {
            file: self.file.clone(),
            line: None,
            object: self.object.clone(),
            key: key.to_owned(),
            kind,
            problem: problem.into(),
            remedy: remedy.into(),
        }
    }
}

/// The name of an object in a report.
pub(super) fn object_title(kind: &str, namespace: &str, name: &str) -> String {
    if namespace.is_empty() {
        format!("{kind} {name}")
    } else {
        format!("{kind} {namespace}/{name}")
    }
}

/// The name of the container `name` of `owner` in a report.
pub(super) fn container_title(owner: &str, name: &str) -> String {
    format!("{owner} container {name}")
}

/// The object that `title` names, where it may name a container of it.
pub(super) fn owner(title: &str) -> &str {
    title
        .split_once(" container ")
        .map_or(title, |(owner, _)| owner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_finding_moves_the_terminal() {
        let at = Location::new("a\n.yaml", "ConfigMap \u{1b}[2J");
        let finding = at.finding(FindingKind::Unknown, "K\u{7}", "is not a setting", "");
        assert_eq!(
            finding.to_string(),
            "a\\n.yaml: ConfigMap \\u{1b}[2J: K\\u{7}: is not a setting"
        );
    }

    #[test]
    fn a_finding_says_where_what_and_how() {
        let at = Location::new("a.yaml", "ConfigMap x/y");
        let finding = at.finding(FindingKind::Sentinel, "KEY", "is to be set", "set it");
        assert_eq!(
            finding.to_string(),
            "a.yaml: ConfigMap x/y: KEY: is to be set; set it"
        );
        assert!(finding.is_fault(true) && !finding.is_fault(false));
        let json = serde_json::to_value(&finding).unwrap();
        assert_eq!(json["kind"], "sentinel");
    }
}
