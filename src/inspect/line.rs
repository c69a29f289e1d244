//! The lines at which hazards were written.

use std::collections::BTreeMap;

use serde_saphyr::Spanned;

use super::input::Input;
use super::merged::{DocumentPath, Hazard};
use super::node::{Node, documents};
use super::report::Finding;

/// The findings of `hazards`, with the lines of `inputs` where they can be told. Each file is read
/// once.
pub(super) fn located(hazards: Vec<Hazard>, inputs: &[Input]) -> Vec<Finding> {
    let mut by_file: BTreeMap<String, Vec<Hazard>> = BTreeMap::new();
    for hazard in hazards {
        let file = hazard.written_at.file.clone();
        by_file.entry(file).or_default().push(hazard);
    }
    let mut findings = Vec::new();
    for (file, hazards) in by_file {
        let input = inputs.iter().find(|input| input.file == file);
        let documents = input.map_or_else(Vec::new, |input| documents(input).unwrap_or_default());
        let titles = documents.iter().map(|document| document.value.title());
        let mut places = BTreeMap::new();
        for (title, document) in titles.zip(&documents) {
            places.entry(title).or_insert(document);
        }
        for mut hazard in hazards {
            let document = places.get(&hazard.written_at.object);
            hazard.finding.line = document.map(|document| line(document, &hazard.written_at));
            findings.push(hazard.finding);
        }
    }
    findings
}

/// The documents of files, and the lines of their parts.
pub(crate) struct Lines {
    documents: Vec<(String, Spanned<Node>)>,
}

impl Lines {
    /// Reads `inputs`.
    pub(crate) fn read(inputs: &[Input]) -> Self {
        let documents = inputs.iter().flat_map(|input| {
            let documents = documents(input).unwrap_or_default().into_iter();
            documents.map(|document| (input.file.clone(), document))
        });
        Self {
            documents: documents.collect(),
        }
    }

    /// File and line, such as `base/service.yaml:7`, of what is at `path` in the `kind` called
    /// `name`: where most of the path is written, the last of several. Files are those that
    /// `is_meant`, by their name and the namespace of the document.
    pub(crate) fn find(
        &self,
        [kind, name]: [&str; 2],
        path: &[String],
        is_meant: impl Fn(&str, &str) -> bool,
    ) -> Option<String> {
        let meant = self.documents.iter().filter(|(file, document)| {
            let document = &document.value;
            let metadata = |key| document.get("metadata").map_or("", |one| one.text(key));
            document.text("kind") == kind
                && metadata("name") == name
                && is_meant(file, metadata("namespace"))
        });
        let deepest = meant.max_by_key(|(_, document)| depth(document, path).0)?;
        let (file, document) = deepest;
        Some(format!(
            "{file}:{}",
            depth(document, path).1.referenced.line()
        ))
    }
}

/// The steps of `path` that there are in `document`, and what they lead to.
fn depth<'a>(document: &'a Spanned<Node>, path: &[String]) -> (usize, &'a Spanned<Node>) {
    let mut at = document;
    for (steps, step) in path.iter().enumerate() {
        match at.value.child(step) {
            Some(below) => at = below,
            None => return (steps, at),
        }
    }
    (path.len(), at)
}

/// The line of `written_at` in `document`, or of what is nearest above it.
fn line(document: &Spanned<Node>, written_at: &DocumentPath) -> u64 {
    let (_, at) = depth(document, &written_at.path);
    let mut lines = Vec::new();
    if !written_at.variable.is_empty() {
        at.value
            .find(&|name: &str| name == written_at.variable, &mut lines);
    }
    lines
        .first()
        .copied()
        .unwrap_or_else(|| at.referenced.line())
}
