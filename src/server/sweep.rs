//! Deletes what the audit trail has kept long enough, for as long as the server runs.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::audit::Audit;
use crate::clock::Clock;

/// After the start, so that it does not add to the work of that moment.
const FIRST: Duration = Duration::from_secs(1);

/// Pauses between two sweeps, and between two attempts while the database is unavailable.
const PAUSE: Duration = Duration::from_hours(1);
const RETRY: Duration = Duration::from_secs(10);

const DAY_MILLIS: i64 = 24 * 60 * 60 * 1000;

/// Sweeps soon after the start and then hourly. That every replica does so costs nothing: the first
/// one leaves nothing to delete.
pub(super) async fn sweep(audit: Audit, clock: Clock, days: i64, stop: CancellationToken) {
    let mut wait = FIRST;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(wait) => {}
        }
        let until = clock.now().plus_millis(-days * DAY_MILLIS);
        let outcome = tokio::select! {
            () = stop.cancelled() => return,
            outcome = audit.purge(until) => outcome,
        };
        wait = match outcome {
            Ok(0) => PAUSE,
            Ok(events) => {
                tracing::info!(events, days, "deleted old events of the audit trail");
                PAUSE
            }
            // The pool has logged the cause.
            Err(_) => RETRY,
        };
    }
}
