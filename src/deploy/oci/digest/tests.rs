//! Unit tests of `digest`.

use std::collections::HashMap;

use proptest::prelude::*;
use serde_json::json;

use super::*;

#[test]
fn a_digest_is_the_one_that_others_compute() {
    let empty = Digest::of(b"{}");
    // The empty JSON blob of the image-spec.
    let known = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
    assert_eq!(empty.hex(), known);
    assert_eq!(empty.to_string(), format!("sha256:{known}"));
    assert_eq!(empty.blob(), format!("blobs/sha256/{known}"));
    assert_eq!(Digest::parse(empty.as_str()), Some(empty));
}

#[test]
fn an_invalid_digest_is_not_parsed() {
    for wrong in ["", "sha256:", "sha512:00", "sha256:../../etc/passwd"] {
        assert_eq!(Digest::parse(wrong), None, "{wrong}");
    }
    assert_eq!(Digest::parse(&format!("sha256:{}", "A".repeat(64))), None);
}

#[test]
fn keys_are_sorted_and_nothing_is_added() {
    let value = json!({ "b": [{ "z": 1, "a": null }], "a": "ü\n", "B": true });
    let text = String::from_utf8(canonical(&value).unwrap()).unwrap();
    assert_eq!(text, r#"{"B":true,"a":"ü\n","b":[{"a":null,"z":1}]}"#);
}

#[test]
fn twenty_labels_in_a_hash_map_give_the_same_bytes_fifty_times() {
    let made = || {
        let labels: HashMap<String, String> = (0..20)
            .map(|number| (format!("label-{number}"), "x".repeat(number)))
            .collect();
        canonical(&labels).unwrap()
    };
    let first = made();
    for _ in 0..50 {
        assert_eq!(made(), first);
    }
}

proptest! {
    #[test]
    fn the_order_in_which_keys_came_does_not_matter(
        mut pairs in proptest::collection::btree_map("[a-z\"\\\\é]{0,6}", any::<i64>(), 0..12)
            .prop_map(|map| map.into_iter().collect::<Vec<_>>()),
    ) {
        let object = |pairs: &[(String, i64)]| {
            Value::Object(pairs.iter().map(|(k, v)| (k.clone(), (*v).into())).collect())
        };
        let forwards = canonical(&object(&pairs)).unwrap();
        pairs.reverse();
        prop_assert_eq!(&canonical(&object(&pairs)).unwrap(), &forwards);
        let read: Value = serde_json::from_slice(&forwards).unwrap();
        prop_assert_eq!(read, object(&pairs));
    }
}
