//! The page: a line for each rule and a column for each environment, then all about each rule.

use askama::Template;

use super::objects::Objects;
use super::rule::{Outcome, Rule};
use super::rules::rules;
use crate::deploy::artefact::{Artefact, Project};
use crate::deploy::emit::RenderError;
use crate::deploy::file::File;
use crate::deploy::{kubernetes, markdown};

/// The artefact.
pub(crate) const ARTEFACT: Artefact = Artefact {
    name: "hardening",
    about: "What scanners ask of the manifests, and what of it is met",
    render,
};

/// The page.
#[derive(Template)]
#[template(path = "deploy/hardening.md", escape = "none")]
struct Page<'a> {
    name: &'a str,
    overview: String,
    rules: Vec<Section>,
}

/// One rule on the page.
struct Section {
    name: &'static str,
    table: String,
}

/// Outcome of every rule in every environment, in the order of both.
pub(super) fn outcomes(
    project: &Project,
) -> Result<Vec<(&'static Rule, Vec<Outcome>)>, RenderError> {
    let environments = project.plan.environments.iter();
    let seen = environments
        .map(|environment| {
            let objects = Objects::of(project, &environment.name)?;
            Ok((objects, kubernetes::waivers(project, environment)))
        })
        .collect::<Result<Vec<_>, RenderError>>()?;
    let stand = |rule: &'static Rule| {
        let environments = seen.iter();
        let outcomes = environments.map(|(objects, waivers)| rule.outcome(objects, waivers));
        (rule, outcomes.collect())
    };
    Ok(rules().map(stand).collect())
}

pub(super) fn render(project: &Project) -> Result<Vec<File>, RenderError> {
    let outcomes = outcomes(project)?;
    let environments = project.plan.environments.iter();
    let names: Vec<_> = environments
        .map(|environment| environment.name.as_str())
        .collect();
    let page = Page {
        name: &project.service.name,
        overview: overview(&names, &outcomes),
        rules: outcomes
            .iter()
            .map(|(rule, outcomes)| Section {
                name: rule.name,
                table: table(rule, &names, outcomes),
            })
            .collect(),
    };
    let path = "docs/reference/hardening.md";
    let text = page.render()?;
    Ok(vec![File::with_markup_mark(
        &project.service,
        "hardening",
        path,
        &text,
    )])
}

/// A line a rule, a column an environment.
fn overview(names: &[&str], outcomes: &[(&Rule, Vec<Outcome>)]) -> String {
    let mut head = vec!["Rule"];
    head.extend(names);
    let rows = outcomes.iter().map(|(rule, outcomes)| {
        let link = format!("[{}](#{})", rule.name, anchor(rule.name));
        let words = outcomes.iter().map(|outcome| outcome.word().to_owned());
        std::iter::once(link).chain(words).collect()
    });
    markdown::table(&head, &rows.collect::<Vec<_>>())
}

/// The anchor that Markdown readers make of the heading.
pub(super) fn anchor(name: &str) -> String {
    name.to_lowercase().replace(' ', "-")
}

/// All about one rule.
fn table(rule: &Rule, names: &[&str], outcomes: &[Outcome]) -> String {
    let row = |label: &str, text: &str| vec![markdown::text(label), markdown::line(text)];
    let mut rows = vec![row("Asked for", rule.asks), row("Scanners", rule.scanners)];
    let environments = names.iter().zip(outcomes);
    rows.extend(environments.map(|(name, outcome)| row(name, &outcome.sentence())));
    markdown::table(&["", ""], &rows)
}
