//! Faults of `deploy.toml`, each with its line and column, and where every key stands.

use std::collections::{BTreeMap, BTreeSet};

use crate::schema::{Fault, FaultKind, Faults};

/// Faults that are told at once. Finding one may take as long as reading the file.
const MOST_FAULTS: usize = 200;

/// Line and column in characters, both from 1.
pub(crate) type Position = (usize, usize);

/// The keys that lead to a value; an entry of a list is `[0]`.
pub(crate) type Path = Vec<String>;

/// What is known of a `deploy.toml` besides its contents.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// The file, as messages name it; none where there is no file.
    file: Option<String>,
    positions: BTreeMap<Path, Position>,
    faults: Vec<(Option<Position>, Fault)>,
    warnings: Vec<(Option<Position>, Fault)>,
    notes: Vec<(Option<Position>, Fault)>,
    /// What was refused and taken out: nobody shall judge the default in its place.
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

    /// Remembers where `path` stands.
    pub(super) fn place(&mut self, path: Path, position: Position) {
        self.positions.insert(path, position);
    }

    /// Whether `path` was written.
    pub(crate) fn has(&self, path: &[&str]) -> bool {
        self.positions.contains_key(&owned(path))
    }

    /// Whether something at, above or below `path` was refused already.
    pub(crate) fn failed(&self, path: &[&str]) -> bool {
        let path = owned(path);
        let above = (0..path.len()).any(|length| self.failed.contains(&path[..length]));
        let mut below = self.failed.range(path.clone()..);
        above || below.next().is_some_and(|failed| failed.starts_with(&path))
    }

    /// Checks whether there are as many faults as are told.
    pub(crate) fn is_full(&self) -> bool {
        self.faults.len() >= MOST_FAULTS
    }

    /// Refuses what stands at `path`.
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

    /// Refuses syntax, which stands at a position and at no path.
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

    /// Warns of what stands at `path`.
    pub(crate) fn advise(&mut self, path: &[&str], problem: String, remedy: impl Into<String>) {
        let (position, name) = self.locate(path);
        let fault = Fault::new(FaultKind::Advice, name, problem, remedy);
        self.warnings.push((position, fault));
    }

    /// Tells of what stands at `path`: a warning that is no fault under `strict`, for what is right
    /// and might not be known.
    pub(super) fn note(&mut self, path: &[&str], problem: String, remedy: String) {
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
        let least = path
            .len()
            .min(if path.len() > 1 && path[0] == "environments" {
                2
            } else {
                0
            });
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
    // What stands nowhere in the file comes last.
    faults.sort_by_key(|(position, _)| position.unwrap_or((usize::MAX, usize::MAX)));
    faults.into_iter().map(|(_, fault)| fault).collect()
}

/// `path` as TOML writes it. A key that is no plain word is not shown: nobody knows what it is.
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

/// Whether `key` may be written without quotes (TOML, bare keys).
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
        report.refuse_at((1, 2), "is no TOML", "");
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
