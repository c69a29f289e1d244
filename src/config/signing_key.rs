//! Keys that sign tokens, and the requirements that they meet before they are used.
//!
//! Only shape is checked here; whether a PEM block holds a usable key is for the code that signs.
//! No message quotes a key.

use std::fmt;

use crate::schema::Zeroize;

/// Signs of a key that was copied from documentation, in lower case without punctuation.
const EXAMPLE_FRAGMENTS: [&str; 14] = [
    "astringsecretatleast",
    "changeme",
    "changethis",
    "insecuresecret",
    "replaceme",
    "replacethis",
    "replacewith",
    "secretkeyhere",
    "thisisasecret",
    "your256bitsecret",
    "your384bitsecret",
    "your512bitsecret",
    "yoursecret",
    "yoursupersecret",
];

/// Whole keys that documents print, in lower case without punctuation: a web framework's tutorial
/// and RFC 7515, appendix A.1.
const EXAMPLE_KEYS: [&str; 2] = [
    "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7",
    "aym1sysppbydfgzld3umj1qzkobwvmkoqqestjqlrt1qs0gzh75aktmn3yj0ips4hcguutwjazzr1z9caow",
];

/// A key that repeats so few bytes is not random.
const LONGEST_REPEAT: usize = 8;

/// A key for HMAC: at least 32 bytes, and not an example from documentation.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretKey(String);

impl SecretKey {
    /// The fewest bytes a key may have (RFC 7518, section 3.2).
    pub const MIN_BYTES: usize = 32;

    /// The key's bytes, exactly as given.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// The key as given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for SecretKey {
    type Error = String;

    fn try_from(key: String) -> Result<Self, String> {
        refuse_weak(&key)?;
        Ok(Self(key))
    }
}

fn refuse_weak(key: &str) -> Result<(), String> {
    // Without separators and case: examples are copied with other quotes, dashes and capitals.
    let plain: String = key.chars().filter(char::is_ascii_alphanumeric).collect();
    let plain = plain.to_ascii_lowercase();
    let copied = EXAMPLE_FRAGMENTS
        .iter()
        .any(|fragment| plain.contains(fragment))
        || EXAMPLE_KEYS.contains(&plain.as_str());
    if copied {
        return Err(
            "is an example from documentation, which anybody can sign with; \
             make one with `aura key generate`"
                .to_owned(),
        );
    }
    if key.len() < SecretKey::MIN_BYTES {
        return Err(format!(
            "is {} bytes long and needs at least {}; make one with `aura key generate`",
            key.len(),
            SecretKey::MIN_BYTES
        ));
    }
    if repeats(key.as_bytes()) || repeats(plain.as_bytes()) {
        return Err("repeats a few characters over and over; \
             make one with `aura key generate`"
            .to_owned());
    }
    Ok(())
}

/// Checks whether `bytes` repeats a short run.
fn repeats(bytes: &[u8]) -> bool {
    (1..=LONGEST_REPEAT)
        .any(|period| bytes.len() > 2 * period && bytes[period..] == bytes[..bytes.len() - period])
}

/// A private key in PEM: PKCS #8, or PKCS #1 for RSA.
#[derive(Clone, PartialEq, Eq)]
pub struct PrivateKey(String);

impl PrivateKey {
    /// The PEM block with real line breaks.
    #[must_use]
    pub fn as_pem(&self) -> &str {
        &self.0
    }

    /// Checks for the older format that holds RSA keys only (PKCS #1).
    #[must_use]
    pub fn is_pkcs1(&self) -> bool {
        self.0.contains("-----BEGIN RSA PRIVATE KEY-----")
    }
}

impl TryFrom<String> for PrivateKey {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let blocks = split(&text);
        let [KeyText::Pem { label, pem }] = blocks.as_slice() else {
            return Err("is not one PEM block; give the whole file, \
                 from -----BEGIN PRIVATE KEY----- to -----END PRIVATE KEY-----");
        };
        refuse_unreadable(label)?;
        if !label.ends_with("PRIVATE KEY") {
            return Err("holds no private key; make one with `aura key generate`");
        }
        Ok(Self(pem.clone()))
    }
}

pub(super) fn refuse_unreadable(label: &str) -> Result<(), &'static str> {
    match label {
        "EC PRIVATE KEY" => Err("is an elliptic curve key in the older SEC1 form; \
             convert it with `openssl pkcs8 -topk8 -nocrypt -in OLD -out NEW`"),
        "ENCRYPTED PRIVATE KEY" => Err(
            "is encrypted, and a server has no one to type its password; \
             decrypt it with `openssl pkcs8 -in OLD -out NEW`",
        ),
        "PRIVATE KEY" | "RSA PRIVATE KEY" | "PUBLIC KEY" => Ok(()),
        _ => Err("holds a PEM block that is not a signing key; \
             give a PRIVATE KEY block, as `aura key generate` makes it"),
    }
}

/// A piece of a text that holds keys.
pub(super) enum KeyText {
    Pem { label: String, pem: String },
    Word(String),
}

/// PEM blocks, and the words between them.
pub(super) fn split(text: &str) -> Vec<KeyText> {
    let mut parts = Vec::new();
    let mut rest = text;
    loop {
        let begin = rest.find("-----BEGIN ");
        let words = &rest[..begin.unwrap_or(rest.len())];
        // Several files that were joined have a byte-order mark each.
        let words = words.split(|c: char| c == ',' || c == '\u{feff}' || c.is_whitespace());
        // A line break written as `\n` between two blocks is not a key.
        let words = words.filter(|word| !word.replace("\\r", "").replace("\\n", "").is_empty());
        parts.extend(words.map(|word| KeyText::Word(word.to_owned())));
        let Some(begin) = begin else { return parts };
        rest = &rest[begin..];
        let Some((label, length)) = block(rest) else {
            parts.push(KeyText::Pem {
                label: "unfinished".to_owned(),
                pem: String::new(),
            });
            return parts;
        };
        // Variables and .env files often hold a key in one line, with its line breaks written as `\n`.
        let pem = rest[..length].replace("\\r", "").replace("\\n", "\n");
        parts.push(KeyText::Pem {
            label: label.to_owned(),
            pem: format!("{}\n", pem.trim_end()),
        });
        rest = &rest[length..];
    }
}

/// The label and the length in bytes of the PEM block that `text` begins with.
fn block(text: &str) -> Option<(&str, usize)> {
    let label = text.strip_prefix("-----BEGIN ")?.split_once("-----")?.0;
    let end = format!("-----END {label}-----");
    Some((label, text.find(&end)? + end.len()))
}

macro_rules! hidden {
    ($type:ty, $schema:tt, |$key:ident| $wipe:expr) => {
        impl Zeroize for $type {
            fn zeroize(&mut self) {
                let $key = self;
                $wipe;
            }
        }

        /// Nothing of the key.
        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($type), "([redacted])"))
            }
        }

        crate::schema::inline_schema!($type, $schema);
    };
}

hidden!(SecretKey, { "type": "string", "minLength": SecretKey::MIN_BYTES }, |key| key.0.zeroize());
hidden!(PrivateKey, { "type": "string", "format": "pem" }, |key| key.0.zeroize());

pub(super) use hidden;

#[cfg(test)]
mod tests;
