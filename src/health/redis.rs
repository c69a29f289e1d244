//! The check of the Redis databases, one by one.

use tracing::Instrument;

use super::report::{Reach, RedisDatabase, Report, Status, millis};
use crate::llm::Llm;
use crate::storage::{RedisDb, Storage};

#[derive(Debug)]
pub(super) struct RedisCheck(Vec<RedisDb>);

impl RedisCheck {
    /// Without Redis `/health` stays good: it must not restart every replica at once.
    pub(super) const ROLLS_UP: bool = false;

    pub(super) fn new(storage: &Storage, _: &Llm) -> Self {
        let databases = storage
            .redis
            .as_ref()
            .map(|redis| vec![redis.auth.db().clone(), redis.rate_limit.db().clone()]);
        Self(databases.unwrap_or_default())
    }

    pub(super) async fn run(&self) -> Report {
        if self.0.is_empty() {
            return Report::new(Status::Disabled);
        }
        let mut databases = std::collections::BTreeMap::new();
        let mut pings = tokio::task::JoinSet::new();
        for db in &self.0 {
            let db = db.clone();
            let ping = async move {
                // The cause is in the log; anyone may read this report.
                let latency = db.ping().await.ok();
                let status = if latency.is_some() {
                    Reach::Connected
                } else {
                    Reach::Unavailable
                };
                let latency_ms = latency.map(millis);
                (
                    db.name().to_owned(),
                    RedisDatabase {
                        db: db.number(),
                        status,
                        latency_ms,
                    },
                )
            };
            pings.spawn(ping.in_current_span());
        }
        while let Some(Ok((name, database))) = pings.join_next().await {
            databases.insert(name, database);
        }
        let connected = databases
            .values()
            .filter(|db| db.status == Reach::Connected)
            .count();
        let status = match connected {
            0 => Status::Unhealthy,
            some if some < self.0.len() => Status::Degraded,
            _ => Status::Healthy,
        };
        Report {
            databases: Some(databases),
            ..Report::new(status)
        }
    }
}
