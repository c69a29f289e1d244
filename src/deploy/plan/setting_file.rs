//! A setting as it is written in TOML, and as the text of a variable.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::schema::{Kind, Reader, Setting};

/// The value of a setting, as TOML holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SettingFile(Value);

impl SettingFile {
    /// Checks whether it was written as a list.
    pub(super) fn is_list(&self) -> bool {
        self.0.is_array()
    }

    /// The text of the variable of `setting`.
    ///
    /// # Errors
    /// The problem, never the value: it may be a secret.
    pub(super) fn text(&self, setting: &Setting) -> Result<String, &'static str> {
        match &self.0 {
            Value::Object(_) if setting.kind == Kind::Json => Ok(setting.text_of(&self.0)),
            Value::Array(_) if setting.kind == Kind::Json || setting.reader == Reader::Json => {
                Ok(setting.text_of(&self.0))
            }
            Value::Array(items) => {
                let texts = items.iter().map(|item| match scalar(item)? {
                    text if text.contains(',') => Err(
                        "has an entry with a comma in it, which a list of a variable cannot hold; \
                         write one entry each",
                    ),
                    text if text.trim().is_empty() => Err("has an empty entry; take it out"),
                    text => Ok(text),
                });
                Ok(texts.collect::<Result<Vec<_>, _>>()?.join(","))
            }
            value => scalar(value),
        }
    }
}

fn scalar(value: &Value) -> Result<String, &'static str> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Bool(_) | Value::Number(_) => Ok(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => Err(
            "is not a value that a variable can hold; write text, a number, true or false, or a list \
             of these",
        ),
    }
}

impl<'de> Deserialize<'de> for SettingFile {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Value::deserialize(deserializer).map(Self)
    }
}

impl JsonSchema for SettingFile {
    fn schema_name() -> Cow<'static, str> {
        "Setting".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let scalar = ["string", "number", "boolean"];
        json_schema!({
            "description": "The value of a variable: text, a number, true or false, or a list.",
            "type": ["string", "number", "boolean", "array"],
            "items": { "type": scalar },
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_become_the_text_of_a_variable() {
        let text = |kind: Kind, reader: Reader, value: Value| {
            let schema = json!({ "properties": { "x": { "type": "string" } } });
            let settings = crate::schema::Settings::from_schema(&schema).unwrap();
            let mut setting = settings.get("X").unwrap().clone();
            (setting.kind, setting.reader) = (kind, reader);
            SettingFile(value).text(&setting).ok()
        };
        let list = || Kind::List(Box::new(Kind::String));
        for (value, expected) in [
            (json!("a b"), Some("a b")),
            (json!(30), Some("30")),
            (json!(0.5), Some("0.5")),
            (json!(true), Some("true")),
            (json!(["a", 1]), Some("a,1")),
            (json!([]), Some("")),
            (json!({}), None),
            (json!([[]]), None),
            (json!(["a,b"]), None),
            (json!(["a", " "]), None),
            (json!(null), None),
        ] {
            let written = text(list(), Reader::Loader, value);
            assert_eq!(written.as_deref(), expected);
        }
        let entries = text(list(), Reader::Json, json!(["a,b"]));
        assert_eq!(entries.as_deref(), Some(r#"["a,b"]"#));
        assert_eq!(text(list(), Reader::Json, json!({ "a": 1 })), None);
        let object = text(Kind::Json, Reader::Json, json!({ "a": 1 }));
        assert_eq!(object.as_deref(), Some(r#"{"a":1}"#));
    }
}
