//! What a new password must be, and the hash it becomes.

use secrecy::{ExposeSecret, SecretString};

use super::email::Email;
use crate::http::FieldError;

/// bcrypt reads no more than this many bytes; a longer password would be cut in silence.
pub(super) const MAX_BYTES: usize = 72;

/// Below this many guesses a password falls to lists of common ones, keyboard rows, runs of the
/// alphabet, repeats and dates.
const MIN_GUESSES_LOG10: f64 = 7.0;

/// A word of fewer guesses stands in those lists by itself, and what is appended hides it from
/// nobody.
const COMMON_WORD_LOG10: f64 = 5.0;

/// From this length on only the lists count: nobody tries every long repeat.
const LONG: usize = 20;

/// A bcrypt hash in the modular crypt format (`$2b$12$...`). Not shown by `Debug`.
#[derive(Clone)]
pub struct PasswordHash(SecretString);

impl PasswordHash {
    /// A hash as it stands in the database.
    #[must_use]
    pub fn from_stored(text: String) -> Self {
        Self(text.into())
    }

    /// A hash of the given cost that no password was ever hashed to, so that an unknown account
    /// costs as much as a known one.
    #[must_use]
    pub fn decoy(cost: u32) -> Self {
        Self(format!("$2b${cost:02}${}", ".".repeat(53)).into())
    }

    /// The text to store or to compare.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// The cost it was made with; `None` for a text that is no bcrypt hash.
    #[must_use]
    pub fn cost(&self) -> Option<u32> {
        self.expose().split('$').nth(2)?.parse().ok()
    }
}

impl std::fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PasswordHash([redacted])")
    }
}

/// Checks a new password after NIST SP 800-63B: length, not common, not the e-mail; no rules of
/// composition. Takes milliseconds, so it runs on the hashing pool.
///
/// `field` is the input's name for it. Gives every fault, none for a good password.
#[must_use]
pub(super) fn faults(
    password: &str,
    email: &Email,
    min_chars: usize,
    field: &str,
) -> Vec<FieldError> {
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

/// Whether little is left of the password once the parts of the address are taken out.
fn resembles(password: &str, email: &Email) -> bool {
    let password = password.to_lowercase();
    let (local, domain) = email
        .as_str()
        .split_once('@')
        .unwrap_or((email.as_str(), ""));
    let host = domain.split('.').next().unwrap_or_default();
    [email.as_str(), local, domain, host]
        .into_iter()
        .filter(|part| part.len() >= 4)
        .any(|part| password.contains(part) && password.replace(part, "").chars().count() < 8)
}

/// Whether the password is cheap to guess, or is one common word with digits and signs around it.
fn is_common(password: &str) -> bool {
    let guesses = |text: &str| zxcvbn::zxcvbn(text, &[]).guesses_log10();
    let stem = password.trim_matches(|c: char| !c.is_alphabetic());
    let whole = guesses(password);
    password.chars().count() < LONG && whole < MIN_GUESSES_LOG10
        || whole < COMMON_WORD_LOG10 && !is_repeat(password)
        || stem.chars().count() >= 4 && guesses(stem) < COMMON_WORD_LOG10 && !is_repeat(stem)
}

/// Whether the text is a single character over and over.
fn is_repeat(text: &str) -> bool {
    let mut chars = text.chars();
    let first = chars.next();
    chars.all(|c| Some(c) == first)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(password: &str) -> Vec<&'static str> {
        let email = Email::try_from("johanna.meyer@bluebird.example").unwrap();
        faults(password, &email, 12, "password")
            .into_iter()
            .map(|fault| fault.code)
            .collect()
    }

    #[test]
    fn good_passwords_pass() {
        for password in [
            "correct horse battery staple",
            "Tr0ub4dor&3-lantern",
            "kelp-anvil-quorum",
            "зима-лампа-якорь",
            &"é7Qp!".repeat(12),
            &"x".repeat(72),
        ] {
            assert_eq!(codes(password), [""; 0], "{password}");
        }
    }

    #[test]
    fn length_counts_characters_below_and_bytes_above() {
        assert_eq!(codes(""), ["password_too_short"]);
        assert_eq!(codes("Zk4!pw9-Qx2"), ["password_too_short"]);
        let at_limit: String = "zQ7-mK2+".repeat(9);
        assert_eq!((at_limit.len(), codes(&at_limit)), (72, vec![]));
        assert_eq!(codes(&format!("{at_limit}x")), ["password_too_long"]);
        assert_eq!(codes("a\0b-long-enough-it-is"), ["contains_nul"]);
    }

    #[test]
    fn common_passwords_and_their_variations_are_refused() {
        for password in [
            "password1234",
            "Password12345",
            "passwordpassword",
            "123456789012",
            "qwertyuiop123",
            "aaaaaaaaaaaa",
            "letmein12345",
            "iloveyou2024!",
            "P@ssw0rd12345",
            "administrator1",
            "12345678901234567890",
        ] {
            assert_eq!(codes(password), ["password_too_common"], "{password}");
        }
    }

    #[test]
    fn the_address_is_no_password() {
        for password in [
            "johanna.meyer@bluebird.example",
            "johanna.meyer12",
            "Bluebird2024",
            "BLUEBIRD-1234",
        ] {
            assert_eq!(codes(password), ["password_similar_to_email"], "{password}");
        }
    }

    #[test]
    fn the_decoy_is_a_hash_of_its_cost() {
        let decoy = PasswordHash::decoy(10);
        assert_eq!(decoy.cost(), Some(10));
        assert_eq!(bcrypt::verify("anything", decoy.expose()).ok(), Some(false));
        assert!(!format!("{decoy:?}").contains("2b"));
    }
}
