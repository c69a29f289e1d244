//! Unit tests of `redact`.

use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use proptest::prelude::*;

use super::*;

const KEY: &str = "sk-\"canary\"/0123+456?789";

fn masked(parts: &[&[u8]]) -> Vec<u8> {
    let mut masking = Secrets::of(KEY).masking();
    let mut all = Vec::new();
    for part in parts {
        all.extend_from_slice(&masking.push(&Bytes::copy_from_slice(part)));
    }
    all.extend_from_slice(&masking.end());
    all
}

fn spellings() -> Vec<String> {
    let mut all = vec![
        KEY.to_owned(),
        serde_json::to_string(KEY).unwrap(),
        serde_json::to_string(KEY).unwrap().replace('/', "\\/"),
        utf8_percent_encode(KEY, COMPONENT).to_string(),
        lower_escapes(&utf8_percent_encode(KEY, COMPONENT).to_string()),
    ];
    for before in ["", "B", "Be", "Bearer ", "Authorization: Bearer "] {
        all.push(STANDARD.encode(format!("{before}{KEY}")));
        all.push(URL_SAFE.encode(format!("{before}{KEY}, and more")));
    }
    all
}

#[test]
fn every_spelling_is_masked() {
    for spelling in spellings() {
        let text = format!("{{\"error\":{{\"message\":\"no key {spelling}.\"}}}}");
        let out = String::from_utf8(masked(&[text.as_bytes()])).unwrap();
        assert_eq!(out.len(), text.len());
        assert!(
            out.contains("************") && out.ends_with(".\"}}"),
            "{spelling}: {out}"
        );
    }
    let value = HeaderValue::from_str(&format!("a {KEY} b")).unwrap();
    let value = Secrets::of(KEY).masked_value(&value).unwrap();
    assert_eq!(value, format!("a {} b", "*".repeat(KEY.len())));
}

#[test]
fn other_texts_pass_as_they_are_and_at_once() {
    let text = Bytes::from_static(b"data: {\"choices\":[]}\n\n");
    let mut masking = Secrets::of(KEY).masking();
    assert_eq!(masking.push(&text), text);
    assert!(masking.end().is_empty());
    assert_eq!(masked(&[b"sk-\"can", b"not\""]), b"sk-\"cannot\"");
    assert_eq!(masked(&[b"sk-\"canary"]), b"sk-\"canary");
    let short = Secrets::of("sk")
        .masking()
        .push(&Bytes::from_static(b"ask"));
    assert_eq!(short, "ask");
}

proptest! {
    #[test]
    fn no_cutting_lets_a_key_through(
        which in 0_usize..15,
        cuts in prop::collection::vec(0_usize..200, 0..30),
        times in 1_usize..3,
    ) {
        let text = format!("x{}y", spellings()[which].repeat(times));
        let bytes = text.as_bytes();
        let mut cuts: Vec<usize> = cuts.into_iter().map(|at| at.min(bytes.len())).collect();
        cuts.extend([0, bytes.len()]);
        cuts.sort_unstable();
        let parts: Vec<&[u8]> = cuts.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect();
        prop_assert_eq!(masked(&parts), masked(&[bytes]));
        prop_assert!(Secrets::of(KEY).is_clean(&masked(&parts)));
    }
}
