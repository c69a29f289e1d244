//! The audit log: who did what, when, from where; one row an event, in the accounts' database.
//!
//! What is recorded is decided by those who act ([`Action`] is the whole list); here
//! it is written, found again and, when it is old, deleted. `docs/audit.md` is for those who read
//! it, `docs/decisions/0010-audit.md` says why it is as it is.

mod action;
mod erase;
mod event;
mod export;
mod filter;
mod repeats;
mod store;

pub use self::action::Action;
pub use self::erase::Erased;
pub use self::event::{Actor, Event, Origin, Recorded, Subject};
pub use self::filter::{BadMoment, Filter, Value};
pub use self::store::Audit;
