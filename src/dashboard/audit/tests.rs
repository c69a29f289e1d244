//! Unit tests of `audit`.

use super::*;
use crate::dashboard::hostile::{HOSTILE, is_text};

#[test]
fn day_begins_at_midnight_utc() {
    let at = day("2026-01-31").map(Timestamp::seconds);
    assert_eq!(at, Some(1_769_817_600));
    for text in ["", "2026", "2026-13-01", "2026-02-30", "2026-01-01-01", "x"] {
        assert_eq!(day(text), None, "{text}");
    }
}

#[test]
fn events_and_filters_are_escaped() {
    let text = || HOSTILE.to_owned();
    let event = Recorded {
        id: 1,
        at: Timestamp::from_millis(0),
        action: text(),
        actor_id: None,
        actor: text(),
        subject_id: None,
        subject: text(),
        ip: text(),
        user_agent: text(),
        request_id: text(),
        detail: text(),
        count: 2,
    };
    let field = Field {
        value: text(),
        ..Field::optional("actor", "Actor", "search")
    };
    let pager = Pager {
        first: String::new(),
        next: text(),
        onward: "Older events",
    };
    let body = Page {
        summary: Summary::default(),
        export: text(),
        actions: Vec::new(),
        action: text(),
        fields: vec![field],
        filtered: true,
        events: vec![Row::new(event)],
        pager,
    };
    // Export, field, onward; action, actor, subject, address, user agent, detail, request.
    is_text(&body.to_string(), 3 + 7);
}
