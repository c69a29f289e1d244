//! A backend as it is written: an address, or the word for "inside the process".

use super::endpoint::Address;
use super::text::written_as_text;

/// `postgres://db:5432`, or `sqlite`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum BackendFile {
    /// A word; which words there are is known to the service only.
    Word(String),
    /// Somewhere on the network.
    Remote(Address),
}

written_as_text!(
    BackendFile,
    r"^([a-z][a-z0-9-]*|[A-Za-z][A-Za-z0-9+.-]*://[^@/?#]+)$",
    "postgres://db:5432"
);

impl TryFrom<&str> for BackendFile {
    type Error = &'static str;

    fn try_from(text: &str) -> Result<Self, Self::Error> {
        let word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if text.starts_with(|c: char| c.is_ascii_lowercase()) && text.chars().all(word) {
            return Ok(Self::Word(text.to_owned()));
        }
        Address::try_from(text).map(Self::Remote)
    }
}
