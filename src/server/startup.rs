//! What happens beside the first requests: migrations, and a look at what will hurt later.

use std::time::Duration;

use sqlx::migrate::MigrateError;
use tokio_util::sync::CancellationToken;

use crate::storage::{Migrations, Redis, RedisDb, Schema, Sql};

/// How long between tries while the database is away or somebody else migrates.
const PAUSE: Duration = Duration::from_millis(500);

/// Brings the schema up to date, or waits until somebody has, and so opens the server for
/// requests. Waits for a database that is away, and gives up on one that refuses.
///
/// # Errors
/// What the database said of a migration.
pub(super) async fn prepare_schema(
    sql: Sql,
    migrate: bool,
    stop: CancellationToken,
) -> Result<(), MigrateError> {
    let migrations = Migrations::new(sql);
    let mut told = false;
    loop {
        let problem = if migrate {
            match migrations.run().await {
                Ok(()) => return Ok(()),
                Err(error) if Migrations::is_passing(&error) => error.to_string(),
                Err(error) => return Err(error),
            }
        } else {
            match migrations.look().await {
                Ok(Schema::Current) => return Ok(()),
                Ok(pending) => format!("{pending}: run `aura migrate`"),
                Err(error) => error.to_string(),
            }
        };
        if !told {
            tracing::warn!(problem, "not ready: the schema is not current yet");
            told = true;
        }
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            () = tokio::time::sleep(PAUSE) => {}
        }
    }
}

/// Warns when tokens or limits live on a server that may throw them away; waits for a server that
/// is away.
pub(super) async fn look_at_redis(redis: Redis, stop: CancellationToken) {
    for db in [redis.auth.db(), redis.rate_limit.db()] {
        while !look_at(db).await && !stop.is_cancelled() {
            tokio::time::sleep(PAUSE * 10).await;
        }
    }
}

/// Whether the server could be asked.
async fn look_at(db: &RedisDb) -> bool {
    let Ok(policy) = db.server_setting("maxmemory-policy").await else {
        return false;
    };
    let Some(policy) = policy else { return true };
    let limit = db
        .server_setting("maxmemory")
        .await
        .ok()
        .flatten()
        .unwrap_or_default();
    if policy != "noeviction" && limit != "0" {
        tracing::warn!(
            database = db.name(),
            policy,
            "this Redis evicts keys when its memory is full: sessions would end and limits be \
             forgotten; set maxmemory-policy to noeviction, or keep caches on a server of their own"
        );
    }
    true
}
