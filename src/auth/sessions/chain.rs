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

use super::super::hex;
use super::super::refresh_token::{TokenHash, keyed_hash};
use super::Presented;
use crate::clock::Timestamp;
use crate::config::GraceScope;
use crate::http::client_address::network;

/// Used tokens that are remembered while their grace lasts.
pub const MAX_USED: usize = 8;

/// Where a session's chain stands.
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

/// What showing a token leads to.
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
mod tests {
    use super::*;
    use crate::auth::ids::SessionId;

    const GRACE: i64 = 10_000;

    fn hash(name: &str) -> TokenHash {
        TokenHash::from_stored(name.to_owned())
    }

    const OWNER: (&str, &str) = ("2001:db8::1", "browser");

    /// Shows a token from an address and a user agent.
    fn show_from(chain: &mut Chain, name: &str, at: i64, client: (&str, &str)) -> Step {
        let (address, user_agent) = client;
        let shown = Presented {
            id: SessionId::random(),
            token: hash(name),
            children: std::array::from_fn(|index| hash(&format!("{name}.{index}"))),
            grace_millis: GRACE,
            grace_scope: if user_agent == "anyone" {
                GraceScope::Anyone
            } else {
                GraceScope::Client
            },
            client: ClientMark::new(address.parse().unwrap(), user_agent),
        };
        chain.show(&shown, Timestamp::from_millis(at))
    }

    fn show(chain: &mut Chain, name: &str, at: i64) -> Step {
        show_from(chain, name, at, OWNER)
    }

    fn is_reused(step: &Step) -> bool {
        matches!(step, Step::Reused { .. })
    }

    #[test]
    fn a_race_within_the_grace_gives_one_child() {
        let mut chain = Chain::new(hash("a"));
        assert_eq!(show(&mut chain, "a", 0), Step::New { index: 0 });
        for at in [1, 5_000, GRACE] {
            let same = Step::Same {
                index: 0,
                hash: hash("a.0"),
                issued_at: Timestamp::from_millis(0),
                elsewhere: ClientDifference::default(),
            };
            assert_eq!(show(&mut chain, "a", at), same);
        }
    }

    #[test]
    fn a_lost_answer_is_made_up_for_and_the_lost_child_is_dead() {
        let mut chain = Chain::new(hash("a"));
        show(&mut chain, "a", 0);
        assert_eq!(show(&mut chain, "a", GRACE + 1), Step::New { index: 1 });
        assert!(matches!(
            show(&mut chain, "a", GRACE + 2),
            Step::Same { index: 1, .. }
        ));
        assert!(is_reused(&show(&mut chain.clone(), "a.0", GRACE + 3)));
        assert_eq!(show(&mut chain, "a.1", GRACE + 3), Step::New { index: 0 });
    }

    #[test]
    fn answers_may_get_lost_for_ever() {
        let mut chain = Chain::new(hash("a"));
        let mut at = 0;
        for index in [0, 1, 2, 3, 4, 5, 6, 7, 7, 7] {
            assert_eq!(show(&mut chain, "a", at), Step::New { index });
            at += GRACE + 1;
        }
        assert_eq!(show(&mut chain, "a.7", at), Step::New { index: 0 });
    }

    #[test]
    fn reuse_after_the_grace_ends_the_session_once_the_child_was_used() {
        let mut chain = Chain::new(hash("a"));
        show(&mut chain, "a", 0);
        show(&mut chain, "a.0", 5_000);
        assert!(matches!(
            show(&mut chain.clone(), "a", 6_000),
            Step::Same { .. }
        ));
        assert!(is_reused(&show(&mut chain, "a", GRACE + 1)));
    }

    #[test]
    fn the_grace_counts_from_the_first_use() {
        let mut chain = Chain::new(hash("a"));
        show(&mut chain, "a", 0);
        show(&mut chain, "a", 9_000);
        show(&mut chain, "a.0", 9_500);
        assert!(is_reused(&show(&mut chain, "a", 12_000)));
    }

    #[test]
    fn another_client_within_the_grace_ends_the_session_unless_anyone_may() {
        let mut chain = Chain::new(hash("a"));
        show(&mut chain, "a", 0);
        // Another address of the same /64 is the same client.
        let same = show_from(&mut chain, "a", 1, ("2001:db8::2", "browser"));
        assert!(matches!(same, Step::Same { elsewhere, .. } if elsewhere.words().is_none()));
        for (client, difference) in [
            (("2001:db8:0:1::1", "browser"), "another address"),
            (("2001:db8::1", "curl"), "another device"),
            (("192.0.2.1", "curl"), "another address and device"),
        ] {
            let step = show_from(&mut chain.clone(), "a", 2, client);
            let Step::Reused { elsewhere } = step else {
                panic!("{client:?}: {step:?}");
            };
            assert_eq!(elsewhere.words(), Some(difference));
        }
        let step = show_from(&mut chain, "a", 2, ("192.0.2.1", "anyone"));
        let Step::Same { elsewhere, .. } = step else {
            panic!("{step:?}");
        };
        assert_eq!(elsewhere.words(), Some("another address and device"));
    }

    #[test]
    fn a_lost_answer_is_made_up_for_from_anywhere_once_the_grace_is_over() {
        let mut chain = Chain::new(hash("a"));
        show(&mut chain, "a", 0);
        let moved = ("192.0.2.1", "browser");
        let next = show_from(&mut chain, "a", GRACE + 1, moved);
        assert_eq!(next, Step::New { index: 1 });
        // Now the race is that client's.
        let again = show_from(&mut chain, "a", GRACE + 2, moved);
        assert!(matches!(again, Step::Same { index: 1, .. }));
        assert!(is_reused(&show(&mut chain, "a", GRACE + 3)));
    }
}
