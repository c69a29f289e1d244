//! Reset tokens: an administrator lets a user choose a new password without ever
//! knowing it. Each is bound to the hash that it replaces and to the version of the account, so it
//! works once, and not after any other change: disabling an account, for one.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Auth;
use super::account::NewAccount;
use super::acting_as::ActingAs;
use super::error::Error;
use super::keys::TokenHeader;
use super::password::Password;
use super::refresh_token::keyed_hash;
use super::session_sync::END_ALL;
use super::users::{ADMIN, Change, First, User};
use crate::audit::Action;
use crate::clock::random_bytes;
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

impl Auth {
    /// Makes the account of the first administrator with a random password, and gives the
    /// token with which its owner chooses one; `None` where there is an administrator who can sign
    /// in. An account that was invited before and has no password yet gets another token. Tokens of
    /// others who were invited before are void.
    ///
    /// # Errors
    /// [`Error::EmailTaken`] for any other account, [`Error::Invalid`], or an outage.
    pub async fn invite_first_administrator(
        &self,
        email: &str,
        by: &ActingAs,
    ) -> Result<Option<String>, Error> {
        let password = URL_SAFE_NO_PAD.encode(random_bytes::<32>());
        let new = NewAccount::new(email, password).with_role(ADMIN);
        let mut user = self.prepare(by.client(), new).await?;
        // In the row from the start: an account with a lost password must not pass for an
        // administrator when this process ends here.
        let now = self.0.sessions.now().await?;
        user.password_change_required_at = Some(now);
        user.reset_required_at = Some(now);
        let event = by.event_on(Action::UserFirstAdministrator, &user, "");
        match self.0.users.add_first_administrator(&user, &event).await? {
            First::Added => self.issue_reset_token(&user).map(Some),
            First::AdministratorExists => Ok(None),
            First::EmailTaken => {
                let known = self.0.users.find_by_email(&user.email).await?;
                let known = known.filter(|known| known.is_admin() && known.needs_reset());
                let known = known.filter(|known| known.disabled_at.is_none());
                let known = known.ok_or(Error::EmailTaken)?;
                self.0.users.end_invitations(known.id).await?;
                self.require_reset(&known, by).await.map(Some)
            }
        }
    }

    /// A token with which the owner can choose a new password, once, within the hour, as long as
    /// nothing else about the account changes. A server takes it only when both have the same
    /// `JWT_SECRET_KEY`.
    pub(super) fn issue_reset_token(&self, user: &User) -> Result<String, Error> {
        let claims = Claims {
            sub: user.id.uuid(),
            exp: self.0.clock.now().seconds() + LIFETIME_SECONDS,
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
    pub async fn reset_password(
        &self,
        context: &Context,
        token: &str,
        new: Password,
    ) -> Result<(), Error> {
        self.0.limits.call(context).await?;
        let user = self.user_of_reset(token).await?;
        self.0
            .passwords
            .check_new(&new, &user.email, "new_password")?;
        // The change was required because a stranger may know this password.
        if user.password_change_required_at.is_some()
            && self
                .0
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
            new: self.0.passwords.hash(context.client, new).await?,
            at: self.0.sessions.now().await?,
        };
        let event = ActingAs::owner(context, &user).event_on(Action::UserPasswordReset, &user, "");
        // Before as well as after: when the sessions cannot be ended, nothing was changed yet.
        self.0.sessions.end_all(user.id, None).await?;
        match self.alter(user.id, change, None, event, END_ALL).await {
            Ok(None) | Err(Error::UserNotFound) => Err(Error::InvalidResetToken),
            done => done.map(drop),
        }
    }

    /// The e-mail of the account that a reset token works for at this moment. Only for the
    /// holder of the token, who can choose the password.
    pub async fn owner_of_reset(&self, token: &str) -> Option<Email> {
        let user = self.user_of_reset(token).await;
        user.ok().map(|user| user.email)
    }

    async fn user_of_reset(&self, token: &str) -> Result<User, Error> {
        let mut rules = Validation::new(Algorithm::HS256);
        rules.validate_exp = false;
        let key = DecodingKey::from_secret(self.reset_key().expose_secret().as_bytes());
        let header = TokenHeader::of(token).ok_or(Error::InvalidResetToken)?;
        let token = decode::<Claims>(token, &key, &rules).map_err(|_| Error::InvalidResetToken)?;
        let left = token
            .claims
            .exp
            .saturating_sub(self.0.clock.now().seconds());
        let fresh = (1..=LIFETIME_SECONDS + MAX_SKEW_SECONDS).contains(&left);
        if header.typ != TYPE || !fresh {
            return Err(Error::InvalidResetToken);
        }
        let user = self.0.users.find(token.claims.sub.into()).await?;
        let unused = |user: &User| self.fingerprint(user) == token.claims.pwh;
        let user = user.filter(|user| user.disabled_at.is_none() && unused(user));
        user.ok_or(Error::InvalidResetToken)
    }

    fn reset_key(&self) -> SecretString {
        self.secrets().keys.reset().clone()
    }

    fn fingerprint(&self, user: &User) -> String {
        super::hex(
            &keyed_hash(
                self.reset_key().expose_secret().as_bytes(),
                user.password_hash.expose().as_bytes(),
                &[&user.version.to_be_bytes()],
            )[..16],
        )
    }
}
