//! The checklist of a release: every group, and the report on a subject.
//!
//! An item is one entry in the file of its group; text, JSON and the page follow by themselves.

use super::groups::{
    documentation, frozen, health, image, libraries, pods, program, running, settings,
};
use super::item::Group;
use super::report::{Outcome, Report, Section};
use super::subject::Subject;

/// Every item, by group, in the order in which they are asked.
pub const GROUPS: &[Group] = &[
    libraries::GROUP,
    frozen::GROUP,
    documentation::GROUP,
    settings::GROUP,
    health::GROUP,
    program::GROUP,
    image::GROUP,
    running::GROUP,
    pods::GROUP,
];

/// Asks every item about `subject`.
#[must_use]
pub fn verify(subject: &Subject) -> Report {
    let sections = GROUPS.iter().map(|group| Section {
        title: group.title,
        outcomes: group
            .items
            .iter()
            .map(|item| Outcome::of(item, item.ask(subject)))
            .collect(),
    });
    Report::of(subject, sections.collect())
}
