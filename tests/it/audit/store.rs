//! Recorded, filtered, paged, exported; the same on both databases.

use std::collections::BTreeSet;

use aura::audit::{Action, Actor, Event, Filter, Origin, Recorded, Subject};
use aura::clock::Timestamp;
use aura::identity::Email;
use aura::storage::Pool;
use futures_util::TryStreamExt as _;
use serde_json::Value;

use super::{START, Trail, event, on_both_databases};

fn actions(page: &[Recorded]) -> Vec<&str> {
    page.iter().map(|event| event.action.as_str()).collect()
}

#[tokio::test]
async fn events_are_read_as_they_were_recorded_newest_first() {
    on_both_databases(async |trail| {
        trail
            .record(&event(
                Action::SessionBegan,
                "ann@example.com",
                "ann@example.com",
            ))
            .await;
        let mut disabled = event(Action::UserDisabled, "ann@example.com", "Bob@example.com");
        "because".clone_into(&mut disabled.detail);
        trail.record(&disabled).await;
        let refused = Event {
            action: Action::SessionRefused,
            actor: Actor::Anonymous,
            subject: Some(Subject {
                id: None,
                email: Email::try_from("Eve@Example.com").ok(),
            }),
            origin: Origin::command_line(),
            detail: String::new(),
        };
        trail.record(&refused).await;
        let page = trail
            .audit
            .page(&Filter::default(), None, 10)
            .await
            .unwrap();
        assert_eq!(
            actions(&page),
            ["session.refused", "user.disabled", "session.began"]
        );
        let [refused, disabled, _] = &page[..] else {
            unreachable!()
        };
        assert_eq!(refused.subject, "eve@example.com");
        assert_eq!((refused.actor_id, refused.subject_id), (None, None));
        assert_eq!((refused.actor.as_str(), refused.ip.as_str()), ("", ""));
        assert_eq!(disabled.at, Timestamp::from_millis(START + 2000));
        assert_eq!(disabled.actor, "ann@example.com");
        assert_eq!(disabled.subject, "bob@example.com");
        assert!(disabled.actor_id.is_some() && disabled.subject_id.is_some());
        assert_eq!(disabled.ip, "203.0.113.7");
        assert_eq!(
            (disabled.user_agent.as_str(), disabled.request_id.as_str()),
            ("curl/8", "r-1")
        );
        assert_eq!(disabled.detail, "because");
    })
    .await;
}

#[tokio::test]
async fn each_filter_and_their_combination_find_matching_events() {
    on_both_databases(async |trail| {
        for (action, who, whom, ip) in [
            (
                Action::SessionBegan,
                "ann@example.com",
                "ann@example.com",
                "10.0.0.1",
            ),
            (
                Action::UserDisabled,
                "ann@example.com",
                "bob@example.com",
                "10.0.0.1",
            ),
            (
                Action::UserDisabled,
                "cat@example.com",
                "bob@example.com",
                "10.0.0.2",
            ),
            (
                Action::UserEnabled,
                "cat@example.com",
                "dan@example.com",
                "10.0.0.1",
            ),
        ] {
            let mut event = event(action, who, whom);
            ip.clone_into(&mut event.origin.ip);
            trail.record(&event).await;
        }
        for (texts, seconds, count) in [
            (["", "", "", ""], [None, None], 4),
            (["user.disabled", "", "", ""], [None, None], 2),
            (["user.disable", "", "", ""], [None, None], 0),
            (["", "ann@example.com", "", ""], [None, None], 2),
            (["", "", "bob@example.com", ""], [None, None], 2),
            (["", "", "", "10.0.0.1"], [None, None], 3),
            (["", "", "", "10.0.0.%"], [None, None], 0),
            (["", "", "", ""], [Some(2), None], 3),
            (["", "", "", ""], [None, Some(2)], 1),
            (["", "", "", ""], [Some(2), Some(4)], 2),
            (["", "", "", "10.0.0.1"], [Some(2), None], 2),
            (
                [
                    "user.disabled",
                    "cat@example.com",
                    "bob@example.com",
                    "10.0.0.2",
                ],
                [Some(0), Some(10)],
                1,
            ),
            (["", "ann@example.com", "", "10.0.0.2"], [None, None], 0),
            (["", "' OR 1=1 --", "", ""], [None, None], 0),
            (["", "ann@example.com\0", "", ""], [None, None], 0),
        ] {
            let [action, actor, subject, ip] =
                texts.map(|text| (!text.is_empty()).then(|| text.to_owned()));
            let [from, until] = seconds.map(|seconds: Option<i64>| {
                seconds.map(|seconds| Timestamp::from_millis(START + seconds * 1000))
            });
            let filter = Filter {
                action,
                actor,
                subject,
                ip,
                from,
                until,
            };
            let found = trail.audit.page(&filter, None, 10).await.unwrap();
            assert_eq!(found.len(), count, "{filter}");
        }
    })
    .await;
}

#[tokio::test]
async fn pages_by_cursor_hold_every_event_once_also_those_of_one_millisecond() {
    on_both_databases(async |trail| {
        // The clock stands: ids differ by their random bits alone.
        let one = event(Action::SessionBegan, "ann@example.com", "ann@example.com");
        for _ in 0..25 {
            trail.audit.record(&one).await.unwrap();
        }
        for filter in [
            Filter::default(),
            Filter {
                ip: Some(one.origin.ip.clone()),
                ..Filter::default()
            },
        ] {
            let (mut seen, mut before) = (BTreeSet::new(), None);
            loop {
                let page = trail.audit.page(&filter, before, 10).await.unwrap();
                let Some(last) = page.last() else { break };
                assert!(page.is_sorted_by(|a, b| a.id > b.id));
                before = Some(last.id);
                assert!(page.iter().all(|event| seen.insert(event.id)), "each once");
            }
            assert_eq!(seen.len(), 25, "{filter}");
        }
    })
    .await;
}

async fn exported(trail: &Trail, filter: Filter) -> (usize, String) {
    let pieces: Vec<String> = trail
        .audit
        .export(filter)
        .await
        .unwrap()
        .try_collect()
        .await
        .unwrap();
    (pieces.len(), pieces.concat())
}

#[tokio::test]
async fn an_export_holds_every_event_as_a_line_of_json_and_one_page_at_a_time() {
    on_both_databases(async |trail| {
        assert_eq!(
            exported(&trail, Filter::default()).await,
            (0, String::new())
        );
        let hostile = "\"},\n{\"id\":0,\"x\":\"\u{202e}\u{2028}\0\x1b[31m<script>alert(1)</script>";
        let mut event = event(Action::SessionBegan, "ann@example.com", "ann@example.com");
        hostile.clone_into(&mut event.origin.user_agent);
        hostile.clone_into(&mut event.detail);
        for _ in 0..1234 {
            trail.audit.record(&event).await.unwrap();
        }
        let (pieces, text) = exported(&trail, Filter::default()).await;
        assert_eq!(pieces, 3, "of 500 lines at most");
        assert!(text.ends_with('\n') && !text.contains(['\0', '\x1b', '\u{202e}', '\u{2028}']));
        let ids: BTreeSet<String> = text
            .lines()
            .map(|line| {
                let event: Value = serde_json::from_str(line).unwrap();
                assert_eq!(event.as_object().unwrap().len(), 12);
                assert_eq!(event["at"], "2026-09-21T14:13:20Z");
                let kept = "\"},{\"id\":0,\"x\":\"[31m<script>alert(1)</script>";
                assert_eq!(
                    (&event["user_agent"], &event["detail"]),
                    (&kept.into(), &kept.into())
                );
                event["id"].as_str().unwrap().to_owned()
            })
            .collect();
        assert_eq!(ids.len(), 1234, "each once");
        let other = Filter {
            ip: Some("10.9.9.9".to_owned()),
            ..Filter::default()
        };
        assert_eq!(exported(&trail, other).await.0, 0);
    })
    .await;
}

#[tokio::test]
async fn an_event_is_committed_exactly_with_its_change() {
    on_both_databases(async |trail| {
        let event = event(Action::UserDeleted, "ann@example.com", "bob@example.com");
        let (audit, kept) = (&trail.audit, &event);
        for keep in [false, true] {
            let both = async |pool: Pool| {
                let mut connection = pool.acquire().await?;
                let mut transaction = connection.begin().await?;
                audit.insert(&mut transaction, kept).await?;
                if keep {
                    transaction.commit().await
                } else {
                    transaction.rollback().await
                }
            };
            trail.sql.run(both).await.unwrap();
            let page = trail
                .audit
                .page(&Filter::default(), None, 10)
                .await
                .unwrap();
            assert_eq!(page.len(), usize::from(keep));
        }
    })
    .await;
}

/// A failed sign-in from `ip` as `email`.
fn failure(ip: &str, email: &str) -> Event {
    let mut event = event(Action::SessionRefused, email, email);
    event.actor = Actor::Anonymous;
    ip.clone_into(&mut event.origin.ip);
    event
}

#[tokio::test]
async fn repeated_failures_are_one_event_with_an_exact_count() {
    on_both_databases(async |trail| {
        let (ann, bob) = ("ann@example.com", "bob@example.com");
        let mut calls = tokio::task::JoinSet::new();
        for n in 0..60 {
            let audit = trail.audit.clone();
            // Two addresses of one network of IPv6.
            let (ip, email) = if n % 3 == 0 {
                ("203.0.113.7", ann)
            } else if n % 3 == 1 {
                ("2001:db8::1", bob)
            } else {
                ("2001:db8::2", bob)
            };
            calls.spawn(async move { audit.record(&failure(ip, email)).await.unwrap() });
        }
        calls.join_all().await;
        let all = trail.audit.page(&Filter::default(), None, 100).await;
        let mut counts: Vec<_> = all
            .unwrap()
            .into_iter()
            .map(|event| (event.subject, event.actor, event.count))
            .collect();
        counts.sort();
        let row = |email: &str, count| (email.to_owned(), String::new(), count);
        assert_eq!(counts, [row(ann, 20), row(bob, 40)]);

        // Everything else is an event of its own, and so is a failure of the next window.
        let began = event(Action::SessionBegan, ann, ann);
        for _ in 0..3 {
            trail.record(&began).await;
        }
        trail.clock.advance(10 * 60 * 1000);
        trail.record(&failure("203.0.113.7", ann)).await;
        let filter = Filter {
            subject: Some(ann.to_owned()),
            ip: Some("203.0.113.7".to_owned()),
            ..Filter::default()
        };
        let found = trail.audit.page(&filter, None, 100).await.unwrap();
        let counts: Vec<i64> = found.iter().map(|event| event.count).collect();
        assert_eq!(counts, [1, 1, 1, 1, 20]);
        let (_, text) = exported(&trail, filter).await;
        let last: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
        assert_eq!(last["count"], 20);
    })
    .await;
}
