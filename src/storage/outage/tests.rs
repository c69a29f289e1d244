//! Unit tests of `outage`.

use super::*;

fn outage(cause: &str, refusal: bool) -> Outage {
    Outage {
        address: "redis:6379".to_owned(),
        cause: cause.to_owned(),
        advice: Some("check it"),
        refusal,
    }
}

#[test]
fn an_outage_is_one_line_of_bounded_length() {
    let said = words(&format!("a\nb\u{1b}[2J\u{202e}{}", "x".repeat(1000)));
    assert!(said.starts_with("a\\u{a}b\\u{1b}[2J\\u{202e}xxx"), "{said}");
    assert!(said.ends_with('…') && said.chars().count() < 400, "{said}");
    let shown = outage("connection refused", false).to_string();
    assert_eq!(shown, "redis:6379: connection refused; check it");
}

#[test]
fn an_outage_and_a_return_are_told_once() {
    let availability = Availability::new();
    assert!(!availability.answered(false), "it was never away");
    let refused = outage("connection refused", false);
    availability.lost();
    assert!(availability.needs_a_look());
    assert!(!availability.needs_a_look());
    assert!(availability.explained(&refused));
    availability.lost();
    assert!(!availability.explained(&refused));
    assert!(!availability.explained(&outage("no answer in time", false)));
    assert!(availability.answered(false));
    assert!(!availability.answered(false));
    // The next outage is another one, for the same cause too.
    availability.lost();
    assert!(availability.explained(&refused));
    assert!(availability.answered(false));
}

#[test]
fn a_refusal_ends_with_a_write_and_is_not_told_at_every_command() {
    let availability = Availability::new();
    let full = outage("OOM", true);
    availability.lost();
    assert!(availability.explained(&full));
    assert!(!availability.answered(false), "a read proves nothing");
    assert!(!availability.is_available());
    assert!(availability.answered(true));
    for _ in 0..3 {
        availability.lost();
        assert!(!availability.explained(&full));
        assert!(!availability.answered(true), "nor is its end");
    }
    availability.lost();
    assert!(availability.explained(&outage("MISCONF", true)));
}

#[test]
fn a_cause_found_after_the_return_is_not_told() {
    let availability = Availability::new();
    availability.lost();
    assert!(!availability.answered(false));
    assert!(!availability.explained(&outage("no answer in time", false)));
    assert!(availability.is_available());
}
