//! Schemas as schemars and as pydantic write them.

use serde_json::{Map, Number, json};

use super::*;
use crate::schema::{Kind, Reader};

/// The names of `settings`, with spaces between them.
fn names(settings: &Settings) -> String {
    let names: Vec<_> = settings.iter().map(|one| one.name.as_str()).collect();
    names.join(" ")
}

#[test]
fn reads_sections_references_and_alternatives() {
    let schema = json!({
        "$defs": {
            "Mode": { "description": "of the type", "oneOf": [
                { "enum": ["plain"], "type": "string" },
                { "const": "loud", "description": "Louder." },
            ]},
            "Inner": { "type": "object", "required": ["key"], "properties": {
                "key": { "type": "string", "writeOnly": true },
                "pem": { "type": ["string", "null"], "writeOnly": true,
                    "x-required-when": { "MODE": ["loud"], "MAYBE": true } },
                "size": { "type": ["integer", "null"], "minimum": 1, "maximum": 9 },
                "modes": { "type": "array", "items": { "$ref": "#/$defs/Mode" } },
            }},
        },
        "type": "object",
        "properties": {
            "mode": { "$ref": "#/$defs/Mode", "description": "of the field", "default": "plain" },
            "maybe": { "anyOf": [{ "$ref": "#/$defs/Mode" }, { "type": "null" }] },
            "inner": { "$ref": "#/$defs/Inner", "description": "Inside." },
        },
    });
    let settings = Settings::from_schema(&schema).unwrap();
    assert_eq!(
        names(&settings),
        "MODE MAYBE INNER_KEY INNER_PEM INNER_SIZE INNER_MODES"
    );
    let get = |name| settings.get(name).unwrap();
    assert_eq!(get("MODE").docs, "of the field");
    assert_eq!(get("MODE").default, Some("plain".into()));
    assert_eq!(get("MODE").allowed().unwrap(), "plain, loud");
    assert_eq!(get("MAYBE").kind, Kind::Enum);
    assert!(get("MAYBE").optional && !get("MODE").optional);
    assert!(get("INNER_KEY").secret && get("INNER_KEY").required);
    let need = |mode: &str, maybe: &str| {
        let value = |name: &str| Some(if name == "MODE" { mode } else { maybe }.to_owned());
        get("INNER_PEM").need("production", &value)
    };
    assert_eq!(need("plain", ""), None);
    let because = |why: &str| Some(format!("is required {why}"));
    assert_eq!(need("loud", ""), because("for MODE=loud"));
    assert_eq!(need("plain", "plain"), because("with MAYBE"));
    assert_eq!(get("INNER_SIZE").allowed().unwrap(), "1 to 9");
    assert!(get("INNER_SIZE").optional);
    assert_eq!(get("INNER_MODES").kind, Kind::List(Box::new(Kind::Enum)));
    assert_eq!(settings.sections()[0].docs, "Inside.");
}

#[test]
fn one_name_is_one_setting() {
    let text = json!({ "type": "string" });
    let clash = json!({ "properties": { "a_b": text, "a": { "properties": { "b": text } } } });
    let secret = json!({ "type": "string", "writeOnly": true });
    let file = json!({ "properties": { "a": secret, "a_file": text } });
    for (schema, name) in [(clash, "A_B"), (file, "A_FILE")] {
        let expected = Err(SchemaError::Duplicate(name.to_owned()));
        assert_eq!(Settings::from_schema(&schema), expected);
    }
}

#[test]
fn fields_that_a_variable_cannot_hold_are_refused() {
    let of = |field: Value| Settings::from_schema(&json!({ "properties": { "x": field } }));
    for field in [
        json!({ "type": "object" }),
        json!({ "type": "array", "items": { "type": "array", "items": { "type": "string" } } }),
        json!({ "type": ["string", "integer"] }),
        json!(true),
    ] {
        assert!(matches!(of(field), Err(SchemaError::Unsupported { at, .. }) if at == "X"));
    }
    let unknown = of(json!({ "type": "string", "x-required-when": { "y": true } }));
    assert_eq!(unknown, Err(SchemaError::Condition("y".to_owned())));
    assert!(of(json!({ "$ref": "#/properties/x" })).is_err());
    let nowhere = of(json!({ "$ref": "#/$defs/None" }));
    assert!(matches!(nowhere, Err(SchemaError::Reference { .. })));
}

fn foreign(schema: &Value) -> Result<Settings, SchemaError> {
    let spelling = Spelling {
        prefix: "SHOP_".to_owned(),
        delimiter: "__".to_owned(),
        reader: Reader::Json,
        secrets: ["SHOP_DSN".to_owned()].into(),
        ..Spelling::default()
    };
    Settings::spelled(schema, &spelling)
}

/// The schema that pydantic 2.14 writes of a `BaseSettings` with such fields.
fn pydantic() -> Value {
    json!({
        "$defs": {
            "Pool": { "type": "object", "properties": {
                "size": { "type": "integer", "default": 5, "exclusiveMinimum": 0, "maximum": 50 },
                "name": { "type": "string" },
            }, "required": ["name"] },
            "Mode": { "type": "string", "enum": ["a", "b"] },
        },
        "type": "object",
        "properties": {
            "rate": { "anyOf": [
                { "type": "number", "exclusiveMinimum": 0.0, "exclusiveMaximum": 1.0 },
                { "type": "string", "pattern": "^[0-9.]+$" },
            ], "default": "0.25" },
            "labels": { "type": "object", "additionalProperties": { "type": "string" },
                        "default": { "a": "1" } },
            "origins": { "type": "array", "items": { "type": "string" }, "default": ["x", "y"] },
            "note": { "anyOf": [{ "type": "string" }, { "type": "null" }], "default": null },
            "mode": { "anyOf": [{ "$ref": "#/$defs/Mode" }, { "type": "null" }], "default": null },
            "level": { "enum": [1, 2], "type": "integer", "default": 1 },
            "lone": { "anyOf": [{ "const": "x", "type": "string" }, { "type": "null" }],
                      "default": null },
            "either": { "anyOf": [{ "type": "integer" }, { "type": "string" }] },
            "anything": { "default": "z" },
            "token": { "type": "string", "format": "password", "writeOnly": true,
                       "default": "**********" },
            "tokens": { "type": "array",
                        "items": { "type": "string", "format": "password", "writeOnly": true } },
            "dsn": { "type": "string", "format": "uri", "default": "postgres://u:p@db/x" },
            "pool": { "$ref": "#/$defs/Pool", "default": { "size": 9, "name": "n" } },
            "spare": { "anyOf": [{ "$ref": "#/$defs/Pool" }, { "type": "null" }],
                       "default": null },
            "pairs": { "type": "array", "items": { "type": "array", "items": { "type": "string" } },
                       "default": [["a", "b"]] },
        },
        "required": ["either", "tokens"],
    })
}

#[test]
fn pydantic_says_the_same_in_other_words() {
    let settings = foreign(&pydantic()).unwrap();
    let get = |name: &str| settings.get(&format!("SHOP_{name}")).unwrap();
    let defaults = settings
        .iter()
        .filter_map(|one| Some((&*one.name, one.default_text()?)));
    let expected = [
        ("SHOP_RATE", "0.25"),
        ("SHOP_LABELS", r#"{"a":"1"}"#),
        ("SHOP_ORIGINS", r#"["x","y"]"#),
        ("SHOP_LEVEL", "1"),
        ("SHOP_ANYTHING", "z"),
        ("SHOP_POOL__SIZE", "9"),
        ("SHOP_POOL__NAME", "n"),
        ("SHOP_PAIRS", r#"[["a","b"]]"#),
    ];
    assert!(defaults.eq(expected.map(|(name, text)| (name, text.to_owned()))));
    for (name, kind) in [
        ("RATE", Kind::Number),
        ("LABELS", Kind::Json),
        ("PAIRS", Kind::Json),
        ("EITHER", Kind::String),
        ("ANYTHING", Kind::String),
    ] {
        assert_eq!(get(name).kind, kind, "{name}");
    }
    for (name, allowed) in [
        ("RATE", "more than 0.0, less than 1.0"),
        ("MODE", "a, b"),
        ("LEVEL", "1, 2"),
        ("LONE", "x"),
        ("POOL__SIZE", "1 to 50"),
    ] {
        assert_eq!(get(name).allowed().unwrap(), allowed, "{name}");
    }
    for name in ["NOTE", "MODE", "LONE", "SPARE__SIZE", "SPARE__NAME"] {
        assert!(get(name).optional && !get(name).required, "{name}");
        assert_eq!(get(name).default, None, "{name}");
    }
    for name in ["TOKEN", "TOKENS", "DSN"] {
        assert!(get(name).secret, "{name}");
        assert_eq!(get(name).file_variable(), None);
    }
    assert!(get("EITHER").required && !get("POOL__NAME").required);
    assert_eq!(get("TOKEN").format, None);
}

#[test]
fn values_are_read_as_pydantic_would() {
    let settings = foreign(&pydantic()).unwrap();
    let parse = |name: &str, text: &str| {
        let setting = settings.get(&format!("SHOP_{name}")).unwrap();
        setting.parse(text).map_err(|fault| fault.to_string())
    };
    assert_eq!(parse("ORIGINS", r#"["a,b"]"#), Ok(Some(json!(["a,b"]))));
    assert_eq!(
        parse("LABELS", r#"{"k":"1"}"#),
        Ok(Some(json!({ "k": "1" })))
    );
    assert_eq!(parse("ANYTHING", ""), Ok(Some("".into())));
    assert_eq!(parse("RATE", "0.5"), Ok(Some(json!(0.5))));
    for (name, text, problem) in [
        ("ORIGINS", "a,b", "which is not JSON"),
        (
            "ORIGINS",
            "{}",
            "which is not a list; write it like [\"a\", \"b\"]",
        ),
        ("LABELS", "{", "which is not JSON"),
        (
            "RATE",
            "0",
            "not a number in range; allowed: more than 0.0, less than 1.0",
        ),
        ("RATE", "1", "not a number in range"),
        (
            "POOL__SIZE",
            "0",
            "not a whole number in range; allowed: 1 to 50",
        ),
        ("POOL__SIZE", "", "is empty"),
        ("LEVEL", "3", "allowed: 1, 2"),
    ] {
        let fault = parse(name, text).unwrap_err();
        assert!(fault.contains(problem), "{name} {text}: {fault}");
    }
}

#[test]
fn names_that_no_program_can_be_given_are_refused() {
    let named = |name: &str| {
        let mut properties = Map::new();
        properties.insert(name.to_owned(), json!({ "type": "string" }));
        json!({ "properties": properties })
    };
    let of = |name: &str| Settings::from_schema(&named(name)).unwrap_err();
    assert_eq!(of("path"), SchemaError::System("PATH".to_owned()));
    assert_eq!(
        of("ld_preload"),
        SchemaError::System("LD_PRELOAD".to_owned())
    );
    assert_eq!(of("a.b"), SchemaError::Name("A.B".to_owned()));
    assert!(foreign(&named("path")).is_ok());
}

#[test]
fn a_schema_without_end_is_refused() {
    let mut definitions = Map::new();
    for level in 0..12 {
        let next = json!({ "$ref": format!("#/$defs/L{}", level + 1) });
        let fields = json!({ "a": next, "b": next, "c": next, "d": next });
        definitions.insert(format!("L{level}"), json!({ "properties": fields }));
    }
    let leaf = json!({ "properties": { "x": { "type": "string" } } });
    definitions.insert("L12".to_owned(), leaf);
    let schema = json!({ "$defs": definitions, "$ref": "#/$defs/L0" });
    assert_eq!(Settings::from_schema(&schema), Err(SchemaError::TooMany));
    let circle = json!({
        "$defs": { "A": { "properties": { "a": { "$ref": "#/$defs/A" } }, "required": ["a"] } },
        "$ref": "#/$defs/A",
    });
    assert!(foreign(&circle).is_err());
}

#[test]
fn a_model_within_itself_is_json_where_it_may_be_left_out() {
    let child =
        json!({ "anyOf": [{ "$ref": "#/$defs/Rec" }, { "type": "null" }], "default": null });
    let schema = json!({
        "$defs": { "Rec": { "type": "object", "properties": {
            "child": child, "size": { "type": "integer", "default": 1 } } } },
        "properties": {
            "rec": { "$ref": "#/$defs/Rec", "default": { "child": null, "size": 1 } },
            "one": child,
        },
    });
    let settings = foreign(&schema).unwrap();
    let expected = "SHOP_REC__CHILD SHOP_REC__SIZE SHOP_ONE__CHILD SHOP_ONE__SIZE";
    assert_eq!(names(&settings), expected);
    let child = settings.get("SHOP_REC__CHILD").unwrap();
    assert_eq!(child.kind, Kind::Json);
    assert!(!child.required && child.default.is_none());
    assert!(Settings::from_schema(&schema).is_err());
}

#[test]
fn definitions_that_refer_to_themselves_end() {
    let schema = json!({
        "$defs": {
            "Tree": { "type": "array", "items": { "$ref": "#/$defs/Tree" } },
            "Leaf": { "type": "string", "enum": ["a"] },
            "Other": { "type": "string", "enum": ["b"] },
        },
        "properties": {
            "tree": { "$ref": "#/$defs/Tree" },
            "either": { "anyOf": [{ "$ref": "#/$defs/Leaf" }, { "$ref": "#/$defs/Other" }] },
        },
    });
    let settings = foreign(&schema).unwrap();
    assert_eq!(settings.get("SHOP_TREE").unwrap().kind, Kind::Json);
    assert_eq!(settings.get("SHOP_EITHER").unwrap().kind, Kind::String);
    let links = (0..20_000).map(|at| {
        let next = json!({ "items": { "$ref": format!("#/$defs/L{}", at + 1) } });
        (format!("L{at}"), next)
    });
    let mut definitions: Map<String, Value> = links.collect();
    let secret = json!({ "type": "string", "writeOnly": true });
    definitions.insert("L20000".to_owned(), secret);
    let list = json!({ "type": "array", "items": { "$ref": "#/$defs/L0" } });
    let schema = json!({ "$defs": definitions, "properties": { "x": list } });
    assert!(foreign(&schema).unwrap().get("SHOP_X").unwrap().secret);
}

#[test]
fn of_two_limits_of_a_whole_number_the_stricter_one_counts() {
    let limits = |field: Value| {
        let settings = foreign(&json!({ "properties": { "a": field } })).unwrap();
        let setting = settings.get("SHOP_A").unwrap();
        let number = |bound: &Option<Number>| bound.as_ref().and_then(Number::as_i64);
        (number(&setting.minimum), number(&setting.maximum))
    };
    for (field, least, most) in [
        (
            json!({ "minimum": 10, "exclusiveMinimum": 5 }),
            Some(10),
            None,
        ),
        (
            json!({ "minimum": 5, "exclusiveMinimum": 10 }),
            Some(11),
            None,
        ),
        (
            json!({ "maximum": 10, "exclusiveMaximum": 50 }),
            None,
            Some(10),
        ),
        (
            json!({ "maximum": 50, "exclusiveMaximum": 10.0 }),
            None,
            Some(9),
        ),
        (
            json!({ "exclusiveMinimum": 0.5, "exclusiveMaximum": 2.5 }),
            Some(1),
            Some(2),
        ),
    ] {
        let mut field = field;
        field["type"] = json!("integer");
        assert_eq!(limits(field.clone()), (least, most), "{field}");
    }
}

#[test]
fn a_large_definition_counts_for_every_setting_that_refers_to_it() {
    let schema = |count: usize| {
        let fields = (0..count).map(|at| (format!("v{at}"), json!({ "$ref": "#/$defs/large" })));
        let fields: serde_json::Map<_, _> = fields.collect();
        json!({ "type": "object", "properties": fields,
            "$defs": { "large": { "type": "string", "description": "x".repeat(200_000) } } })
    };
    assert!(Settings::from_schema(&schema(50)).is_ok());
    let many = Settings::from_schema(&schema(900));
    assert_eq!(many, Err(SchemaError::TooLarge));
}
