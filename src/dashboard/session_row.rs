//! Rows of the tables of sessions: on `/account` and on the page of an account.

use super::device::device;
use super::moment::Moment;
use crate::auth::sessions::{Listed, Page, Session};

/// The part of a list of sessions that a page shows.
pub(super) const FIRST: Page = Page::new(0, 50);

/// A session in a table.
pub(super) struct SessionRow {
    pub(super) id: String,
    pub(super) device: String,
    pub(super) user_agent: String,
    pub(super) address: String,
    pub(super) last_used: Moment,
    pub(super) began: Moment,
    pub(super) ends: Moment,
    pub(super) current: bool,
}

impl SessionRow {
    fn new(session: Session, current: Option<&Session>) -> Self {
        Self {
            id: session.id.to_string(),
            device: device(&session.user_agent),
            address: session.ip.to_string(),
            last_used: Moment(session.last_used_at),
            began: Moment(session.created_at),
            ends: Moment(session.expires_at),
            current: current.is_some_and(|current| current.id == session.id),
            user_agent: session.user_agent,
        }
    }

    /// The rows of `listed`, the `current` session first, and the number of sessions left out.
    pub(super) fn rows(listed: Listed, current: Option<&Session>) -> (Vec<Self>, usize) {
        let mut rows: Vec<Self> = listed
            .sessions
            .into_iter()
            .map(|session| Self::new(session, current))
            .collect();
        // The sort is stable: the other sessions stay in order, the newest first.
        rows.sort_by_key(|row| !row.current);
        let hidden = listed.total.saturating_sub(rows.len());
        (rows, hidden)
    }
}
