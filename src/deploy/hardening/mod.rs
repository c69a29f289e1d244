//! The artefact `hardening`: what scanners ask of manifests, and what of it each environment meets.
//!
//! A rule is data and a look at the finished objects (`rule.rs`); the rules stand by theme in the
//! other files. Nothing is claimed that was not looked at: a rule that is not met, and that nobody
//! waived, is shown as such.
//!
//! Sources are the rules of kube-linter, kube-score, Polaris, kubesec, checkov and Kubescape, and
//! the Pod Security Standards of Kubernetes (PSS).

mod container;
pub(crate) mod given;
mod left_out;
mod metadata;
mod network;
mod objects;
mod pod;
mod probes;
mod resources;
mod rule;
mod scale;

use askama::Template;

use self::objects::Objects;
use self::rule::{Outcome, Rule};
use super::artefact::{Artefact, Project};
use super::emit::RenderError;
use super::file::File;
use super::{kubernetes, markdown};

/// See the module.
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

/// Every rule, by theme.
fn rules() -> impl Iterator<Item = &'static Rule> {
    [
        pod::RULES,
        container::RULES,
        resources::RULES,
        probes::RULES,
        scale::RULES,
        network::RULES,
        metadata::RULES,
        left_out::RULES,
    ]
    .into_iter()
    .flatten()
}

/// How every rule stands in every environment, in the order of both.
fn outcomes(project: &Project) -> Result<Vec<(&'static Rule, Vec<Outcome>)>, RenderError> {
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

fn render(project: &Project) -> Result<Vec<File>, RenderError> {
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
fn anchor(name: &str) -> String {
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

#[cfg(test)]
mod tests;
