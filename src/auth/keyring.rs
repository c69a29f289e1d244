//! [`Keyring`]: the keys and credentials of the configuration that holds, and what they sign: access
//! tokens, cookies, the tokens of forms. Does no I/O.

use std::sync::Arc;

use arc_swap::ArcSwap;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::SecretString;
use subtle::ConstantTimeEq;

use super::access_token::{AccessTokens, Claims};
use super::error::Error;
use super::keys::{BadKey, Keys};
use super::refresh_token::{RefreshToken, hex};
use super::server_metadata::ServerMetadata;
use super::service_client::ServiceClient;
use crate::clock::{Clock, random_bytes};
use crate::config::Config;
use crate::identity::SessionId;

/// Keys and credentials of a configuration.
#[derive(Debug)]
pub struct Secrets {
    pub(super) keys: Keys,
    pub(super) client: Option<ServiceClient>,
    metadata: Result<ServerMetadata, String>,
}

impl Secrets {
    fn new(config: &Config, stand_in: &SecretString) -> Result<Self, BadKey> {
        let secret = config.jwt.secret_key.as_ref().map_or_else(
            || stand_in.clone(),
            |key| SecretString::from(key.expose().as_str().to_owned()),
        );
        let keys = Keys::new(&config.jwt, &secret)?;
        Ok(Self {
            client: ServiceClient::of(&config.oauth),
            metadata: ServerMetadata::of(config, &keys),
            keys,
        })
    }
}

/// Keys and credentials that can be replaced while the server runs.
#[derive(Debug)]
pub struct Keyring {
    current: ArcSwap<Secrets>,
    /// Stands in for `JWT_SECRET_KEY` where that is not set.
    stand_in: SecretString,
    access: AccessTokens,
    clock: Clock,
}

impl Keyring {
    pub(super) fn new(config: &Config, clock: Clock) -> Result<Self, BadKey> {
        // Drawn once: reloaded settings must not void every token.
        let stand_in = SecretString::from(hex(&random_bytes::<32>()));
        Ok(Self {
            current: ArcSwap::from_pointee(Secrets::new(config, &stand_in)?),
            stand_in,
            access: AccessTokens::new(&config.jwt),
            clock,
        })
    }

    /// Checks the keys and credentials of another configuration, to be used later by
    /// [`Self::replace`].
    ///
    /// # Errors
    /// [`BadKey`] when a key cannot be used.
    pub fn prepare(&self, config: &Config) -> Result<Secrets, BadKey> {
        Secrets::new(config, &self.stand_in)
    }

    /// Signs, verifies and compares with `secrets` from now on.
    pub fn replace(&self, secrets: Secrets) {
        self.current.store(Arc::new(secrets));
    }

    /// The keys and credentials of this moment.
    pub(super) fn current(&self) -> Arc<Secrets> {
        self.current.load_full()
    }

    pub(super) const fn access(&self) -> &AccessTokens {
        &self.access
    }

    /// The public keys, for those who verify tokens themselves.
    #[must_use]
    pub fn jwks(&self) -> serde_json::Value {
        self.current().keys.jwks()
    }

    /// The metadata of this server for OAuth clients (RFC 8414).
    ///
    /// # Errors
    /// [`Error::NotDescribed`] with the setting that is in the way.
    pub fn metadata(&self) -> Result<ServerMetadata, Error> {
        let metadata = self.current().metadata.clone();
        metadata.map_err(Error::NotDescribed)
    }

    /// The claims of `token`, of which only the signature and, coarsely, the times are checked: whoever
    /// needs them before the session is looked up must not act on them before that.
    ///
    /// # Errors
    /// [`Error::InvalidToken`].
    pub fn verify(&self, token: &str) -> Result<Claims, Error> {
        let now = self.clock.now();
        let claims = self.access.verify(&self.current().keys, token, now);
        claims.ok_or(Error::InvalidToken)
    }

    /// Checks whether `token` says that it was issued here, as an access token or as a refresh token,
    /// good or not. Does no I/O.
    #[must_use]
    pub fn issued(&self, token: &str) -> bool {
        let keys = &self.current().keys;
        self.access.are_issuer_of(keys, token)
            || RefreshToken::parse(token, keys.refresh()).is_some()
            || self.made_cookie(token)
    }

    /// Checks that this server made the cookie, whether or not its session has ended. Does no I/O.
    #[must_use]
    pub fn made_cookie(&self, cookie: &str) -> bool {
        self.session_of_cookie(cookie).is_some()
    }

    /// The token that a form carries to show that the page before it was ours: bound to `binding`,
    /// which is a session's id, or the value of the form cookie where there is no session.
    ///
    /// # Errors
    /// [`Error::Internal`] without a key.
    pub fn form_token(&self, binding: &str) -> Result<String, Error> {
        let secrets = self.current();
        let key = secrets.keys.refresh_today()?;
        Ok(URL_SAFE_NO_PAD.encode(key.tag(b"form", binding.as_bytes())))
    }

    /// Checks the form's `token` for `binding`.
    #[must_use]
    pub fn form_token_is_good(&self, binding: &str, token: &str) -> bool {
        let Ok(token) = URL_SAFE_NO_PAD.decode(token) else {
            return false;
        };
        // Also by earlier keys: a page that was open during a change of keys must still be sent.
        let secrets = self.current();
        let mut keys = secrets.keys.refresh().iter();
        keys.any(|key| bool::from(key.tag(b"form", binding.as_bytes()).ct_eq(&token)))
    }

    pub(super) fn cookie_of(&self, id: SessionId) -> Result<String, Error> {
        let secrets = self.current();
        let key = secrets.keys.refresh_today()?;
        let tag = key.tag(b"browser", id.uuid().as_bytes());
        Ok(format!("{id}.{}", URL_SAFE_NO_PAD.encode(tag)))
    }

    /// The session that a cookie names, if we made the cookie. Does no I/O.
    pub(super) fn session_of_cookie(&self, cookie: &str) -> Option<SessionId> {
        // Lengths first: what a client sends is decoded and hashed only where it can be a cookie of ours.
        let (id, tag) = cookie.split_once('.')?;
        if id.len() != 36 || tag.len() != 43 {
            return None;
        }
        let id: SessionId = id.parse().ok()?;
        let tag = URL_SAFE_NO_PAD.decode(tag).ok()?;
        let secrets = self.current();
        let mut keys = secrets.keys.refresh().iter();
        let ours = keys.any(|key| {
            let expected = key.tag(b"browser", id.uuid().as_bytes());
            bool::from(expected.ct_eq(&tag))
        });
        ours.then_some(id)
    }
}
