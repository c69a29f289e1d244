//! `Secret`: a value that may be used and never be shown.
//!
//! `Debug` prints a fixed word, the schema says `writeOnly`, memory is wiped on drop, and there is
//! no `Serialize`, so that writing a secret into an answer or a file does not compile. What a
//! particular secret must look like is the business of the type inside.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use secrecy::{ExposeSecret, SecretBox};
use serde::{Deserialize, Deserializer, de};

/// Wiping memory, which the type inside a [`Secret`] must know how to do.
pub use secrecy::zeroize::Zeroize;

/// Text in the place of a secret.
pub const REDACTED: &str = "[redacted]";

/// Begins the message of a refusal that is known to say nothing of the value.
///
/// Other errors of serde quote what they refuse; the loader shows an error of a secret only where
/// it begins like this.
pub(super) const VOUCHED: &str = "secret refused: ";

/// A value that `Debug`, the schema and the loader's messages never show.
///
/// It is read from text through `TryFrom<String>`, whose error is shown to the operator and must
/// not quote the text.
///
/// ```
/// use aura::schema::Secret;
///
/// let key = Secret::new(String::from("hunter2"));
/// assert_eq!(format!("{key:?}"), "[redacted]");
/// assert_eq!(key.expose(), "hunter2");
/// ```
pub struct Secret<T: Zeroize>(SecretBox<T>);

impl<T: Zeroize> Secret<T> {
    /// Hides `value`.
    #[must_use]
    pub fn new(value: T) -> Self {
        Self(SecretBox::new(Box::new(value)))
    }

    /// The value itself, for the place where its bytes are needed and nowhere before it.
    #[must_use]
    pub fn expose(&self) -> &T {
        self.0.expose_secret()
    }
}

impl<T: Zeroize> From<T> for Secret<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl<T: Zeroize + Clone> Clone for Secret<T> {
    fn clone(&self) -> Self {
        Self::new(self.expose().clone())
    }
}

impl<T: Zeroize> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

impl<'de, T> Deserialize<'de> for Secret<T>
where
    T: Zeroize + TryFrom<String, Error: fmt::Display>,
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        T::try_from(text)
            .map(Self::new)
            .map_err(|refusal| de::Error::custom(format_args!("{VOUCHED}{refusal}")))
    }
}

impl<T: Zeroize + JsonSchema> JsonSchema for Secret<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("Secret_{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = T::json_schema(generator);
        schema.insert("writeOnly".into(), true.into());
        schema
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_secret_however_deeply_nested() {
        let secret = Secret::new(String::from("canary-5b1f"));
        let nested = Some(vec![secret.clone()]);
        for text in [format!("{secret:?}"), format!("{nested:#?}")] {
            assert!(text.contains(REDACTED), "{text}");
            assert!(!text.contains("canary"), "{text}");
        }
    }

    #[test]
    fn the_schema_says_write_only() {
        for schema in [
            schemars::schema_for!(Secret<String>),
            schemars::schema_for!(Option<Secret<String>>),
        ] {
            assert_eq!(schema.get("writeOnly"), Some(&true.into()));
        }
    }
}
