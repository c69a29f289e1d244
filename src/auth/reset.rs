//! [`PasswordResets`]: reset tokens, by which an administrator lets a user choose a new password
//! without ever knowing it. Each is bound to the hash that it replaces and to the version of the
//! account, so it works once, and not after any other change: disabling an account, for one.

use std::sync::Arc;

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::account_changes::{AccountChanges, END_ALL};
use super::acting_as::ActingAs;
use super::error::Error;
use super::keyring::Keyring;
use super::keys::TokenHeader;
use super::limits::Limits;
use super::password::Password;
use super::passwords::Passwords;
use super::refresh_token::{hex, keyed_hash};
use super::sessions::Sessions;
use super::users::{Change, User, Users};
use crate::audit::Action;
use crate::clock::Clock;
use crate::http::{Context, FieldError};
use crate::identity::Email;

/// Lifetime of a reset token.
pub const LIFETIME_SECONDS: i64 = 60 * 60;

const TYPE: &str = "reset+jwt";

/// Seconds by which the clock of the machine that made a token may be ahead.
const MAX_SKEW_SECONDS: i64 = 300;

#[derive(Serialize, Deserialize)]
struct Claims {
    sub: Uuid,
    exp: i64,
    /// A fingerprint of the hash to be replaced and of the account's version.
    pwh: String,
}

/// Reset tokens: made, and exchanged for a new password.
#[derive(Debug)]
pub struct PasswordResets {
    pub(super) users: Users,
    pub(super) sessions: Sessions,
    pub(super) keyring: Arc<Keyring>,
    pub(super) passwords: Arc<Passwords>,
    pub(super) limits: Arc<Limits>,
    pub(super) changes: AccountChanges,
    pub(super) clock: Clock,
}

impl PasswordResets {
    /// A token with which the owner can choose a new password, once, within the hour, as long as
    /// nothing else about the account changes. A server takes it only when both have the same
    /// `JWT_SECRET_KEY`.
    pub(super) fn issue(&self, user: &User) -> Result<String, Error> {
        let claims = Claims {
            sub: user.id.uuid(),
            exp: self.clock.now().seconds() + LIFETIME_SECONDS,
            pwh: self.fingerprint(user),
        };
        let header = Header {
            typ: Some(TYPE.to_owned()),
            ..Header::new(Algorithm::HS256)
        };
        let key = EncodingKey::from_secret(self.reset_key().expose_secret().as_bytes());
        encode(&header, &claims, &key).map_err(|error| {
            tracing::error!(%error, "a reset token could not be signed");
            Error::Internal
        })
    }

    /// Sets a new password by a reset token, and ends all sessions.
    ///
    /// # Errors
    /// [`Error::InvalidResetToken`], [`Error::Invalid`], [`Error::Limited`], [`Error::Busy`], or
    /// an outage.
    pub async fn reset(&self, context: &Context, token: &str, new: Password) -> Result<(), Error> {
        self.limits.admit(context).await?;
        let user = self.user_of(token).await?;
        self.passwords
            .check_new(&new, &user.email, "new_password")?;
        // The change was required because a stranger may know this password.
        if user.password_change_required_at.is_some()
            && self
                .passwords
                .check(context.client, Some(user.clone()), &new)
                .await?
                .is_some()
        {
            let message = "this is the password that has to be changed; choose another one";
            let fault = FieldError::new("new_password", "password_unchanged", message);
            return Err(Error::Invalid(vec![fault]));
        }
        let change = Change::ResetPassword {
            version: user.version,
            new: self.passwords.hash(context.client, new).await?,
            now: self.sessions.now().await?,
        };
        let event = ActingAs::owner(context, &user).event_on(Action::UserPasswordReset, &user, "");
        // Before as well as after: when the sessions cannot be ended, nothing was changed yet.
        self.sessions.end_all(user.id, None).await?;
        match self
            .changes
            .alter(user.id, change, None, event, END_ALL)
            .await
        {
            Ok(None) | Err(Error::UserNotFound) => Err(Error::InvalidResetToken),
            done => done.map(drop),
        }
    }

    /// The e-mail of the account that a reset token works for at this moment. Only for the
    /// holder of the token, who can choose the password.
    pub async fn owner_of(&self, token: &str) -> Option<Email> {
        let user = self.user_of(token).await;
        user.ok().map(|user| user.email)
    }

    async fn user_of(&self, token: &str) -> Result<User, Error> {
        let mut rules = Validation::new(Algorithm::HS256);
        // The library reads the clock of the system: `exp` is checked below, by this server's.
        rules.validate_exp = false;
        let key = DecodingKey::from_secret(self.reset_key().expose_secret().as_bytes());
        let header = TokenHeader::of(token).ok_or(Error::InvalidResetToken)?;
        let token = decode::<Claims>(token, &key, &rules).map_err(|_| Error::InvalidResetToken)?;
        let left = token.claims.exp.saturating_sub(self.clock.now().seconds());
        let fresh = (1..=LIFETIME_SECONDS + MAX_SKEW_SECONDS).contains(&left);
        if header.typ != TYPE || !fresh {
            return Err(Error::InvalidResetToken);
        }
        let user = self.users.find(token.claims.sub.into()).await?;
        let unused = |user: &User| self.fingerprint(user) == token.claims.pwh;
        let user = user.filter(|user| user.disabled_at.is_none() && unused(user));
        user.ok_or(Error::InvalidResetToken)
    }

    fn reset_key(&self) -> SecretString {
        self.keyring.current().keys.reset().clone()
    }

    fn fingerprint(&self, user: &User) -> String {
        hex(&keyed_hash(
            self.reset_key().expose_secret().as_bytes(),
            user.password_hash.expose().as_bytes(),
            &[&user.version.to_be_bytes()],
        )[..16])
    }
}
