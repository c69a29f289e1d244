//! Items of the checklist, in groups.

use super::findings::{Findings, Unseen};
use super::subject::Subject;

/// Looks at what was given; [`Unseen`] where what it would look at was not given.
pub(super) type Look = fn(&Subject) -> Result<Findings, Unseen>;

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
