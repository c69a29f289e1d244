//! Unit tests of `canonical`.

use std::collections::HashMap;

use proptest::prelude::*;
use serde_json::json;

use super::*;

#[test]
fn keys_are_sorted_and_nothing_is_added() {
    let value = json!({ "b": [{ "z": 1, "a": null }], "a": "ü\n", "B": true });
    let text = String::from_utf8(bytes(&value).unwrap()).unwrap();
    assert_eq!(text, r#"{"B":true,"a":"ü\n","b":[{"a":null,"z":1}]}"#);
}

#[test]
fn twenty_labels_in_a_hash_map_give_the_same_bytes_fifty_times() {
    let made = || {
        let labels: HashMap<String, String> = (0..20)
            .map(|number| (format!("label-{number}"), "x".repeat(number)))
            .collect();
        bytes(&labels).unwrap()
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
        let forwards = bytes(&object(&pairs)).unwrap();
        pairs.reverse();
        prop_assert_eq!(&bytes(&object(&pairs)).unwrap(), &forwards);
        let read: Value = serde_json::from_slice(&forwards).unwrap();
        prop_assert_eq!(read, object(&pairs));
    }
}
