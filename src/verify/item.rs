//! Items of the checklist, in groups, and the ways to look at a subject.

use super::findings::{Findings, Unseen};
use super::manifests::ObjectSet;
use super::subject::Subject;
use crate::deploy::hardening::rules::judge;
use crate::deploy::oci::program::Program;
use crate::deploy::oci::read::layout::Image;
use crate::deploy::service::Service;
use crate::inspect::report::FindingKind;

/// The way to answer a question; [`Unseen`] where what it would look at was not given.
#[derive(Debug, Clone, Copy)]
pub(super) enum Look {
    /// Its own way.
    Own(fn(&Subject, &mut Findings) -> Result<(), Unseen>),
    /// Every image, by the architecture that it names.
    Images(fn(&Service, &Image, &str, &mut Findings)),
    /// The program of every image, by the same.
    Programs(fn(&Service, &Image, &str, &Program, &mut Findings)),
    /// That hardening rule, in every environment.
    Rule(&'static str),
    /// Findings of these kinds in the inspection of the manifests, and the evidence where there are
    /// none.
    Inspection(&'static [FindingKind], &'static str),
}

/// One question about a release.
#[derive(Debug, Clone, Copy)]
pub struct Item {
    /// Its name; it stays the same when the question is put in other words.
    pub id: &'static str,
    /// The question, code between backticks; a yes is good.
    pub question: &'static str,
    /// The answer.
    pub(super) look: Look,
}

/// Questions of one theme.
#[derive(Debug, Clone, Copy)]
pub struct Group {
    /// In a word or two.
    pub title: &'static str,
    /// In the order in which they are asked.
    pub items: &'static [Item],
}

impl Item {
    /// The findings in `subject`.
    pub(super) fn ask(&self, subject: &Subject) -> Result<Findings, Unseen> {
        let mut findings = Findings::default();
        let service = &subject.project.service;
        match self.look {
            Look::Own(look) => look(subject, &mut findings)?,
            Look::Images(look) => {
                for image in &subject.image()?.images {
                    look(service, image, &image.architecture(), &mut findings);
                }
            }
            Look::Programs(look) => {
                for image in &subject.image()?.images {
                    let whose = image.architecture();
                    match image.program().map(|file| Program::read(&file.content)) {
                        Some(Ok(program)) => look(service, image, &whose, &program, &mut findings),
                        Some(Err(error)) => findings.fault(format!("{whose}: the program {error}")),
                        None => findings
                            .fault(format!("{whose}: what the entrypoint names is not there")),
                    }
                }
            }
            Look::Rule(name) => {
                for place in subject.manifests()?.overlays() {
                    rule(name, place, &mut findings);
                }
            }
            Look::Inspection(kinds, evidence) => {
                inspection(subject, kinds, evidence, &mut findings)?;
            }
        }
        Ok(findings)
    }
}

fn rule(name: &str, place: &ObjectSet, findings: &mut Findings) {
    let mut standings = judge(&place.objects).into_iter();
    let standing = standings.find(|standing| standing.rule == name);
    let environment = &place.name;
    let faults = match standing {
        // These are never waived.
        Some(standing) if standing.waived => vec!["it is waived".to_owned()],
        Some(standing) => standing.faults,
        None => vec![format!("there is no rule {name:?}")],
    };
    findings.check(
        faults.is_empty(),
        environment.clone(),
        format!("{environment}: {}", faults.join("; ")),
    );
}

/// Adds the findings of `kinds` in the inspection of the manifests.
pub(super) fn inspection(
    subject: &Subject,
    kinds: &[FindingKind],
    evidence: &str,
    findings: &mut Findings,
) -> Result<(), Unseen> {
    let report = subject.inspection()?;
    let faults = report.faults(false);
    let faults = faults.filter(|finding| kinds.contains(&finding.kind));
    findings.faults.extend(faults.map(ToString::to_string));
    if report.inspected.is_empty() {
        findings.fault("nothing among the manifests holds settings of the service");
    } else if findings.faults.is_empty() {
        findings.seen(evidence);
        findings.counted(format!("{} objects looked into", report.inspected.len()));
    }
    Ok(())
}
