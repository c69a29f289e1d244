//! The rules of a chain of refresh tokens, as a pure state machine.
//!
//! - The newest token, shown for the first time, becomes the parent and gets a child.
//! - A token shown again within the grace after its first use gives the same child: tabs and
//!   retries race, and all must win. The grace never starts over.
//! - After the grace a parent whose child was never used (the answer got lost) gets another child,
//!   and the lost one is dead; the last child there can be is handed out again.
//! - Any other token of the chain that is shown means that two hold it: the session ends.

use super::super::refresh_token::TokenHash;
use crate::clock::Timestamp;

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
    },
    /// The session must end.
    Reused,
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

    /// Shows `token`, whose children would be `children`.
    pub fn show(
        &mut self,
        token: &TokenHash,
        children: &[TokenHash],
        now: Timestamp,
        grace_millis: i64,
    ) -> Step {
        if *token == self.current {
            let Some(child) = children.first() else {
                return Step::Reused;
            };
            self.used
                .retain(|used| now.since(used.first_used_at) <= grace_millis);
            if self.used.len() >= MAX_USED {
                self.used.remove(0);
            }
            self.used.push(Used {
                token: token.clone(),
                first_used_at: now,
                child: 0,
                child_hash: child.clone(),
                child_issued_at: now,
            });
            self.current = child.clone();
            return Step::New { index: 0 };
        }
        let Some(position) = self.used.iter().position(|used| used.token == *token) else {
            return Step::Reused;
        };
        let is_parent = position + 1 == self.used.len();
        let used = &mut self.used[position];
        let within = |since: Timestamp| now.since(since) <= grace_millis;
        // A child that replaced a lost one may be raced for just like the first.
        if within(used.first_used_at) || is_parent && within(used.child_issued_at) {
            return Step::Same {
                index: used.child,
                hash: used.child_hash.clone(),
                issued_at: used.child_issued_at,
            };
        }
        if !is_parent {
            return Step::Reused;
        }
        // The last child there can be is handed out again and again.
        if let Some(child) = children.get(usize::from(used.child) + 1) {
            used.child += 1;
            used.child_hash = child.clone();
        }
        used.child_issued_at = now;
        self.current = used.child_hash.clone();
        Step::New { index: used.child }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRACE: i64 = 10_000;

    fn hash(name: &str) -> TokenHash {
        TokenHash::from_stored(name.to_owned())
    }

    fn children(name: &str) -> Vec<TokenHash> {
        (0..8)
            .map(|index| hash(&format!("{name}.{index}")))
            .collect()
    }

    fn show(chain: &mut Chain, name: &str, at: i64) -> Step {
        chain.show(
            &hash(name),
            &children(name),
            Timestamp::from_millis(at),
            GRACE,
        )
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
        assert_eq!(show(&mut chain.clone(), "a.0", GRACE + 3), Step::Reused);
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
        assert_eq!(show(&mut chain, "a", GRACE + 1), Step::Reused);
    }

    #[test]
    fn the_grace_counts_from_the_first_use() {
        let mut chain = Chain::new(hash("a"));
        show(&mut chain, "a", 0);
        show(&mut chain, "a", 9_000);
        show(&mut chain, "a.0", 9_500);
        assert_eq!(show(&mut chain, "a", 12_000), Step::Reused);
    }
}
