//! Unit tests of `refresh_token`.

use super::*;
use proptest::prelude::*;

fn key(byte: u8) -> RefreshKey {
    RefreshKey::new([byte; 32])
}

#[test]
fn a_token_survives_printing_and_parsing_with_its_own_key_only() {
    let token = RefreshToken::first(SessionId::random(), &key(1));
    let text = token.expose();
    assert_eq!(RefreshToken::parse(&text, &[key(2), key(1)]), Some(token));
    assert_eq!(RefreshToken::parse(&text, &[key(2)]), None);
    assert!(!format!("{:?}", RefreshToken::parse(&text, &[key(1)])).contains(&text[37..]));
}

#[test]
fn children_are_the_same_for_everybody_and_differ_from_one_another() {
    let parent = RefreshToken::first(SessionId::random(), &key(1));
    assert_eq!(parent.child(0, &key(1)), parent.child(0, &key(1)));
    assert_ne!(parent.child(0, &key(1)), parent.child(1, &key(1)));
    assert_ne!(parent.child(0, &key(1)), parent.child(0, &key(2)));
    assert_ne!(
        parent.child(0, &key(1)),
        parent.child(0, &key(1)).child(0, &key(1))
    );
}

proptest! {
    #[test]
    fn a_changed_token_is_none_of_ours(position in 0_usize..80, with in "[A-Za-z0-9_.-]") {
        let text = RefreshToken::first(SessionId::random(), &key(1)).expose();
        let mut changed = text.clone();
        changed.replace_range(position..=position, &with);
        prop_assume!(changed != text);
        prop_assert_eq!(RefreshToken::parse(&changed, &[key(1)]), None);
    }

    #[test]
    fn any_text_can_be_parsed(text in ".{0,120}") {
        prop_assert_eq!(RefreshToken::parse(&text, &[key(1)]), None);
    }
}
