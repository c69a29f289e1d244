//! [`Flight`]: one call of the upstream, and every request that waits for its answer.
//!
//! A task pushes what arrives; readers take it at their own pace. While the whole answer is kept in
//! hand others may join, and each reads from the beginning. Once it is too long for that, what
//! every reader has passed is dropped, and the task waits for the slowest: memory stays flat.
//! When the last reader goes, the call is given up.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hyper::body::Bytes;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::upstream::{Head, UpstreamError};
use crate::http::budget::Hold;
use crate::identity::UserId;

/// Bytes that the slowest reader may lag behind the upstream, once the answer is not collected.
const LAG: usize = 256 * 1024;

/// Bytes of an answer that is over and may still be joined.
const LINGERING: usize = 64 * 1024;

/// One call of the upstream.
#[derive(Debug)]
pub(super) struct Flight {
    state: Mutex<State>,
    /// For the readers: there is more, or it is over.
    more: Notify,
    /// For the task: there is room.
    room: Notify,
    /// The last reader has gone.
    abandoned: CancellationToken,
    /// The cache's generation when it began.
    generation: Option<String>,
    max_bytes: usize,
}

#[derive(Debug)]
struct State {
    head: Option<Head>,
    chunks: VecDeque<Bytes>,
    /// Number of the first chunk in hand.
    first: usize,
    /// Bytes in hand.
    bytes: usize,
    end: Option<Result<(), UpstreamError>>,
    /// Each reader's next chunk.
    readers: HashMap<u64, usize>,
    next_reader: u64,
    /// The whole answer is in hand.
    collecting: bool,
    /// It is over, and in the cache.
    kept: bool,
    /// The bytes in hand, as they count among those of all flights.
    hold: Hold<UserId>,
}

/// The decision of a follower.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FollowerDecision {
    /// It takes this answer.
    Take,
    /// It asks for itself.
    Retry,
}

impl Flight {
    /// A flight and its first reader, for whom `hold` counts what is in hand. One that is `collected`
    /// has the whole answer in hand up to `max_bytes`, so that others may join it.
    pub(super) fn new(
        collected: bool,
        max_bytes: usize,
        generation: Option<String>,
        hold: Hold<UserId>,
    ) -> (Arc<Self>, Reader) {
        let flight = Arc::new(Self {
            state: Mutex::new(State {
                head: None,
                chunks: VecDeque::new(),
                first: 0,
                bytes: 0,
                end: None,
                readers: HashMap::from([(0, 0)]),
                next_reader: 1,
                collecting: collected,
                kept: false,
                hold,
            }),
            more: Notify::new(),
            room: Notify::new(),
            abandoned: CancellationToken::new(),
            generation,
            max_bytes,
        });
        let reader = Reader {
            flight: Arc::clone(&flight),
            id: 0,
        };
        (flight, reader)
    }

    /// One more reader from the beginning; `None` where that is past, where the answer is not for
    /// others, or where the cache was purged since.
    pub(super) fn join(self: &Arc<Self>, generation: Option<&str>) -> Option<Reader> {
        let mut state = self.state();
        let goes_on = match state.end {
            // Without a reader the call is being given up already.
            None => !state.readers.is_empty(),
            Some(_) => state.kept,
        };
        let for_all = state.head.as_ref().is_none_or(Head::is_for_all);
        if !state.collecting || !goes_on || !for_all || self.is_purged(generation) {
            return None;
        }
        let id = state.next_reader;
        state.next_reader += 1;
        state.readers.insert(id, 0);
        Some(Reader {
            flight: Arc::clone(self),
            id,
        })
    }

    /// Checks whether it is over and in the cache, for a request that found the cache at `generation`.
    pub(super) fn is_kept_for(&self, generation: Option<&str>) -> bool {
        self.state().kept && !self.is_purged(generation)
    }

    /// Checks whether the cache was purged since it began; unknown while the store does not answer.
    fn is_purged(&self, generation: Option<&str>) -> bool {
        let own = self.generation.as_deref();
        own.is_some() && generation.is_some() && own != generation
    }

    /// Resolves when the last reader has gone.
    pub(super) async fn abandoned(&self) {
        self.abandoned.cancelled().await;
    }

    /// The answer begins.
    pub(super) fn begin(&self, head: Head) {
        self.state().head = Some(head);
        self.more.notify_waiters();
    }

    /// The answer goes on. Waits for room where the whole is not in hand.
    pub(super) async fn push(&self, chunk: Bytes) {
        loop {
            {
                let mut state = self.state();
                if state.collecting && !state.collects(chunk.len(), self.max_bytes) {
                    state.stop_collecting();
                }
                if state.collecting || state.has_room(chunk.len()) {
                    state.bytes += chunk.len();
                    state.chunks.push_back(chunk);
                    break;
                }
                drop(state);
                // Followers who wait for the whole learn that it will not be there at once.
                self.more.notify_waiters();
            }
            // `notify_one` leaves a permit, so room that was made since the lock was released counts.
            self.room.notified().await;
        }
        self.more.notify_waiters();
    }

    /// The answer is over with `chunk`, where there is one. At the same moment, so that a client that has
    /// it all and asks again cannot join what is over. One that is `kept` can be joined for a
    /// while: a request may have looked into the cache a moment too early. A long one is no longer in
    /// hand for that: they look once more.
    pub(super) fn finish(&self, chunk: Option<Bytes>, kept: bool) {
        let mut state = self.state();
        if let Some(chunk) = chunk {
            // It is in memory already, so it counts even beyond the budget.
            state.hold.force(chunk.len());
            state.bytes += chunk.len();
            state.chunks.push_back(chunk);
        }
        state.end.get_or_insert(Ok(()));
        state.kept = kept;
        if kept && state.bytes > LINGERING {
            state.stop_collecting();
        }
        drop(state);
        self.more.notify_waiters();
    }

    /// Checks whether the whole answer is in hand so far.
    pub(super) fn is_collecting(&self) -> bool {
        self.state().collecting
    }

    /// All that has arrived, where the whole is in hand.
    pub(super) fn collected(&self) -> Option<Vec<Bytes>> {
        let state = self.state();
        state
            .collecting
            .then(|| state.chunks.iter().cloned().collect())
    }

    /// There will be no more of the answer, unless it is over already.
    pub(super) fn fail(&self, error: UpstreamError) {
        // The first end holds: the guard of the task reports a failure after every call.
        self.state().end.get_or_insert(Err(error));
        self.more.notify_waiters();
    }

    fn leave(&self, id: u64) {
        let mut state = self.state();
        state.readers.remove(&id);
        if state.readers.is_empty() && state.end.is_none() {
            self.abandoned.cancel();
        }
        state.drop_passed();
        drop(state);
        self.room.notify_one();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Checks whether the whole may stay in hand with `more` bytes, which then count.
    fn collects(&mut self, more: usize, max_bytes: usize) -> bool {
        self.bytes + more <= max_bytes && self.hold.grow(more).is_ok()
    }

    /// Checks whether there is room for `more` bytes beside those that the slowest reader has not passed;
    /// they count then. One chunk always has room, or the answer would never go on.
    fn has_room(&mut self, more: usize) -> bool {
        if self.bytes == 0 || self.readers.is_empty() {
            self.hold.force(more);
            return true;
        }
        self.bytes < LAG && self.hold.grow(more).is_ok()
    }

    fn stop_collecting(&mut self) {
        self.collecting = false;
        self.drop_passed();
    }

    /// Drops what every reader has passed, unless others may still join.
    fn drop_passed(&mut self) {
        if self.collecting {
            return;
        }
        let slowest = self.readers.values().min().copied();
        while slowest.is_none_or(|next| next > self.first) {
            let Some(chunk) = self.chunks.pop_front() else {
                return;
            };
            self.bytes -= chunk.len();
            self.hold.shrink(chunk.len());
            self.first += 1;
        }
    }
}

/// A request that waits for an answer; dropped when its client has gone.
#[derive(Debug)]
pub(super) struct Reader {
    flight: Arc<Flight>,
    id: u64,
}

impl Reader {
    /// The head of the answer.
    ///
    /// # Errors
    /// Why there is none, or none worth beginning with: the answer has broken off already.
    pub(super) async fn head(&self) -> Result<Head, UpstreamError> {
        self.wait(|state| match (&state.head, state.end) {
            (_, Some(Err(error))) => Some(Err(error)),
            (Some(head), _) => Some(Ok(head.clone())),
            (None, Some(Ok(()))) => Some(Err(UpstreamError::Unavailable)),
            (None, None) => None,
        })
        .await
    }

    /// Waits until it is clear whether this answer is one for a follower: a plain one is
    /// waited for to its end, a stream to its first bytes.
    pub(super) async fn decision(&self) -> FollowerDecision {
        self.wait(|state| {
            if matches!(state.end, Some(Err(_))) {
                return Some(FollowerDecision::Retry);
            }
            let head = state.head.as_ref()?;
            if !head.is_for_all() {
                return Some(FollowerDecision::Retry);
            }
            let begun = head.is_stream() && state.first + state.chunks.len() > 0;
            (begun || state.end.is_some() || !state.collecting).then_some(FollowerDecision::Take)
        })
        .await
    }

    /// The next part of the body; `None` at its end.
    ///
    /// # Errors
    /// Why there is no more.
    pub(super) async fn next(&self) -> Option<Result<Bytes, UpstreamError>> {
        let part = self
            .wait(|state| {
                let next = state.readers.get_mut(&self.id)?;
                if let Some(chunk) = state.chunks.get(*next - state.first) {
                    *next += 1;
                    return Some(Some(Ok(chunk.clone())));
                }
                match state.end {
                    Some(Ok(())) => Some(None),
                    Some(Err(error)) => Some(Some(Err(error))),
                    None => None,
                }
            })
            .await;
        let mut state = self.flight.state();
        if !state.collecting {
            state.drop_passed();
            drop(state);
            self.flight.room.notify_one();
        }
        part
    }

    /// Looks at the state whenever it has changed, until `look` finds something.
    async fn wait<T>(&self, mut look: impl FnMut(&mut State) -> Option<T>) -> T {
        loop {
            let more = self.flight.more.notified();
            tokio::pin!(more);
            // `notify_waiters` leaves no permit: register before looking, or a change in between is missed.
            more.as_mut().enable();
            if let Some(found) = look(&mut self.flight.state()) {
                return found;
            }
            more.await;
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.flight.leave(self.id);
    }
}

#[cfg(test)]
mod tests;
