//! The bodies of the routes for accounts and for the audit trail.

use poem_openapi::{Enum, Object};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::audit::Recorded;
use crate::auth::users::{User, UserOrder, UserState};
use crate::clock::Timestamp;
use crate::http::{Fields, FromFields};

/// An account to be made.
#[derive(Object)]
#[oai(deny_unknown_fields, example)]
pub struct NewUser {
    /// The e-mail address, compared without case and without white space around it. An international
    /// domain may be written in either form.
    pub(super) email: String,
    /// The password: `PASSWORD_MIN_LENGTH` characters at least, 72 bytes at most.
    #[oai(validator(max_length = 72))]
    pub(super) password: String,
    /// What the account may do; nothing when it is left out.
    #[oai(default)]
    pub(super) roles: Vec<String>,
}

/// The roles of an account.
#[derive(Object)]
#[oai(deny_unknown_fields, example)]
pub struct Roles {
    /// All of them: those that are not named are taken away.
    pub(super) roles: Vec<String>,
}

/// An account, as an administrator sees it.
#[derive(Object)]
#[oai(example)]
pub struct Account {
    /// Its id.
    pub(super) id: Uuid,
    /// Its e-mail, in lower case; an international domain in its own script, where nothing else looks
    /// like it.
    pub(super) email: String,
    /// What it may do.
    pub(super) roles: Vec<String>,
    /// When it was made.
    pub(super) created_at: OffsetDateTime,
    /// Since when it cannot sign in; null where it can.
    pub(super) disabled_at: Option<OffsetDateTime>,
    /// Since when another password must be chosen before signing in; null where none must.
    pub(super) password_change_required_at: Option<OffsetDateTime>,
    /// Since when a reset token alone leads to a new password; null where the password works.
    pub(super) reset_required_at: Option<OffsetDateTime>,
    /// Its last sign-in, give or take a minute; null where there was none.
    pub(super) last_sign_in_at: Option<OffsetDateTime>,
}

/// State of an account.
#[derive(Clone, Copy, Debug, Enum)]
#[oai(rename_all = "snake_case")]
pub enum AccountState {
    /// Signs in with its password.
    Active,
    /// Signs in to choose another password, and for nothing else.
    MustChangePassword,
    /// Gets back in by a reset link alone.
    NeedsReset,
    /// Cannot sign in.
    Disabled,
}

/// Order of accounts.
#[derive(Clone, Copy, Debug, Default, Enum)]
#[oai(rename_all = "snake_case")]
pub enum AccountOrder {
    /// By e-mail.
    #[default]
    Email,
    /// The newest account first.
    Newest,
    /// The latest sign-in first; accounts that never signed in come last.
    LastSignIn,
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
    /// What to send as `after` for those that follow; null when there are none.
    pub(super) next: Option<String>,
}

/// How the owner of an account comes to a new password.
#[derive(Object)]
#[oai(example)]
pub struct ResetToken {
    /// To be sent to `/auth/password/reset` by the owner, once.
    pub(super) reset_token: String,
    /// Seconds until it expires.
    pub(super) expires_in: i64,
}

/// Something that happened.
#[derive(Object)]
#[oai(example)]
pub struct AuditEvent {
    /// Its place in the trail, a number as a string; later events have higher ones.
    pub(super) id: String,
    /// When.
    pub(super) at: OffsetDateTime,
    /// What was done, such as `session.began`; `docs/audit.md` lists all of them.
    pub(super) action: String,
    /// The account that did it; null for the command line, the server and who is not signed in.
    pub(super) actor_id: Option<Uuid>,
    /// Who did it: an e-mail, `command line`, `server` or `service NAME`; empty for who is not signed in,
    /// and beside an id for a person who was erased.
    pub(super) actor: String,
    /// The account it was done to; null where there is none.
    pub(super) subject_id: Option<Uuid>,
    /// Its e-mail; empty where there is none, and once the person was erased.
    pub(super) subject: String,
    /// The address it came from.
    pub(super) ip: String,
    /// What the client said it was.
    pub(super) user_agent: String,
    /// The request, as answers and the log name it.
    pub(super) request_id: String,
    /// What else there is to know.
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
    /// What to send as `before` for older ones; null when there are none.
    pub(super) next: Option<String>,
}

impl From<User> for Account {
    fn from(user: User) -> Self {
        let reset_required_at = user.reset_required_at.filter(|_| user.needs_reset());
        Self {
            id: user.id.uuid(),
            email: user.email.shown(),
            roles: user.roles,
            created_at: user.created_at.to_utc(),
            disabled_at: user.disabled_at.map(Timestamp::to_utc),
            password_change_required_at: user.password_change_required_at.map(Timestamp::to_utc),
            reset_required_at: reset_required_at.map(Timestamp::to_utc),
            last_sign_in_at: user.last_sign_in_at.map(Timestamp::to_utc),
        }
    }
}

impl From<AccountState> for UserState {
    fn from(state: AccountState) -> Self {
        match state {
            AccountState::Active => Self::Active,
            AccountState::MustChangePassword => Self::MustChange,
            AccountState::NeedsReset => Self::NeedsReset,
            AccountState::Disabled => Self::Disabled,
        }
    }
}

impl From<AccountOrder> for UserOrder {
    fn from(order: AccountOrder) -> Self {
        match order {
            AccountOrder::Email => Self::Email,
            AccountOrder::Newest => Self::Newest,
            AccountOrder::LastSignIn => Self::LastSignIn,
        }
    }
}

impl From<Recorded> for AuditEvent {
    fn from(event: Recorded) -> Self {
        Self {
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

impl FromFields for NewUser {
    fn from_fields(fields: &mut Fields) -> Self {
        Self {
            email: fields.text("email"),
            password: fields.text("password"),
            roles: fields.texts_or_none("roles"),
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
