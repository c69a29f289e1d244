//! [`Input`]: a JSON body that reports every fault of every field at once.
//!
//! poem-openapi's own `Json` takes a number for a string, lets the last of two equal keys win and
//! stops at the first fault without naming the field; see `docs/decisions/0002-own-payloads.md`.

use std::fmt;
use std::marker::PhantomData;

use poem::{Request, RequestBody};
use poem_openapi::impl_apirequest_for_payload;
use poem_openapi::payload::{ParsePayload, Payload};
use poem_openapi::registry::{MetaSchemaRef, Registry};
use poem_openapi::types::{MaybeUndefined, Type};
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::Value;

use super::body::{Unread, is_media_type};
use super::code::Code;
use super::problem::{FieldError, Problem};

/// A body of type `T`, documented by `T`'s schema. Not read yet: a handler does so once it knows
/// the caller, or has charged the call.
#[derive(Debug)]
pub struct Input<T> {
    body: Unread,
    kind: PhantomData<fn() -> T>,
}

impl<T: FromFields> Input<T> {
    /// Reads and parses the body.
    ///
    /// # Errors
    /// As [`Unread::read`] and [`Fields::parse`]; `invalid_input` with every fault of every field.
    pub async fn read(self) -> Result<T, Problem> {
        let bytes = self.body.read().await?;
        let mut fields = Fields::parse(&bytes)?;
        let value = T::from_fields(&mut fields);
        fields.finish()?;
        Ok(value)
    }
}

/// A type that is read out of the fields of a JSON object.
pub trait FromFields: Type + Send {
    /// Takes the fields it knows. A field that is missing or wrong is noted in `fields` and gives
    /// an empty value here, which no caller sees: the request is refused.
    fn from_fields(fields: &mut Fields) -> Self;
}

/// The fields of a body that are not taken yet, and the faults found so far.
#[derive(Debug)]
pub struct Fields {
    entries: Vec<(String, Value)>,
    faults: Vec<FieldError>,
}

impl Fields {
    /// Parses a JSON object.
    ///
    /// # Errors
    /// `malformed_body` for what is not JSON (or not UTF-8, or nested more than 128 deep) or holds
    /// a key twice; `invalid_input` for JSON that is not an object.
    pub fn parse(bytes: &[u8]) -> Result<Self, Problem> {
        let mut parser = serde_json::Deserializer::from_slice(bytes);
        let malformed = |error: serde_json::Error| {
            // The position alone: the driver's text may quote the body.
            let (line, column) = (error.line(), error.column());
            let detail = match error.classify() {
                serde_json::error::Category::Data => error.to_string(),
                _ => format!("the body is not JSON: line {line}, column {column}"),
            };
            Problem::new(Code::MalformedBody, detail)
        };
        let entries = parser.deserialize_any(ObjectEntries).map_err(malformed)?;
        parser.end().map_err(malformed)?;
        let Some(entries) = entries else {
            let fault = FieldError::new("", "wrong_type", "the body must be a JSON object");
            return Err(Problem::invalid(vec![fault]));
        };
        Ok(Self {
            entries,
            faults: Vec::new(),
        })
    }

    /// Takes a required text.
    pub fn text(&mut self, name: &str) -> String {
        let Some(index) = self.entries.iter().position(|(key, _)| key == name) else {
            self.faults.push(FieldError::new(
                name,
                "missing",
                format!("{name} is required"),
            ));
            return String::new();
        };
        match self.entries.swap_remove(index).1 {
            // Postgres takes no U+0000 in a text.
            Value::String(text) if text.contains('\0') => {
                let message = format!("{name} may not hold the character U+0000");
                self.faults
                    .push(FieldError::new(name, "contains_nul", message));
                String::new()
            }
            Value::String(text) => text,
            _ => {
                let message = format!("{name} must be a string");
                self.faults
                    .push(FieldError::new(name, "wrong_type", message));
                String::new()
            }
        }
    }

    /// Takes a text that may be left out or be null.
    pub fn optional_text(&mut self, name: &str) -> MaybeUndefined<String> {
        let entry = self.entries.iter().position(|(key, _)| key == name);
        match entry.map(|index| &self.entries[index].1) {
            None => MaybeUndefined::Undefined,
            Some(Value::Null) => {
                self.entries.retain(|(key, _)| key != name);
                MaybeUndefined::Null
            }
            Some(_) => MaybeUndefined::Value(self.text(name)),
        }
    }

    /// Takes a required list of texts.
    pub fn texts(&mut self, name: &str) -> Vec<String> {
        if self.entries.iter().any(|(key, _)| key == name) {
            return self.texts_or_none(name);
        }
        let message = format!("{name} is required");
        self.faults.push(FieldError::new(name, "missing", message));
        Vec::new()
    }

    /// Takes a list of texts that may be left out, and is empty then.
    pub fn texts_or_none(&mut self, name: &str) -> Vec<String> {
        let Some(index) = self.entries.iter().position(|(key, _)| key == name) else {
            return Vec::new();
        };
        let Value::Array(items) = self.entries.swap_remove(index).1 else {
            let message = format!("{name} must be a list of strings");
            self.faults
                .push(FieldError::new(name, "wrong_type", message));
            return Vec::new();
        };
        let texts = items.into_iter().map(|item| match item {
            Value::String(text) if !text.contains('\0') => Ok(text),
            Value::String(_) => Err(("contains_nul", "may not hold the character U+0000")),
            _ => Err(("wrong_type", "must be a list of strings")),
        });
        texts
            .collect::<Result<_, _>>()
            .unwrap_or_else(|(code, what)| {
                self.faults
                    .push(FieldError::new(name, code, format!("{name} {what}")));
                Vec::new()
            })
    }

    /// Every field that was not taken is unknown; every fault so far is the answer.
    ///
    /// # Errors
    /// `invalid_input` with all faults.
    pub fn finish(mut self) -> Result<(), Problem> {
        for (name, _) in self.entries.drain(..) {
            let name: String = name.chars().take(64).collect();
            let message = format!("there is no field {name:?} here");
            self.faults
                .push(FieldError::new(name, "unknown_field", message));
        }
        if self.faults.is_empty() {
            Ok(())
        } else {
            Err(Problem::invalid(self.faults))
        }
    }
}

/// Collects an object's entries; any other JSON value is `None`.
struct ObjectEntries;

impl<'de> Visitor<'de> for ObjectEntries {
    type Value = Option<Vec<(String, Value)>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries: Vec<(String, Value)> = Vec::new();
        while let Some((key, value)) = map.next_entry::<String, Value>()? {
            if entries.iter().any(|(known, _)| *known == key) {
                return Err(serde::de::Error::custom("the body holds one key twice"));
            }
            // Bounded, because each key is compared with all before it.
            if entries.len() >= 64 {
                return Err(serde::de::Error::custom("the body holds more than 64 keys"));
            }
            entries.push((key, value));
        }
        Ok(Some(entries))
    }

    fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<serde::de::IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
}

impl<T: FromFields> Payload for Input<T> {
    const CONTENT_TYPE: &'static str = "application/json";

    fn check_content_type(content_type: &str) -> bool {
        is_media_type(content_type, Self::CONTENT_TYPE)
    }

    fn schema_ref() -> MetaSchemaRef {
        T::schema_ref()
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }
}

impl<T: FromFields> ParsePayload for Input<T> {
    const IS_REQUIRED: bool = true;

    async fn from_request(request: &Request, body: &mut RequestBody) -> poem::Result<Self> {
        Ok(Self {
            body: Unread::take(request, body)?,
            kind: PhantomData,
        })
    }
}

impl_apirequest_for_payload!(Input<T>, T: FromFields);

#[cfg(test)]
mod tests;
