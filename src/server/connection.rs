//! One open connection, as its socket, its service and the table of connections see it.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

/// Between requests, or before the first.
const IDLE: u8 = 0;
/// From the head of a request to the last byte of its answer.
const BUSY: u8 = 1;
/// Closed to make room; no request begins any more.
const SHED: u8 = 2;

/// State of an open connection.
#[derive(Debug)]
pub(super) struct Connection {
    since: Instant,
    state: AtomicU8,
    /// An answer waits for the client to read.
    unread: AtomicBool,
    /// Set while a request waits for the client to send more of its body.
    unsent: AtomicBool,
    /// Requests whose heads have arrived.
    requests: AtomicU64,
    /// When the last answer was made, in milliseconds from `since`.
    answered: AtomicU64,
    /// The number of the request whose head has two lengths; 0 is none.
    two_lengths: AtomicU64,
    shed: Notify,
}

impl Connection {
    pub(super) fn new() -> Self {
        Self {
            since: Instant::now(),
            state: AtomicU8::new(IDLE),
            unread: AtomicBool::new(false),
            unsent: AtomicBool::new(false),
            requests: AtomicU64::new(0),
            answered: AtomicU64::new(0),
            two_lengths: AtomicU64::new(0),
            shed: Notify::new(),
        }
    }

    /// When it was accepted.
    pub(super) const fn since(&self) -> Instant {
        self.since
    }

    /// Begins a request and gives its number, counted from one; `None` on a connection that has
    /// been shed meanwhile.
    pub(super) fn begin(&self) -> Option<u64> {
        let number = self.requests.fetch_add(1, Ordering::Relaxed) + 1;
        // BUSY as well: hyper may begin this request before it drops the body of the last answer.
        (self.transition(IDLE, BUSY) || self.is_busy()).then_some(number)
    }

    /// Ends the request `number`, unless the next one has begun.
    pub(super) fn end(&self, number: u64) {
        // The next request has begun meanwhile, and the connection is at work for that.
        if number != self.requests() {
            return;
        }
        let millis = u64::try_from(self.since.elapsed().as_millis()).unwrap_or(u64::MAX);
        // Before the state: a thread that sees IDLE must see since when.
        self.answered.store(millis, Ordering::Relaxed);
        self.transition(BUSY, IDLE);
    }

    /// Checks whether a request is being answered.
    pub(super) fn is_busy(&self) -> bool {
        self.state.load(Ordering::Acquire) == BUSY
    }

    /// Requests whose heads have arrived.
    pub(super) fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// When the last answer was made, or the connection.
    pub(super) fn last_answer(&self) -> Instant {
        self.since + Duration::from_millis(self.answered.load(Ordering::Relaxed))
    }

    /// Notes whether an answer waits for the client to read.
    pub(super) fn set_unread(&self, unread: bool) {
        self.unread.store(unread, Ordering::Relaxed);
    }

    /// Notes whether a request waits for the client to send more of its body.
    pub(super) fn set_unsent(&self, unsent: bool) {
        self.unsent.store(unsent, Ordering::Relaxed);
    }

    /// Notes that the head of the request `number` has two lengths.
    pub(super) fn note_two_lengths(&self, number: u64) {
        self.two_lengths.store(number, Ordering::Relaxed);
    }

    /// Checks whether the head of the request `number` has two lengths.
    pub(super) fn has_two_lengths(&self, number: u64) -> bool {
        self.two_lengths.load(Ordering::Relaxed) == number
    }

    /// Waits until the connection has to make room.
    pub(super) async fn until_shed(&self) {
        self.shed.notified().await;
    }

    /// Returns `true` between two requests, with nothing left to send.
    pub(super) fn is_idle(&self) -> bool {
        self.state.load(Ordering::Acquire) == IDLE && !self.is_unread()
    }

    /// Returns `true` while an answer waits for the client to read.
    pub(super) fn is_unread(&self) -> bool {
        self.unread.load(Ordering::Relaxed)
    }

    /// Returns `true` while a request waits for the rest of its body.
    pub(super) fn awaits_body(&self) -> bool {
        self.is_busy() && self.unsent.load(Ordering::Relaxed)
    }

    /// Closes it, unless it has come to work meanwhile.
    pub(super) fn shed(&self) -> bool {
        let rests = self.awaits_body() || self.is_unread();
        let shed = self.transition(IDLE, SHED) || rests && self.transition(BUSY, SHED);
        if shed {
            // Leaves a permit where the task of the connection is not waiting yet.
            self.shed.notify_one();
        }
        shed
    }

    /// Returns `true` once it was closed to make room.
    #[cfg(test)]
    pub(super) fn has_made_room(&self) -> bool {
        self.state.load(Ordering::Acquire) == SHED
    }

    fn transition(&self, from: u8, to: u8) -> bool {
        let turned = self
            .state
            .compare_exchange(from, to, Ordering::AcqRel, Ordering::Acquire);
        turned.is_ok()
    }
}
