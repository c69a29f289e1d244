//! `aura audit` reads the trail with no server running.

use aura::audit::{Action, Actor, Event, Origin, Subject};
use aura::identity::Email;
use serde_json::Value;

use super::{Trail, event, on_both_databases};
use crate::support::{Settings, said};

async fn filled(trail: &Trail) -> Settings {
    trail
        .record(&event(
            Action::SessionBegan,
            "ann@example.com",
            "ann@example.com",
        ))
        .await;
    trail
        .record(&event(
            Action::UserDisabled,
            "ann@example.com",
            "bob@example.com",
        ))
        .await;
    let refused = Event {
        action: Action::SessionRefused,
        actor: Actor::Anonymous,
        subject: Some(Subject {
            id: None,
            email: Email::try_from("\x1b]0;owned\x07").ok(),
        }),
        origin: Origin {
            user_agent: "\x1b[31m".to_owned(),
            ..Origin::command_line()
        },
        detail: "\x1b[2J".to_owned(),
    };
    trail.record(&refused).await;
    Settings::new().database(&trail.url)
}

fn lines(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[tokio::test]
async fn the_trail_is_listed_for_people_and_for_scripts() {
    on_both_databases(async |trail| {
        let settings = filled(&trail).await;
        let listed = settings.done(&["audit", "list"]).await;
        assert_eq!(listed.lines().count(), 3, "{listed}");
        assert!(
            !listed.contains('\x1b') && !listed.contains("owned"),
            "{listed}"
        );
        let disabled = "2026-09-21T14:13:22Z  user.disabled                 ann@example.com -> \
                        bob@example.com  from 203.0.113.7";
        assert_eq!(listed.lines().nth(1), Some(disabled));
        let some = settings
            .done(&[
                "audit",
                "list",
                "--json",
                "--subject",
                "Bob@example.com",
                "--from",
                "2026-01-01",
            ])
            .await;
        let some = lines(&some);
        assert_eq!(some.len(), 1);
        assert_eq!(some[0]["action"], "user.disabled");
        let few = settings
            .done(&["audit", "list", "--limit", "1", "--json"])
            .await;
        assert_eq!(lines(&few)[0]["action"], "session.refused");
        let none = settings
            .done(&["audit", "list", "--until", "2026-01-01"])
            .await;
        assert_eq!(none, "");
    })
    .await;
}

#[tokio::test]
async fn an_export_is_whole_and_recorded_itself() {
    on_both_databases(async |trail| {
        let settings = filled(&trail).await;
        let arguments = ["audit", "export", "--actor", "ann@example.com"];
        assert_eq!(lines(&settings.done(&arguments).await).len(), 2);
        assert_eq!(lines(&settings.done(&["audit", "export"]).await).len(), 4);
        let recorded = settings
            .done(&["audit", "list", "--json", "--action", "audit.exported"])
            .await;
        let recorded = lines(&recorded);
        assert_eq!(
            recorded.len(),
            2,
            "the second export was recorded after it had begun"
        );
        assert_eq!(recorded[1]["actor"], "command line");
        assert_eq!(recorded[1]["detail"], "actor=ann@example.com");
    })
    .await;
}

#[tokio::test]
async fn an_invalid_time_and_an_unavailable_database_are_reported() {
    let settings = Settings::new();
    let output = settings
        .run(&["audit", "list", "--from", "yesterday"])
        .await;
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("2026-01-31"), "{}", said(&output));
    let settings = settings.database("postgres://aura@127.0.0.1:1/aura");
    let output = settings.run(&["audit", "export"]).await;
    assert_eq!(output.status.code(), Some(1));
    assert!(
        said(&output).contains("cannot be queried"),
        "{}",
        said(&output)
    );
}
