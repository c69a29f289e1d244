//! Unit tests of `chain`.

use super::*;
use crate::identity::SessionId;

const GRACE: i64 = 10_000;

fn hash(name: &str) -> TokenHash {
    TokenHash::from_stored(name.to_owned())
}

const OWNER: (&str, &str) = ("2001:db8::1", "browser");

/// Shows a token from an address and a user agent.
fn show_from(chain: &mut Chain, name: &str, at: i64, client: (&str, &str)) -> Step {
    let (address, user_agent) = client;
    let shown = Presented {
        id: SessionId::random(),
        token: hash(name),
        children: std::array::from_fn(|index| hash(&format!("{name}.{index}"))),
        grace_millis: GRACE,
        grace_scope: if user_agent == "anyone" {
            GraceScope::Anyone
        } else {
            GraceScope::Client
        },
        client: ClientMark::new(address.parse().unwrap(), user_agent),
    };
    chain.show(&shown, Timestamp::from_millis(at))
}

fn show(chain: &mut Chain, name: &str, at: i64) -> Step {
    show_from(chain, name, at, OWNER)
}

fn is_reused(step: &Step) -> bool {
    matches!(step, Step::Reused { .. })
}

#[test]
fn a_race_within_the_grace_gives_one_child() {
    let mut chain = Chain::new(hash("a"));
    assert_eq!(show(&mut chain, "a", 0), Step::New { index: 0 });
    for at in [1, 5_000, GRACE] {
        let same = Step::Same {
            index: 0,
            hash: hash("a.0"),
            issued_at: Timestamp::from_millis(0),
            elsewhere: ClientDifference::default(),
        };
        assert_eq!(show(&mut chain, "a", at), same);
    }
}

#[test]
fn a_lost_answer_is_made_up_for_and_the_lost_child_is_dead() {
    let mut chain = Chain::new(hash("a"));
    show(&mut chain, "a", 0);
    assert_eq!(show(&mut chain, "a", GRACE + 1), Step::New { index: 1 });
    assert!(matches!(
        show(&mut chain, "a", GRACE + 2),
        Step::Same { index: 1, .. }
    ));
    assert!(is_reused(&show(&mut chain.clone(), "a.0", GRACE + 3)));
    assert_eq!(show(&mut chain, "a.1", GRACE + 3), Step::New { index: 0 });
}

#[test]
fn answers_may_get_lost_for_ever() {
    let mut chain = Chain::new(hash("a"));
    let mut at = 0;
    for index in [0, 1, 2, 3, 4, 5, 6, 7, 7, 7] {
        assert_eq!(show(&mut chain, "a", at), Step::New { index });
        at += GRACE + 1;
    }
    assert_eq!(show(&mut chain, "a.7", at), Step::New { index: 0 });
}

#[test]
fn reuse_after_the_grace_ends_the_session_once_the_child_was_used() {
    let mut chain = Chain::new(hash("a"));
    show(&mut chain, "a", 0);
    show(&mut chain, "a.0", 5_000);
    assert!(matches!(
        show(&mut chain.clone(), "a", 6_000),
        Step::Same { .. }
    ));
    assert!(is_reused(&show(&mut chain, "a", GRACE + 1)));
}

#[test]
fn the_grace_counts_from_the_first_use() {
    let mut chain = Chain::new(hash("a"));
    show(&mut chain, "a", 0);
    show(&mut chain, "a", 9_000);
    show(&mut chain, "a.0", 9_500);
    assert!(is_reused(&show(&mut chain, "a", 12_000)));
}

#[test]
fn another_client_within_the_grace_ends_the_session_unless_anyone_may() {
    let mut chain = Chain::new(hash("a"));
    show(&mut chain, "a", 0);
    // Another address of the same /64 is the same client.
    let same = show_from(&mut chain, "a", 1, ("2001:db8::2", "browser"));
    assert!(matches!(same, Step::Same { elsewhere, .. } if elsewhere.words().is_none()));
    for (client, difference) in [
        (("2001:db8:0:1::1", "browser"), "another address"),
        (("2001:db8::1", "curl"), "another device"),
        (("192.0.2.1", "curl"), "another address and device"),
    ] {
        let step = show_from(&mut chain.clone(), "a", 2, client);
        let Step::Reused { elsewhere } = step else {
            panic!("{client:?}: {step:?}");
        };
        assert_eq!(elsewhere.words(), Some(difference));
    }
    let step = show_from(&mut chain, "a", 2, ("192.0.2.1", "anyone"));
    let Step::Same { elsewhere, .. } = step else {
        panic!("{step:?}");
    };
    assert_eq!(elsewhere.words(), Some("another address and device"));
}

#[test]
fn a_lost_answer_is_made_up_for_from_anywhere_once_the_grace_is_over() {
    let mut chain = Chain::new(hash("a"));
    show(&mut chain, "a", 0);
    let moved = ("192.0.2.1", "browser");
    let next = show_from(&mut chain, "a", GRACE + 1, moved);
    assert_eq!(next, Step::New { index: 1 });
    // Now the race is that client's.
    let again = show_from(&mut chain, "a", GRACE + 2, moved);
    assert!(matches!(again, Step::Same { index: 1, .. }));
    assert!(is_reused(&show(&mut chain, "a", GRACE + 3)));
}
