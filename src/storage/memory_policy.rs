//! What a Redis does when its memory is full, as far as it tells.

use redis::RedisResult;

use super::redis::{RedisDb, RedisUnavailable};

impl RedisDb {
    /// The server's `maxmemory` in bytes, 0 for no limit, and what happens when it is reached.
    /// `None` where the server tells neither by `INFO` nor by `CONFIG`.
    ///
    /// # Errors
    /// [`RedisUnavailable`] when Redis is away.
    pub async fn memory_policy(&self) -> Result<Option<(u64, String)>, RedisUnavailable> {
        self.call(self.call_limit(), async |mut connection| {
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
