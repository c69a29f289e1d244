//! Findings of one item: evidence, faults, and the verdict that follows.

use serde::Serialize;

/// The verdict on an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Yes, and here is the evidence.
    Passed,
    /// No, and here is what is wrong.
    Failed,
    /// There was nothing to look at.
    NotLookedAt,
}

impl Verdict {
    /// In words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::NotLookedAt => "not looked at",
        }
    }
}

/// The reason that an item was not looked at: an input that was not given, or the service has nothing
/// of the kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unseen(pub &'static str);

/// One line of evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Evidence {
    /// The observation; code between backticks.
    pub text: String,
    /// True if another build of the same source may differ here: a digest, a size, a
    /// number of things. The page leaves it out.
    pub volatile: bool,
}

/// The observations of an item.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings {
    /// Evidence for it.
    pub evidence: Vec<Evidence>,
    /// Faults and their remedies; one is enough to fail.
    pub faults: Vec<String>,
}

impl Findings {
    /// Adds evidence that is the same for every build of the same source.
    pub(super) fn seen(&mut self, text: impl Into<String>) {
        self.add(text.into(), false);
    }

    /// Adds evidence that changes from build to build.
    pub(super) fn counted(&mut self, text: impl Into<String>) {
        self.add(text.into(), true);
    }

    /// Adds evidence once, where it holds for several platforms.
    fn add(&mut self, text: String, volatile: bool) {
        let one = Evidence { text, volatile };
        if !self.evidence.contains(&one) {
            self.evidence.push(one);
        }
    }

    /// Adds a fault.
    pub(super) fn fault(&mut self, text: impl Into<String>) {
        self.faults.push(text.into());
    }

    /// Adds `evidence` where it `holds`, and `fault` where it does not.
    pub(super) fn check(
        &mut self,
        holds: bool,
        evidence: impl Into<String>,
        fault: impl Into<String>,
    ) {
        if holds {
            self.seen(evidence);
        } else {
            self.fault(fault);
        }
    }

    /// Adds a fault that names `missing`, which is to end in a list, where there are any.
    pub(super) fn none_of(&mut self, missing: &[String], problem: &str) {
        if !missing.is_empty() {
            self.fault(format!("{problem}: {}", missing.join(", ")));
        }
    }
}
