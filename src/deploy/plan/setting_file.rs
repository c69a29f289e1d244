//! A setting as it is written in TOML, and as the text of a variable.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de};
use serde_json::Value;

/// The value of a setting, as it would be written into its variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SettingFile {
    /// The text of the variable.
    pub text: String,
    /// Whether it was written as a list.
    pub list: bool,
}

impl TryFrom<Value> for SettingFile {
    /// Says what is wrong and never what was given: somebody may have written a secret.
    type Error = &'static str;

    fn try_from(value: Value) -> Result<Self, Self::Error> {
        let Value::Array(items) = value else {
            let text = scalar(value)?;
            return Ok(Self { text, list: false });
        };
        let texts = items
            .into_iter()
            .map(|item| match scalar(item)? {
                text if text.contains(',') => Err(
                    "has an entry with a comma in it, which a list of a variable cannot hold; \
                         write one entry each",
                ),
                text if text.trim().is_empty() => Err("has an empty entry; take it out"),
                text => Ok(text),
            })
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            text: texts.join(","),
            list: true,
        })
    }
}

fn scalar(value: Value) -> Result<String, &'static str> {
    match value {
        Value::String(text) => Ok(text),
        Value::Bool(_) | Value::Number(_) => Ok(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => Err(
            "is no value that a variable can hold; write text, a number, true or false, or a list \
             of these",
        ),
    }
}

impl<'de> Deserialize<'de> for SettingFile {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::try_from(Value::deserialize(deserializer)?).map_err(de::Error::custom)
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
        for (value, text) in [
            (json!("a b"), "a b"),
            (json!(30), "30"),
            (json!(0.5), "0.5"),
            (json!(true), "true"),
            (json!(["a", 1]), "a,1"),
            (json!([]), ""),
        ] {
            assert_eq!(SettingFile::try_from(value).unwrap().text, text);
        }
        for wrong in [
            json!({}),
            json!([[]]),
            json!(["a,b"]),
            json!(["a", " "]),
            json!(null),
        ] {
            assert!(SettingFile::try_from(wrong).is_err());
        }
    }
}
