//! Keys that verify and no longer sign.

use std::fmt;

use super::algorithm::Algorithm;
use super::signing_key::{KeyText, SecretKey, hidden, refuse_unreadable, split};
use crate::schema::{Zeroize, is_invisible};

/// Keys that verify and no longer sign.
#[derive(Clone, PartialEq, Eq)]
pub struct PreviousKeys(Vec<PreviousKey>);

/// One key that verifies and no longer signs.
#[derive(Clone, PartialEq, Eq)]
pub enum PreviousKey {
    /// A key for HMAC.
    Secret {
        /// The key.
        key: SecretKey,
        /// The algorithm of the tokens that it signed, where that is said.
        algorithm: Option<Algorithm>,
    },
    /// A private or public key in PEM.
    Pem(String),
}

impl PreviousKeys {
    /// The keys in the order given; at least one.
    pub fn iter(&self) -> std::slice::Iter<'_, PreviousKey> {
        self.0.iter()
    }
}

impl<'a> IntoIterator for &'a PreviousKeys {
    type Item = &'a PreviousKey;
    type IntoIter = std::slice::Iter<'a, PreviousKey>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl TryFrom<String> for PreviousKeys {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let mut keys = Vec::new();
        for (at, part) in split(&text).into_iter().enumerate() {
            let place = at + 1;
            keys.push(match part {
                KeyText::Pem { label, pem } => {
                    refuse_unreadable(&label).map_err(|why| format!("key {place} {why}"))?;
                    PreviousKey::Pem(pem)
                }
                KeyText::Word(word) => {
                    let mut symmetric = Algorithm::ALL.into_iter().filter(|a| a.is_symmetric());
                    let named = symmetric.find_map(|algorithm| {
                        let key = word.strip_prefix(algorithm.as_str())?.strip_prefix(':')?;
                        Some((key.to_owned(), Some(algorithm)))
                    });
                    let (key, algorithm) = named.unwrap_or((word, None));
                    if key.starts_with(is_invisible) || key.ends_with(is_invisible) {
                        return Err(format!(
                            "key {place} begins or ends with an invisible character; remove it: it \
                             would be part of the key"
                        ));
                    }
                    let key = SecretKey::try_from(key);
                    let key = key.map_err(|why| format!("key {place} {why}"))?;
                    PreviousKey::Secret { key, algorithm }
                }
            });
        }
        if keys.is_empty() {
            return Err("holds no key; remove the variable".to_owned());
        }
        Ok(Self(keys))
    }
}

hidden!(PreviousKeys, { "type": "string", "format": "pem" }, |keys| {
    for key in &mut keys.0 {
        match key {
            PreviousKey::Secret { key, .. } => key.zeroize(),
            PreviousKey::Pem(pem) => pem.zeroize(),
        }
    }
});

/// Nothing of the key.
impl fmt::Debug for PreviousKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Secret { .. } => "Secret([redacted])",
            Self::Pem(_) => "Pem([redacted])",
        })
    }
}

#[cfg(test)]
mod tests;
