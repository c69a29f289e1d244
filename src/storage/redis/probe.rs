//! Questions to a Redis server itself: does it take writes, and what does it do when it is full?

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use redis::RedisResult;

use super::{RedisDb, RedisUnavailable};

/// The key that probes write.
const PROBE_KEY: &str = "aura:alive";

/// Sets a small key and deletes it: leaves no trace, and is repeated without harm.
pub(super) const STORE: &str =
    "redis.call('SET', KEYS[1], '', 'PX', 1000) return redis.call('DEL', KEYS[1])";

/// The kind of write that a probe makes.
#[derive(Clone, Copy, Debug)]
pub(in crate::storage) enum Probe {
    /// One that needs memory and a script, as sessions and counters do: a server that is full, that
    /// cannot save, that only reads or that forbids either refuses it. Leaves no trace.
    Store,
    /// One that needs no memory: a cache that is full still answers.
    Delete,
}

impl RedisDb {
    /// Asks the server to take a write, even while other calls are failed at once, and so finds out
    /// first when it is back.
    ///
    /// # Errors
    /// [`RedisUnavailable`] when it is not taken within the call limit.
    pub async fn ping(&self) -> Result<Duration, RedisUnavailable> {
        let start = Instant::now();
        self.call(self.0.patience.call, async |mut connection| {
            match self.0.probe {
                Probe::Store => {
                    let call = self.0.probe_script.key(PROBE_KEY);
                    call.invoke_async::<i64>(&mut connection).await
                }
                Probe::Delete => {
                    let mut delete = redis::cmd("DEL");
                    delete.arg(PROBE_KEY).query_async(&mut connection).await
                }
            }
        })
        .await?;
        self.took_a_write();
        Ok(start.elapsed())
    }

    /// Returns true once the server has taken the write of a probe.
    #[must_use]
    pub fn reached(&self) -> bool {
        self.0.reached.load(Ordering::Acquire)
    }

    fn took_a_write(&self) {
        self.0.reached.store(true, Ordering::Release);
        self.answered(true);
    }

    /// A sign of life as [`Self::ping`], and how many keys the database holds without `beside`.
    ///
    /// # Errors
    /// [`RedisUnavailable`] when none comes within the call limit.
    pub async fn count_keys(&self, beside: &str) -> Result<u64, RedisUnavailable> {
        let (all, others): (u64, u64) = self
            .call(self.0.patience.call, async |mut connection| {
                redis::pipe()
                    .cmd("DEL")
                    .arg(PROBE_KEY)
                    .ignore()
                    .cmd("DBSIZE")
                    .cmd("EXISTS")
                    .arg(beside)
                    .query_async(&mut connection)
                    .await
            })
            .await?;
        self.took_a_write();
        Ok(all.saturating_sub(others))
    }

    /// The server's `maxmemory` in bytes, 0 for no limit, and what happens when it is reached.
    /// `None` where the server tells neither by `INFO` nor by `CONFIG`.
    ///
    /// # Errors
    /// [`RedisUnavailable`] when Redis is away.
    pub async fn memory_policy(&self) -> Result<Option<(u64, String)>, RedisUnavailable> {
        self.call(self.0.patience.call, async |mut connection| {
            // Managed servers forbid CONFIG, and some users are forbidden INFO: that is no outage.
            let mut info = redis::cmd("INFO");
            let info = told(info.arg("memory").query_async(&mut connection).await)?;
            let info: String = info.unwrap_or_default();
            let told_by_info = |name| {
                let mut lines = info.lines();
                lines.find_map(|line| Some(line.strip_prefix(name)?.strip_prefix(':')?.to_owned()))
            };
            let mut values = [told_by_info("maxmemory"), told_by_info("maxmemory_policy")];
            for (value, name) in values.iter_mut().zip(["maxmemory", "maxmemory-policy"]) {
                if value.is_none() {
                    let mut config = redis::cmd("CONFIG");
                    let pair = config.arg("GET").arg(name).query_async(&mut connection);
                    let pair: Option<Vec<String>> = told(pair.await)?;
                    *value = pair.and_then(|pair| pair.into_iter().nth(1));
                }
            }
            let [Some(limit), Some(policy)] = values else {
                return Ok(None);
            };
            Ok(limit.parse().ok().map(|limit| (limit, policy)))
        })
        .await
    }
}

/// The answer, or nothing where the server refused the question: that is no outage.
fn told<T>(answer: RedisResult<T>) -> RedisResult<Option<T>> {
    match answer {
        Err(error) if !error.is_io_error() => Ok(None),
        other => other.map(Some),
    }
}
