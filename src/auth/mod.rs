//! Accounts, passwords, tokens and sessions.
//!
//! [`Auth`] is the whole of it; [`api`] and [`oauth`] are thin edges over it. Knows requests only
//! as a [`Context`], and statuses not at all.

mod access_token;
pub mod account;
mod accounts;
mod acting_as;
pub mod api;
pub mod bodies;
pub mod browser;
mod device;
mod erase;
mod error;
mod examples;
pub mod forward;
pub mod gateway;
mod hasher;
pub mod introspection;
mod keyring;
mod keys;
mod limits;
mod manage;
pub mod metrics;
mod new_key;
pub mod oauth;
mod password;
mod passwords;
mod problem;
mod refresh;
mod refresh_token;
pub mod reset;
mod roles;
mod server_metadata;
mod service_client;
mod session_sync;
pub mod sessions;
mod sign_in;
mod sign_out;
mod tokens;
mod turns;
pub mod users;

use std::fmt::Write;
use std::sync::Arc;

use secrecy::SecretString;
use tokio_util::task::TaskTracker;

pub use self::access_token::{Audience, Claims, OWN_CLIENT_ID};
pub use self::account::{Account, NewAccount};
pub use self::acting_as::ActingAs;
pub use self::error::Error;
pub use self::keyring::{Keyring, Secrets};
pub use self::keys::{BadKey, Keys};
pub use self::new_key::{NoKey, new_key};
pub use self::password::Password;
pub use self::refresh_token::{CHILDREN, RefreshKey, RefreshToken, TokenHash, keyed_hash};
pub use self::server_metadata::ServerMetadata;
pub use self::service_client::ShownCredentials;
pub use self::sign_in::SignIn;

use self::limits::Limits;
use self::metrics::AuthMetrics;
use self::passwords::Passwords;
use self::sessions::{Credential, Found, Lifetimes, Session, Sessions};
use self::users::{User, Users};
use crate::audit::Audit;
use crate::clock::{Clock, Timestamp};
use crate::config::{Config, GraceScope, Registration};
use crate::http::{Context, RateLimits};
use crate::identity::{SessionId, UserId};
use crate::storage::Storage;

/// Accounts, tokens and sessions; clones share everything.
#[derive(Clone, Debug)]
pub struct Auth(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    clock: Clock,
    tracker: TaskTracker,
    users: Users,
    audit: Audit,
    sessions: Sessions,
    keyring: Keyring,
    passwords: Passwords,
    limits: Limits,
    metrics: AuthMetrics,
    registration: Registration,
    lifetimes: Lifetimes,
    grace_millis: i64,
    grace_scope: GraceScope,
}

/// An authenticated client: by an access token or a session cookie.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The session that the token belongs to; it stands at this moment. Its times are those of the
    /// pair that an access token was issued with.
    pub session: Session,
}

impl Caller {
    /// The account.
    #[must_use]
    pub const fn user(&self) -> UserId {
        self.session.owner.user
    }

    /// Checks that the caller has `role` at this moment.
    #[must_use]
    pub fn has(&self, role: &str) -> bool {
        self.session.owner.roles.iter().any(|own| own == role)
    }

    /// Refuses a caller without `role`.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub fn demand(&self, role: &str) -> Result<(), Error> {
        if self.has(role) {
            return Ok(());
        }
        Err(Error::Forbidden(role.to_owned()))
    }
}

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
    /// After a sign-in, the proof that the client shows at its next one; see [`Auth::login`].
    pub device: Option<SecretString>,
}

impl Auth {
    /// Prepares everything; does no I/O but starts the hashing workers.
    ///
    /// # Errors
    /// [`BadKey`] when a key of the configuration cannot be used.
    pub fn new(config: &Config, storage: &Storage, clock: Clock) -> Result<Self, BadKey> {
        let redis = storage.redis.as_ref();
        let counters = RateLimits::new(
            &config.rate_limit,
            redis.map(|redis| redis.rate_limit.clone()),
            &clock,
        );
        let audit = Audit::new(storage.sql.clone(), clock.clone());
        let users = Users::new(storage.sql.clone(), audit.clone());
        let lifetimes = Lifetimes::of(config);
        let sessions = Sessions::new(redis.map(|redis| redis.auth.clone()), &clock, lifetimes);
        Ok(Self(Arc::new(Inner {
            tracker: TaskTracker::new(),
            passwords: Passwords::new(&config.password, users.clone(), clock.clone()),
            users,
            audit,
            sessions,
            keyring: Keyring::new(config, clock.clone())?,
            limits: Limits::new(counters, &config.rate_limit),
            metrics: AuthMetrics::default(),
            registration: config.auth.registration,
            lifetimes,
            grace_millis: config.jwt.refresh_grace_seconds.get() * 1000,
            grace_scope: config.jwt.refresh_grace_scope,
            clock,
        })))
    }

    /// Keys, credentials, and what they sign.
    #[must_use]
    pub fn keyring(&self) -> &Keyring {
        &self.0.keyring
    }

    /// The keys and credentials of this moment.
    fn secrets(&self) -> Arc<Secrets> {
        self.0.keyring.current()
    }

    /// The accounts' table, for the command line.
    #[must_use]
    pub fn users(&self) -> &Users {
        &self.0.users
    }

    /// The audit log.
    #[must_use]
    pub fn audit(&self) -> &Audit {
        &self.0.audit
    }

    /// Sign-in counters.
    #[must_use]
    pub fn metrics(&self) -> &AuthMetrics {
        &self.0.metrics
    }

    /// Password jobs that wait for a worker.
    #[must_use]
    pub fn hash_queue_depth(&self) -> usize {
        self.0.passwords.queue_depth()
    }

    /// Charges a call of a limited route to the address it came from: before its body is read, so
    /// that a client over its limit sends it in vain. The call is not charged again.
    ///
    /// # Errors
    /// [`Error::Limited`].
    pub async fn admit(&self, context: &Context) -> Result<(), Error> {
        self.0.limits.call(context).await
    }

    /// Authenticates an access token: one look at the session, so that a sign-out holds at once.
    ///
    /// # Errors
    /// [`Error::InvalidToken`]; [`Error::TokensUnavailable`] when the session cannot be looked up.
    pub async fn authenticate(&self, token: &str) -> Result<Caller, Error> {
        self.caller(&self.0.keyring.verify(token)?).await
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
        let found = self.find(claims.session(), Credential::Tokens).await?;
        let mut session = self.session_of(claims, found)?.ok_or(Error::InvalidToken)?;
        // The times of the pair that the token belongs to, not of the newest one: they would tell
        // the holder of an older pair when the owner refreshes, and that is the moment to race.
        session.last_used_at = claims.issued_at().max(session.created_at);
        let until = session
            .last_used_at
            .plus_millis(self.0.lifetimes.refresh_millis);
        session.expires_at = self.0.lifetimes.end(session.created_at, until);
        Ok(Caller { session })
    }

    /// The session of a token, if it stands and is that of the token's account.
    ///
    /// # Errors
    /// [`Error::InvalidToken`] for a token that has expired.
    fn session_of(&self, claims: &Claims, found: Found) -> Result<Option<Session>, Error> {
        if !self.0.keyring.access().is_fresh(claims, found.now) {
            return Err(Error::InvalidToken);
        }
        let session = found.session;
        Ok(session.filter(|session| session.owner.user == claims.user()))
    }

    /// The account of `caller`.
    ///
    /// # Errors
    /// [`Error::InvalidToken`] when it was deleted or disabled in the meantime.
    pub async fn user(&self, caller: &Caller) -> Result<User, Error> {
        let user = self.0.users.find(caller.user()).await?;
        user.filter(|user| user.disabled_at.is_none())
            .ok_or(Error::InvalidToken)
    }

    /// A session that stands, if it does. Where sessions live in this process, the command line cannot
    /// end them; what it did to the account in the database ends them here.
    async fn find(&self, id: SessionId, credential: Credential) -> Result<Found, Error> {
        let mut found = self.0.sessions.look_up(id, credential).await?;
        let Some(session) = found.session.as_mut() else {
            return Ok(found);
        };
        if self.0.sessions.is_local() {
            let user = self.standing(session.owner.user, session.created_at);
            let Some(user) = user.await? else {
                self.0.sessions.end(id, session.owner.user).await?;
                found.session = None;
                return Ok(found);
            };
            session.owner.roles = user.roles;
        }
        Ok(found)
    }

    /// The account, unless it is gone, disabled, or was signed out since `began`.
    async fn standing(&self, user: UserId, began: Timestamp) -> Result<Option<User>, Error> {
        let user = self.0.users.find(user).await?;
        Ok(user.filter(|user| {
            user.disabled_at.is_none() && user.signed_out_at.is_none_or(|at| began > at)
        }))
    }
}

/// Lower-case hexadecimal digits.
fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            // Writing to a string does not fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}
