//! The checklist of a release, as a program: what was promised of the source, the image and the
//! manifests, and whether it is so.
//!
//! [`GROUPS`] is the list; an item is one entry in the file of its group: a name, a question and a
//! look at a [`Subject`]. Text, JSON and the page follow by themselves. Nothing here knows which
//! service is looked at: what it promises is in its facts ([`Promises`]).
//!
//! Files are read where they were named and nowhere else, and nothing is run.

mod additions;
mod cargo;
mod checkout;
mod groups;
mod item;
mod manifests;
mod page;
mod planned;
mod report;
#[cfg(test)]
mod sample;
mod subject;
#[cfg(test)]
mod tests;
mod text;
mod unusable;

pub use checkout::Checkout;
pub use groups::GROUPS;
pub use item::{Evidence, Findings, Group, Item, Unseen, Verdict};
pub use manifests::Manifests;
pub use report::{Outcome, Report, Section};
pub use subject::{Image, Subject};
pub use unusable::Unusable;

/// Asks every item about `subject`.
#[must_use]
pub fn verify(subject: &Subject) -> Report {
    let sections = GROUPS.iter().map(|group| Section {
        title: group.title,
        outcomes: group
            .items
            .iter()
            .map(|item| Outcome::of(item, (item.look)(subject)))
            .collect(),
    });
    Report::of(subject, sections.collect())
}
