//! Tokens of the day (UTC), by user: reserved before a call, settled after it. One script on the
//! rate-limit database decides, so all replicas together grant exactly the limit.

mod memory;
mod redis;

use self::memory::MemoryTokens;
pub use self::memory::Today;
pub(super) use self::memory::{DAY, POLICY};
use self::redis::RedisTokens;
use crate::clock::Clock;
use crate::config::FailMode;
use crate::http::LimitError;
use crate::identity::UserId;
use crate::storage::{RateLimitDb, RedisUnavailable};

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
            redis: redis.map(RedisTokens::from),
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
        // Where it was reserved: when Redis has come back meanwhile, it knows nothing of a reservation
        // in this process.
        match &self.redis {
            Some(redis) if !reserved.local => redis.settle(reserved.user, reserved.day, more).await,
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
