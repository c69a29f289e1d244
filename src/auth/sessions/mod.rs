//! Sessions and the chain of refresh tokens of each, in Redis or in this process.
//!
//! Both stores keep one contract, which `tests/it/sessions_contract.rs` puts to both. The rules of the chain
//! are in [`chain`]; the Redis store says them once more in Lua, because there they must hold in
//! one atomic step.
//!
//! Every time of a session is read off one clock, the store's: that of the Redis server, or of this
//! process where sessions live in it. Replicas whose clocks differ must agree on who is signed in.

pub mod chain;
mod lifetimes;
mod memory;
mod redis;

use std::net::IpAddr;

use super::refresh_token::{CHILDREN, TokenHash};
use crate::clock::{Clock, Timestamp};
use crate::config::GraceScope;
use crate::identity::{Email, SessionId, UserId};
use crate::storage::{AuthDb, RedisUnavailable, either};

pub use self::chain::{ClientDifference, ClientMark};
pub use self::lifetimes::{Credential, Lifetimes};
pub use self::memory::MemorySessions;
pub use self::redis::RedisSessions;

/// A user's oldest session ends when one more than this begins.
pub const MAX_SESSIONS_PER_USER: usize = 1000;

/// Sessions of the longest page, and those that one script touches: about 1 ms of Redis.
pub const MAX_PAGE: usize = 100;

/// Owner of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// The account.
    pub user: UserId,
    /// Its e-mail when the session began.
    pub email: Email,
    /// Its roles.
    pub roles: Vec<String>,
}

/// One sign-in on one device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its name, `sid` in tokens.
    pub id: SessionId,
    /// Account and roles.
    pub owner: Owner,
    /// When.
    pub created_at: Timestamp,
    /// The last use of any of its tokens, give or take a minute.
    pub last_used_at: Timestamp,
    /// When it ends, unless a refresh or the use of its cookie prolongs it.
    pub expires_at: Timestamp,
    /// Address of the client.
    pub ip: IpAddr,
    /// User agent of the client.
    pub user_agent: String,
    /// The newest refresh token.
    pub current: TokenHash,
}

/// A sign-in that is to begin a session.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// Its name, `sid` in tokens.
    pub id: SessionId,
    /// Account and roles.
    pub owner: Owner,
    /// Credential of its client.
    pub credential: Credential,
    /// Address of the client.
    pub ip: IpAddr,
    /// User agent of the client.
    pub user_agent: String,
    /// The first refresh token.
    pub current: TokenHash,
    /// Earliest moment at which it may begin: sign-outs of an account are told from later sign-ins by
    /// their moments.
    pub not_before: Option<Timestamp>,
}

impl NewSession {
    /// The session that begins at `now` and, without use, lasts until `ends`.
    fn begun(&self, now: Timestamp, ends: Timestamp) -> Session {
        Session {
            id: self.id,
            owner: self.owner.clone(),
            created_at: now,
            last_used_at: now,
            expires_at: ends,
            ip: self.ip,
            user_agent: self.user_agent.clone(),
            current: self.current.clone(),
        }
    }
}

/// A session as the store found it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The moment of the look-up, by the store's clock.
    pub now: Timestamp,
    /// The session; `None` when it has ended or expired.
    pub session: Option<Session>,
    /// When its browser was last told how long to keep the cookie; the epoch where it was not told.
    pub cookie_at: Timestamp,
}

/// A refresh token is shown.
#[derive(Clone, Debug)]
pub struct Presented {
    /// The session it names.
    pub id: SessionId,
    /// Its hash.
    pub token: TokenHash,
    /// The hashes of the children it can have, in order.
    pub children: [TokenHash; CHILDREN],
    /// Time after its first use in which a token gives the same child again, in milliseconds.
    pub grace_millis: i64,
    /// Clients to which it gives the same child again.
    pub grace_scope: GraceScope,
    /// The client that shows it.
    pub client: ClientMark,
}

/// Outcome of showing a refresh token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// The child to hand out; the same for everybody who shows the token within the grace.
    Child {
        /// Which child of the token it is.
        index: u8,
        /// Its hash, by which the caller finds the key that makes it.
        hash: TokenHash,
        /// When it was made; the access token beside it counts from there.
        issued_at: Timestamp,
        /// Owner of the session.
        owner: Owner,
        /// When the session began.
        created_at: Timestamp,
        /// Difference from the client that was given the child first.
        elsewhere: ClientDifference,
    },
    /// There is no such session.
    Gone,
    /// The token had been used; the session has been ended.
    Reused {
        /// Owner of the session.
        owner: Owner,
        /// Difference from the first client, where that is the reason.
        elsewhere: ClientDifference,
    },
}

/// Part of a user's live sessions, counted from the one that expires last.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    /// Number of sessions to skip.
    pub offset: usize,
    /// Maximum number of sessions, from 1 to [`MAX_PAGE`].
    pub limit: usize,
}

impl Page {
    /// At most `limit` sessions behind the first `offset`.
    #[must_use]
    pub const fn new(offset: usize, limit: usize) -> Self {
        Self { offset, limit }
    }
}

/// The sessions of a [`Page`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The sessions, newest first.
    pub sessions: Vec<Session>,
    /// Number of live sessions of the user in all.
    pub total: usize,
}

impl Listed {
    /// Sorts by the beginning, so that the order tells nothing of refreshes.
    pub fn sort(&mut self) {
        self.sessions
            .sort_by_key(|session| (std::cmp::Reverse(session.created_at), session.id));
    }
}

/// The store of sessions: a closed set of two.
#[derive(Clone, Debug)]
pub enum Sessions {
    /// For any number of replicas.
    Redis(RedisSessions),
    /// For one replica; sessions end with the process.
    Memory(MemorySessions),
}

type Result<T> = std::result::Result<T, RedisUnavailable>;

impl Sessions {
    /// The store in `db`, or the one in this process where there is none. Sessions in Redis are timed
    /// by its server, unless `clock` is a manual one.
    #[must_use]
    pub fn new(db: Option<AuthDb>, clock: &Clock, lifetimes: Lifetimes) -> Self {
        match db {
            None => Self::Memory(MemorySessions::new(clock.clone(), lifetimes)),
            Some(db) => Self::Redis(RedisSessions::new(db, clock.clone(), lifetimes)),
        }
    }

    /// The present moment by the clock that times the sessions.
    pub async fn now(&self) -> Result<Timestamp> {
        either!(self, store => store.now())
    }

    /// Begins a session, whose roles are those of `version` of the account.
    pub async fn begin(&self, new: &NewSession, version: i64) -> Result<Session> {
        either!(self, store => store.begin(new, version))
    }

    /// Looks up a session whose `credential` is shown, and marks it as used. Use prolongs the
    /// session of a cookie.
    pub async fn look_up(&self, id: SessionId, credential: Credential) -> Result<Found> {
        either!(self, store => store.look_up(id, credential))
    }

    /// Exchanges a refresh token for its child, atomically.
    pub async fn rotate(&self, presented: &Presented) -> Result<Rotation> {
        either!(self, store => store.rotate(presented))
    }

    /// Notes that the cookie of a session of `user` is sent again with a new `Max-Age`.
    pub async fn note_cookie(&self, id: SessionId, user: UserId) -> Result<()> {
        either!(self, store => store.note_cookie(id, user))
    }

    /// Ends a session of `user`; false when there was none.
    pub async fn end(&self, id: SessionId, user: UserId) -> Result<bool> {
        either!(self, store => store.end(id, user))
    }

    /// Ends every session of `user` but `except`; gives how many.
    pub async fn end_all(&self, user: UserId, except: Option<SessionId>) -> Result<u64> {
        either!(self, store => store.end_all(user, except))
    }

    /// A page of the live sessions of `user`. What a refresh changes in one is shown only
    /// `grace_millis` later: until then it would tell the holder of an old pair of that session that
    /// now is the time to use it.
    pub async fn list(&self, user: UserId, grace_millis: i64, page: Page) -> Result<Listed> {
        either!(self, store => store.list(user, grace_millis, page))
    }

    /// Gives the sessions of `user` the roles of `version` of the account, from their next token on.
    /// Sessions that have the roles of a later version keep them: of two changes at one moment the one
    /// that was committed last holds, whichever comes here last.
    pub async fn set_roles(&self, user: UserId, roles: &[String], version: i64) -> Result<()> {
        either!(self, store => store.set_roles(user, roles, version))
    }

    /// Checks that the store answers.
    ///
    /// # Errors
    /// When it does not.
    pub async fn ready(&self) -> Result<()> {
        match self {
            Self::Redis(store) => store.ready().await,
            Self::Memory(_) => Ok(()),
        }
    }

    /// True where only this process sees the sessions, so that the database alone carries what the
    /// command line does to an account.
    #[must_use]
    pub const fn is_local(&self) -> bool {
        matches!(self, Self::Memory(_))
    }
}
