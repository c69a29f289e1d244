//! Faults of a file, each with its line and column, and the position of every key.

use std::collections::{BTreeMap, BTreeSet};

use crate::schema::refusal::Path;
use crate::schema::{Fault, FaultKind, Faults};

/// Faults that are told at once. Finding one may take as long as reading the file.
const MOST_FAULTS: usize = 200;

/// Line and column in characters, both from 1.
pub(crate) type Position = (usize, usize);

/// Faults and positions of a file.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// The file, as messages name it; none where there is no file.
    file: Option<String>,
    positions: BTreeMap<Path, Position>,
    faults: Vec<(Option<Position>, Fault)>,
    warnings: Vec<(Option<Position>, Fault)>,
    notes: Vec<(Option<Position>, Fault)>,
    /// Values that were refused and taken out: the default in their place is not to be judged.
    failed: BTreeSet<Path>,
}

impl Report {
    /// A report of nothing yet on `file`.
    pub(crate) fn of(file: &str) -> Self {
        Self {
            file: Some(file.to_owned()),
            ..Self::default()
        }
    }

    /// Records the position of `path`.
    pub(super) fn place(&mut self, path: Path, position: Position) {
        self.positions.insert(path, position);
    }

    /// Checks whether `path` was written.
    pub(crate) fn has(&self, path: &[&str]) -> bool {
        self.positions.contains_key(&owned(path))
    }

    /// Checks whether something at, above or below `path` was refused already.
    pub(crate) fn failed(&self, path: &[&str]) -> bool {
        let path = owned(path);
        let above = (0..path.len()).any(|length| self.failed.contains(&path[..length]));
        // Paths are sorted by their keys, so those below one follow it directly.
        let mut below = self.failed.range(path.clone()..);
        above || below.next().is_some_and(|failed| failed.starts_with(&path))
    }

    /// Checks whether there are as many faults as are told.
    pub(crate) fn is_full(&self) -> bool {
        self.faults.len() >= MOST_FAULTS
    }

    /// Refuses the value at `path`.
    pub(crate) fn refuse(
        &mut self,
        kind: FaultKind,
        path: &[&str],
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.failed.insert(owned(path));
        let (position, name) = self.locate(path);
        self.push(position, Fault::new(kind, name, problem, remedy));
    }

    /// Refuses the value at `path` as invalid.
    pub(crate) fn invalid(
        &mut self,
        path: &[&str],
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.refuse(FaultKind::Invalid, path, problem, remedy);
    }

    /// Refuses syntax, which has a position and no path.
    pub(super) fn refuse_at(&mut self, position: Position, problem: &str, remedy: &str) {
        let name = self.name(Some(position), "");
        let fault = Fault::new(FaultKind::Invalid, name, problem, remedy);
        self.push(Some(position), fault);
    }

    fn push(&mut self, position: Option<Position>, fault: Fault) {
        if self.is_full() {
            return;
        }
        self.faults.push((position, fault));
        if self.is_full() {
            let name = self.name(None, "");
            let (problem, remedy) = ("has more faults than these", "mend these first");
            let fault = Fault::new(FaultKind::Invalid, name, problem, remedy);
            self.faults.push((None, fault));
        }
    }

    /// Warns of the value at `path`.
    pub(crate) fn advise(&mut self, path: &[&str], problem: String, remedy: impl Into<String>) {
        let (position, name) = self.locate(path);
        let fault = Fault::new(FaultKind::Advice, name, problem, remedy);
        self.warnings.push((position, fault));
    }

    /// Notes something on the value at `path`: a warning that is not a fault under `strict`.
    pub(crate) fn note(&mut self, path: &[&str], problem: String, remedy: String) {
        let (position, name) = self.locate(path);
        let fault = Fault::new(FaultKind::Advice, name, problem, remedy);
        self.notes.push((position, fault));
    }

    /// The warnings in the order of the file, or every fault; under `strict`, a warning is one.
    pub(crate) fn finish(mut self, strict: bool) -> Result<Vec<Fault>, Faults> {
        if strict {
            self.faults.append(&mut self.warnings);
        }
        Faults::check(in_order(self.faults))?;
        self.warnings.append(&mut self.notes);
        Ok(in_order(self.warnings))
    }

    /// Itself, where nothing was refused.
    pub(crate) fn sound(self) -> Result<Self, Faults> {
        if self.faults.is_empty() {
            return Ok(self);
        }
        self.finish(false).map(|_| Self::default())
    }

    /// A fault of what stands at `path`, for one that ends the reading.
    pub(crate) fn fault(
        &self,
        path: &[&str],
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Fault {
        let (_, name) = self.locate(path);
        Fault::new(FaultKind::Invalid, name, problem, remedy)
    }

    /// Position of `path` in the file, or of the nearest thing above it that was written, and the
    /// name for messages.
    fn locate(&self, path: &[&str]) -> (Option<Position>, String) {
        let path = owned(path);
        // The table of all environments says nothing of one that is not in it.
        let of_environment = path.len() > 1 && path[0] == "environments";
        let least = if of_environment { 2 } else { 0 };
        let position = (least..=path.len())
            .rev()
            .find_map(|length| self.positions.get(&path[..length]))
            .copied();
        (position, self.name(position, &written(&path)))
    }

    fn name(&self, position: Option<Position>, path: &str) -> String {
        let place = match (&self.file, position) {
            (Some(file), Some((line, column))) => format!("{file}:{line}:{column}"),
            (Some(file), None) => file.clone(),
            (None, _) => String::new(),
        };
        let parts = [place.as_str(), path];
        let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        parts.join(" ")
    }
}

fn owned(path: &[&str]) -> Path {
    path.iter().map(|key| (*key).to_owned()).collect()
}

fn in_order(mut faults: Vec<(Option<Position>, Fault)>) -> Vec<Fault> {
    // Faults without a position come last.
    faults.sort_by_key(|(position, _)| position.unwrap_or((usize::MAX, usize::MAX)));
    faults.into_iter().map(|(_, fault)| fault).collect()
}

/// `path` as TOML writes it. A key that is not a plain word is not shown: it may be anything.
fn written(path: &[String]) -> String {
    let mut text = String::new();
    for key in path {
        if key.starts_with('[') {
            text.push_str(key);
            continue;
        }
        if !text.is_empty() {
            text.push('.');
        }
        text.push_str(if is_plain(key) { key } else { "\"...\"" });
    }
    text
}

/// Checks whether `key` may be written without quotes (TOML, bare keys).
pub(super) fn is_plain(key: &str) -> bool {
    let bare = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    !key.is_empty() && key.chars().all(bare)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_names_the_nearest_place_that_was_written() {
        let mut report = Report::of("deploy.toml");
        report.place(vec!["a".to_owned()], (3, 1));
        report.refuse(FaultKind::Invalid, &["a", "b"], "is wrong", "");
        report.refuse(FaultKind::Invalid, &["c", "x y"], "is wrong", "");
        report.refuse_at((1, 2), "invalid TOML", "");
        let faults = report.finish(false).unwrap_err();
        let names: Vec<_> = faults.iter().map(|fault| fault.name.as_str()).collect();
        assert_eq!(
            names,
            [
                "deploy.toml:1:2",
                "deploy.toml:3:1 a.b",
                "deploy.toml c.\"...\""
            ]
        );
    }

    #[test]
    fn a_warning_is_a_fault_under_strict() {
        let report = || {
            let mut report = Report::default();
            report.advise(&["a"], "may hurt".to_owned(), "");
            report
        };
        assert_eq!(report().finish(false).unwrap().len(), 1);
        assert_eq!(report().finish(true).unwrap_err().iter().count(), 1);
    }
}
