//! Unit tests of `email`.

use super::*;
use proptest::prelude::*;

#[test]
fn well_formed_addresses_are_lower_cased() {
    for text in ["Ann@Example.com", "a+b.c@x-y.example", "root@localhost"] {
        assert_eq!(Email::try_from(text).unwrap().as_str(), text.to_lowercase());
    }
}

#[test]
fn odd_ones_are_refused() {
    for text in [
        "",
        "@",
        "a@",
        "@b",
        "a b@c.de",
        "a @b.de",
        "a@ b.de",
        "a@@b.de",
        "a@b@c",
        "a\0@b.de",
        "a\n@b.de",
        "\"a\"@b.de",
        "a@-b.de",
        "a@b..de",
        "ä@b.de",
        "\u{202e}a@b.de",
        "a@b\u{202e}c.de",
        "a@ü ü.de",
        "a@-ü.de",
        "a@ü..de",
        "a@ü.de.",
        "a@ü_x.de",
        "a@ü/x.de",
        "a@xn--ü.de",
    ] {
        assert!(Email::try_from(text).is_err(), "{text:?}");
    }
    let long = [
        format!("{}@b.de", "a".repeat(320)),
        // Too long in ASCII alone.
        format!("a@{}de", "ü.".repeat(60)),
    ];
    for long in long {
        assert_eq!(Email::try_from(&*long), Err(BadEmail::TooLong), "{long}");
    }
}

#[test]
fn spellings_of_one_address_have_one_key() {
    let key = "user@xn--mller-kva.example";
    for text in [
        "user@müller.example",
        "USER@MÜLLER.EXAMPLE",
        " user@mu\u{308}ller.example\r\n",
        "\u{a0}user@xn--mller-kva.example",
        "user@XN--MLLER-KVA.example",
        "user@müller。example",
        "user@müller.ｅｘａｍｐｌｅ",
        "user@mü\u{ad}ller.example\u{200b}",
    ] {
        let email = Email::try_from(text).unwrap();
        assert_eq!(
            (email.as_str(), &*email.shown()),
            (key, "user@müller.example")
        );
        assert_eq!(search_key(text), key);
    }
    let keys = ["a@straße.example", "a@strasse.example"].map(|text| Email::try_from(text).unwrap());
    assert_ne!(
        keys[0], keys[1],
        "two domains, as the DNS has it since IDNA 2008"
    );
}

#[test]
fn a_domain_is_shown_in_its_own_script_where_nothing_else_looks_like_it() {
    for shown in [
        "a@bücher.example",
        "a@пример.example",
        "a@παράδειγμα.example",
        "a@例え.example",
        "a@日本語カナabc.example",
        "a@한국.example",
        "a@plain.example",
    ] {
        assert_eq!(Email::try_from(shown).unwrap().shown(), shown);
    }
    for lookalike in [
        // Cyrillic all through, and among Latin.
        "a@аррӏе.example",
        "a@pаypal.example",
        "a@müllеr.example",
        // Dotless i.
        "a@paypaı.example",
        // Right to left.
        "a@דוגמה.example",
    ] {
        let email = Email::try_from(lookalike).unwrap();
        assert_eq!(email.shown(), email.as_str(), "{lookalike}");
        assert!(email.as_str().contains("@xn--"), "{lookalike}");
    }
    // Made before domains were checked: still an account, and shown as it is.
    for stored in ["a@xn--zzzzz.example", "a@xn--a.example", "a@ab--cd.example"] {
        let email = Email::try_from(stored).unwrap();
        assert_eq!((email.as_str(), &*email.shown()), (stored, stored));
    }
}

#[test]
fn stored_and_typed_addresses_are_not_judged() {
    for odd in [
        "old.@under_score.example",
        "\"a b\"@old.example",
        "no-at-sign",
    ] {
        assert!(Email::try_from(odd).is_err(), "{odd}");
        let stored = Email::from_stored(odd.to_owned());
        assert_eq!((stored.as_str(), &*stored.shown()), (odd, odd));
        assert_eq!(Email::lookup(&odd.to_uppercase()), stored);
    }
}

#[test]
fn a_part_of_an_address_is_searched_for_as_keys_have_it() {
    for (typed, searched_for) in [
        ("", ""),
        (" Ann ", "ann"),
        ("müller.ex", "xn--mller-kva.ex"),
        ("@MÜLLER.", "@xn--mller-kva."),
        ("r@bücher", "r@xn--bcher-kva"),
        ("ä@müller", "ä@xn--mller-kva"),
        ("command line", "command line"),
    ] {
        assert_eq!(search_key(typed), searched_for, "{typed:?}");
    }
}

proptest! {
    #[test]
    fn parsing_is_idempotent_and_never_panics(text in ".{0,80}", domain in "[a-zü。.\u{ad}-]{0,20}|\\PC{0,20}") {
        let _ = search_key(&text);
        for text in [text, format!("a@{domain}")] {
            if let Ok(email) = Email::try_from(&*text) {
                prop_assert_eq!(Email::try_from(email.as_str()), Ok(email.clone()));
                // What people are shown leads back to the account, when they type it.
                prop_assert_eq!(Email::try_from(&*email.shown()), Ok(email.clone()));
            }
        }
    }
}
