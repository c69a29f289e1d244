//! What a new password must be, and the hash it becomes.

use secrecy::{ExposeSecret, SecretString};

use super::email::Email;
use crate::http::FieldError;
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

    /// The cost it was made with; `None` for a text that no password is compared with: one that is
    /// not a bcrypt hash, or is dearer than [`MAX_COST`].
    #[must_use]
    pub fn cost(&self) -> Option<u32> {
        let parts: bcrypt::HashParts = self.expose().parse().ok()?;
        Some(parts.get_cost()).filter(|cost| *cost <= MAX_COST)
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

/// True for a password that is cheap to guess for those who know the address.
fn resembles(password: &str, email: &Email) -> bool {
    let (local, domain) = email
        .as_str()
        .split_once('@')
        .unwrap_or((email.as_str(), ""));
    let host = domain.split('.').next().unwrap_or_default();
    let mut parts = vec![email.as_str(), local, domain, host];
    // `johanna.meyer-1987` is Johanna, and Meyer.
    parts.extend(local.split(|c: char| !c.is_ascii_alphabetic()));
    let known = strength::guesses_log10(password, &parts);
    known < MIN_GUESSES_LOG10 && known < strength::guesses_log10(password, &[])
}

/// Whether the password is cheap to guess, or is one common word with digits and signs around it.
fn is_common(password: &str) -> bool {
    let stem = password.trim_matches(|c: char| !c.is_alphabetic());
    strength::guesses_log10(password, &[]) < MIN_GUESSES_LOG10
        || stem.chars().count() >= 4 && strength::guesses_log10(stem, &[]) < MIN_WORD_LOG10
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
            "horsepaperwatergreen",
            "lamp chair river stone",
            "xkqzvbnwpjtm",
            "k9$Gx!7@pQ#z",
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
            "thisismypassword",
            "this is my password",
            "p a s s w o r d 1 2",
            "iloveyousomuch",
            "iamthebestintheworld",
            "пароль123456",
            "parol1234567",
            "gfhjkm123456",
            "приветпривет",
            "йцукенгшщзхъ",
            "qwertzuiopü+",
            "azertyuiop12",
            "1qaz2wsx3edc",
            "drowssapdrowssap",
            "ppaasssswwoorrdd",
            "Winter2023!!",
            "passw\u{ad}ord\u{200b}1234",
            "ｐａｓｓｗｏｒｄ１２３４",
            "pаsswоrd1234",
            "pässwörd1234",
            "\u{ad}\u{ad}\u{ad}\u{ad}\u{ad}\u{ad}\u{ad}\u{ad}\u{ad}\u{ad}\u{ad}\u{ad}",
            "xxxxxxxxxxxxxxxxxxxxx",
            &"x".repeat(72),
            &"é".repeat(36),
            &"abc".repeat(24),
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
            "johannameyer1987",
            "meyer-johanna-2024",
            "J0hanna.M3yer!",
            "reyem.annahoj",
        ] {
            assert_eq!(codes(password), ["password_similar_to_email"], "{password}");
        }
    }

    #[test]
    fn the_decoy_is_a_hash_of_its_cost() {
        let decoy = PasswordHash::decoy(10);
        assert_eq!(decoy.cost(), Some(10));
        assert_eq!(PasswordHash::decoy(15).cost(), Some(15));
        for unusable in [16, 31, 99] {
            assert_eq!(PasswordHash::decoy(unusable).cost(), None);
        }
        for text in [
            "",
            "$2b$10$short",
            "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA",
        ] {
            assert_eq!(PasswordHash::from_stored(text.to_owned()).cost(), None);
        }
        assert_eq!(bcrypt::verify("anything", decoy.expose()).ok(), Some(false));
        assert!(!format!("{decoy:?}").contains("2b"));
    }
}
