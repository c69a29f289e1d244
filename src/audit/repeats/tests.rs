//! Unit tests of `repeats`.

use super::*;
use crate::identity::Email;

fn failure(ip: &str, email: &str) -> Event {
    Event {
        action: Action::SessionRefused,
        actor: Actor::Anonymous,
        subject: Some(Subject {
            id: None,
            email: Some(Email::from_stored(email.to_owned())),
        }),
        origin: Origin {
            ip: ip.to_owned(),
            user_agent: String::new(),
            request_id: String::new(),
        },
        detail: String::new(),
    }
}

#[test]
fn rows_are_bounded_for_one_address_and_for_all() {
    let repeats = Repeats::default();
    let made = std::cell::Cell::new(0);
    let new_id = || {
        made.set(made.get() + 1);
        made.get()
    };
    let count = |ip: &str, email: &str, at: i64| {
        let at = Timestamp::from_millis(at);
        repeats.row(&failure(ip, email), at, new_id).id
    };
    for n in 0..1000 {
        count("2001:db8::1", &format!("u{n}@example.com"), n);
    }
    // The same network, and an account that is named already.
    assert_eq!(count("2001:db8::2", "u0@example.com", 0), 1);
    for n in 0..100_000_u32 {
        let ip = std::net::Ipv4Addr::from_bits(n).to_string();
        count(&ip, "ann@example.com", 0);
    }
    assert_eq!(made.get(), i64::try_from(MAX_ROWS).unwrap() + 1);
    assert_eq!(repeats.window().rows.len(), MAX_ROWS + 1);
    // Another window begins anew.
    let later = count("2001:db8::1", "u0@example.com", WINDOW_MILLIS);
    assert_eq!(later, made.get());
    assert_eq!(repeats.window().rows.len(), 1);
}

#[test]
fn one_address_has_a_row_for_each_of_twenty_accounts_and_one_for_the_rest() {
    let repeats = Repeats::default();
    let mut ids = std::collections::BTreeSet::new();
    for n in 0..1000 {
        let event = failure("203.0.113.7", &format!("u{n}@example.com"));
        let row = repeats.row(&event, Timestamp::from_millis(0), || n);
        let named = row.event.subject.is_some();
        assert_eq!(named, ids.len() < MAX_NAMED && n < 20, "{n}");
        assert_eq!(row.event.origin.ip, "203.0.113.7");
        ids.insert(row.id);
    }
    assert_eq!(ids.len(), MAX_NAMED + 1);
}
