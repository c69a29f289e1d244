//! [`Tokens`]: pairs of an access token and a refresh token, from the sign-in to the sign-out.

use std::sync::Arc;

use secrecy::SecretString;

use super::access_token::{Claims, Grant};
use super::acting_as::ActingAs;
use super::error::Error;
use super::keyring::Keyring;
use super::limits::Limits;
use super::live_sessions::{Caller, LiveSessions};
use super::metrics::AuthMetrics;
use super::password::Password;
use super::refresh_token::{CHILDREN, RefreshToken, TokenHash};
use super::sessions::{
    ClientDifference, ClientMark, Credential, Found, Lifetimes, Owner, Presented, Rotation, Session,
};
use super::sign_in::{SignIn, SignIns};
use crate::audit::{Action, Audit};
use crate::clock::Timestamp;
use crate::config::GraceScope;
use crate::http::Context;

/// Tokens of a sign-in or a refresh.
#[derive(Clone)]
pub struct TokenPair {
    /// The JWT.
    pub access_token: String,
    /// Seconds that the JWT lives.
    pub expires_in: i64,
    /// The refresh token.
    pub refresh_token: String,
    /// Seconds that the refresh token lives.
    pub refresh_expires_in: i64,
    /// After a sign-in, the proof that this device has signed in. The client shows it at its next
    /// sign-in, whose tries are then limited apart from those of strangers.
    pub device: Option<SecretString>,
}

/// The clients that hold tokens.
#[derive(Debug)]
pub struct Tokens {
    pub(super) sign_ins: Arc<SignIns>,
    pub(super) live: Arc<LiveSessions>,
    pub(super) audit: Audit,
    pub(super) keyring: Arc<Keyring>,
    pub(super) limits: Arc<Limits>,
    pub(super) metrics: AuthMetrics,
    pub(super) lifetimes: Lifetimes,
    pub(super) grace_scope: GraceScope,
}

impl Tokens {
    /// Signs in. An unknown account, a wrong password and a disabled account cost the same and look
    /// the same.
    ///
    /// # Errors
    /// [`Error::InvalidCredentials`], [`Error::Limited`], [`Error::Busy`], or an outage.
    pub async fn login(
        &self,
        context: &Context,
        email: &str,
        password: Password,
    ) -> Result<SignIn<TokenPair>, Error> {
        let sign_in = &self.sign_ins;
        let outcome = sign_in.sign_in(context, email, password, Credential::Tokens);
        outcome.await?.try_map(|begun| {
            let session = &begun.session;
            let since = session.created_at;
            let mut pair = self.pair(&session.owner, &begun.token, since, since)?;
            pair.device = Some(begun.device);
            Ok(pair)
        })
    }

    /// Exchanges a refresh token for a new pair. Everybody who shows one token within the grace
    /// gets the same pair, byte for byte.
    ///
    /// # Errors
    /// [`Error::InvalidRefreshToken`], [`Error::RefreshTokenReused`], [`Error::Limited`], or an
    /// outage.
    pub async fn refresh(&self, context: &Context, token: &str) -> Result<TokenPair, Error> {
        self.limits.admit(context).await?;
        let secrets = self.keyring.current();
        let keys = secrets.keys.refresh();
        let token = RefreshToken::parse(token, keys).ok_or(Error::InvalidRefreshToken)?;
        let today = secrets.keys.refresh_today()?;
        // Derived, not drawn: replicas that are shown one token at the same time compute the same child
        // without a word between them.
        let mut index = 0;
        let children: [TokenHash; CHILDREN] = std::array::from_fn(|_| {
            let child = token.child(index, today).hash();
            index += 1;
            child
        });
        let shown = Presented {
            id: token.session(),
            token: token.hash(),
            children,
            grace_millis: self.live.grace_millis,
            grace_scope: self.grace_scope,
            client: ClientMark::new(context.client, &context.user_agent),
        };
        match self.live.sessions.rotate(&shown).await? {
            Rotation::Gone => Err(Error::InvalidRefreshToken),
            Rotation::Reused { owner, elsewhere } => {
                self.metrics.refresh("reused");
                self.note_elsewhere(context, &owner, elsewhere, "ended")
                    .await;
                // Either of the two may be the thief, so the event names no actor.
                let by = ActingAs::anonymous(context);
                self.audit
                    .note(&by.event_on_session(Action::SessionReused, &owner, ""))
                    .await;
                tracing::warn!(
                    session = %token.session(),
                    client = %context.client,
                    "a refresh token was used twice; its session has been ended"
                );
                Err(Error::RefreshTokenReused)
            }
            Rotation::Child {
                index,
                hash,
                issued_at,
                mut owner,
                created_at,
                elsewhere,
            } => {
                self.note_elsewhere(context, &owner, elsewhere, "went on")
                    .await;
                // The command line cannot reach sessions in this process: the database has its changes.
                if self.live.sessions.is_local() {
                    let Some(user) = self.live.account(owner.user, created_at).await? else {
                        self.live.sessions.end(token.session(), owner.user).await?;
                        return Err(Error::InvalidRefreshToken);
                    };
                    owner.roles = user.roles;
                }
                // A replica with another key of the same family may have made the child.
                let child = keys
                    .iter()
                    .map(|key| token.child(index, key))
                    .find(|child| child.hash() == hash)
                    .ok_or(Error::TokensUnavailable)?;
                self.metrics.refresh("accepted");
                self.pair(&owner, &child, issued_at, created_at)
            }
        }
    }

    /// Records that a second client used a refresh token within the grace of the first.
    async fn note_elsewhere(
        &self,
        context: &Context,
        owner: &Owner,
        elsewhere: ClientDifference,
        outcome: &str,
    ) {
        if let Some(difference) = elsewhere.words() {
            let detail = format!("{difference}; the session {outcome}");
            let by = ActingAs::anonymous(context);
            self.audit
                .note(&by.event_on_session(Action::SessionRefreshedElsewhere, owner, detail))
                .await;
        }
    }

    /// Authenticates an access token: one look at the session, so that a sign-out holds at once.
    ///
    /// # Errors
    /// [`Error::InvalidToken`]; [`Error::TokensUnavailable`] when the session cannot be looked up.
    pub async fn authenticate(&self, token: &str) -> Result<Caller, Error> {
        self.caller(&self.keyring.verify(token)?).await
    }

    /// Authenticates an access token of an account that has `role`.
    ///
    /// # Errors
    /// As [`Self::authenticate`], and [`Error::Forbidden`].
    pub async fn authorize(&self, token: &str, role: &str) -> Result<Caller, Error> {
        let caller = self.authenticate(token).await?;
        caller.demand(role)?;
        Ok(caller)
    }

    /// Looks up the session of verified `claims`, and checks that the token has not expired by
    /// the clock of the store that issued it.
    ///
    /// # Errors
    /// As [`Self::authenticate`].
    pub async fn caller(&self, claims: &Claims) -> Result<Caller, Error> {
        let found = self.live.find(claims.session(), Credential::Tokens).await?;
        let mut session = self.session_of(claims, found)?.ok_or(Error::InvalidToken)?;
        // The times of the pair that the token belongs to, not of the newest one: they would tell
        // the holder of an older pair when the owner refreshes, and that is the moment to race.
        session.last_used_at = claims.issued_at().max(session.created_at);
        let until = session
            .last_used_at
            .plus_millis(self.lifetimes.refresh_millis);
        session.expires_at = self.lifetimes.end(session.created_at, until);
        Ok(Caller { session })
    }

    /// The session of a token, if it stands and is that of the token's account.
    ///
    /// # Errors
    /// [`Error::InvalidToken`] for a token that has expired.
    pub(super) fn session_of(
        &self,
        claims: &Claims,
        found: Found,
    ) -> Result<Option<Session>, Error> {
        if !self.keyring.access().is_fresh(claims, found.now) {
            return Err(Error::InvalidToken);
        }
        let session = found.session;
        Ok(session.filter(|session| session.owner.user == claims.user()))
    }

    /// Ends the session of an access token. Ending it twice is no fault.
    ///
    /// # Errors
    /// [`Error::InvalidToken`] for a token that is not ours or has expired; an outage.
    pub async fn logout(&self, context: &Context, token: &str) -> Result<(), Error> {
        let claims = self.keyring.verify(token)?;
        // Whether the account stands is no matter here, and the database may be away.
        let found = self
            .live
            .sessions
            .look_up(claims.session(), Credential::Tokens);
        if let Some(session) = self.session_of(&claims, found.await?)? {
            let by = ActingAs::session(context, &session);
            self.live.end(session.id, &session.owner, &by).await?;
        } else {
            self.live
                .sessions
                .end(claims.session(), claims.user())
                .await?;
        }
        Ok(())
    }

    /// Ends all sessions of an access token's user. A token whose session has ended already ends
    /// nothing more, and that is no fault.
    ///
    /// # Errors
    /// [`Error::InvalidToken`] for a token that is not ours or has expired; an outage.
    pub async fn logout_all(&self, context: &Context, token: &str) -> Result<(), Error> {
        let claims = self.keyring.verify(token)?;
        let found = self.live.find(claims.session(), Credential::Tokens).await?;
        if let Some(session) = self.session_of(&claims, found)? {
            self.live.sessions.end_all(claims.user(), None).await?;
            let by = ActingAs::session(context, &session);
            let event = by.event_on_session(Action::SessionsEnded, &session.owner, "all");
            self.audit.note(&event).await;
        }
        Ok(())
    }

    /// Issues the access token that goes with the refresh token `token`.
    fn pair(
        &self,
        owner: &Owner,
        token: &RefreshToken,
        issued_at: Timestamp,
        began: Timestamp,
    ) -> Result<TokenPair, Error> {
        let (access, lifetimes) = (self.keyring.access(), self.lifetimes);
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
            .issue(&self.keyring.current().keys, &grant)
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
