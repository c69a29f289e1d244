//! Unit tests of `image`.

use proptest::prelude::*;

use super::*;

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
    for good in [
        "a/b",
        "a--b",
        "a__b",
        "[fd00::1]:5000/a",
        "Reg.io/a",
        "x:_1",
    ] {
        assert_eq!(image(good).reference(), good);
    }
}

#[test]
fn what_is_no_reference_is_refused() {
    for (wrong, why) in [
        ("", "no name"),
        (":1", "no name"),
        ("Aura:1", "capital letters"),
        ("a:", "not a tag"),
        ("a:-1", "not a tag"),
        ("a b", "has an invalid name"),
        ("a//b", "has an invalid name"),
        ("a/", "has an invalid name"),
        ("a..b", "has an invalid name"),
        ("a___b", "has an invalid name"),
        ("reg.io:x/a", "not a registry"),
        ("reg..io/a", "not a registry"),
        ("https://reg.io/a", "scheme"),
        ("a@sha256:12", "64 hex digits"),
        ("a@sha512:12", "64 hex digits"),
        (&format!("a:{}", "x".repeat(129)), "not a tag"),
        (&"a".repeat(256), "longer than 255"),
        (&"a".repeat(64), "id of an image"),
    ] {
        let error = Image::try_from(wrong).unwrap_err();
        assert!(error.contains(why), "{wrong}: {error}");
    }
    let error = Image::try_from("u:canary@reg.io/a").unwrap_err();
    assert!(!error.contains("canary"), "{error}");
}

#[test]
fn latest_is_refused_with_the_reason() {
    for wrong in [
        "aura:latest".to_owned(),
        format!("aura:latest@{}", digest()),
    ] {
        let error = Image::try_from(wrong.as_str()).unwrap_err();
        assert!(error.contains("when a node pulled it"), "{error}");
    }
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
