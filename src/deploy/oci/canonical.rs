//! JSON of which there is one form only: keys sorted by their bytes, no space, no line end.
//!
//! A digest is over bytes, so the bytes must not depend on the order of a hash map, in which the
//! library keeps labels and annotations, nor on features of the JSON library.

use serde::Serialize;
use serde_json::Value;

/// `value` in its one form.
///
/// # Errors
/// What the serialiser says; none for the documents of this module.
pub(super) fn bytes(value: &impl Serialize) -> Result<Vec<u8>, serde_json::Error> {
    serde_json::to_vec(&sorted(serde_json::to_value(value)?))
}

/// `value` with every key in its place.
pub(super) fn sorted(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> = map
                .into_iter()
                .map(|(key, value)| (key, sorted(value)))
                .collect();
            entries.sort_by(|(a, _), (b, _)| a.cmp(b));
            Value::Object(entries.into_iter().collect())
        }
        Value::Array(items) => items.into_iter().map(sorted).collect(),
        other => other,
    }
}

#[cfg(test)]
mod tests {
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
}
