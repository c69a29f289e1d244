//! Signing in.

use secrecy::SecretString;

use super::access_token::Grant;
use super::acting_as::ActingAs;
use super::error::Error;
use super::password::Password;
use super::refresh_token::RefreshToken;
use super::sessions::{Credential, NewSession, Owner, Session};
use super::users::User;
use super::{Auth, TokenPair};
use crate::audit::{Action, Actor, Event, Origin, Subject};
use crate::clock::Timestamp;
use crate::http::Context;
use crate::identity::{Email, SessionId};

/// Outcome of a sign-in whose password is right. A second step of signing in is another variant: the
/// compiler then asks every client what it does there.
#[derive(Clone, Debug)]
pub enum SignIn<T> {
    /// A session has begun; `T` is what its client gets.
    Session(T),
    /// The password opens nothing but the form for a new one, which takes this reset token.
    PasswordChangeRequired(SecretString),
}

impl<T> SignIn<T> {
    /// The session, for a client that can take no other step.
    ///
    /// # Errors
    /// [`Error::PasswordChangeRequired`].
    pub fn session(self) -> Result<T, Error> {
        match self {
            Self::Session(session) => Ok(session),
            Self::PasswordChangeRequired(_) => Err(Error::PasswordChangeRequired),
        }
    }

    /// Makes what the client gets out of the session.
    pub(super) fn try_map<U>(
        self,
        make: impl FnOnce(T) -> Result<U, Error>,
    ) -> Result<SignIn<U>, Error> {
        Ok(match self {
            Self::Session(session) => SignIn::Session(make(session)?),
            Self::PasswordChangeRequired(token) => SignIn::PasswordChangeRequired(token),
        })
    }
}

/// A session that has begun.
pub(super) struct Begun {
    pub(super) session: Session,
    /// The first refresh token of the session.
    pub(super) token: RefreshToken,
    /// The proof that the device has signed in.
    pub(super) device: SecretString,
}

impl Auth {
    /// Signs in. An unknown account, a wrong password and a disabled account cost the same and
    /// look the same.
    ///
    /// # Errors
    /// [`Error::InvalidCredentials`], [`Error::Limited`], [`Error::Busy`], or an outage.
    pub async fn login(
        &self,
        context: &Context,
        email: &str,
        password: Password,
    ) -> Result<SignIn<TokenPair>, Error> {
        let outcome = self
            .sign_in(context, email, password, Credential::Tokens)
            .await?;
        outcome.try_map(|begun| {
            let session = &begun.session;
            let since = session.created_at;
            let mut pair = self.pair(&session.owner, &begun.token, since, since)?;
            pair.device = Some(begun.device);
            Ok(pair)
        })
    }

    /// The same for a client of either credential, which makes its own of the session.
    pub(super) async fn sign_in(
        &self,
        context: &Context,
        email: &str,
        password: Password,
        credential: Credential,
    ) -> Result<SignIn<Begun>, Error> {
        let device = self.known_device(context, email).await?;
        let device = device.as_ref();
        // Concurrently, so that an outage is reported in the time of one call, not after the hash.
        let (limited, ready) = tokio::join!(
            self.0.limits.password_try(context, email, device),
            self.0.sessions.ready()
        );
        limited.inspect_err(|_| self.0.metrics.login("limited"))?;
        ready?;
        // The same steps for an unknown account and a known one: neither the answer nor its time may tell
        // whether an account exists.
        let user = self.0.users.find_by_email(&Email::lookup(email)).await?;
        // What was typed may be anything, a password in the wrong field among it.
        let tried = user.as_ref().map(|user| user.email.clone());
        let tried = tried.or_else(|| Email::try_from(email).ok());
        let checked = self
            .0
            .passwords
            .check(context.client, user, &password)
            .await?;
        let may_enter = |user: &User| user.disabled_at.is_none() && !user.needs_reset();
        let user = checked.filter(|(user, _)| may_enter(user));
        let limits = &self.0.limits;
        let judged = limits
            .password_judged(context, email, device, user.is_some())
            .await;
        if judged.is_err() {
            self.0.metrics.login("limited");
        }
        let Some((user, form)) = user else {
            self.note(&refusal(context, tried)).await;
            judged?;
            self.0.metrics.login("refused");
            return Err(Error::InvalidCredentials);
        };
        // A right password is refused too once the account is full: otherwise the guess that hits would
        // stand out.
        judged?;
        if user.password_change_required_at.is_some() {
            self.0.metrics.login("refused");
            let why = "the password must be changed first";
            let by = ActingAs::owner(context, &user);
            self.note(&by.event_on(Action::SessionRefused, &user, why))
                .await;
            let token = self.issue_reset_token(&user)?;
            return Ok(SignIn::PasswordChangeRequired(token.into()));
        }
        let user = self
            .0
            .passwords
            .rehash(context.client, user, form, &password)
            .await?;
        let begun = self.begin_session(context, &user, &password, credential);
        let (session, token) = begun.await?;
        self.0.metrics.login("accepted");
        Ok(SignIn::Session(Begun {
            session,
            token,
            device: self.device_proof(&user)?,
        }))
    }

    /// Records what has happened already, so that a database which is away cannot prevent it: the
    /// log has the event then.
    pub(super) async fn note(&self, event: &Event) {
        if self.0.audit.record(event).await.is_err() {
            tracing::warn!(?event, "an event could not be recorded in the database");
        }
    }

    async fn begin_session(
        &self,
        context: &Context,
        user: &User,
        password: &Password,
        credential: Credential,
    ) -> Result<(Session, RefreshToken), Error> {
        let id = SessionId::random();
        let token = RefreshToken::first(id, self.secrets().keys.refresh_today()?);
        let new = NewSession {
            id,
            owner: Owner {
                user: user.id,
                email: user.email.clone(),
                roles: user.roles.clone(),
            },
            credential,
            ip: context.client,
            user_agent: context.user_agent.clone(),
            current: token.hash(),
            // Versions before this one wrote sign-outs by the clock of a replica, which may be ahead.
            not_before: user.signed_out_at.map(|at| at.plus_millis(1)),
        };
        let mut session = self.0.sessions.begin(&new, user.version).await?;
        // A change of the account while we hashed (disabled, signed out, another password, other
        // roles) reached only the sessions that existed then: apply it to this one here.
        let found = self.0.users.find(user.id).await?;
        let is_gone = found.is_none();
        let mut known = found.filter(|known| {
            known.disabled_at.is_none()
                && known.password_change_required_at.is_none()
                && known.signed_out_at == user.signed_out_at
        });
        let same = |known: &User| known.password_hash.expose() == user.password_hash.expose();
        if known.as_ref().is_some_and(|known| !same(known)) {
            // A replica with another cost may have made the hash anew: ask whether it is of another
            // password.
            let checked = self
                .0
                .passwords
                .check(context.client, known, password)
                .await?;
            known = checked.map(|(known, _)| known);
        }
        let Some(known) = known else {
            self.0.sessions.end(id, user.id).await?;
            // Of a person who may have been erased meanwhile nothing is written down any more.
            if !is_gone {
                self.note(&refusal(context, Some(user.email.clone()))).await;
            }
            return Err(Error::InvalidCredentials);
        };
        if known.roles != user.roles {
            self.0
                .sessions
                .set_roles(user.id, &known.roles, known.version)
                .await?;
            session.owner.roles = known.roles;
        }
        let began = ActingAs::owner(context, user).event_on(Action::SessionBegan, user, "");
        match self
            .0
            .users
            .record_sign_in(user.id, session.created_at, &began)
            .await
        {
            Ok(true) => {}
            // Never grant a session that the audit trail does not record.
            recorded => {
                self.0.sessions.end(id, user.id).await?;
                return Err(recorded.map_or_else(Error::from, |_| Error::InvalidCredentials));
            }
        }
        Ok((session, token))
    }

    /// Issues the access token that goes with the refresh token `token`.
    pub(super) fn pair(
        &self,
        owner: &Owner,
        token: &RefreshToken,
        issued_at: Timestamp,
        began: Timestamp,
    ) -> Result<TokenPair, Error> {
        let (access, lifetimes) = (self.0.keyring.access(), self.0.lifetimes);
        // Neither token outlives the session.
        let left = |lifetime_millis: i64| {
            let until = lifetimes.end(began, issued_at.plus_millis(lifetime_millis));
            until.since(issued_at) / 1000
        };
        let expires_in = left(access.lifetime_seconds() * 1000);
        let grant = Grant {
            owner,
            session: token.session(),
            issued_at,
            expires_in,
            beside: token.hash(),
        };
        let access_token = access
            .issue(&self.secrets().keys, &grant)
            .map_err(|error| {
                tracing::error!(%error, "an access token could not be signed");
                Error::Internal
            })?;
        Ok(TokenPair {
            access_token,
            expires_in,
            refresh_token: token.expose(),
            refresh_expires_in: left(lifetimes.refresh_millis),
            device: None,
        })
    }
}

/// The event of a sign-in that failed. The e-mail that was typed says whose account was tried, not
/// who tried.
fn refusal(context: &Context, email: Option<Email>) -> Event {
    Event {
        action: Action::SessionRefused,
        actor: Actor::Anonymous,
        subject: Some(Subject { id: None, email }),
        origin: Origin::from(context),
        detail: String::new(),
    }
}
