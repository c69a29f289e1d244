//! One digest for what says the same, and what is refused.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::facts::{CanonicalError, MAX_DEPTH};
use super::hasher::{MAX_ITEMS, MAX_MEMBERS};
use super::reader::{Number, Reader};
use super::*;
use crate::http::{Code, Problem};

mod members;

fn digest(body: &str) -> [u8; 32] {
    read(body.as_bytes()).unwrap().digest
}

/// JSON values a few levels deep.
pub(super) fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-1e6..1e6).prop_map(Value::from),
        "\\PC{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec(("[a-z]{1,4}", inner), 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn object() -> impl Strategy<Value = Value> {
    prop::collection::vec(("[a-z]{1,6}", value()), 1..6)
        .prop_map(|members| Value::Object(members.into_iter().collect()))
}

/// The same body with its own members the other way round.
fn reversed(body: &Value) -> Value {
    let members = body.as_object().unwrap().iter().rev();
    Value::Object(members.map(|(k, v)| (k.clone(), v.clone())).collect())
}

/// Every value that differs from `value` in one place.
pub(super) fn flipped(value: &Value) -> Vec<Value> {
    let mut all = vec![match value {
        Value::Null => json!(false),
        Value::Bool(truth) => json!(!truth),
        Value::Number(number) => json!(format!("{number}")),
        Value::String(text) => json!(format!("{text}x")),
        Value::Array(items) => items.iter().cloned().chain([Value::Null]).collect(),
        Value::Object(members) => {
            let mut more = members.clone();
            more.insert("unheard of".to_owned(), Value::Null);
            Value::Object(more)
        }
    }];
    match value {
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                for other in flipped(item) {
                    let mut changed = items.clone();
                    changed[at] = other;
                    all.push(Value::Array(changed));
                }
            }
        }
        Value::Object(members) => {
            for (key, item) in members {
                let mut fewer = members.clone();
                fewer.remove(key);
                all.push(Value::Object(fewer));
                for other in flipped(item) {
                    let mut changed = members.clone();
                    changed.insert(key.clone(), other);
                    all.push(Value::Object(changed));
                }
            }
        }
        _ => {}
    }
    all
}

/// The same JSON with every letter of its strings escaped.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    let (mut inside, mut slash) = (false, false);
    for letter in text.chars() {
        match letter {
            _ if slash => slash = false,
            '\\' if inside => slash = true,
            '"' => inside = !inside,
            _ if inside => {
                let units = letter.encode_utf16(&mut [0; 2]).to_vec();
                out.extend(units.iter().map(|unit| format!("\\u{unit:04X}")));
                continue;
            }
            _ => {}
        }
        out.push(letter);
    }
    out
}

proptest! {
    #[test]
    fn order_of_the_body_s_own_members_and_white_space_make_no_difference(body in object()) {
        let plain = digest(&body.to_string());
        let other = serde_json::to_string_pretty(&reversed(&body)).unwrap();
        prop_assert_eq!(plain, digest(&other));
        prop_assert_eq!(plain, digest(&escaped(&other)));
    }

    #[test]
    fn what_serde_reads_is_read_and_nothing_else(
        parts in prop::collection::vec(
            r#"[{}\[\],:\-0eE.1+"]|true|null|fals|\\\\|\\u|d8|dc|00|"a"|"a":|[ \n\x00\x1f]|é"#,
            0..12,
        ),
        wrapped in any::<bool>(),
    ) {
        let inner = parts.concat();
        let text = if wrapped { format!("{{\"a\":{inner}}}") } else { inner };
        let serde = serde_json::from_str::<Value>(&text);
        match BodyHasher::of(text.as_bytes()) {
            Ok(_) | Err(CanonicalError::NotAnObject | CanonicalError::Twice) => prop_assert!(serde.is_ok(), "{}", text),
            Err(_) => prop_assert!(serde.is_err(), "{}", text),
        }
    }

    #[test]
    fn numbers_are_those_of_serde(text in "-?(0|[1-9][0-9]{0,22})(\\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?") {
        let ours = Reader::new(text.as_bytes()).unwrap().number();
        let Ok(number) = serde_json::from_str::<serde_json::Number>(&text) else {
            prop_assert!(ours.is_err(), "{}", text);
            return Ok(());
        };
        let expected = number.as_u64().map(Number::Natural);
        let expected = expected.or_else(|| number.as_i64().map(Number::Negative));
        let expected = expected.or_else(|| number.as_f64().map(Number::Real));
        prop_assert_eq!(format!("{:?}", ours.ok()), format!("{:?}", expected), "{}", text);
    }

    #[test]
    fn any_field_flipped_makes_one(body in object()) {
        let plain = digest(&body.to_string());
        for other in flipped(&body) {
            prop_assert_ne!(plain, digest(&other.to_string()), "{}", other);
        }
    }
}

#[test]
fn order_below_the_body_s_own_members_counts() {
    for (one, other) in [
        (
            r#"{"response_format":{"json_schema":{"schema":{"properties":{"a":1,"b":2}}}}}"#,
            r#"{"response_format":{"json_schema":{"schema":{"properties":{"b":2,"a":1}}}}}"#,
        ),
        (
            r#"{"tools":[{"function":{"parameters":{"properties":{"a":{},"b":{}}}}}]}"#,
            r#"{"tools":[{"function":{"parameters":{"properties":{"b":{},"a":{}}}}}]}"#,
        ),
        (
            r#"{"text":{"format":{"schema":{"properties":{"a":{},"b":{}}}}}}"#,
            r#"{"text":{"format":{"schema":{"properties":{"b":{},"a":{}}}}}}"#,
        ),
        (
            r#"{"guided_json":{"a":1,"b":2}}"#,
            r#"{"guided_json":{"b":2,"a":1}}"#,
        ),
    ] {
        assert_ne!(digest(one), digest(other), "{one}");
    }
    assert_eq!(
        digest(r#"{"a":{"c":1},"b":2}"#),
        digest(r#"{"b":2,"a":{"c":1}}"#)
    );
}

#[test]
fn numbers_that_differ_have_two_digests_or_are_not_exact() {
    assert_ne!(
        digest(r#"{"a":9007199254740993}"#),
        digest(r#"{"a":9007199254740992}"#)
    );
    assert_ne!(
        digest(r#"{"a":18446744073709551615}"#),
        digest(r#"{"a":18446744073709551614}"#)
    );
    assert_ne!(digest(r#"{"a":1}"#), digest(r#"{"a":"1"}"#));
    assert_eq!(digest(r#"{"a":"\u0061"}"#), digest(r#"{"a":"a"}"#));
    for huge in [
        "18446744073709551616",
        "-9223372036854775809",
        "1e30",
        "[[{\"b\": -1e19}]]",
    ] {
        let body = format!("{{\"a\":{huge}}}");
        assert!(!read(body.as_bytes()).unwrap().exact, "{huge}");
    }
    for small in [
        "18446744073709551615",
        "-9223372036854775808",
        "0.1",
        "1e18",
    ] {
        let body = format!("{{\"a\":{small}}}");
        assert!(read(body.as_bytes()).unwrap().exact, "{small}");
    }
}

#[test]
fn a_body_that_is_not_an_object_is_refused() {
    let code = |body: &[u8]| Problem::from(read(body).unwrap_err()).code;
    let deep = format!("{{\"a\":{}", "[".repeat(100_000));
    for body in [
        "",
        "{",
        "{}x",
        "\u{feff}{}",
        r#"{"a":1,"a":1}"#,
        r#"{"a":{"b":1,"\u0062":2}}"#,
        r#"{"a":"\ud800"}"#,
        &deep,
    ] {
        assert_eq!(code(body.as_bytes()), Code::MalformedBody);
    }
    assert_eq!(code(b"{\"a\":\"\xff\"}"), Code::MalformedBody);
    for body in ["[]", "1", "null", "\"x\"", "true"] {
        assert_eq!(code(body.as_bytes()), Code::InvalidInput, "{body}");
    }
}

#[test]
fn depth_items_and_members_are_bounded() {
    let nested = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
    assert!(read(nested(MAX_DEPTH - 1).as_bytes()).is_ok());
    let deep = BodyHasher::of(nested(MAX_DEPTH).as_bytes());
    assert_eq!(deep.unwrap_err(), CanonicalError::TooDeep);
    assert!(serde_json::from_str::<Value>(&nested(MAX_DEPTH - 1)).is_ok());
    assert!(serde_json::from_str::<Value>(&nested(MAX_DEPTH)).is_err());

    let items = |count: usize| format!("{{\"a\":[{}0]}}", "0,".repeat(count - 2));
    assert!(read(items(MAX_ITEMS).as_bytes()).is_ok());
    let many = read(items(MAX_ITEMS + 1).as_bytes()).unwrap_err();
    assert!(matches!(many, Error::Invalid(_)), "{many:?}");

    let members = |count: usize| {
        let members: Vec<String> = (0..count).map(|at| format!("\"{at}\":{{}}")).collect();
        format!("{{{}}}", members.join(","))
    };
    assert!(read(members(MAX_MEMBERS).as_bytes()).is_ok());
    let many = read(members(MAX_MEMBERS + 1).as_bytes()).unwrap_err();
    assert!(matches!(many, Error::Invalid(_)), "{many:?}");
}

#[test]
fn adjacent_values_are_told_apart() {
    let bodies = [
        r#"{"a":["b","c"]}"#,
        r#"{"a":["bc"]}"#,
        r#"{"a":["b"],"c":[]}"#,
        r#"{"a":[["b"],"c"]}"#,
        r#"{"a":[["b","c"]]}"#,
        r#"{"a":[{},"b","c"]}"#,
        r#"{"a":[{"b":"c"}]}"#,
        r#"{"a":[{"b":[]},{"c":[]}]}"#,
        r#"{"a":[{"b":[],"c":[]}]}"#,
        r#"{"a":{"b":"c"}}"#,
        r#"{"a":0}"#,
        r#"{"a":0.0}"#,
        r#"{"a":-0.0}"#,
        r#"{"a":"0"}"#,
        r#"{"a":"]"}"#,
        r#"{"a":[]}"#,
        r#"{"a":{}}"#,
        "{}",
    ];
    for (at, body) in bodies.iter().enumerate() {
        for other in &bodies[..at] {
            assert_ne!(digest(body), digest(other), "{body} {other}");
        }
    }
}
