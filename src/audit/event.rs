//! [`Event`]: what is recorded, and [`Recorded`]: how it is read again.

use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;
use uuid::Uuid;

use super::action::Action;
use crate::clock::Timestamp;
use crate::http::Context;
use crate::identity::{Email, UserId, search_key};

/// An event to be recorded.
#[derive(Clone, Debug)]
pub struct Event {
    /// The action.
    pub action: Action,
    /// The actor.
    pub actor: Actor,
    /// The account it was done to; none where no account is concerned.
    pub subject: Option<Subject>,
    /// Address, client and request.
    pub origin: Origin,
    /// Further detail in a few words; may be empty. Never a secret.
    pub detail: String,
}

/// The actor of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// An account.
    User {
        /// Its id.
        id: UserId,
        /// Its e-mail; none once the person is erased.
        email: Option<Email>,
    },
    /// The server's own command line.
    CommandLine,
    /// Another service, by `OAUTH_CLIENT_ID`.
    Client(String),
    /// A client that is not signed in. The e-mail that it typed belongs to the subject.
    Anonymous,
    /// The server itself.
    Server,
}

impl Actor {
    /// The account's id, for one that has been identified.
    #[must_use]
    pub const fn id(&self) -> Option<UserId> {
        match self {
            Self::User { id, .. } => Some(*id),
            Self::CommandLine | Self::Client(_) | Self::Anonymous | Self::Server => None,
        }
    }

    /// Name of the actor as stored and filtered by: an e-mail, `command line`, `server`,
    /// `service NAME`, or nothing.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::User { email, .. } => key(email.as_ref()),
            Self::CommandLine => "command line".to_owned(),
            // In the form that filters have.
            Self::Client(id) => search_key(&format!("service {id}")),
            Self::Server => "server".to_owned(),
            Self::Anonymous => String::new(),
        }
    }
}

/// The account that something was done to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// Its id; none where only an e-mail is known that no account has.
    pub id: Option<UserId>,
    /// Its e-mail, or the one that a client typed; none once the person is erased, and where what was
    /// typed is not an e-mail.
    pub email: Option<Email>,
}

impl Subject {
    /// The e-mail as stored; empty for none.
    #[must_use]
    pub fn name(&self) -> String {
        key(self.email.as_ref())
    }
}

fn key(email: Option<&Email>) -> String {
    email.map_or_else(String::new, |email| email.as_str().to_owned())
}

/// Address, client and request of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The client's address; empty at the command line.
    pub ip: String,
    /// User agent of the client.
    pub user_agent: String,
    /// The request, as the log names it.
    pub request_id: String,
}

impl Origin {
    /// The server's own command line.
    #[must_use]
    pub fn command_line() -> Self {
        Self {
            ip: String::new(),
            user_agent: concat!("aura/", env!("CARGO_PKG_VERSION")).to_owned(),
            request_id: String::new(),
        }
    }
}

impl From<&Context> for Origin {
    fn from(context: &Context) -> Self {
        Self {
            ip: context.client.to_string(),
            user_agent: context.user_agent.clone(),
            request_id: context.request_id.to_string(),
        }
    }
}

/// An event as it was recorded. Texts, because what a newer version wrote is read too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// Its place in the trail: later events have higher ids.
    pub id: i64,
    /// Time of the event.
    pub at: Timestamp,
    /// The action; [`Action::of`] knows it, unless a newer version recorded it.
    pub action: String,
    /// Account of the actor.
    pub actor_id: Option<Uuid>,
    /// Name of the actor: see [`Actor::name`].
    pub actor: String,
    /// Account it was done to.
    pub subject_id: Option<Uuid>,
    /// Its e-mail; empty where there is none.
    pub subject: String,
    /// Address of the client.
    pub ip: String,
    /// User agent of the client.
    pub user_agent: String,
    /// Id of the request.
    pub request_id: String,
    /// Further detail; may be empty.
    pub detail: String,
    /// Number of times it happened. Above 1 only for counted actions
    /// ([`Action::is_counted`](super::Action::is_counted)); the other fields are those of the first.
    pub count: i64,
}

impl Recorded {
    /// The event as one JSON object. The id is a string: many readers of JSON keep 53 bits of a
    /// number, and it has 62.
    #[must_use]
    pub fn json(&self) -> Value {
        json!({
            "id": self.id.to_string(),
            "at": self.at.to_utc().format(&Rfc3339).unwrap_or_default(),
            "action": self.action,
            "actor_id": self.actor_id,
            "actor": self.actor,
            "subject_id": self.subject_id,
            "subject": self.subject,
            "ip": self.ip,
            "user_agent": self.user_agent,
            "request_id": self.request_id,
            "detail": self.detail,
            "count": self.count,
        })
    }
}
