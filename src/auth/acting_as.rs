//! [`ActingAs`]: the actor of a request or a command, and the events of what they do.

use std::net::{IpAddr, Ipv4Addr};

use super::sessions::{Owner, Session};
use super::users::{Administrator, User};
use crate::audit::{Action, Actor, Event, Origin, Subject};
use crate::http::Context;
use crate::identity::{Email, UserId};

/// The actor, and the address, client and request that they act from.
#[derive(Clone, Debug)]
pub struct ActingAs {
    /// The actor.
    pub actor: Actor,
    /// Address, client and request.
    pub origin: Origin,
    /// Account that must still be an administrator's when the change is made; none for owners and the
    /// command line.
    pub(super) administrator: Option<Administrator>,
}

impl ActingAs {
    /// The command line of the server's machine.
    #[must_use]
    pub fn command_line() -> Self {
        Self {
            actor: Actor::CommandLine,
            origin: Origin::command_line(),
            administrator: None,
        }
    }

    /// The owner of `session`.
    pub(super) fn session(context: &Context, session: &Session) -> Self {
        let owner = &session.owner;
        Self::other(context, actor(owner.user, &owner.email))
    }

    /// Another actor, by a request.
    pub(super) fn other(context: &Context, actor: Actor) -> Self {
        Self {
            actor,
            origin: Origin::from(context),
            administrator: None,
        }
    }

    /// A client that may be the owner of an account, or a thief of the owner's token.
    pub(super) fn anonymous(context: &Context) -> Self {
        Self::other(context, Actor::Anonymous)
    }

    /// The owner of an account.
    pub(super) fn owner(context: &Context, user: &User) -> Self {
        Self::other(context, actor(user.id, &user.email))
    }

    /// Address of the client; the unspecified one at the command line.
    pub(super) fn client(&self) -> IpAddr {
        let address = self.origin.ip.parse();
        address.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED))
    }

    /// The event of an action that concerns no account.
    #[must_use]
    pub fn event(&self, action: Action, detail: impl Into<String>) -> Event {
        Event {
            action,
            actor: self.actor.clone(),
            subject: None,
            origin: self.origin.clone(),
            detail: detail.into(),
        }
    }

    /// The event of an action on the account of `user`.
    pub(super) fn event_on(&self, action: Action, user: &User, detail: impl Into<String>) -> Event {
        self.about(action, user.id, &user.email, detail.into())
    }

    /// The event of an action on a session of `owner`.
    pub(super) fn event_on_session(
        &self,
        action: Action,
        owner: &Owner,
        detail: impl Into<String>,
    ) -> Event {
        self.about(action, owner.user, &owner.email, detail.into())
    }

    fn about(&self, action: Action, id: UserId, email: &Email, detail: String) -> Event {
        Event {
            action,
            actor: self.actor.clone(),
            subject: Some(Subject {
                id: Some(id),
                email: Some(email.clone()),
            }),
            origin: self.origin.clone(),
            detail,
        }
    }
}

fn actor(id: UserId, email: &Email) -> Actor {
    Actor::User {
        id,
        email: Some(email.clone()),
    }
}
