//! The verification of a release: a checkout, an image and manifests, held to what the service
//! promises.
//!
//! From ground to roof, as in `src/lib.rs`. It knows no service: what one promises is in its facts
//! (`deploy::promises`). It reads files where they were named and nowhere else, and runs nothing.

/// Errors: what was given and cannot be used.
pub mod error;

/// `Cargo.toml` and `Cargo.lock`.
mod cargo;

/// The files of a checkout.
pub mod checkout;

/// Findings of an item, and its verdict.
pub mod findings;

/// Manifests, built by kustomization or by namespace.
pub mod manifests;

/// The subject: the service, and what was given beside it.
pub mod subject;

/// Items and groups.
pub mod item;

/// Fields that clusters and tools add.
mod additions;

/// Objects against those of the plan.
mod planned;

/// The report: every item and its outcome.
pub mod report;

/// The report for a terminal.
pub mod text;

/// The report as a page.
pub mod page;

/// The items, by group.
mod groups;

/// The checklist as a whole.
pub mod checklist;

/// A sound release for tests.
#[cfg(test)]
mod sample;

#[cfg(test)]
mod tests;
