//! Newtypes that are written as text in a file: one check, and serde and JSON Schema by it.

use crate::schema::quoted;

/// Declares a newtype of text that is read through `$check`, which tells the problem. Its JSON
/// Schema has the given pattern and example.
macro_rules! text_type {
    ($(#[$about:meta])* $visible:vis $name:ident, $pattern:expr, $example:expr, $check:expr $(,)?) => {
        $(#[$about])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
        $visible struct $name(String);

        impl TryFrom<&str> for $name {
            type Error = String;

            fn try_from(text: &str) -> Result<Self, String> {
                let check: fn(&str) -> Result<(), String> = $check;
                check(text).map(|()| Self(text.to_owned()))
            }
        }

        impl From<$name> for String {
            fn from(text: $name) -> Self {
                text.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        $crate::deploy::toml_file::written_as_text!($name, $pattern, $example);
    };
}

/// Lets serde read `$name` through its `TryFrom<&str>`, and gives it a JSON Schema: text, with the
/// given pattern and example.
macro_rules! written_as_text {
    ($name:ident, $pattern:expr, $example:expr) => {
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                Self::try_from(text.as_str()).map_err(serde::de::Error::custom)
            }
        }

        $crate::schema::inline_schema!($name, {
            "type": "string", "pattern": $pattern, "examples": [$example],
        });
    };
}

/// Declares a closed list of words, each said once: in files, in schemas and by `as_str`.
macro_rules! words {
    ($(#[$about:meta])* $visible:vis enum $name:ident {
        $($(#[$docs:meta])* $variant:ident = $word:literal,)+
    }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[derive(serde::Deserialize, schemars::JsonSchema)]
        $visible enum $name {
            $($(#[$docs])* #[serde(rename = $word)] $variant,)+
        }

        impl $name {
            /// Every word, in order.
            pub const ALL: [Self; [$($word),+].len()] = [$(Self::$variant),+];

            /// The word as it is written.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }
    };
}

pub(crate) use {text_type, words, written_as_text};

/// Refuses `text` with its `problem`, unless `is_right`.
pub(crate) fn ensure(is_right: bool, text: &str, problem: &str, like: &str) -> Result<(), String> {
    if is_right {
        return Ok(());
    }
    let text = shown(text);
    Err(format!("is {text}, which {problem}; write it like {like}"))
}

/// `text` as a message may quote it. What could hold a password (user information ends in `@`) is
/// not shown.
pub(crate) fn shown(text: &str) -> String {
    if text.contains('@') {
        return "text with an @".to_owned();
    }
    quoted(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_could_hold_a_password_is_not_shown() {
        assert_eq!(shown("https://u:canary@db"), "text with an @");
        assert_eq!(shown("a\nb"), r#""a\nb""#);
        assert!(shown(&"x".repeat(100)).ends_with("x\"..."));
    }
}
