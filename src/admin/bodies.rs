//! The bodies of the routes for accounts and for the audit trail, and what their pages have in common.

use poem_openapi::{Object, Tags};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::audit::Recorded;
use crate::auth::Account;
use crate::http::{Fields, FromFields};

/// The group of all these routes in the document.
#[derive(Tags)]
pub(super) enum Group {
    /// Look and manage, with the role `admin`.
    Admin,
}

/// The roles of an account.
#[derive(Object)]
#[oai(deny_unknown_fields, example)]
pub struct Roles {
    /// All of them: those that are not named are taken away.
    pub(super) roles: Vec<String>,
}

/// Up to how many accounts are counted: the time of a page must not grow with the table.
pub const MAX_COUNT: i64 = 10_000;

/// Some accounts.
#[derive(Object)]
#[oai(example)]
pub struct AccountPage {
    /// The accounts.
    pub(super) users: Vec<Account>,
    /// Number of accounts that fit, on all pages; 10000 stands for that many or more.
    pub(super) total: i64,
    /// Value of `after` for the next page; null when there is none.
    pub(super) next: Option<String>,
}

/// A token with which the owner of an account chooses a new password.
#[derive(Object)]
#[oai(example)]
pub struct ResetToken {
    /// To be sent to `/auth/password/reset` by the owner, once.
    pub(super) reset_token: String,
    /// Seconds until it expires.
    pub(super) expires_in: i64,
}

/// An event of the audit log.
#[derive(Object)]
#[oai(example)]
pub struct AuditEvent {
    /// Its place in the trail, a number as a string; later events have higher ones.
    pub(super) id: String,
    /// When.
    pub(super) at: OffsetDateTime,
    /// Action, such as `session.began`; `docs/audit.md` lists all of them.
    pub(super) action: String,
    /// The account that did it; null for the command line, the server and who is not signed in.
    pub(super) actor_id: Option<Uuid>,
    /// Actor: an e-mail, `command line`, `server` or `service NAME`; empty for a client that is not signed in,
    /// and beside an id for a person who was erased.
    pub(super) actor: String,
    /// The account it was done to; null where there is none.
    pub(super) subject_id: Option<Uuid>,
    /// Its e-mail; empty where there is none, and once the person was erased.
    pub(super) subject: String,
    /// The address it came from.
    pub(super) ip: String,
    /// User agent of the client.
    pub(super) user_agent: String,
    /// The request, as answers and the log name it.
    pub(super) request_id: String,
    /// Further detail; may be empty.
    pub(super) detail: String,
    /// Number of times it happened. Above 1 only for events that a client can repeat at no cost, such
    /// as failed sign-ins: equal ones of one address within ten minutes are one event, which shows
    /// the first.
    pub(super) count: i64,
}

/// Some events, newest first.
#[derive(Object)]
#[oai(example)]
pub struct AuditPage {
    /// The events.
    pub(super) events: Vec<AuditEvent>,
    /// Value of `before` for older ones; null when there are none.
    pub(super) next: Option<String>,
}

/// Items of a page, where the caller asks for no number.
pub(super) const fn default_limit() -> i64 {
    50
}

/// Cuts `page` down to `limit` items; returns the last of them where there are more. The page was asked
/// for with one more than wanted, which tells so without counting the table.
pub(super) fn cut<T>(page: &mut Vec<T>, limit: i64) -> Option<&T> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = page.len() > limit;
    page.truncate(limit);
    page.last().filter(|_| more)
}

impl From<Recorded> for AuditEvent {
    fn from(event: Recorded) -> Self {
        Self {
            // As text: ids have 62 bits, and JavaScript reads numbers above 2^53 wrong.
            id: event.id.to_string(),
            at: event.at.to_utc(),
            action: event.action,
            actor_id: event.actor_id,
            actor: event.actor,
            subject_id: event.subject_id,
            subject: event.subject,
            ip: event.ip,
            user_agent: event.user_agent,
            request_id: event.request_id,
            detail: event.detail,
            count: event.count,
        }
    }
}

impl FromFields for Roles {
    fn from_fields(fields: &mut Fields) -> Self {
        Self {
            roles: fields.texts("roles"),
        }
    }
}
