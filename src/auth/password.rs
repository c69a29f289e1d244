//! [`Password`]: the form in which passwords are compared. The rules for a new one, and the hash it
//! becomes.

use base64::Engine;
use base64::alphabet::BCRYPT;
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD};
use interleaved_bcrypt::Digest;
use secrecy::{ExposeSecret, SecretString};
use unicode_normalization::{UnicodeNormalization, is_nfc};

use crate::http::FieldError;
use crate::identity::Email;
use crate::strength;

/// bcrypt reads no more than this many bytes; a longer password would be cut in silence.
pub(super) const MAX_BYTES: usize = 72;

/// Decimal logarithm of the guesses below which a password is refused.
const MIN_GUESSES_LOG10: f64 = 8.0;

/// The same for the letters of a password by themselves: digits and signs around a common word hide
/// it from no attacker.
const MIN_WORD_LOG10: f64 = 5.0;

/// The dearest hash that is compared, as a cost: the largest `PASSWORD_BCRYPT_COST`. One of cost 31
/// would occupy a worker for days.
pub(super) const MAX_COST: u32 = 15;

/// A password in the form of RFC 8265's profile `OpaqueString` (section 4.2.2): spaces outside ASCII
/// are U+0020, the rest is in normalization form C, and case counts. One keyboard sends "é" as one
/// character and another as two, and both mean one password. Not shown by `Debug`.
///
/// The profile's list of allowed characters is not enforced: it depends on the version of Unicode,
/// and an update must not lock anyone out. Where the form as sent differs, it is kept as well,
/// because a hash from before passwords had a normal form, or from elsewhere, may be of that one.
#[derive(Clone)]
pub struct Password {
    normal: SecretString,
    as_sent: Option<SecretString>,
}

/// The form of a password that a hash was made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// The normal form.
    Normal,
    /// The form in which the password was sent, which is not the normal one.
    AsSent,
}

impl Password {
    /// The normal form.
    #[must_use]
    pub(super) fn expose(&self) -> &str {
        self.normal.expose_secret()
    }

    /// The forms that a stored hash may be of, the normal one first.
    pub(super) fn forms(&self) -> impl Iterator<Item = (Form, &str)> {
        let as_sent = self.as_sent.as_ref().map(ExposeSecret::expose_secret);
        let normal = std::iter::once((Form::Normal, self.expose()));
        normal.chain(as_sent.map(|text| (Form::AsSent, text)))
    }

    /// True when all of the normal form counts in a hash. A few characters are longer in it.
    #[must_use]
    pub(super) fn fits(&self) -> bool {
        self.expose().len() <= MAX_BYTES
    }

    /// True when both are one password.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }
}

impl From<SecretString> for Password {
    fn from(sent: SecretString) -> Self {
        let text = sent.expose_secret();
        if text.is_ascii() || is_nfc(text) && !text.contains(is_other_space) {
            return Self {
                normal: sent,
                as_sent: None,
            };
        }
        let spaced = text
            .chars()
            .map(|c| if is_other_space(c) { ' ' } else { c });
        let normal: String = spaced.nfc().collect();
        Self {
            normal: normal.into(),
            as_sent: Some(sent),
        }
    }
}

impl From<String> for Password {
    fn from(sent: String) -> Self {
        SecretString::from(sent).into()
    }
}

impl From<&str> for Password {
    fn from(sent: &str) -> Self {
        SecretString::from(sent).into()
    }
}

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password([redacted])")
    }
}

/// A character of the general category Zs, U+0020 excepted.
const fn is_other_space(c: char) -> bool {
    matches!(
        c,
        '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}'
    )
}

/// Base64 with the alphabet of bcrypt.
const BASE_64: GeneralPurpose = GeneralPurpose::new(&BCRYPT, NO_PAD);

/// A bcrypt hash in the modular crypt format (`$2b$12$...`). Not shown by `Debug`.
#[derive(Clone)]
pub struct PasswordHash(SecretString);

impl PasswordHash {
    /// A hash as it stands in the database.
    #[must_use]
    pub fn from_stored(text: String) -> Self {
        Self(text.into())
    }

    /// The text to store or to compare.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// The cost it was made with; `None` for a text that no password is compared with: one that is
    /// not a bcrypt hash, or is dearer than [`MAX_COST`].
    #[must_use]
    pub fn cost(&self) -> Option<u32> {
        self.parts().map(|parts| parts.cost)
    }

    /// Cost, salt and digest; `None` as for [`Self::cost`].
    #[must_use]
    pub(super) fn parts(&self) -> Option<HashParts> {
        let text = self.expose();
        let parts: bcrypt::HashParts = text.parse().ok()?;
        let mut digest = [0; 23];
        // Behind `$2b$12$` and the 22 characters of the salt.
        BASE_64.decode_slice(text.get(29..)?, &mut digest).ok()?;
        let (cost, salt) = (parts.get_cost(), parts.get_salt_raw());
        (cost <= MAX_COST).then_some(HashParts { cost, salt, digest })
    }
}

/// A hash taken apart.
#[derive(Clone, Copy)]
pub(super) struct HashParts {
    /// Binary logarithm of its rounds.
    pub(super) cost: u32,
    pub(super) salt: [u8; 16],
    pub(super) digest: Digest,
}

impl HashParts {
    /// A hash of the given cost that no password was ever hashed to, so that an unknown account
    /// costs as much as a known one.
    #[must_use]
    pub(super) const fn decoy(cost: u32) -> Self {
        Self {
            cost,
            salt: [0; 16],
            digest: [0; 23],
        }
    }
}

impl From<HashParts> for PasswordHash {
    fn from(parts: HashParts) -> Self {
        let (salt, digest) = (BASE_64.encode(parts.salt), BASE_64.encode(parts.digest));
        Self(format!("$2b${:02}${salt}{digest}", parts.cost).into())
    }
}

impl std::fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PasswordHash([redacted])")
    }
}

/// Checks a new password after NIST SP 800-63B: length, not common, not the e-mail; no rules of
/// composition. Takes well under a millisecond in an optimised build, whatever the password is.
///
/// `field` is the input's name for it. Gives every fault, none for a good password.
#[must_use]
pub(super) fn faults(
    password: &Password,
    email: &Email,
    min_chars: usize,
    field: &str,
) -> Vec<FieldError> {
    let password = password.expose();
    let fault = |code, message: String| vec![FieldError::new(field, code, message)];
    if password.contains('\0') {
        return fault(
            "contains_nul",
            "a password may not hold the character U+0000".to_owned(),
        );
    }
    if password.len() > MAX_BYTES {
        let message = format!(
            "a password may have {MAX_BYTES} bytes at most; this one has {} (letters outside \
             ASCII take two to four bytes each)",
            password.len()
        );
        return fault("password_too_long", message);
    }
    if password.chars().count() < min_chars {
        let message = format!("a password has {min_chars} characters at least");
        return fault("password_too_short", message);
    }
    if resembles(password, email) {
        let message = "a password may not be made of the e-mail address".to_owned();
        return fault("password_similar_to_email", message);
    }
    if is_common(password) {
        let message = "this password is among the first that anybody would try; a few unrelated \
                       words make a better one"
            .to_owned();
        return fault("password_too_common", message);
    }
    Vec::new()
}

/// True for a password that is cheap to guess for those who know the address.
fn resembles(password: &str, email: &Email) -> bool {
    let shown = email.shown();
    let mut parts = Vec::new();
    let international = Some(&*shown).filter(|shown| *shown != email.as_str());
    for text in [email.as_str()].into_iter().chain(international) {
        let (local, domain) = text.split_once('@').unwrap_or((text, ""));
        let host = domain.split('.').next().unwrap_or_default();
        parts.extend([text, local, domain, host]);
        // `johanna.meyer-1987` is Johanna, and Meyer.
        parts.extend(local.split(|c: char| !c.is_ascii_alphabetic()));
    }
    let known = strength::guesses_log10(password, &parts);
    known < MIN_GUESSES_LOG10 && known < strength::guesses_log10(password, &[])
}

/// Checks whether the password is cheap to guess, or is one common word with digits and signs around it.
fn is_common(password: &str) -> bool {
    let stem = password.trim_matches(|c: char| !c.is_alphabetic());
    strength::guesses_log10(password, &[]) < MIN_GUESSES_LOG10
        || stem.chars().count() >= 4 && strength::guesses_log10(stem, &[]) < MIN_WORD_LOG10
}

#[cfg(test)]
mod tests;
