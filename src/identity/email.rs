//! [`Email`]: an address that names one account.
//!
//! Its key is ASCII, because letters that look the same must not be two accounts, and because
//! headers, logs and other services take nothing else. The part before the `@` is ASCII as it is
//! sent: mail to any other (RFC 6531) is rare, and nothing folds its look-alikes. An international
//! domain is typed in either form, `müller.example` or `xn--mller-kva.example`; both are one domain
//! by UTS 46, and the key has the second.
//!
//! People are shown the first, [`Email::shown`], where no label of it can pass for another: one that
//! mixes scripts (UTS 39, "Highly Restrictive"), that looks like ASCII throughout (`аррӏе`), or that
//! is written from right to left and would turn the text around it, stays `xn--`. It is derived
//! from the key and not what was typed, so that every page, whatever it has the address from, shows
//! one address in one way.

use std::fmt;

use idna::AsciiDenyList;
use idna::uts46::{DnsLength, Hyphens, Uts46};
use unicode_security::RestrictionLevel;
use unicode_security::RestrictionLevelDetection as _;
use unicode_security::confusable_detection::skeleton;

/// Longest address, by RFC 5321's limit on a path.
const MAX_LENGTH: usize = 254;

/// A well-formed e-mail address, in the form in which two spellings are one account: without white
/// space around it, in lower case, the domain in ASCII.
///
/// Apart from international domains, the form is that of `<input type="email">` in the HTML
/// standard: no quotes, no comments, no spaces.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Email(String);

/// Why a text is no [`Email`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadEmail {
    /// Longer than 254 characters.
    #[error("an e-mail address has 254 characters at most")]
    TooLong,
    /// Has a character outside ASCII before the `@`.
    #[error("the part of an e-mail address before the @ is written in ASCII")]
    NotAscii,
    /// Not `local@domain`.
    #[error("an e-mail address has the form name@example.com, without spaces")]
    Malformed,
}

impl TryFrom<&str> for Email {
    type Error = BadEmail;

    fn try_from(text: &str) -> Result<Self, BadEmail> {
        let text = text.trim();
        // No key is longer than what it is made of, apart from `xn--`: a bound before the work.
        if text.chars().count() > MAX_LENGTH {
            return Err(BadEmail::TooLong);
        }
        let (local, domain) = text.split_once('@').ok_or(BadEmail::Malformed)?;
        if !local.is_ascii() {
            return Err(BadEmail::NotAscii);
        }
        let local_char = |b: u8| b.is_ascii_alphanumeric() || b".!#$%&'*+/=?^_`{|}~-".contains(&b);
        let local_good = (1..=64).contains(&local.len()) && local.bytes().all(local_char);
        let domain = ascii_domain(domain).ok_or(BadEmail::Malformed)?;
        if !local_good || !domain.split('.').all(is_label) {
            return Err(BadEmail::Malformed);
        }
        let email = format!("{local}@{domain}");
        if email.len() > MAX_LENGTH {
            return Err(BadEmail::TooLong);
        }
        Ok(Self(email.to_ascii_lowercase()))
    }
}

/// The domain as the DNS has it. One in ASCII is that already: whether its `xn--` labels mean
/// anything concerns the DNS alone, and accounts may have been made with any.
fn ascii_domain(domain: &str) -> Option<String> {
    if domain.is_ascii() {
        return Some(domain.to_owned());
    }
    let (rules, hyphens) = (AsciiDenyList::STD3, Hyphens::CheckFirstLast);
    let domain = domain.as_bytes();
    let ascii = Uts46::new().to_ascii(domain, rules, hyphens, DnsLength::Ignore);
    ascii.ok().map(std::borrow::Cow::into_owned)
}

/// Brings an e-mail, whole or in part, into the form of keys without judging it: that of [`Email`] for
/// a well-formed one. Otherwise each whole label outside ASCII becomes what it is in a key; of an
/// unfinished one, nothing can be found.
#[must_use]
pub fn search_key(text: &str) -> String {
    if let Ok(email) = Email::try_from(text) {
        return email.0;
    }
    let text = text.trim();
    let (local, domain) = text.rsplit_once('@').map_or(("", text), |(local, domain)| {
        (&text[..=local.len()], domain)
    });
    let labels = domain.split(['.', '。']);
    let labels = labels.map(|label| {
        let bounded = Some(label).filter(|label| label.chars().count() <= MAX_LENGTH);
        let ascii = bounded.and_then(ascii_domain);
        ascii.unwrap_or_else(|| label.to_owned())
    });
    format!("{local}{}", labels.collect::<Vec<_>>().join(".")).to_lowercase()
}

/// True for a label that can be shown in its own script, because it passes for no other.
fn is_unmistakable(label: &[char], _tld: &[char], right_to_left: bool) -> bool {
    let label: String = label.iter().collect();
    !right_to_left
        && label.check_restriction_level(RestrictionLevel::HighlyRestrictive)
        && !skeleton(&label).all(|c| c.is_ascii())
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
    /// An address as it is stored, which was parsed when it was written. It is not judged again: a
    /// rule that has become stricter must not make an account unreadable.
    #[must_use]
    pub const fn from_stored(key: String) -> Self {
        Self(key)
    }

    /// The key of the account that `typed` names, if there is one. Not judged either, so that the owner
    /// of an account which is older than a rule still signs in.
    #[must_use]
    pub fn lookup(typed: &str) -> Self {
        Self(search_key(typed))
    }

    /// The key: lower case, ASCII.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The address as people read it: its domain in its own script, where that is safe.
    #[must_use]
    pub fn shown(&self) -> String {
        let Some((local, domain)) = self.0.split_once('@').filter(|_| self.0.contains("xn--"))
        else {
            return self.0.clone();
        };
        let (rules, hyphens) = (AsciiDenyList::STD3, Hyphens::CheckFirstLast);
        let domain = domain.as_bytes();
        match Uts46::new().to_user_interface(domain, rules, hyphens, is_unmistakable) {
            (domain, Ok(())) => format!("{local}@{domain}"),
            (_, Err(_)) => self.0.clone(),
        }
    }
}

/// For people: [`Email::shown`].
impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown())
    }
}

#[cfg(test)]
mod tests;
