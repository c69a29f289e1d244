//! A newtype that is written as text in `deploy.toml`: one `TryFrom`, and serde and JSON Schema by
//! it.

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

        impl schemars::JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({
                    "type": "string", "pattern": $pattern, "examples": [$example],
                })
            }
        }
    };
}

pub(crate) use written_as_text;

/// Longer text is cut in messages.
const SHOWN_CHARACTERS: usize = 60;

/// `text` as a message may quote it. What could hold a password (user information ends in `@`) is
/// not shown.
pub(crate) fn shown(text: &str) -> String {
    if text.contains('@') {
        return "text with an @".to_owned();
    }
    match text.char_indices().nth(SHOWN_CHARACTERS) {
        Some((end, _)) => format!("{:?}...", &text[..end]),
        None => format!("{text:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_hold_a_password_is_not_shown() {
        assert_eq!(shown("https://u:canary@db"), "text with an @");
        assert_eq!(shown("a\nb"), r#""a\nb""#);
        assert!(shown(&"x".repeat(100)).ends_with("x\"..."));
    }
}
