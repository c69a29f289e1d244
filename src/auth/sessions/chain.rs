//! The rules of a chain of refresh tokens, as a pure state machine.
//!
//! - The newest token, shown for the first time, becomes the parent and gets a child.
//! - A token shown again within the grace after its first use gives the same child: tabs and
//!   retries race, and all must win. The grace never starts over.
//! - Within the grace another client than the one that was given the child gets it only where the
//!   scope of the grace is anyone; else the session ends.
//! - After the grace a parent whose child was never used (the answer got lost) gets another child,
//!   and the lost one is dead; the last child there can be is handed out again.
//! - Any other token of the chain that is shown means that two hold it: the session ends.

use std::net::IpAddr;

use super::Presented;
use crate::auth::refresh_token::{TokenHash, hex, keyed_hash};
use crate::clock::Timestamp;
use crate::config::GraceScope;
use crate::http::client_address::network;

/// Used tokens that are remembered while their grace lasts.
pub const MAX_USED: usize = 8;

/// State of a session's chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    current: TokenHash,
    /// Used tokens, oldest first; the last is the parent of `current`.
    used: Vec<Used>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Used {
    token: TokenHash,
    first_used_at: Timestamp,
    child: u8,
    child_hash: TokenHash,
    child_issued_at: Timestamp,
    /// The client that was given the child first.
    client: ClientMark,
}

/// A client as far as its requests tell: digests of its network and of its user agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientMark {
    /// Digest of its address, or of the /64 of an IPv6 address; 16 hexadecimal digits.
    pub network: String,
    /// Digest of its user agent; 16 hexadecimal digits.
    pub device: String,
}

impl ClientMark {
    /// The mark of a client at `address` with `user_agent`.
    #[must_use]
    pub fn new(address: IpAddr, user_agent: &str) -> Self {
        let digest = |label: &[u8], text: &str| {
            let digest = keyed_hash(b"aura/client/v1", label, &[text.as_bytes()]);
            hex(&digest[..8])
        };
        Self {
            network: digest(b"network", &network(address).to_string()),
            device: digest(b"device", user_agent),
        }
    }
}

/// Difference of a client from the one that was given the child first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClientDifference {
    /// Another address, or another /64 of IPv6.
    pub network: bool,
    /// Another user agent.
    pub device: bool,
}

impl ClientDifference {
    /// The difference between two clients.
    fn between(first: &ClientMark, second: &ClientMark) -> Self {
        Self {
            network: first.network != second.network,
            device: first.device != second.device,
        }
    }

    /// The difference in words; `None` where there is none.
    #[must_use]
    pub const fn words(self) -> Option<&'static str> {
        match (self.network, self.device) {
            (true, true) => Some("another address and device"),
            (true, false) => Some("another address"),
            (false, true) => Some("another device"),
            (false, false) => None,
        }
    }
}

/// Outcome of showing a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A child that did not exist before: the session's life starts over.
    New {
        /// Which child.
        index: u8,
    },
    /// The child that was handed out before.
    Same {
        /// Which child.
        index: u8,
        /// Its hash.
        hash: TokenHash,
        /// When it was first handed out.
        issued_at: Timestamp,
        /// Difference from the client that was given it first.
        elsewhere: ClientDifference,
    },
    /// The session must end.
    Reused {
        /// Difference from the first client, where that is the reason.
        elsewhere: ClientDifference,
    },
}

impl Chain {
    /// A chain that begins with `first`.
    #[must_use]
    pub const fn new(first: TokenHash) -> Self {
        Self {
            current: first,
            used: Vec::new(),
        }
    }

    /// The newest token.
    #[must_use]
    pub const fn current(&self) -> &TokenHash {
        &self.current
    }

    /// Shows a token at `now`.
    pub fn show(&mut self, shown: &Presented, now: Timestamp) -> Step {
        let reused = Step::Reused {
            elsewhere: ClientDifference::default(),
        };
        let within = |since: Timestamp| now.since(since) <= shown.grace_millis;
        if shown.token == self.current {
            let [child, ..] = &shown.children;
            self.used.retain(|used| within(used.first_used_at));
            // A client that refreshes in a loop must not grow the session without bound.
            if self.used.len() >= MAX_USED {
                self.used.remove(0);
            }
            self.used.push(Used {
                token: shown.token.clone(),
                first_used_at: now,
                child: 0,
                child_hash: child.clone(),
                child_issued_at: now,
                client: shown.client.clone(),
            });
            self.current = child.clone();
            return Step::New { index: 0 };
        }
        // Unknown or long forgotten: a copy that was taken earlier. The session ends for both holders
        // (RFC 9700 section 4.14.2).
        let Some(position) = self.used.iter().position(|used| used.token == shown.token) else {
            return reused;
        };
        let is_parent = position + 1 == self.used.len();
        let used = &mut self.used[position];
        // A child that replaced a lost one may be raced for just like the first.
        if within(used.first_used_at) || is_parent && within(used.child_issued_at) {
            let elsewhere = ClientDifference::between(&used.client, &shown.client);
            if elsewhere.words().is_some() && shown.grace_scope == GraceScope::Client {
                return Step::Reused { elsewhere };
            }
            return Step::Same {
                index: used.child,
                hash: used.child_hash.clone(),
                issued_at: used.child_issued_at,
                elsewhere,
            };
        }
        // Its child has been used, so the first holder got it: this one is a second.
        if !is_parent {
            return reused;
        }
        // The last child there can be is handed out again and again.
        if let Some(child) = shown.children.get(usize::from(used.child) + 1) {
            used.child += 1;
            used.child_hash = child.clone();
        }
        used.child_issued_at = now;
        used.client = shown.client.clone();
        self.current = used.child_hash.clone();
        Step::New { index: used.child }
    }
}

#[cfg(test)]
mod tests;
