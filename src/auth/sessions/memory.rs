//! Sessions in this process: nothing to install, gone with the process, one replica only.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::chain::{Chain, ClientDifference, Step};
use super::{
    Credential, Found, Lifetimes, Listed, MAX_SESSIONS_PER_USER, NewSession, Page, Presented,
    Rotation, Session,
};
use crate::clock::{Clock, Timestamp};
use crate::identity::{SessionId, UserId};

/// A store in memory; clones share it.
#[derive(Clone, Debug)]
pub struct MemorySessions {
    entries: Arc<Mutex<HashMap<SessionId, Entry>>>,
    clock: Clock,
    lifetimes: Lifetimes,
}

#[derive(Clone, Debug)]
struct Entry {
    session: Session,
    chain: Chain,
    /// Version of the account that the roles are of.
    version: i64,
    /// When the browser was last told how long to keep the cookie.
    cookie_at: Timestamp,
    before: Option<Before>,
}

/// A session's times before it was refreshed, which lists show until the grace is over.
#[derive(Clone, Debug)]
struct Before {
    refreshed: Timestamp,
    last_used: Timestamp,
    expires: Timestamp,
}

impl Entry {
    /// Keeps the times before a refresh; of several within one grace, those before the first.
    fn refreshed(&mut self, now: Timestamp, grace_millis: i64) {
        let within = |kept: &&mut Before| now.since(kept.refreshed) <= grace_millis;
        if let Some(kept) = self.before.as_mut().filter(within) {
            kept.refreshed = now;
            return;
        }
        self.before = Some(Before {
            refreshed: now,
            last_used: self.session.last_used_at,
            expires: self.session.expires_at,
        });
    }

    /// The times that a list shows at `now`: last use and expiry.
    fn shown_times(&self, now: Timestamp, grace_millis: i64) -> (Timestamp, Timestamp) {
        let before = self.before.as_ref();
        let before = before.filter(|before| now.since(before.refreshed) <= grace_millis);
        before.map_or(
            (self.session.last_used_at, self.session.expires_at),
            |before| (before.last_used, before.expires),
        )
    }

    /// The session as a list shows it at `now`.
    fn shown(&self, now: Timestamp, grace_millis: i64) -> Session {
        let (last_used_at, expires_at) = self.shown_times(now, grace_millis);
        Session {
            last_used_at,
            expires_at,
            ..self.session.clone()
        }
    }
}

impl MemorySessions {
    /// An empty store that goes by `clock`.
    #[must_use]
    pub fn new(clock: Clock, lifetimes: Lifetimes) -> Self {
        Self {
            entries: Arc::default(),
            clock,
            lifetimes,
        }
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<SessionId, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(super) fn begin(&self, new: &NewSession, version: i64) -> Session {
        let now = self.now();
        let created = new.not_before.map_or(now, |earliest| now.max(earliest));
        let lifetime = self.lifetimes.without_use(new.credential);
        let ends = self.lifetimes.end(created, created.plus_millis(lifetime));
        let session = new.begun(created, ends);
        let mut entries = self.entries();
        entries.retain(|_, entry| entry.session.expires_at > now);
        // Beside the new session, those stay that would last longest: by their end, as in Redis.
        let mut own: Vec<_> = entries
            .values()
            .map(|entry| &entry.session)
            .filter(|known| known.owner.user == session.owner.user)
            .map(|known| (known.expires_at, known.id))
            .collect();
        own.sort();
        for (_, oldest) in own.iter().rev().skip(MAX_SESSIONS_PER_USER - 1) {
            entries.remove(oldest);
        }
        let entry = Entry {
            session: session.clone(),
            chain: Chain::new(session.current.clone()),
            version,
            cookie_at: match new.credential {
                Credential::Cookie | Credential::PolledCookie => created,
                Credential::Tokens => Timestamp::from_millis(0),
            },
            before: None,
        };
        entries.insert(session.id, entry);
        session
    }

    pub(super) fn look_up(&self, id: SessionId, credential: Credential) -> Found {
        let now = self.now();
        let mut entries = self.entries();
        let found = entries
            .get_mut(&id)
            .filter(|entry| entry.session.expires_at > now)
            .map(|entry| {
                let session = &mut entry.session;
                // As coarse as in Redis, where each write costs a replication.
                if now.since(session.last_used_at) >= self.lifetimes.touch_millis(credential) {
                    session.last_used_at = now;
                    if credential == Credential::Cookie {
                        let until = now.plus_millis(self.lifetimes.cookie_millis);
                        session.expires_at = self.lifetimes.end(session.created_at, until);
                    }
                }
                (session.clone(), entry.cookie_at)
            });
        let (session, cookie_at) = found.unzip();
        Found {
            now,
            session,
            cookie_at: cookie_at.unwrap_or(Timestamp::from_millis(0)),
        }
    }

    pub(super) fn rotate(&self, shown: &Presented) -> Rotation {
        let now = self.now();
        let mut entries = self.entries();
        let live = |entry: &&mut Entry| entry.session.expires_at > now;
        let Some(entry) = entries.get_mut(&shown.id).filter(live) else {
            return Rotation::Gone;
        };
        let (index, hash, issued_at, elsewhere) = match entry.chain.show(shown, now) {
            Step::Reused { elsewhere } => {
                let owner = entry.session.owner.clone();
                entries.remove(&shown.id);
                return Rotation::Reused { owner, elsewhere };
            }
            Step::Same {
                index,
                hash,
                issued_at,
                elsewhere,
            } => (index, hash, issued_at, elsewhere),
            Step::New { index } => {
                entry.refreshed(now, shown.grace_millis);
                let until = now.plus_millis(self.lifetimes.refresh_millis);
                entry.session.expires_at = self.lifetimes.end(entry.session.created_at, until);
                entry.session.last_used_at = now;
                entry.session.current = entry.chain.current().clone();
                let hash = entry.session.current.clone();
                (index, hash, now, ClientDifference::default())
            }
        };
        let owner = entry.session.owner.clone();
        Rotation::Child {
            index,
            hash,
            issued_at,
            owner,
            created_at: entry.session.created_at,
            elsewhere,
        }
    }

    pub(super) fn note_cookie(&self, id: SessionId, user: UserId) {
        let now = self.now();
        let mut entries = self.entries();
        let entry = entries.get_mut(&id);
        if let Some(entry) = entry.filter(|entry| entry.session.owner.user == user) {
            entry.cookie_at = now;
        }
    }

    pub(super) fn end(&self, id: SessionId, user: UserId) -> bool {
        let now = self.now();
        let mut entries = self.entries();
        let own = entries
            .get(&id)
            .is_some_and(|entry| entry.session.owner.user == user);
        if !own {
            return false;
        }
        let ended = entries.remove(&id);
        ended.is_some_and(|entry| entry.session.expires_at > now)
    }

    pub(super) fn end_all(&self, user: UserId, except: Option<SessionId>) -> u64 {
        let now = self.now();
        let mut ended = 0;
        self.entries().retain(|id, entry| {
            let stays = entry.session.owner.user != user || Some(*id) == except;
            ended += u64::from(!stays && entry.session.expires_at > now);
            stays
        });
        ended
    }

    pub(super) fn list(&self, user: UserId, grace_millis: i64, page: Page) -> Listed {
        let now = self.now();
        let entries = self.entries();
        let live =
            |entry: &&Entry| entry.session.owner.user == user && entry.session.expires_at > now;
        let mut own: Vec<&Entry> = entries.values().filter(live).collect();
        // By the expiry that is shown: the place of a session must not tell of a refresh either.
        own.sort_by_key(|entry| {
            let (_, expires) = entry.shown_times(now, grace_millis);
            std::cmp::Reverse((expires, entry.session.id))
        });
        let page = own.iter().skip(page.offset).take(page.limit);
        let mut listed = Listed {
            sessions: page.map(|entry| entry.shown(now, grace_millis)).collect(),
            total: own.len(),
        };
        listed.sort();
        listed
    }

    pub(super) fn set_roles(&self, user: UserId, roles: &[String], version: i64) {
        for entry in self
            .entries()
            .values_mut()
            .filter(|entry| entry.session.owner.user == user && entry.version <= version)
        {
            entry.session.owner.roles = roles.to_vec();
            entry.version = version;
        }
    }
}
