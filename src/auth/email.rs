//! [`Email`]: an address that names one account.

use std::fmt;

/// Longest address, by RFC 5321's limit on a path.
const MAX_LENGTH: usize = 254;

/// A well-formed e-mail address in lower case, so that two spellings are one account.
///
/// The form is that of `<input type="email">` in the HTML standard: no quotes, no comments, no
/// spaces, ASCII only. Letters outside ASCII are refused rather than folded, because two that look
/// the same would be two accounts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Email(String);

/// Why a text is no [`Email`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadEmail {
    /// Longer than 254 characters.
    #[error("an e-mail address has 254 characters at most")]
    TooLong,
    /// Has a character outside ASCII.
    #[error("an e-mail address is written in ASCII; write an international domain as xn--...")]
    NotAscii,
    /// Not `local@domain`.
    #[error("an e-mail address has the form name@example.com, without spaces")]
    Malformed,
}

impl TryFrom<&str> for Email {
    type Error = BadEmail;

    fn try_from(text: &str) -> Result<Self, BadEmail> {
        if text.len() > MAX_LENGTH {
            return Err(BadEmail::TooLong);
        }
        if !text.is_ascii() {
            return Err(BadEmail::NotAscii);
        }
        let (local, domain) = text.split_once('@').ok_or(BadEmail::Malformed)?;
        let local_char = |b: u8| b.is_ascii_alphanumeric() || b".!#$%&'*+/=?^_`{|}~-".contains(&b);
        let local_good = (1..=64).contains(&local.len()) && local.bytes().all(local_char);
        if !local_good || !domain.split('.').all(is_label) {
            return Err(BadEmail::Malformed);
        }
        Ok(Self(text.to_ascii_lowercase()))
    }
}

/// A domain label: letters, digits and inner hyphens, 63 characters at most.
fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && label
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-')
        && !label.starts_with('-')
        && !label.ends_with('-')
}

impl Email {
    /// The address in lower case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn well_formed_addresses_are_lower_cased() {
        for text in ["Ann@Example.com", "a+b.c@x-y.example", "root@localhost"] {
            assert_eq!(Email::try_from(text).unwrap().as_str(), text.to_lowercase());
        }
    }

    #[test]
    fn odd_ones_are_refused() {
        for text in [
            "",
            "@",
            "a@",
            "@b",
            "a b@c.de",
            " a@b.de",
            "a@b.de ",
            "a@@b.de",
            "a@b@c",
            "a\0@b.de",
            "a\n@b.de",
            "\"a\"@b.de",
            "a@-b.de",
            "a@b..de",
            "ä@b.de",
            "a@bücher.de",
            "a@b.de\u{200b}",
        ] {
            assert!(Email::try_from(text).is_err(), "{text:?}");
        }
        assert_eq!(
            Email::try_from(&*format!("{}@b.de", "a".repeat(320))),
            Err(BadEmail::TooLong)
        );
    }

    proptest! {
        #[test]
        fn parsing_is_idempotent_and_never_panics(text in ".{0,80}") {
            if let Ok(email) = Email::try_from(&*text) {
                prop_assert_eq!(Email::try_from(email.as_str()), Ok(email.clone()));
            }
        }
    }
}
