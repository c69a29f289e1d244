//! The credentials by which other services ask about tokens (RFC 6749 section 2.3.1).

use percent_encoding::percent_decode_str;
use secrecy::{ExposeSecret, SecretString};
use subtle::{Choice, ConstantTimeEq};

use crate::config::OAuth;

/// A client that may ask about tokens.
#[derive(Debug)]
pub(super) struct ServiceClient {
    /// `OAUTH_CLIENT_ID`.
    pub(super) id: String,
    /// Its secret, and the one before while that still works.
    secrets: Vec<SecretString>,
}

/// An id and a secret as a client sent them.
#[derive(Clone, Copy)]
pub struct ShownCredentials<'a> {
    /// The id.
    pub id: &'a str,
    /// The secret.
    pub secret: &'a str,
    /// True if both may be form-encoded: RFC 6749 wants it of HTTP Basic, and many clients do not do it.
    pub encoded: bool,
}

impl ServiceClient {
    /// The client of the settings, if there is one.
    pub(super) fn of(config: &OAuth) -> Option<Self> {
        let id = config.client_id.clone()?;
        let secret = config.client_secret.as_ref()?;
        let secrets = [Some(secret), config.previous_client_secret.as_ref()];
        let secrets = secrets.into_iter().flatten();
        let secrets = secrets.map(|secret| SecretString::from(secret.expose().clone()));
        Some(Self {
            id,
            secrets: secrets.collect(),
        })
    }

    /// Compares in a time that tells nothing of how much of a secret is right, nor which.
    pub(super) fn is(&self, shown: ShownCredentials<'_>) -> bool {
        let raw = (shown.id.to_owned(), shown.secret.to_owned());
        let decoded = shown.encoded.then(|| {
            let decode = |text: &str| {
                let text = text.replace('+', " ");
                percent_decode_str(&text).decode_utf8_lossy().into_owned()
            };
            (decode(&raw.0), decode(&raw.1))
        });
        // Without a short cut: every known secret is compared, whatever came of those before.
        let mut good = Choice::from(0);
        for (id, secret) in [Some(raw), decoded].into_iter().flatten() {
            for known in &self.secrets {
                let same_id = self.id.as_bytes().ct_eq(id.as_bytes());
                let known = known.expose_secret().as_bytes();
                good |= same_id & known.ct_eq(secret.as_bytes());
            }
        }
        good.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_taken_as_it_is_and_as_basic_should_encode_it() {
        let client = ServiceClient {
            id: "shop one".to_owned(),
            secrets: vec!["a+b %2B/=\u{e9}".into(), "the one before".into()],
        };
        let is = |id, secret, encoded| {
            client.is(ShownCredentials {
                id,
                secret,
                encoded,
            })
        };
        assert!(is("shop one", "a+b %2B/=\u{e9}", true));
        assert!(is("shop+one", "a%2Bb+%252B%2F%3D%C3%A9", true));
        assert!(is("shop%20one", "the%20one%20before", true));
        assert!(is("shop one", "the one before", false));
        assert!(
            !is("shop+one", "the+one+before", false),
            "of the body once is enough"
        );
        assert!(!is("shop one", "the one", true));
        assert!(!is("shop", "the one before", true));
        assert!(!is("shop one", "", true));
    }
}
