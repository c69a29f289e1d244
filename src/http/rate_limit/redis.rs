//! Counters in Redis: one script, one round trip, the server's clock.

use redis::Script;

use super::bucket::{Bucket, Count, WINDOW_MILLIS};
use crate::storage::{RateLimitDb, RedisUnavailable};

#[derive(Debug)]
pub(super) struct RedisCounters {
    db: RateLimitDb,
    charge: Script,
    remember: Script,
}

impl From<RateLimitDb> for RedisCounters {
    fn from(db: RateLimitDb) -> Self {
        Self {
            db,
            charge: Script::new(include_str!("charge.lua")),
            remember: Script::new(
                "for _, mark in ipairs(KEYS) do redis.call('SET', mark, '1', 'PX', ARGV[1]) end",
            ),
        }
    }
}

impl RedisCounters {
    pub(super) async fn charge(&self, buckets: &[Bucket]) -> Result<Vec<Count>, RedisUnavailable> {
        let mut call = self.charge.prepare_invoke();
        call.arg(WINDOW_MILLIS);
        for bucket in buckets {
            call.key(format!("aura:limit:{}:{}", bucket.policy, bucket.key));
            // Each bucket has a mark, because the script reads keys in pairs; the mark without a name
            // is never set.
            call.key(known_key(
                bucket.unless_known.as_deref().unwrap_or_default(),
            ));
            call.arg(bucket.limit).arg(i64::from(bucket.charge));
        }
        let rows: Vec<(i64, i64, i64)> = self.db.db().invoke(&call).await?;
        Ok(rows
            .into_iter()
            .map(|(used, reset, refused)| (used, reset, refused == 1))
            .collect())
    }

    pub(super) async fn remember(&self, names: &[String], millis: i64) {
        let mut call = self.remember.prepare_invoke();
        for name in names {
            call.key(known_key(name));
        }
        call.arg(millis);
        // Whether it was kept makes no difference to this request.
        let _: Result<(), RedisUnavailable> = self.db.db().invoke(&call).await;
    }
}

fn known_key(name: &str) -> String {
    format!("aura:known:{name}")
}
