//! Tokens of the day (UTC), by user: reserved before a call, settled after it. One script on the
//! rate-limit database decides, so all replicas together grant exactly the limit.

mod memory;

use redis::Script;

use self::memory::MemoryTokens;
use crate::clock::Clock;
use crate::config::FailMode;
use crate::http::LimitError;
use crate::identity::UserId;
use crate::storage::{RateLimitDb, RedisUnavailable};

/// Seconds of a day.
pub(super) const DAY: i64 = 86_400;

/// The policy's name, as clients see it.
pub(super) const POLICY: &str = "llm-tokens";

/// Tokens by user, and the day that they are of; one slot of a cluster.
const KEYS: [&str; 2] = ["aura:{llm-tokens}:users", "aura:{llm-tokens}:day"];

/// Tokens reserved (0: refused), used before, seconds to the end of the day, the day.
type Granted = (i64, i64, i64, i64);

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

/// Tokens that a call has until it is settled.
#[derive(Debug)]
pub(super) struct Reserved {
    user: UserId,
    amount: i64,
    day: i64,
    /// Counted in this process, while Redis was away.
    local: bool,
}

/// The counters.
#[derive(Debug)]
pub(super) struct Tokens {
    limit: i64,
    fail_mode: FailMode,
    redis: Option<RedisTokens>,
    memory: MemoryTokens,
}

#[derive(Debug)]
struct RedisTokens {
    db: RateLimitDb,
    reserve: Script,
    settle: Script,
    read: Script,
}

impl Tokens {
    /// Counters in `redis`, or in this process where there is none; each user has `limit` tokens a
    /// day, or any number where it is 0.
    pub(super) fn new(
        limit: i64,
        fail_mode: FailMode,
        redis: Option<RateLimitDb>,
        clock: Clock,
    ) -> Self {
        Self {
            limit,
            fail_mode,
            redis: redis.map(|db| RedisTokens {
                db,
                reserve: Script::new(include_str!("reserve.lua")),
                settle: Script::new(include_str!("settle.lua")),
                read: Script::new(include_str!("read.lua")),
            }),
            memory: MemoryTokens::new(clock),
        }
    }

    /// Tokens of each user a day; 0: any number.
    pub(super) const fn limit(&self) -> i64 {
        self.limit
    }

    /// Reserves `most` tokens, or what is left where that is `least` at least. `None`: nothing is
    /// counted, because Redis is away and `RATE_LIMIT_FAIL_MODE=open`, or there is no limit.
    pub(super) async fn reserve(
        &self,
        user: UserId,
        least: i64,
        most: i64,
    ) -> Result<Option<Reserved>, LimitError> {
        let shared = match &self.redis {
            None => None,
            Some(redis) => Some(redis.reserve(user, self.limit, least, most).await),
        };
        let (granted, local) = match shared {
            Some(Ok(granted)) => (granted, false),
            None => (self.memory.reserve(user, self.limit, least, most), true),
            Some(Err(_)) => match self.fail_mode {
                _ if self.limit == 0 => return Ok(None),
                FailMode::Open => return Ok(None),
                FailMode::Closed => return Err(LimitError::Unavailable),
                // As for the rate limits: one process sees a part of the calls, and allows half.
                FailMode::Local => {
                    let half = (self.limit / 2).max(1);
                    (self.memory.reserve(user, half, least, most), true)
                }
            },
        };
        let (amount, _, left, day) = granted;
        if amount == 0 {
            return Err(LimitError::Exceeded {
                policy: POLICY,
                retry_after: left.max(1).unsigned_abs(),
            });
        }
        Ok(Some(Reserved {
            user,
            amount,
            day,
            local,
        }))
    }

    /// Counts the tokens that a call took in place of those reserved. Where that cannot be told,
    /// the reservation stands.
    pub(super) async fn settle(&self, reserved: Reserved, used: i64) {
        let more = used - reserved.amount;
        match &self.redis {
            Some(redis) if !reserved.local => redis.settle(&reserved, more).await,
            _ => self.memory.settle(reserved.user, reserved.day, more),
        }
    }

    /// The day so far: of `user`, and of the `top` users.
    ///
    /// # Errors
    /// When the store does not answer.
    pub(super) async fn today(&self, user: UserId, top: usize) -> Result<Today, RedisUnavailable> {
        match &self.redis {
            Some(redis) => redis.read(user, top).await,
            None => Ok(self.memory.read(user, top)),
        }
    }
}

impl RedisTokens {
    async fn reserve(
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

    async fn settle(&self, reserved: &Reserved, more: i64) {
        let mut call = self.settle.key(KEYS[0]);
        call.key(KEYS[1]).arg(reserved.user.to_string());
        call.arg(reserved.day).arg(more);
        let _: Result<i64, RedisUnavailable> = self.db.db().invoke(&call).await;
    }

    async fn read(&self, user: UserId, top: usize) -> Result<Today, RedisUnavailable> {
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
