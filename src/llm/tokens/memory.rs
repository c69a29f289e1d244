//! Tokens of the day in this process: the twin of those in Redis. And the answers that both give.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::clock::Clock;
use crate::identity::UserId;

/// Seconds of a day.
pub(in crate::llm) const DAY: i64 = 86_400;

/// The policy's name, as clients see it.
pub(in crate::llm) const POLICY: &str = "llm-tokens";

/// Tokens reserved (0: refused), used before, seconds to the end of the day, the day.
pub(super) type Granted = (i64, i64, i64, i64);

/// The tokens of one day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Today {
    /// Tokens of the user who asks, those reserved by calls under way included.
    pub used: i64,
    /// Seconds to the end of the day.
    pub resets_in: i64,
    /// The users with the most tokens, in their order.
    pub top: Vec<(UserId, i64)>,
}

#[derive(Debug)]
pub(super) struct MemoryTokens {
    clock: Clock,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    day: i64,
    users: HashMap<UserId, i64>,
}

impl MemoryTokens {
    pub(super) fn new(clock: Clock) -> Self {
        Self {
            clock,
            state: Mutex::default(),
        }
    }

    pub(super) fn reserve(&self, user: UserId, limit: i64, least: i64, most: i64) -> Granted {
        let (mut state, left) = self.today();
        let day = state.day;
        let tokens = state.users.entry(user).or_default();
        let before = *tokens;
        let amount = match limit {
            0 => most,
            // Refuse a call whose question alone does not fit; any other gets what is left of the day.
            _ if before + least > limit => 0,
            _ => most.min(limit - before),
        };
        *tokens += amount;
        (amount, before, left, day)
    }

    pub(super) fn settle(&self, user: UserId, day: i64, more: i64) {
        let (mut state, _) = self.today();
        // A call that began before midnight was charged to a day that is over.
        if state.day == day {
            let tokens = state.users.entry(user).or_default();
            *tokens = tokens.saturating_add(more).max(0);
        }
    }

    pub(super) fn read(&self, user: UserId, top: usize) -> Today {
        let (state, left) = self.today();
        let own = state.users.get(&user).copied().unwrap_or(0);
        let all = state.users.iter().map(|(id, tokens)| (*id, *tokens));
        let mut users: Vec<_> = all.filter(|(_, tokens)| *tokens > 0).collect();
        users.sort_by_key(|(id, tokens)| (Reverse(*tokens), *id));
        users.truncate(top);
        Today {
            used: own,
            resets_in: left,
            top: users,
        }
    }

    /// The state of the day that it is, and the seconds to its end.
    fn today(&self) -> (MutexGuard<'_, State>, i64) {
        let now = self.clock.now().seconds();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let day = now.div_euclid(DAY);
        if state.day != day {
            state.day = day;
            // A new map rather than a cleared one: it gives the memory of yesterday's users back.
            state.users = HashMap::new();
        }
        (state, (day + 1) * DAY - now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;

    #[test]
    fn a_day_has_its_tokens_and_the_next_one_has_them_again() {
        let clock = Clock::manual(Timestamp::from_millis((3 * DAY - 60) * 1000));
        let tokens = MemoryTokens::new(clock.clone());
        let [ann, bob] = [(); 2].map(|()| UserId::random());
        assert_eq!(tokens.reserve(ann, 100, 10, 80), (80, 0, 60, 2));
        assert_eq!(
            tokens.reserve(ann, 100, 10, 80),
            (20, 80, 60, 2),
            "what is left"
        );
        assert_eq!(tokens.reserve(ann, 100, 1, 1).0, 0);
        assert_eq!(tokens.reserve(bob, 100, 1, 5).0, 5);
        tokens.settle(ann, 2, -50);
        let today = tokens.read(ann, 1);
        assert_eq!(
            (today.used, today.resets_in, today.top),
            (50, 60, vec![(ann, 50)])
        );
        assert_eq!(tokens.reserve(ann, 0, 1, 1_000).0, 1_000, "no end");
        clock.advance(60_000);
        assert_eq!(tokens.read(ann, 9).top, []);
        tokens.settle(ann, 2, 70);
        assert_eq!(tokens.reserve(ann, 100, 1, 100), (100, 0, DAY, 3));
    }
}
