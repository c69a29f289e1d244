//! What is older than `AUDIT_RETENTION_DAYS` is deleted, and nothing else.

use aura::audit::{Action, Audit, Filter};
use aura::clock::{Clock, Timestamp};

use super::{START, Trail, event, on_both_databases};
use crate::support::{PATIENCE, Settings, eventually};

const DAY: i64 = 24 * 60 * 60 * 1000;

#[tokio::test]
async fn a_purge_takes_what_is_old_in_batches_and_two_of_them_share_the_work() {
    on_both_databases(async |trail| {
        let one = event(Action::SessionBegan, "ann@example.com", "ann@example.com");
        for _ in 0..2100 {
            trail.audit.record(&one).await.unwrap();
        }
        trail.record(&one).await;
        let until = Timestamp::from_millis(START + 1);
        let (first, second) = tokio::join!(trail.audit.purge(until), trail.audit.purge(until));
        assert_eq!(first.unwrap() + second.unwrap(), 2100);
        let left = trail
            .audit
            .page(&Filter::default(), None, 10)
            .await
            .unwrap();
        assert_eq!(left.len(), 1);
        assert_eq!(trail.audit.purge(until).await.unwrap(), 0);
    })
    .await;
}

/// The trails of a week, as if they had been recorded then.
async fn remember(trail: &Trail) {
    let now = Clock::system().now();
    for days in 0..7 {
        let clock = Clock::manual(now.plus_millis(-days * DAY));
        let then = Audit::new(trail.sql.clone(), clock);
        let event = event(Action::SessionBegan, "ann@example.com", "ann@example.com");
        then.record(&event).await.unwrap();
    }
}

#[tokio::test]
async fn servers_sweep_soon_after_their_start() {
    on_both_databases(async |trail| {
        remember(&trail).await;
        let settings = Settings::new()
            .database(&trail.url)
            .set("AUDIT_RETENTION_DAYS", 3);
        let (one, two) = tokio::join!(settings.start(), settings.start());
        eventually(PATIENCE, "three days of events", async || {
            let left = trail
                .audit
                .page(&Filter::default(), None, 10)
                .await
                .unwrap();
            (left.len() == 3).then_some(())
        })
        .await;
        drop((one, two));
    })
    .await;
}
