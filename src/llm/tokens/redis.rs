//! Tokens of the day in Redis: one script a step, one round trip, the server's clock.

use redis::Script;

use super::memory::{Granted, Today};
use crate::identity::UserId;
use crate::storage::{RateLimitDb, RedisUnavailable};

/// Tokens by user, and the day that they are of; one slot of a cluster.
const KEYS: [&str; 2] = ["aura:{llm-tokens}:users", "aura:{llm-tokens}:day"];

#[derive(Debug)]
pub(super) struct RedisTokens {
    db: RateLimitDb,
    reserve: Script,
    settle: Script,
    read: Script,
}

impl From<RateLimitDb> for RedisTokens {
    fn from(db: RateLimitDb) -> Self {
        Self {
            db,
            reserve: Script::new(include_str!("reserve.lua")),
            settle: Script::new(include_str!("settle.lua")),
            read: Script::new(include_str!("read.lua")),
        }
    }
}

impl RedisTokens {
    pub(super) async fn reserve(
        &self,
        user: UserId,
        limit: i64,
        least: i64,
        most: i64,
    ) -> Result<Granted, RedisUnavailable> {
        let mut call = self.reserve.key(KEYS[0]);
        call.key(KEYS[1]).arg(user.to_string());
        call.arg(limit).arg(least).arg(most);
        self.db.db().invoke(&call).await
    }

    pub(super) async fn settle(&self, user: UserId, day: i64, more: i64) {
        let mut call = self.settle.key(KEYS[0]);
        call.key(KEYS[1]).arg(user.to_string());
        call.arg(day).arg(more);
        // Best effort: without an answer the reservation stands.
        let _: Result<i64, RedisUnavailable> = self.db.db().invoke(&call).await;
    }

    pub(super) async fn read(&self, user: UserId, top: usize) -> Result<Today, RedisUnavailable> {
        let mut call = self.read.key(KEYS[0]);
        call.key(KEYS[1]).arg(user.to_string()).arg(top);
        let (own, resets_in, users): (i64, i64, Vec<(String, i64)>) =
            self.db.db().invoke(&call).await?;
        let users = users.into_iter();
        let top = users.filter_map(|(id, tokens)| Some((id.parse().ok()?, tokens)));
        Ok(Today {
            used: own,
            resets_in,
            top: top.collect(),
        })
    }
}
