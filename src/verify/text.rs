//! A report for a terminal: by group, a line an item, and what was seen below it; what was not
//! looked at is one line at the end.

use std::collections::BTreeMap;

use super::findings::Verdict;
use super::report::{Outcome, Report};

/// Renders `report`; it ends in a line break.
#[must_use]
pub fn text(report: &Report) -> String {
    let mut out = format!("{} {}\n", report.service, report.version);
    for group in &report.groups {
        let seen = |outcome: &&Outcome| outcome.verdict != Verdict::NotLookedAt;
        let mut outcomes = group.outcomes.iter().filter(seen).peekable();
        if outcomes.peek().is_some() {
            out.extend(["\n", group.title, "\n"]);
        }
        for outcome in outcomes {
            item(outcome, &mut out);
        }
    }
    let mut unseen: BTreeMap<&str, usize> = BTreeMap::new();
    for reason in report.outcomes().filter_map(|outcome| outcome.reason) {
        *unseen.entry(reason).or_default() += 1;
    }
    let unseen = unseen
        .iter()
        .map(|(reason, count)| format!("{count}: {reason}"));
    let unseen: Vec<_> = unseen.collect();
    if !unseen.is_empty() {
        out.extend(["\nnot looked at: ", &unseen.join("; "), "\n"]);
    }
    out.extend(["\n", &report.summary(), "\n"]);
    out
}

fn item(outcome: &Outcome, out: &mut String) {
    let word = match outcome.verdict {
        // Capitals stand out among hundreds of lines.
        Verdict::Failed => "FAILED",
        other => other.words(),
    };
    out.extend(["  ", word, ": ", outcome.question, " [", outcome.id, "]\n"]);
    let faults = outcome.faults.iter().map(|fault| format!("wrong: {fault}"));
    let evidence = outcome
        .evidence
        .iter()
        .map(|evidence| evidence.text.clone());
    // A line break in what a file says must not begin a line of the report.
    for line in faults.chain(evidence) {
        out.extend(["      ", &line.replace('\n', " "), "\n"]);
    }
}
