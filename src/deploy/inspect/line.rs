//! The lines at which hazards were written.

use std::collections::BTreeMap;

use serde_saphyr::Spanned;

use super::node::Node;
use super::report::{At, Finding};
use super::source::Input;
use super::whole::{Hazard, Spot};
use super::yaml;

/// The findings of `hazards`, with the lines of `inputs` where they can be told. Each file is read
/// once.
pub(super) fn located(hazards: Vec<Hazard>, inputs: &[Input]) -> Vec<Finding> {
    let mut by_file: BTreeMap<String, Vec<Hazard>> = BTreeMap::new();
    for hazard in hazards {
        let file = hazard.spot.file.clone();
        by_file.entry(file).or_default().push(hazard);
    }
    let mut findings = Vec::new();
    for (file, hazards) in by_file {
        let input = inputs.iter().find(|input| input.file == file);
        let documents = input.map_or_else(Vec::new, documents);
        let titles = documents.iter().map(|document| document.value.title());
        let mut places = BTreeMap::new();
        for (title, document) in titles.zip(&documents) {
            places.entry(title).or_insert(document);
        }
        findings.extend(hazards.into_iter().map(|Hazard { finding, spot }| {
            Finding {
                line: places
                    .get(&spot.object)
                    .map(|document| line(document, &spot)),
                ..finding
            }
        }));
    }
    findings
}

/// The documents of `input`, those inside a `List` one by one; none where it is no YAML.
fn documents(input: &Input) -> Vec<Spanned<Node>> {
    let at = At {
        file: input.file.clone(),
        object: String::new(),
    };
    let read = yaml::read_as::<Spanned<Node>>(&at, &input.text);
    let mut documents = Vec::new();
    for document in read.unwrap_or_default() {
        flatten(document, &mut documents);
    }
    documents
}

fn flatten(document: Spanned<Node>, documents: &mut Vec<Spanned<Node>>) {
    if document.value.listed().is_none() {
        documents.push(document);
        return;
    }
    for item in document.value.into_listed() {
        flatten(item, documents);
    }
}

/// The line of `spot` in `document`, or of what is nearest above it.
fn line(document: &Spanned<Node>, spot: &Spot) -> u64 {
    let mut at = document;
    for step in &spot.path {
        match at.value.child(step) {
            Some(below) => at = below,
            None => break,
        }
    }
    let mut lines = Vec::new();
    if !spot.variable.is_empty() {
        at.value
            .find(&|name: &str| name == spot.variable, &mut lines);
    }
    lines
        .first()
        .copied()
        .unwrap_or_else(|| at.referenced.line())
}
