//! Sessions in this process: nothing to install, gone with the process, one replica only.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::chain::{Chain, Step};
use super::{MAX_SESSIONS_PER_USER, Presented, Rotation, Session, TOUCH_MILLIS};
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
        let step = entry
            .chain
            .show(&shown.token, &shown.children, shown.now, shown.grace_millis);
        let (index, hash, issued_at) = match step {
            Step::Reused => {
                let owner = entry.session.owner.clone();
                entries.remove(&shown.id);
                return Rotation::Reused { owner };
            }
            Step::Same {
                index,
                hash,
                issued_at,
            } => (index, hash, issued_at),
            Step::New { index } => {
                entry.session.expires_at = shown.now.plus_millis(shown.lifetime_millis);
                entry.session.last_used_at = shown.now;
                entry.session.current = entry.chain.current().clone();
                (index, entry.session.current.clone(), shown.now)
            }
        };
        let owner = entry.session.owner.clone();
        Rotation::Child {
            index,
            hash,
            issued_at,
            owner,
            created_at: entry.session.created_at,
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

    pub(super) fn list(&self, user: UserId, now: Timestamp) -> Vec<Session> {
        let mut own: Vec<Session> = self
            .entries()
            .values()
            .map(|entry| &entry.session)
            .filter(|session| session.owner.user == user && session.expires_at > now)
            .cloned()
            .collect();
        own.sort_by_key(|session| (std::cmp::Reverse(session.created_at), session.id));
        own
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
