//! [`SignIns`]: signing in by a password, up to the session that begins.

use std::sync::Arc;

use secrecy::SecretString;

use super::acting_as::ActingAs;
use super::device::Devices;
use super::error::Error;
use super::keyring::Keyring;
use super::limits::Limits;
use super::metrics::AuthMetrics;
use super::password::Password;
use super::passwords::Passwords;
use super::refresh_token::RefreshToken;
use super::reset::PasswordResets;
use super::sessions::{Credential, NewSession, Owner, Session, Sessions};
use super::users::{User, Users};
use crate::audit::{Action, Actor, Audit, Event, Origin, Subject};
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

/// Sign-ins of clients of either credential, which make their own of the session.
#[derive(Debug)]
pub(super) struct SignIns {
    pub(super) users: Users,
    pub(super) audit: Audit,
    pub(super) sessions: Sessions,
    pub(super) keyring: Arc<Keyring>,
    pub(super) passwords: Arc<Passwords>,
    pub(super) limits: Arc<Limits>,
    pub(super) devices: Arc<Devices>,
    pub(super) resets: Arc<PasswordResets>,
    pub(super) metrics: AuthMetrics,
}

impl SignIns {
    /// Signs in. An unknown account, a wrong password and a disabled account cost the same and
    /// look the same.
    ///
    /// # Errors
    /// [`Error::InvalidCredentials`], [`Error::Limited`], [`Error::Busy`], or an outage.
    pub(super) async fn sign_in(
        &self,
        context: &Context,
        email: &str,
        password: Password,
        credential: Credential,
    ) -> Result<SignIn<Begun>, Error> {
        let device = self.devices.known(context, email).await?;
        let device = device.as_ref();
        // Concurrently, so that an outage is reported in the time of one call, not after the hash.
        let (limited, ready) = tokio::join!(
            self.limits.password_try(context, email, device),
            self.sessions.ready()
        );
        limited.inspect_err(|_| self.metrics.login("limited"))?;
        ready?;
        // The same steps for an unknown account and a known one: neither the answer nor its time may tell
        // whether an account exists.
        let user = self.users.find_by_email(&Email::lookup(email)).await?;
        // What was typed may be anything, a password in the wrong field among it.
        let tried = user.as_ref().map(|user| user.email.clone());
        let tried = tried.or_else(|| Email::try_from(email).ok());
        let checked = self
            .passwords
            .check(context.client, user, &password)
            .await?;
        let may_enter = |user: &User| user.disabled_at.is_none() && !user.needs_reset();
        let user = checked.filter(|(user, _)| may_enter(user));
        let limits = &self.limits;
        let judged = limits
            .password_judged(context, email, device, user.is_some())
            .await;
        if judged.is_err() {
            self.metrics.login("limited");
        }
        let Some((user, form)) = user else {
            self.audit.note(&refusal(context, tried)).await;
            judged?;
            self.metrics.login("refused");
            return Err(Error::InvalidCredentials);
        };
        // A right password is refused too once the account is full: otherwise the guess that hits would
        // stand out.
        judged?;
        if user.password_change_required_at.is_some() {
            self.metrics.login("refused");
            let why = "the password must be changed first";
            let by = ActingAs::owner(context, &user);
            self.audit
                .note(&by.event_on(Action::SessionRefused, &user, why))
                .await;
            let token = self.resets.issue(&user)?;
            return Ok(SignIn::PasswordChangeRequired(token.into()));
        }
        let user = self
            .passwords
            .rehash(context.client, user, form, &password)
            .await?;
        let begun = self.begin_session(context, &user, &password, credential);
        let (session, token) = begun.await?;
        self.metrics.login("accepted");
        Ok(SignIn::Session(Begun {
            session,
            token,
            device: self.devices.proof(&user)?,
        }))
    }

    async fn begin_session(
        &self,
        context: &Context,
        user: &User,
        password: &Password,
        credential: Credential,
    ) -> Result<(Session, RefreshToken), Error> {
        let id = SessionId::random();
        let token = RefreshToken::first(id, self.keyring.current().keys.refresh_today()?);
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
        let mut session = self.sessions.begin(&new, user.version).await?;
        // A change of the account while we hashed (disabled, signed out, another password, other
        // roles) reached only the sessions that existed then: apply it to this one here.
        let found = self.users.find(user.id).await?;
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
                .passwords
                .check(context.client, known, password)
                .await?;
            known = checked.map(|(known, _)| known);
        }
        let Some(known) = known else {
            self.sessions.end(id, user.id).await?;
            // Of a person who may have been erased meanwhile nothing is written down any more.
            if !is_gone {
                self.audit
                    .note(&refusal(context, Some(user.email.clone())))
                    .await;
            }
            return Err(Error::InvalidCredentials);
        };
        if known.roles != user.roles {
            self.sessions
                .set_roles(user.id, &known.roles, known.version)
                .await?;
            session.owner.roles = known.roles;
        }
        let began = ActingAs::owner(context, user).event_on(Action::SessionBegan, user, "");
        match self
            .users
            .record_sign_in(user.id, session.created_at, &began)
            .await
        {
            Ok(true) => {}
            // Never grant a session that the audit trail does not record.
            recorded => {
                self.sessions.end(id, user.id).await?;
                return Err(recorded.map_or_else(Error::from, |_| Error::InvalidCredentials));
            }
        }
        Ok((session, token))
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
