//! A report for a terminal: by group, a line an item, and what was seen below it.

use super::item::Verdict;
use super::report::{Outcome, Report};

/// `report`, ending in a line break.
pub(super) fn of(report: &Report) -> String {
    let mut out = format!("{} {}\n", report.service, report.version);
    for group in &report.groups {
        out.extend(["\n", group.title, "\n"]);
        for outcome in &group.outcomes {
            item(outcome, &mut out);
        }
    }
    out.extend(["\n", &report.summary(), "\n"]);
    out
}

fn item(outcome: &Outcome, out: &mut String) {
    let word = match outcome.verdict {
        // Among many lines it has to be found.
        Verdict::Failed => "FAILED",
        other => other.words(),
    };
    out.extend(["  ", word, ": ", outcome.question, " [", outcome.id, "]\n"]);
    let faults = outcome.faults.iter().map(|fault| format!("wrong: {fault}"));
    let evidence = outcome
        .evidence
        .iter()
        .map(|evidence| evidence.text.clone());
    let reason = outcome.reason.map(str::to_owned);
    for line in faults.chain(evidence).chain(reason) {
        out.extend(["      ", &line.replace('\n', " "), "\n"]);
    }
}
