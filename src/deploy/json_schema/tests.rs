//! Unit tests of `json_schema`.

use serde_json::json;

use super::*;
use crate::schema::Settings;

fn names(value: &Value) -> BTreeSet<String> {
    match value {
        Value::Object(map) => {
            let own = map.get("x-env").and_then(Value::as_str).map(str::to_owned);
            own.into_iter()
                .chain(map.values().flat_map(names))
                .collect()
        }
        Value::Array(items) => items.iter().flat_map(names).collect(),
        _ => BTreeSet::new(),
    }
}

#[test]
fn every_setting_has_its_variable_and_the_settings_are_the_same() {
    let schema = json!({
        "$id": "https://example.com/x",
        "$defs": {
            "Mode": { "enum": ["a", "b"] },
            "Pool": { "type": "object", "description": "A pool.", "properties": {
                "mode": { "$ref": "#/$defs/Mode", "default": "a" },
                "max-size": { "type": "integer", "minimum": 1 },
            }},
        },
        "properties": {
            "read": { "$ref": "#/$defs/Pool", "description": "For reading." },
            "write": { "anyOf": [{ "$ref": "#/$defs/Pool" }, { "type": "null" }] },
            "key": { "type": "string", "writeOnly": true },
        },
    });
    let before = Settings::from_schema(&schema).unwrap();
    let annotated = Value::Object(annotated(&schema, &before));
    assert_eq!(Settings::from_schema(&annotated).unwrap(), before);
    let wanted: BTreeSet<_> = before.iter().map(|one| one.name.clone()).collect();
    assert_eq!(names(&annotated), wanted);
    assert!(wanted.contains("WRITE_MAX_SIZE"));
    assert_eq!(
        annotated["properties"]["read"]["description"],
        "For reading."
    );
    assert_eq!(annotated["$defs"].as_object().unwrap().len(), 1);
}

#[test]
fn a_circle_ends() {
    let schema = json!({
        "$defs": { "A": { "properties": { "a": { "$ref": "#/$defs/A" } } } },
        "$ref": "#/$defs/A",
    });
    let none = Settings::from_schema(&json!({ "properties": {} })).unwrap();
    let _ = annotated(&schema, &none);
}
