//! The audit log: who did what, when, from where; one row an event, in the accounts' database.
//!
//! What is recorded is decided by those who act ([`Action`] is the whole list); here
//! it is written, found again and, when it is old, deleted. `docs/audit.md` is for those who read
//! it, `docs/decisions/0010-audit.md` says why it is as it is.

/// Everything that is recorded.
mod action;

/// Events, and their rows.
mod event;

/// Searches.
mod filter;

/// Failures that repeat, which are counted in one row.
mod repeats;

/// The table.
mod store;

/// The trail without a person.
mod erase;

/// The trail as a file.
mod export;

pub use self::action::Action;
pub use self::erase::Erased;
pub use self::event::{Actor, Event, Origin, Recorded, Subject};
pub use self::filter::{BadMoment, Filter, Value};
pub use self::store::Audit;
