//! [`Question`]: a request under `/v1`, and how its body is read.

use hyper::body::Bytes;
use poem::http::HeaderMap;
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;
use tracing::Span;

use super::canonical::{self, Canonical};
use super::error::Error;
use super::upstream::Route;
use crate::http::context::RequestId;
use crate::identity::UserId;

/// A body above this, in bytes, is read on a thread of its own, where it does not hold up other
/// requests.
const LONG_BODY: usize = 128 * 1024;

/// Long bodies that are read at the same moment: each takes a core.
pub(super) const LONG_AT_ONCE: usize = 2;

/// A request, as far as the cache cares.
#[derive(Debug)]
pub(super) struct Question<'a> {
    pub(super) route: Route,
    /// The model that is asked about, where it stands in the address.
    pub(super) model: Option<String>,
    pub(super) body: Bytes,
    pub(super) headers: &'a HeaderMap,
    pub(super) user: UserId,
    pub(super) request_id: RequestId,
}

impl Question<'_> {
    /// Reads the body; a long one waits for its turn in `long`.
    ///
    /// # Errors
    /// As [`canonical::read`].
    pub(super) async fn read(&self, long: &Semaphore) -> Result<Canonical, Error> {
        if !self.route.costs() {
            let name = self.model.as_deref().unwrap_or_default();
            return Ok(Canonical {
                digest: Sha256::digest(name).into(),
                exact: true,
                model: self.model.clone(),
                ..Canonical::default()
            });
        }
        if self.body.len() < LONG_BODY {
            return canonical::read(&self.body);
        }
        // Each of these takes a core for as long as it reads: a few clients must not take them all.
        let _turn = long.acquire().await.map_err(|_| Error::Internal)?;
        let body = self.body.clone();
        let span = Span::current();
        let read = move || span.in_scope(|| canonical::read(&body));
        let read = tokio::task::spawn_blocking(read).await;
        read.map_err(|_| Error::Internal)?
    }
}
