//! Work beside the first requests: migrations, and warnings of what will hurt later.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::health::Health;
use crate::storage::{MigrationError, Migrations, Redis, RedisDb, Schema, Sql};

/// Pause between attempts while the database is unavailable or another replica migrates.
const PAUSE: Duration = Duration::from_millis(500);

/// Brings the schema up to date, or waits until another process has, and so opens the server for
/// requests. Waits for a database that is away, and gives up on one that refuses.
///
/// # Errors
/// [`MigrationError::Refused`].
pub(super) async fn prepare_schema(
    sql: Sql,
    migrate: bool,
    stop: CancellationToken,
) -> Result<(), MigrationError> {
    let migrations = Migrations::new(sql.clone());
    let mut told = false;
    loop {
        let outcome = if migrate {
            migrations.run().await.map(|()| Schema::Current)
        } else {
            migrations.look().await
        };
        match outcome {
            Ok(Schema::Current) => return Ok(()),
            Ok(pending) if !told => {
                tracing::warn!("not ready: {pending}; run `aura migrate`");
                told = true;
            }
            Ok(_) => {}
            Err(MigrationError::Unavailable(outage)) => sql.note(&outage),
            // With --no-migrate another process may be about to migrate.
            Err(MigrationError::Refused(reason)) if !migrate => {
                if !told {
                    tracing::warn!("not ready: {reason}");
                    told = true;
                }
            }
            Err(refused) => return Err(refused),
        }
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            () = tokio::time::sleep(PAUSE) => {}
        }
    }
}

/// Reaches every dependency once, which readiness waits for, and asks again those that are away, so
/// that the log tells of their return also while there are no calls.
pub(super) async fn watch(health: Health, stop: CancellationToken) {
    let mut ready = false;
    let mut missed = false;
    while !stop.is_cancelled() {
        missed |= ready && health.has_outage();
        health.ping_unavailable().await;
        if !ready && health.unready_reason().is_none() {
            tracing::info!("ready: every dependency was reached");
            ready = true;
        }
        if missed && !health.has_outage() {
            tracing::info!("ready again: every dependency answers");
            missed = false;
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(PAUSE) => {}
        }
    }
}

/// Warns when tokens or limits live on a server that may throw them away; waits for a server that
/// is away.
pub(super) async fn warn_of_eviction(redis: Redis, stop: CancellationToken) {
    for db in [redis.auth.db(), redis.rate_limit.db()] {
        while !check_eviction(db).await && !stop.is_cancelled() {
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// Warns of a server's settings; false when it did not answer.
async fn check_eviction(db: &RedisDb) -> bool {
    if !db.reached() {
        return false;
    }
    let Ok(memory) = db.memory_policy().await else {
        return false;
    };
    let database = db.name();
    match memory {
        Some((limit, policy)) if limit > 0 && policy != "noeviction" => tracing::warn!(
            database,
            policy,
            "this Redis evicts keys when its memory is full: sessions would end and limits be \
             forgotten; set maxmemory-policy to noeviction, or keep caches on a server of their own"
        ),
        Some(_) => {}
        None => tracing::warn!(
            database,
            "what this Redis does when its memory is full could not be looked at: it answers \
             neither INFO nor CONFIG; make sure that its maxmemory-policy is noeviction"
        ),
    }
    true
}
