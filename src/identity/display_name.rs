//! [`DisplayName`]: the name that people read beside an e-mail. It identifies nothing.

use crate::schema::is_invisible;

/// Longest name, in characters.
const MAX_LENGTH: usize = 100;

/// A name of 1 to 100 characters, without control characters and without white space around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DisplayName(String);

/// A text that cannot be a [`DisplayName`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a name has 1 to {MAX_LENGTH} characters, and no control characters")]
pub struct BadDisplayName;

impl TryFrom<&str> for DisplayName {
    type Error = BadDisplayName;

    fn try_from(text: &str) -> Result<Self, BadDisplayName> {
        let text = text.trim();
        let length = text.chars().take(MAX_LENGTH + 1).count();
        // Characters that turn the direction of writing would reorder the page around the name. A
        // name of invisible ones alone would pass for none.
        let turns = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        let refused = text.chars().any(|c| c.is_control() || turns(c));
        if !(1..=MAX_LENGTH).contains(&length) || refused || text.chars().all(is_invisible) {
            return Err(BadDisplayName);
        }
        Ok(Self(text.to_owned()))
    }
}

impl DisplayName {
    /// A name as it is stored; not judged again.
    #[must_use]
    pub const fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_short_and_visible() {
        let longest = "ü".repeat(MAX_LENGTH);
        for (typed, name) in [
            ("Ann", "Ann"),
            (" Ann Lee\n", "Ann Lee"),
            (&*longest, &*longest),
        ] {
            assert_eq!(DisplayName::try_from(typed).unwrap().as_str(), name);
        }
        for refused in [
            "",
            "  ",
            "a\0b",
            "a\nb",
            "a\u{7f}",
            "\u{202e}nnA",
            "\u{200b}",
            &format!("{longest}ü"),
        ] {
            assert_eq!(
                DisplayName::try_from(refused),
                Err(BadDisplayName),
                "{refused:?}"
            );
        }
    }
}
