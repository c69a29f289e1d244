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

/// Schemas behind `=`, and below each the values that it takes, or refuses with what stands behind `!`.
const VERDICTS: &str = r##"
= {"anyOf":[{"type":"number"},{"type":"string","pattern":"^(?!^[-+.]*$)[+-]?0*\\d*\\.?\\d{0,2}0*$"}]}
"1.01"
"1e3"
0.25
"1.005" ! has more digits than are allowed
"x" ! is not a number
= {"anyOf":[{"type":"integer"},{"type":"string","const":"auto"}]}
"5"
"auto"
"nope" ! is not a whole number, and is none of auto
= {"type":"object","additionalProperties":{"type":"integer"}}
{"a":"5","b":5.0,"c":true,"d":"1_000"}
{"a":"x"} ! has a value that is not a whole number
{"a":1.5} ! has a value that is not a whole number
[] ! is not a map
= {"type":"array","minItems":1,"maxItems":2,"items":{"type":"integer","minimum":1,"multipleOf":5}}
[5,"10"]
[] ! has fewer than 1 entries
[5,5,5] ! has more than 2 entries
[0] ! has an entry that is less than 1
[7] ! has an entry that is not a multiple of 5
= {"type":"array","prefixItems":[{"type":"integer"},{"type":"boolean"}]}
["1","off"]
[1,"x"] ! has an entry that is neither true nor false
= {"type":"string","pattern":"^ä?x","minLength":2,"maxLength":3}
"äx"
"x" ! has fewer than 2 characters
"xxxx" ! has more than 3 characters
"yy" ! does not match the pattern ^ä?x
5 ! is not text
= {"type":"number","multipleOf":0.1,"exclusiveMaximum":1}
"0.3"
"0.25" ! is not a multiple of 0.1
1 ! is not less than 1
= {"type":"string","format":"duration"}
5
= {"type":"string","pattern":"(?=x)"}
"y"
= {"type":"integer","multipleOf":0}
5
= {"$ref":"#/$defs/Mode"}
"c" ! is none of a, b
= {"$ref":"#/$defs/Rec"}
{"child":{"other":0}}
{"child":{"size":0}} ! has a value that has a value that is less than 1
= {}
[null]
"##;

#[test]
fn values_are_refused_where_the_program_would_refuse_them() {
    let mut schema = Value::Null;
    for line in VERDICTS.lines().skip(1) {
        if let Some(next) = line.strip_prefix("= ") {
            schema = serde_json::from_str(next).unwrap();
            continue;
        }
        let (value, problem) = line.split_once(" ! ").unwrap_or((line, ""));
        let value = serde_json::from_str(value).unwrap();
        let told = told(&schema, &value).err().unwrap_or_default();
        assert_eq!(told, problem, "{schema} {value}");
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
