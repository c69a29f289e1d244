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
mod tests;
