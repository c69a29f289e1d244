//! Unit tests of `image`.

use proptest::prelude::*;

use super::*;
use crate::deploy::plan::example::texts;

fn image(text: &str) -> Image {
    Image::try_from(text).unwrap()
}

fn digest() -> String {
    format!("sha256:{}", "0a".repeat(32))
}

#[test]
fn references_are_read_into_their_parts() {
    let full = image(&format!("localhost:5000/a/b_c:1.2@{}", digest()));
    assert_eq!(full.name, "localhost:5000/a/b_c");
    assert_eq!(full.tag.as_deref(), Some("1.2"));
    assert_eq!(full.digest, Some(digest()));
    assert_eq!(image("aura").tag, None);
    assert_eq!(image("localhost:5000/aura").name, "localhost:5000/aura");
    for good in "a/b a--b a__b [fd00::1]:5000/a Reg.io/a x:_1".split(' ') {
        assert_eq!(image(good).reference(), good);
    }
}

#[test]
fn a_text_that_is_not_a_reference_is_refused() {
    texts::<Image>(
        "",
        r#"
        "" ! no name
        :1 ! no name
        Aura:1 ! capital letters
        a: a:-1 ! not a tag
        "a b" ! has an invalid name
        a//b a/ a..b a___b ! has an invalid name
        reg.io:x/a reg..io/a ! not a registry
        https://reg.io/a ! scheme
        a@sha256:12 a@sha512:12 u:canary@reg.io/a ! 64 hex digits
        a*256 ! longer than 255
        a*64 ! id of an image
        aura:latest ! when a node pulled it
        "#,
    );
    let long = format!("a:{}", "x".repeat(129));
    texts::<Image>("", &format!("{long} ! not a tag"));
    let pinned = format!("aura:latest@{}", digest());
    texts::<Image>("", &format!("{pinned} ! when a node pulled it"));
}

proptest! {
    #[test]
    fn a_reference_is_printed_as_it_was_read(
        registry in "([a-z0-9]{1,8}\\.[a-z]{2,3}(:[0-9]{1,5})?/)?",
        path in "[a-z0-9]{1,6}((_|__|-{1,3})[a-z0-9]{1,4}){0,2}(/[a-z0-9]{1,4}\\.[a-z0-9]{1,4}){0,2}",
        tag in proptest::option::of("[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,20}"),
        pinned: bool,
    ) {
        prop_assume!(tag.as_deref() != Some("latest"));
        let tag = tag.map_or(String::new(), |tag| format!(":{tag}"));
        let pin = if pinned { format!("@{}", digest()) } else { String::new() };
        let text = format!("{registry}{path}{tag}{pin}");
        prop_assert_eq!(image(&text).reference(), text);
    }

    #[test]
    fn any_text_is_read_or_refused(text in "[a-zA-Z0-9:/@._ -]{0,20}") {
        if let Ok(image) = Image::try_from(text.as_str()) {
            prop_assert_eq!(image.reference(), text);
        }
    }
}
