//! Values and patterns, right and wrong.

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn told(schema: &Value, value: &Value) -> Result<(), String> {
    let root = json!({ "$defs": {
        "Rec": { "type": "object", "properties": { "child": { "$ref": "#/$defs/Rec" },
                 "size": { "type": "integer", "minimum": 1 } } },
        "Mode": { "type": "string", "enum": ["a", "b"] },
    } });
    check(&inlined(&root, schema.as_object().unwrap()), value)
}

#[test]
fn what_a_program_refuses_is_told() {
    let decimal = json!({ "anyOf": [{ "type": "number" },
        { "type": "string", "pattern": "^(?!^[-+.]*$)[+-]?0*\\d*\\.?\\d{0,2}0*$" }] });
    let either = json!({ "anyOf": [{ "type": "integer" }, { "type": "string", "const": "auto" }] });
    let map = json!({ "type": "object", "additionalProperties": { "type": "integer" } });
    let list = json!({ "type": "array", "minItems": 1, "maxItems": 2,
        "items": { "type": "integer", "minimum": 1, "multipleOf": 5 } });
    let pair = json!({ "type": "array",
        "prefixItems": [{ "type": "integer" }, { "type": "boolean" }] });
    let text = json!({ "type": "string", "pattern": "^ä?x", "minLength": 2, "maxLength": 3 });
    let tenth = json!({ "type": "number", "multipleOf": 0.1, "exclusiveMaximum": 1 });
    for (schema, wrong, problem) in [
        (&decimal, json!("1.005"), "has more digits than are allowed"),
        (&decimal, json!("x"), "is not a number"),
        (
            &either,
            json!("nope"),
            "is not a whole number, and is none of auto",
        ),
        (
            &map,
            json!({ "a": "x" }),
            "has a value that is not a whole number",
        ),
        (
            &map,
            json!({ "a": 1.5 }),
            "has a value that is not a whole number",
        ),
        (&map, json!([]), "is not a map"),
        (&list, json!([]), "has fewer than 1 entries"),
        (&list, json!([5, 5, 5]), "has more than 2 entries"),
        (&list, json!([0]), "has an entry that is less than 1"),
        (
            &list,
            json!([7]),
            "has an entry that is not a multiple of 5",
        ),
        (
            &pair,
            json!([1, "x"]),
            "has an entry that is neither true nor false",
        ),
        (&text, json!("x"), "has fewer than 2 characters"),
        (&text, json!("xxxx"), "has more than 3 characters"),
        (&text, json!("yy"), "does not match the pattern ^ä?x"),
        (&text, json!(5), "is not text"),
        (&tenth, json!("0.25"), "is not a multiple of 0.1"),
        (&tenth, json!(1), "is not less than 1"),
        (
            &json!({ "$ref": "#/$defs/Mode" }),
            json!("c"),
            "is none of a, b",
        ),
        (
            &json!({ "$ref": "#/$defs/Rec" }),
            json!({ "child": { "size": 0 } }),
            "has a value that has a value that is less than 1",
        ),
    ] {
        assert_eq!(
            told(schema, &wrong),
            Err(problem.to_owned()),
            "{schema} {wrong}"
        );
    }
    for (schema, good) in [
        (&decimal, json!("1.01")),
        (&decimal, json!("1e3")),
        (&decimal, json!(0.25)),
        (&either, json!("5")),
        (&either, json!("auto")),
        (&map, json!({ "a": "5", "b": 5.0, "c": true, "d": "1_000" })),
        (&list, json!([5, "10"])),
        (&pair, json!(["1", "off"])),
        (&text, json!("äx")),
        (&tenth, json!("0.3")),
        (&json!({ "type": "string", "format": "duration" }), json!(5)),
        (&json!({ "type": "string", "pattern": "(?=x)" }), json!("y")),
        (&json!({ "type": "integer", "multipleOf": 0 }), json!(5)),
        (
            &json!({ "$ref": "#/$defs/Rec" }),
            json!({ "child": { "other": 0 } }),
        ),
        (&json!({}), json!([null])),
    ] {
        assert_eq!(told(schema, &good), Ok(()), "{schema} {good}");
    }
}

#[test]
fn a_large_schema_is_left_to_the_program_in_time() {
    let words: Vec<String> = (0..10_000).map(|at| format!("word{at}")).collect();
    let root = json!({ "$defs": {
        "Long": { "enum": words },
        "A": { "anyOf": vec![json!({ "$ref": "#/$defs/A" }); 8] },
    } });
    let start = std::time::Instant::now();
    for name in ["Long", "A"] {
        let node = json!({ "$ref": format!("#/$defs/{name}") });
        assert!(
            inlined(&root, node.as_object().unwrap()).is_null(),
            "{name}"
        );
    }
    let patterns = vec![json!({ "type": "string", "pattern": "(a{0,99}){0,99}" }); 100];
    let schema = json!({ "type": "array", "items": { "anyOf": patterns } });
    let value = json!(vec!["b"; 100_000]);
    assert_eq!(told(&schema, &value), Ok(()));
    assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
}

proptest! {
    #[test]
    fn any_pattern_is_read_or_left(pattern in "\\PC{0,40}", text in "\\PC{0,40}") {
        let schema = json!({ "type": "string", "pattern": pattern });
        if told(&schema, &json!(text)).is_err() {
            prop_assert!(!Regex::new(&pattern).unwrap().is_match(&text));
        }
    }
}
