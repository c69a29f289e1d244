//! JSON of which there is one form only: keys sorted by their bytes, no space, no line end.
//!
//! A digest is over bytes, so the bytes must not depend on the order of a hash map, in which the
//! library keeps labels and annotations, nor on features of the JSON library.

use serde::Serialize;
use serde_json::Value;

/// `value` in its one form.
///
/// # Errors
/// The serialiser's; none for the documents of this module.
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
mod tests;
