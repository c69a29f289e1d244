//! Keys and secrets that could be guessed, where users are real.

use super::{Config, PreviousKey, SecretKey, Tier};
use crate::schema::{Fault, FaultKind, Secret};
use crate::strength::is_guessable_key;

/// Refuses a guessable signing key: an attacker could sign tokens of any account, and test guesses
/// without a request.
pub(super) fn key(config: &Config) -> Option<Fault> {
    if config.environment == Tier::Development {
        return None;
    }
    let previous = config.jwt.previous_keys.iter().flat_map(Secret::expose);
    let previous = previous.filter_map(|key| match key {
        PreviousKey::Secret { key, .. } => Some(("JWT_PREVIOUS_KEYS", key)),
        PreviousKey::Pem(_) => None,
    });
    let secret = config.jwt.secret_key.as_ref();
    let mut keys = secret
        .map(|key| ("JWT_SECRET_KEY", key.expose()))
        .into_iter()
        .chain(previous);
    let (name, _) = keys.find(|(_, key)| is_guessable_key(key.as_str()))?;
    let problem = "could be guessed: it is made of words, sequences or repeats";
    let remedy = "make a random one with `aura key generate`";
    Some(Fault::new(FaultKind::Invalid, name, problem, remedy))
}

/// Refuses a short or guessable client secret: an attacker could ask about any token, and end any
/// session.
pub(super) fn client_secret(config: &Config) -> Option<Fault> {
    if config.environment == Tier::Development {
        return None;
    }
    let oauth = &config.oauth;
    let secrets = [
        ("OAUTH_CLIENT_SECRET", oauth.client_secret.as_ref()),
        (
            "OAUTH_PREVIOUS_CLIENT_SECRET",
            oauth.previous_client_secret.as_ref(),
        ),
    ];
    let mut secrets = secrets.into_iter();
    secrets.find_map(|(name, secret)| {
        let problem = weakness(secret?.expose())?;
        let remedy = "make a random one with `aura key generate`";
        Some(Fault::new(FaultKind::Invalid, name, problem, remedy))
    })
}

/// Why a secret is too weak, if it is.
fn weakness(secret: &str) -> Option<String> {
    match SecretKey::try_from(secret.to_owned()) {
        Err(why) => Some(why.split("; ").next().unwrap_or_default().to_owned()),
        Ok(_) if is_guessable_key(secret) => {
            Some("could be guessed: it is made of words, sequences or repeats".to_owned())
        }
        Ok(_) => None,
    }
}
