//! The proof that a form is ours and was sent by the browser that got it: a token bound to the
//! session, or before there is one to a cookie.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::clock::random_bytes;

/// Random bytes of a form cookie.
const NONCE: usize = 18;

/// The value of a form cookie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Nonce(String);

impl Nonce {
    pub(super) fn random() -> Self {
        Self(URL_SAFE_NO_PAD.encode(random_bytes::<NONCE>()))
    }

    /// Parses a form cookie. Anything of another shape is refused, so that a planted cookie cannot
    /// stand for a session id or a message in what we sign.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        (bytes.len() == NONCE).then(|| Self(text.to_owned()))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Masks a token for one page. It differs each time, so that the size of a compressed page says
/// nothing of it (the BREACH attack).
pub(super) fn mask(token: &str) -> String {
    let pad = random_bytes::<64>();
    let token = token.as_bytes();
    let mut bytes = Vec::with_capacity(token.len() * 2);
    bytes.extend(pad.iter().cycle().take(token.len()));
    bytes.extend(token.iter().zip(pad.iter().cycle()).map(|(a, b)| a ^ b));
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Restores a masked token.
pub(super) fn unmask(masked: &str) -> Option<String> {
    let bytes = URL_SAFE_NO_PAD.decode(masked).ok()?;
    let (pad, token) = bytes.split_at(bytes.len() / 2);
    let token = pad.iter().zip(token).map(|(a, b)| a ^ b).collect();
    String::from_utf8(token).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn nonce_parses_only_what_it_could_have_made() {
        let nonce = Nonce::random();
        assert_eq!(Nonce::parse(nonce.as_str()), Some(nonce));
        for text in ["", "x", "done:x", "0d9f5c57-8a3c-4a86-b5f1-59d8a9e8e8aa"] {
            assert_eq!(Nonce::parse(text), None, "{text}");
        }
    }

    #[test]
    fn mask_differs_each_time_and_hides_repetition() {
        let token = "x".repeat(43);
        assert_ne!(mask(&token), mask(&token));
        assert!(!mask(&token).contains("xxx"));
    }

    proptest! {
        #[test]
        fn unmask_restores_any_masked_token(token in "[!-~]{0,80}", junk in ".{0,80}") {
            prop_assert_eq!(unmask(&mask(&token)), Some(token));
            let _ = unmask(&junk);
        }
    }
}
