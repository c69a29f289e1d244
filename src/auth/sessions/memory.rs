//! Sessions in this process: nothing to install, gone with the process, one replica only.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::chain::{Chain, ClientDifference, Step};
use super::{Listed, MAX_SESSIONS_PER_USER, Page, Presented, Rotation, Session, TOUCH_MILLIS};
use crate::auth::ids::{SessionId, UserId};
use crate::clock::Timestamp;

/// A store in memory; clones share it.
#[derive(Clone, Debug, Default)]
pub struct MemorySessions(Arc<Mutex<HashMap<SessionId, Entry>>>);

#[derive(Clone, Debug)]
struct Entry {
    session: Session,
    chain: Chain,
    /// Version of the account that the roles are of.
    version: i64,
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
    fn refreshed(&mut self, shown: &Presented) {
        let within = |kept: &&mut Before| shown.now.since(kept.refreshed) <= shown.grace_millis;
        if let Some(kept) = self.before.as_mut().filter(within) {
            kept.refreshed = shown.now;
            return;
        }
        self.before = Some(Before {
            refreshed: shown.now,
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
    fn entries(&self) -> MutexGuard<'_, HashMap<SessionId, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn begin(&self, session: &Session, version: i64) {
        let mut entries = self.entries();
        entries.retain(|_, entry| entry.session.expires_at > session.created_at);
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
        let chain = Chain::new(session.current.clone());
        entries.insert(
            session.id,
            Entry {
                session: session.clone(),
                chain,
                version,
                before: None,
            },
        );
    }

    pub(super) fn look_up(&self, id: SessionId, now: Timestamp) -> Option<Session> {
        let mut entries = self.entries();
        let entry = entries
            .get_mut(&id)
            .filter(|entry| entry.session.expires_at > now)?;
        if now.since(entry.session.last_used_at) >= TOUCH_MILLIS {
            entry.session.last_used_at = now;
        }
        Some(entry.session.clone())
    }

    pub(super) fn rotate(&self, shown: &Presented) -> Rotation {
        let mut entries = self.entries();
        let live = |entry: &&mut Entry| entry.session.expires_at > shown.now;
        let Some(entry) = entries.get_mut(&shown.id).filter(live) else {
            return Rotation::Gone;
        };
        let (index, hash, issued_at, elsewhere) = match entry.chain.show(shown) {
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
                entry.refreshed(shown);
                entry.session.expires_at = shown.now.plus_millis(shown.lifetime_millis);
                entry.session.last_used_at = shown.now;
                entry.session.current = entry.chain.current().clone();
                let hash = entry.session.current.clone();
                (index, hash, shown.now, ClientDifference::default())
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

    pub(super) fn prolong(&self, id: SessionId, user: UserId, now: Timestamp, until: Timestamp) {
        let mut entries = self.entries();
        let session = entries.get_mut(&id).map(|entry| &mut entry.session);
        let own = |session: &&mut Session| session.owner.user == user && session.expires_at > now;
        if let Some(session) = session.filter(own) {
            session.expires_at = session.expires_at.max(until);
            session.last_used_at = now;
        }
    }

    pub(super) fn end(&self, id: SessionId, user: UserId) -> bool {
        let mut entries = self.entries();
        let own = entries
            .get(&id)
            .is_some_and(|entry| entry.session.owner.user == user);
        own && entries.remove(&id).is_some()
    }

    pub(super) fn end_all(&self, user: UserId, except: Option<SessionId>) -> u64 {
        let mut entries = self.entries();
        let before = entries.len();
        entries.retain(|id, entry| entry.session.owner.user != user || Some(*id) == except);
        (before - entries.len()) as u64
    }

    pub(super) fn list(
        &self,
        user: UserId,
        now: Timestamp,
        grace_millis: i64,
        page: Page,
    ) -> Listed {
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
