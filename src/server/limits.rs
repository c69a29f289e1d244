//! The process's own limits.

use rustix::process::{Resource, getrlimit, setrlimit};

/// Allows as many open files as the system lets us: every connection is one, and the usual soft
/// limit of 1024 is far below what the hard one permits.
pub(super) fn raise_open_files() {
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current == limit.maximum {
        return;
    }
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        tracing::warn!(%error, "the limit of open files could not be raised");
    }
}
