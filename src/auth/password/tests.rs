//! Unit tests of `password`.

use super::*;

fn codes(password: &str) -> Vec<&'static str> {
    let email = Email::try_from("johanna.meyer@bluebird.example").unwrap();
    faults(&password.into(), &email, 12, "password")
        .into_iter()
        .map(|fault| fault.code)
        .collect()
}

#[test]
fn spellings_of_one_password_have_one_normal_form() {
    for (sent, normal) in [
        ("plain ASCII", "plain ASCII"),
        ("cafe\u{301}", "café"),
        ("café", "café"),
        ("Cafe\u{301}", "Café"),
        ("\u{1112}\u{1161}\u{11ab}", "한"),
        ("\u{212b}", "Å"),
        ("a\u{a0}b\u{3000}c\u{2009}d\u{1680}e", "a b c d e"),
        // No case is folded, and nothing is made compatible: that would merge different ones.
        ("ｆｕｌｌ", "ｆｕｌｌ"),
        ("ﬁ", "ﬁ"),
        // No spaces.
        ("a\u{200b}b\tc", "a\u{200b}b\tc"),
    ] {
        let password = Password::from(sent);
        assert_eq!(password.expose(), normal);
        let forms: Vec<_> = password.forms().collect();
        let mut expected = vec![(Form::Normal, normal)];
        if sent != normal {
            expected.push((Form::AsSent, sent));
        }
        assert_eq!(forms, expected);
        assert!(!format!("{password:?}").contains(sent));
    }
}

#[test]
fn length_is_that_of_the_normal_form() {
    // Too long as sent, and not in its normal form.
    let decomposed = "zQ7-mK2+e\u{301}".repeat(7);
    let normal = Password::from(&*decomposed);
    assert_eq!((decomposed.len(), normal.expose().len()), (77, 70));
    assert_eq!(codes(&decomposed), [""; 0]);
    assert_eq!(codes(&"e\u{301}".repeat(11)), ["password_too_short"]);
    // Excluded from composition: longer in the normal form.
    let longer = Password::from("\u{958}".repeat(13));
    assert!(longer.expose().len() > MAX_BYTES && !longer.fits());
}

#[test]
fn good_passwords_pass() {
    for password in [
        "correct horse battery staple",
        "Tr0ub4dor&3-lantern",
        "kelp-anvil-quorum",
        "зима-лампа-якорь",
        &"é7Qp!".repeat(12),
        "horsepaperwatergreen",
        "lamp chair river stone",
        "xkqzvbnwpjtm",
        "k9$Gx!7@pQ#z",
    ] {
        assert_eq!(codes(password), [""; 0], "{password}");
    }
}

#[test]
fn length_counts_characters_below_and_bytes_above() {
    assert_eq!(codes(""), ["password_too_short"]);
    assert_eq!(codes("Zk4!pw9-Qx2"), ["password_too_short"]);
    let at_limit: String = "zQ7-mK2+".repeat(9);
    assert_eq!((at_limit.len(), codes(&at_limit)), (72, vec![]));
    assert_eq!(codes(&format!("{at_limit}x")), ["password_too_long"]);
    assert_eq!(codes("a\0b-long-enough-it-is"), ["contains_nul"]);
}

#[test]
fn common_passwords_and_their_variations_are_refused() {
    for password in [
        "password1234",
        "Password12345",
        "passwordpassword",
        "123456789012",
        "qwertyuiop123",
        "aaaaaaaaaaaa",
        "letmein12345",
        "iloveyou2024!",
        "P@ssw0rd12345",
        "administrator1",
        "12345678901234567890",
        "thisismypassword",
        "this is my password",
        "p a s s w o r d 1 2",
        "iloveyousomuch",
        "iamthebestintheworld",
        "пароль123456",
        "parol1234567",
        "gfhjkm123456",
        "приветпривет",
        "йцукенгшщзхъ",
        "qwertzuiopü+",
        "azertyuiop12",
        "1qaz2wsx3edc",
        "drowssapdrowssap",
        "ppaasssswwoorrdd",
        "Winter2023!!",
        "passw\u{ad}ord\u{200b}1234",
        "ｐａｓｓｗｏｒｄ１２３４",
        "pаsswоrd1234",
        "pässwörd1234",
        "\u{ad}\u{ad}\u{ad}\u{ad}\u{ad}\u{ad}\u{ad}\u{ad}\u{ad}\u{ad}\u{ad}\u{ad}",
        "xxxxxxxxxxxxxxxxxxxxx",
        &"x".repeat(72),
        &"é".repeat(36),
        &"abc".repeat(24),
    ] {
        assert_eq!(codes(password), ["password_too_common"], "{password}");
    }
}

#[test]
fn the_address_is_no_password() {
    for password in [
        "johanna.meyer@bluebird.example",
        "johanna.meyer12",
        "Bluebird2024",
        "BLUEBIRD-1234",
        "johannameyer1987",
        "meyer-johanna-2024",
        "J0hanna.M3yer!",
        "reyem.annahoj",
    ] {
        assert_eq!(codes(password), ["password_similar_to_email"], "{password}");
    }
}

#[test]
fn a_hash_of_another_form_or_dearer_than_the_limit_is_not_compared() {
    let decoy = |cost| PasswordHash::from(HashParts::decoy(cost));
    for cost in [4, 10, 15] {
        assert_eq!(decoy(cost).cost(), Some(cost));
    }
    for unusable in [16, 31, 99] {
        assert_eq!(decoy(unusable).cost(), None);
    }
    for text in [
        "",
        "$2b$10$short",
        "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA",
    ] {
        assert_eq!(PasswordHash::from_stored(text.to_owned()).cost(), None);
    }
    let text = decoy(10);
    assert_eq!(bcrypt::verify("anything", text.expose()).ok(), Some(false));
    assert!(!format!("{text:?}").contains("2b"));
}

#[test]
fn a_hash_taken_apart_and_put_together_is_the_same() {
    let text = bcrypt::hash("any password", 4).unwrap();
    let hash = PasswordHash::from_stored(text.clone());
    assert_eq!(PasswordHash::from(hash.parts().unwrap()).expose(), text);
}
