//! [`Secrets`]: the key of the configuration, masked wherever the upstream sends it back: as it is,
//! escaped for JSON or a URL, or in base64, in headers and bodies, also across two parts of a body.
//!
//! A mask is as long as what it covers, so lengths stay true and JSON stays JSON.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use hyper::body::Bytes;
use memchr::memmem::Finder;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use poem::http::HeaderValue;

/// Shorter keys are not looked for, in bytes: they stand in too many texts by chance.
const SHORTEST: usize = 8;

const MASK: u8 = b'*';

/// Nearly the set that `encodeURIComponent` encodes.
const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// The spellings of a key; clones share them.
#[derive(Clone, Debug, Default)]
pub(super) struct Secrets(Arc<[Finder<'static>]>);

/// A body that is arriving, part by part.
#[derive(Debug)]
pub(super) struct Masking {
    secrets: Secrets,
    /// The end of the last part, which may be the beginning of a spelling.
    held: Vec<u8>,
}

impl Secrets {
    /// The spellings of `key`.
    pub(super) fn of(key: &str) -> Self {
        if key.len() < SHORTEST {
            return Self::default();
        }
        let quoted = serde_json::Value::from(key).to_string();
        let json = quoted.trim_matches('"').to_owned();
        let mut all = vec![key.to_owned(), json.replace('/', "\\/"), json];
        for set in [COMPONENT, NON_ALPHANUMERIC] {
            let encoded = utf8_percent_encode(key, set).to_string();
            all.extend([lower_escapes(&encoded), encoded]);
        }
        for before in 0..3 {
            let standard = in_base64(key, before);
            all.extend([standard.replace('+', "-").replace('/', "_"), standard]);
        }
        all.sort_unstable();
        all.dedup();
        let finders = all
            .into_iter()
            .map(|text| Finder::new(text.as_bytes()).into_owned());
        Self(finders.collect())
    }

    /// These, and the spellings of another one.
    pub(super) fn and(self, key: &str) -> Self {
        let other = Self::of(key);
        Self(self.0.iter().chain(other.0.iter()).cloned().collect())
    }

    /// Checks whether `text` holds no spelling.
    fn is_clean(&self, text: &[u8]) -> bool {
        self.0.iter().all(|secret| secret.find(text).is_none())
    }

    fn mask(&self, text: &mut [u8]) {
        let mut found: Vec<(usize, usize)> = Vec::new();
        for secret in self.0.iter() {
            let length = secret.needle().len();
            let mut from = 0;
            // Also those that overlap.
            while let Some(at) = secret.find(&text[from..]) {
                found.push((from + at, from + at + length));
                from += at + 1;
            }
        }
        for (from, to) in found {
            text[from..to].fill(MASK);
        }
    }

    /// Bytes at the end of `text` that may be the beginning of a spelling.
    fn open_end(&self, text: &[u8]) -> usize {
        let longest = |secret: &Finder<'static>| {
            let needle = secret.needle();
            let most = (needle.len() - 1).min(text.len());
            (1..=most)
                .rev()
                .find(|length| text.ends_with(&needle[..*length]))
                .unwrap_or(0)
        };
        self.0.iter().map(longest).max().unwrap_or(0)
    }

    /// A header's value without them.
    pub(super) fn masked_value(&self, value: &HeaderValue) -> Option<HeaderValue> {
        if self.is_clean(value.as_bytes()) {
            return Some(value.clone());
        }
        let mut bytes = value.as_bytes().to_vec();
        self.mask(&mut bytes);
        HeaderValue::from_bytes(&bytes).ok()
    }

    /// For a body that begins.
    pub(super) fn masking(&self) -> Masking {
        Masking {
            secrets: self.clone(),
            held: Vec::new(),
        }
    }
}

impl Masking {
    /// Masks the next `part` of a body, and returns what may be passed on, which may be empty.
    pub(super) fn push(&mut self, part: &Bytes) -> Bytes {
        let secrets = &self.secrets;
        if self.held.is_empty() && secrets.is_clean(part) {
            let open = secrets.open_end(part);
            let (passed, held) = part.split_at(part.len() - open);
            self.held.extend_from_slice(held);
            return part.slice(..passed.len());
        }
        // Searched together: a spelling may begin in the bytes held back and end in this part.
        let mut text = std::mem::take(&mut self.held);
        text.extend_from_slice(part);
        secrets.mask(&mut text);
        let open = secrets.open_end(&text);
        self.held = text.split_off(text.len() - open);
        text.into()
    }

    /// Returns what was held back, at the end of the body.
    pub(super) fn end(&mut self) -> Bytes {
        std::mem::take(&mut self.held).into()
    }
}

/// The part of the base64 of a text with `key` behind `before` bytes that depends on the key alone.
fn in_base64(key: &str, before: usize) -> String {
    let text = [&[0; 3][..before], key.as_bytes()].concat();
    let encoded = STANDARD_NO_PAD.encode(&text);
    // The first byte that is not the key's reaches into one digit more than it fills.
    let from = (before * 8).div_ceil(6);
    let to = encoded.len() - usize::from(!text.len().is_multiple_of(3));
    encoded[from..to].to_owned()
}

/// The same with escapes in lower case.
fn lower_escapes(encoded: &str) -> String {
    let mut parts = encoded.split('%');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (digits, rest) = part.split_at(part.len().min(2));
        text.push('%');
        text.push_str(&digits.to_ascii_lowercase());
        text.push_str(rest);
    }
    text
}

#[cfg(test)]
mod tests;
