//! Unit tests of `dns`.

use proptest::prelude::*;

use super::*;
use crate::deploy::plan::example::texts;

#[test]
fn labels_follow_rfc_1123() {
    texts::<Label>(
        "a 0 aura-staging x*63",
        r#"
        "" ! empty
        Aura ! capital letters
        a_b a.b ä ! characters other than
        -a a- ! begins or ends
        x*64 ! longer than 63
        "#,
    );
}

#[test]
fn hosts_are_names_and_nothing_more() {
    texts::<Host>(
        "auth.example.com localhost xn--bcher-kva.example 1.2.3.com",
        "
        https://a.com https://u:canary@a.com ! scheme
        a.com/x ! path
        a.com:443 ! port
        *.a.com ! wildcard
        10.0.0.1 ! address
        a..com ! empty part
        a.com. ! ends in a dot
        A.com ! capital
        a.*130 ! longer than 253
        ",
    );
}

proptest! {
    #[test]
    fn a_label_is_what_the_expression_says(text in "[a-zA-Z0-9.-]{0,6}") {
        let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        let expected = !text.is_empty()
            && text.starts_with(inner)
            && text.ends_with(inner)
            && text.chars().all(|c| inner(c) || c == '-');
        prop_assert_eq!(Label::try_from(text.as_str()).is_ok(), expected);
    }
}
