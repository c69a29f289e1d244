//! A request body as the cache compares it: two bodies that say the same have one canonical form,
//! two that say anything different have two.
//!
//! Keys are sorted and white space is gone; strings stand as they were decoded, whole numbers
//! exactly. It is made by a visitor of our own, because `serde_json::Value` lets the last of two
//! equal keys win.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, Serializer};

use crate::http::{Code, FieldError, Problem};

/// From here on doubles are further apart than whole numbers, and whole numbers no longer fit: two
/// of them could look the same.
const EXACT: f64 = 9_223_372_036_854_775_808.0;

/// A request body, read.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Canonical {
    /// The canonical form.
    pub(super) bytes: Vec<u8>,
    /// Whether the form says everything: no number was too large to be told from another.
    pub(super) exact: bool,
    /// Whether the answer should be the same every time: temperature 0, or a seed.
    pub(super) deterministic: bool,
    /// Whether server-sent events are asked for.
    pub(super) stream: bool,
}

impl Canonical {
    /// Reads a JSON object.
    ///
    /// # Errors
    /// `malformed_body` for what is not JSON, is nested more than 128 deep, or holds a key twice;
    /// `invalid_input` for JSON that is no object.
    pub(super) fn of(body: &[u8]) -> Result<Self, Problem> {
        let node = serde_json::from_slice(body).map_err(|error| {
            // The position alone: the parser's text may quote the body.
            let detail = match error.classify() {
                serde_json::error::Category::Data => {
                    "the body holds one key twice in one object".to_owned()
                }
                _ => format!(
                    "the body is not JSON: line {}, column {}",
                    error.line(),
                    error.column()
                ),
            };
            Problem::new(Code::MalformedBody, detail)
        })?;
        let Node::Object(members) = &node else {
            let fault = FieldError::new("", "wrong_type", "the body must be a JSON object");
            return Err(Problem::invalid(vec![fault]));
        };
        let zero = |node: &Node| matches!(node, Node::Natural(0)) || *node == Node::Real(0.0);
        let seeded = members.get("seed").is_some_and(|seed| *seed != Node::Null);
        Ok(Self {
            bytes: serde_json::to_vec(&node).map_err(|_| Problem::internal())?,
            exact: node.is_exact(),
            deterministic: seeded || members.get("temperature").is_some_and(zero),
            stream: members.get("stream") == Some(&Node::Bool(true)),
        })
    }
}

/// A JSON value that loses nothing.
#[derive(Clone, Debug, PartialEq)]
enum Node {
    Null,
    Bool(bool),
    Natural(u64),
    Negative(i64),
    Real(f64),
    Text(String),
    List(Vec<Self>),
    Object(BTreeMap<String, Self>),
}

impl Node {
    fn is_exact(&self) -> bool {
        match self {
            Self::Real(number) => number.abs() < EXACT,
            Self::List(items) => items.iter().all(Self::is_exact),
            Self::Object(members) => members.values().all(Self::is_exact),
            _ => true,
        }
    }
}

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Natural(number) => serializer.serialize_u64(*number),
            Self::Negative(number) => serializer.serialize_i64(*number),
            Self::Real(number) => serializer.serialize_f64(*number),
            Self::Text(text) => serializer.serialize_str(text),
            Self::List(items) => serializer.collect_seq(items),
            Self::Object(members) => serializer.collect_map(members),
        }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyNode)
    }
}

struct AnyNode;

impl<'de> Visitor<'de> for AnyNode {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Bool(value))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Node, E> {
        Ok(Node::Natural(number))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Node, E> {
        Ok(u64::try_from(number).map_or(Node::Negative(number), Node::Natural))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Node, E> {
        Ok(Node::Real(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Node, E> {
        Ok(Node::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Node, E> {
        Ok(Node::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Node, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Node::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut members = BTreeMap::new();
        while let Some((key, value)) = map.next_entry()? {
            match members.entry(key) {
                Entry::Vacant(free) => free.insert(value),
                Entry::Occupied(_) => return Err(A::Error::custom("a key twice")),
            };
        }
        Ok(Node::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn form(body: &str) -> String {
        String::from_utf8(Canonical::of(body.as_bytes()).unwrap().bytes).unwrap()
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

    /// The same value with the members of each object the other way round.
    fn reversed(value: &Value) -> Value {
        match value {
            Value::Object(members) => {
                let turned = members.iter().rev();
                Value::Object(turned.map(|(k, v)| (k.clone(), reversed(v))).collect())
            }
            Value::Array(items) => items.iter().map(reversed).collect(),
            other => other.clone(),
        }
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

    proptest! {
        #[test]
        fn order_and_white_space_make_no_difference(body in object()) {
            let plain = form(&body.to_string());
            prop_assert_eq!(&plain, &form(&serde_json::to_string_pretty(&reversed(&body)).unwrap()));
            // The form is a form of itself, and says what the body said.
            prop_assert_eq!(&plain, &form(&plain));
            prop_assert_eq!(serde_json::from_str::<Value>(&plain).unwrap(), body);
        }

        #[test]
        fn any_field_flipped_makes_one(body in object()) {
            let plain = form(&body.to_string());
            for other in flipped(&body) {
                prop_assert_ne!(&plain, &form(&other.to_string()), "{}", other);
            }
        }
    }

    #[test]
    fn numbers_that_differ_differ_in_the_form_or_are_not_exact() {
        assert_ne!(
            form(r#"{"a":9007199254740993}"#),
            form(r#"{"a":9007199254740992}"#)
        );
        assert_ne!(
            form(r#"{"a":18446744073709551615}"#),
            form(r#"{"a":18446744073709551614}"#)
        );
        assert_ne!(form(r#"{"a":1}"#), form(r#"{"a":"1"}"#));
        assert_eq!(form(r#"{"a":"\u0061"}"#), r#"{"a":"a"}"#);
        for huge in [
            "18446744073709551616",
            "-9223372036854775809",
            "1e30",
            "[[{\"b\": -1e19}]]",
        ] {
            let body = format!("{{\"a\":{huge}}}");
            assert!(!Canonical::of(body.as_bytes()).unwrap().exact, "{huge}");
        }
        for small in [
            "18446744073709551615",
            "-9223372036854775808",
            "0.1",
            "1e18",
        ] {
            let body = format!("{{\"a\":{small}}}");
            assert!(Canonical::of(body.as_bytes()).unwrap().exact, "{small}");
        }
    }

    #[test]
    fn what_should_not_vary_is_known() {
        let deterministic = |body: &str| Canonical::of(body.as_bytes()).unwrap().deterministic;
        for yes in [
            r#"{"temperature":0}"#,
            r#"{"temperature":0.0}"#,
            r#"{"temperature":-0.0}"#,
            r#"{"seed":7,"temperature":1}"#,
        ] {
            assert!(deterministic(yes), "{yes}");
        }
        for no in [
            "{}",
            r#"{"temperature":0.1}"#,
            r#"{"temperature":"0"}"#,
            r#"{"temperature":null}"#,
            r#"{"seed":null}"#,
            r#"{"a":{"seed":1,"temperature":0}}"#,
        ] {
            assert!(!deterministic(no), "{no}");
        }
        assert!(Canonical::of(br#"{"stream":true}"#).unwrap().stream);
        assert!(!Canonical::of(br#"{"stream":false}"#).unwrap().stream);
    }

    #[test]
    fn what_is_no_object_is_refused() {
        let code = |body: &[u8]| Canonical::of(body).unwrap_err().code;
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
}
