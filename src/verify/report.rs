//! The report of a verification, for people and for scripts.

use serde::Serialize;

use super::findings::{Evidence, Findings, Unseen, Verdict};
use super::item::Item;
use super::subject::Subject;

/// Every item and its outcome.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The service that was looked at.
    pub service: String,
    /// The version that the code says.
    pub version: String,
    /// True if no item failed. Items that were not looked at have not failed.
    pub ok: bool,
    /// Items that passed.
    pub passed: usize,
    /// Items that failed.
    pub failed: usize,
    /// Items that were not looked at.
    pub not_looked_at: usize,
    /// By group, in the order of the list.
    pub groups: Vec<Section>,
}

/// The items of one group.
#[derive(Debug, Clone, Serialize)]
pub struct Section {
    /// The group.
    pub title: &'static str,
    /// In the order of the list.
    #[serde(rename = "items")]
    pub outcomes: Vec<Outcome>,
}

/// One item.
#[derive(Debug, Clone, Serialize)]
pub struct Outcome {
    /// Its name.
    pub id: &'static str,
    /// The question.
    pub question: &'static str,
    /// The verdict.
    pub verdict: Verdict,
    /// Evidence for it.
    pub evidence: Vec<Evidence>,
    /// Evidence against it.
    pub faults: Vec<String>,
    /// The reason that it was not looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
}

impl Outcome {
    /// `item` and what its look gave.
    pub(super) fn of(item: &Item, seen: Result<Findings, Unseen>) -> Self {
        let (findings, reason) = match seen {
            Ok(findings) => (findings, None),
            Err(unseen) => (Findings::default(), Some(unseen.0)),
        };
        let Findings {
            evidence,
            mut faults,
        } = findings;
        // An item that saw nothing must not pass by that.
        if reason.is_none() && evidence.is_empty() && faults.is_empty() {
            faults.push("nothing was found that could be looked at".to_owned());
        }
        Self {
            id: item.id,
            question: item.question,
            verdict: match reason {
                Some(_) => Verdict::NotLookedAt,
                None if faults.is_empty() => Verdict::Passed,
                None => Verdict::Failed,
            },
            evidence,
            faults,
            reason,
        }
    }
}

impl Report {
    pub(super) fn of(subject: &Subject, groups: Vec<Section>) -> Self {
        let service = &subject.project.service;
        let count = |verdict: Verdict| {
            let outcomes = groups.iter().flat_map(|group| &group.outcomes);
            outcomes
                .filter(|outcome| outcome.verdict == verdict)
                .count()
        };
        let failed = count(Verdict::Failed);
        Self {
            service: service.name.clone(),
            version: service.version.clone(),
            ok: failed == 0,
            passed: count(Verdict::Passed),
            failed,
            not_looked_at: count(Verdict::NotLookedAt),
            groups,
        }
    }

    /// Every outcome, by item.
    pub fn outcomes(&self) -> impl Iterator<Item = &Outcome> {
        self.groups.iter().flat_map(|group| &group.outcomes)
    }

    /// The counts, on one line.
    #[must_use]
    pub fn summary(&self) -> String {
        let Self {
            passed,
            failed,
            not_looked_at,
            ..
        } = self;
        format!("{passed} passed, {failed} failed, {not_looked_at} not looked at")
    }
}
