//! The one-time code that opens `/setup`.
//!
//! A loopback address proves nothing: behind a plain reverse proxy on the same machine every
//! stranger has one. So the page asks for a code that only the terminal shows.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq;

use crate::clock::random_bytes;

/// The code that lets a visitor create the first administrator of this process.
///
/// Wrong codes are not counted: at 128 bits no number of guesses helps, and a limit would let a
/// stranger close the page for its owner.
pub struct SetupCode(String);

impl SetupCode {
    /// A code of 128 random bits.
    #[must_use]
    pub fn random() -> Self {
        Self(URL_SAFE_NO_PAD.encode(random_bytes::<16>()))
    }

    /// The code, for the terminal in which the server was started.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Compares a code in constant time.
    pub(super) fn is(&self, given: &str) -> bool {
        self.0.as_bytes().ct_eq(given.trim().as_bytes()).into()
    }
}

impl fmt::Debug for SetupCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SetupCode").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_random_compared_whole_and_never_logged() {
        let code = SetupCode::random();
        assert_ne!(code.expose(), SetupCode::random().expose());
        assert!(!format!("{code:?}").contains(code.expose()));
        for wrong in ["", "x", &code.expose()[1..]] {
            assert!(!code.is(wrong), "{wrong}");
        }
        assert!(code.is(&format!(" {}\n", code.expose())));
    }
}
