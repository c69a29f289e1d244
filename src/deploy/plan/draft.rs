//! One environment on its way from file to plan.

use super::file::EnvironmentFile;
use super::tier::Tier;
use crate::deploy::service::Service;
use crate::deploy::toml_file::Report;
use crate::schema::FaultKind;

/// The parts of one environment, and the report of its faults.
pub(super) struct Draft<'a> {
    pub service: &'a Service,
    pub name: &'a str,
    pub tier: Tier,
    pub file: &'a EnvironmentFile,
    pub report: &'a mut Report,
}

impl Draft<'_> {
    /// Refuses the value at `path` of this environment.
    pub(super) fn refuse(
        &mut self,
        kind: FaultKind,
        path: &[&str],
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        let path = full(self.name, path);
        self.report.refuse(kind, &path, problem, remedy);
    }

    /// Refuses an invalid value.
    pub(super) fn invalid(
        &mut self,
        path: &[&str],
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.refuse(FaultKind::Invalid, path, problem, remedy);
    }

    /// Refuses a contradiction.
    pub(super) fn conflict(
        &mut self,
        path: &[&str],
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.refuse(FaultKind::Conflict, path, problem, remedy);
    }

    /// Warns of the value at `path` of this environment.
    pub(super) fn advise(&mut self, path: &[&str], problem: String, remedy: impl Into<String>) {
        let path = full(self.name, path);
        self.report.advise(&path, problem, remedy);
    }

    /// Notes something on the value at `path` of this environment, which is not a fault under
    /// `strict`.
    pub(super) fn note(&mut self, path: &[&str], problem: String, remedy: String) {
        let path = full(self.name, path);
        self.report.note(&path, problem, remedy);
    }

    /// Checks whether `path` of this environment was written.
    pub(super) fn has(&self, path: &[&str]) -> bool {
        self.report.has(&full(self.name, path))
    }

    /// Checks whether something of `path` was refused already, so that its default says nothing.
    pub(super) fn failed(&self, path: &[&str]) -> bool {
        self.report.failed(&full(self.name, path))
    }
}

fn full<'a>(environment: &'a str, path: &[&'a str]) -> Vec<&'a str> {
    [&["environments", environment], path].concat()
}
