//! Counts and descriptions of all processes, in the Redis database of the rate limits.
//!
//! Each replica keeps its own numbers of a minute as they are, in a field of its own, rather than
//! adding to a sum: a script that is repeated, or whose answer is lost, then changes nothing.

use redis::Script;

use super::counts::Counts;
use super::local::MINUTES;
use super::replica::{Replica, ReplicaInfo};
use crate::clock::Timestamp;
use crate::storage::{RateLimitDb, RedisUnavailable};

/// A replica that was silent for so long is gone.
const GONE_MILLIS: i64 = 30_000;

/// Time that a minute is kept; an hour of them is read.
const KEPT_MILLIS: i64 = 2 * 60 * 60 * 1000;

const REPLICAS: &str = "aura:activity:replicas";

#[derive(Debug)]
pub(super) struct Shared {
    db: RateLimitDb,
    report: Script,
    read: Script,
    leave: Script,
}

/// Counts of the other replicas, minute by minute, and all live replicas.
pub(super) struct Others {
    pub(super) minutes: Vec<Counts>,
    pub(super) replicas: Vec<Replica>,
}

impl Shared {
    pub(super) fn new(db: RateLimitDb) -> Self {
        Self {
            db,
            report: Script::new(include_str!("report.lua")),
            read: Script::new(include_str!("read.lua")),
            leave: Script::new("return redis.call('ZREM', KEYS[1], ARGV[1])"),
        }
    }

    /// Reports the counts of `minutes`, and that this process is alive. Returns whether the replica was
    /// known before: where it was not, Redis has lost its earlier reports too.
    pub(super) async fn report(
        &self,
        me: &ReplicaInfo,
        minutes: &[(i64, Counts)],
    ) -> Result<bool, RedisUnavailable> {
        let mut call = self.report.prepare_invoke();
        call.key(REPLICAS).arg(&me.id).arg(me.write());
        call.arg(GONE_MILLIS).arg(KEPT_MILLIS);
        for (minute, counts) in minutes {
            call.key(key(*minute)).arg(counts.write());
        }
        let new: i64 = self.db.db().invoke(&call).await?;
        Ok(new == 0)
    }

    /// Counts of all replicas but `me` in the hour that ends with the minute `now`.
    pub(super) async fn read(
        &self,
        me: &ReplicaInfo,
        now: i64,
    ) -> Result<Others, RedisUnavailable> {
        let mut call = self.read.prepare_invoke();
        call.key(REPLICAS).arg(GONE_MILLIS);
        for minute in now - MINUTES + 1..=now {
            call.key(key(minute));
        }
        let (seen, minutes): (Vec<String>, Vec<Vec<String>>) = self.db.db().invoke(&call).await?;
        let replicas = seen.chunks_exact(2).filter_map(|pair| {
            let replica = ReplicaInfo::read(&pair[0])?;
            let this_one = replica.id == me.id;
            Some(replica.seen(Timestamp::from_millis(pair[1].parse().ok()?), this_one))
        });
        let sum = |fields: &Vec<String>| {
            // Its own counts are read from memory, where they are newer.
            let others = fields.chunks_exact(2).filter(|field| field[0] != me.id);
            others.fold(Counts::default(), |sum, field| {
                sum.with(Counts::read(&field[1]))
            })
        };
        Ok(Others {
            minutes: minutes.iter().map(sum).collect(),
            replicas: replicas.collect(),
        })
    }

    /// Ends the membership of this process; its counts stay.
    pub(super) async fn leave(&self, me: &ReplicaInfo) {
        let mut call = self.leave.prepare_invoke();
        call.key(REPLICAS).arg(me.write());
        // Best effort: a replica that stops reporting expires from the list.
        let _: Result<i64, RedisUnavailable> = self.db.db().invoke(&call).await;
    }
}

fn key(minute: i64) -> String {
    format!("aura:activity:{minute}")
}
