//! A process that serves, as the others see it.

use rustix::system::uname;
use serde::{Deserialize, Serialize};

use crate::clock::{Clock, Timestamp, random_bytes};

/// A process that serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replica {
    /// Names it among the others; another start is another replica.
    pub id: String,
    /// The machine that it runs on, as that calls itself: in Kubernetes the name of the pod.
    pub host: String,
    /// The version of aura that it runs.
    pub version: String,
    /// When it started.
    pub started_at: Timestamp,
    /// When it was last heard of.
    pub last_seen_at: Timestamp,
    /// True for the replica that answers.
    pub this_one: bool,
}

/// Self-description of a replica. It never changes, so that each replica is in the list once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ReplicaInfo {
    pub(super) id: String,
    host: String,
    version: String,
    started_at: i64,
}

impl ReplicaInfo {
    /// Those of this process, which starts now.
    pub(super) fn of_this_process(clock: &Clock) -> Self {
        Self {
            // An identifier, not a secret.
            id: format!("{:016x}", u64::from_be_bytes(random_bytes())),
            host: uname().nodename().to_string_lossy().into_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            started_at: clock.now().millis(),
        }
    }

    pub(super) fn started_at(&self) -> Timestamp {
        Timestamp::from_millis(self.started_at)
    }

    pub(super) fn write(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// None where another version of aura wrote something else.
    pub(super) fn read(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    pub(super) fn seen(self, last_seen_at: Timestamp, this_one: bool) -> Replica {
        Replica {
            started_at: self.started_at(),
            id: self.id,
            host: self.host,
            version: self.version,
            last_seen_at,
            this_one,
        }
    }
}
