//! The hashing pool: bcrypt runs here and nowhere else, one worker a core, behind a bounded queue in
//! which client addresses take turns.

use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use secrecy::{ExposeSecret, SecretString};
use tokio::sync::oneshot;
use tracing::Span;

use super::error::Error;
use super::password::{Form, MAX_BYTES, MAX_COST, Password, PasswordHash};
use super::turns::Turns;
use crate::http::client_address::network;

/// Jobs that may wait for each worker. At a quarter of a second a hash the last of them waits
/// sixteen seconds; the clients of more would have gone.
const QUEUE_PER_WORKER: usize = 64;

/// How far the workers stand back behind the rest of the process.
const NICENESS: i32 = 5;

/// Most jobs that a worker takes at once.
const BATCH: usize = 4;

/// Runs password jobs off the async runtime; clones share the workers, which end with the last.
#[derive(Clone, Debug)]
pub(super) struct Hasher {
    pool: Arc<Pool>,
    cost: u32,
    rehash_down: bool,
}

#[derive(Debug)]
struct Pool {
    queue: Arc<Queue>,
}

#[derive(Debug)]
struct Queue {
    state: Mutex<State>,
    wake: Condvar,
    capacity: usize,
    depth: AtomicUsize,
}

#[derive(Debug, Default)]
struct State {
    jobs: Turns<Queued>,
    closed: bool,
}

/// A job, and the request that waits for it.
struct Queued {
    job: Job,
    span: Span,
}

enum Job {
    Hash {
        password: SecretString,
        cost: u32,
        reply: oneshot::Sender<Result<PasswordHash, Error>>,
    },
    Verify {
        password: Password,
        hash: PasswordHash,
        cost: u32,
        reply: oneshot::Sender<Result<Option<Form>, Error>>,
    },
}

impl Hasher {
    /// Starts one worker a core, which hash at `cost` (2^cost rounds). `rehash_down`: whether dearer
    /// hashes are brought down to it.
    #[must_use]
    pub(super) fn new(cost: u32, rehash_down: bool) -> Self {
        let workers = std::thread::available_parallelism().map_or(1, usize::from);
        let queue = Arc::new(Queue {
            state: Mutex::default(),
            wake: Condvar::new(),
            capacity: workers * QUEUE_PER_WORKER,
            depth: AtomicUsize::new(0),
        });
        for number in 0..workers {
            let queue = Arc::clone(&queue);
            let worker = std::thread::Builder::new().name(format!("hasher-{number}"));
            if let Err(error) = worker.spawn(move || work(&queue)) {
                tracing::error!(%error, "a hashing worker could not be started");
            }
        }
        Self {
            pool: Arc::new(Pool { queue }),
            cost,
            rehash_down,
        }
    }

    /// Jobs that wait for a worker at this moment.
    #[must_use]
    pub(super) fn depth(&self) -> usize {
        self.pool.queue.depth.load(Ordering::Relaxed)
    }

    /// Hashes the normal form of a password, of 72 bytes at most, in the turn of `client`.
    ///
    /// # Errors
    /// [`Error::Busy`] when the queue is full.
    pub(super) async fn hash(
        &self,
        client: IpAddr,
        password: Password,
    ) -> Result<PasswordHash, Error> {
        let (password, cost) = (password.into_normal(), self.cost);
        self.submit(client, |reply| Job::Hash {
            password,
            cost,
            reply,
        })
        .await
    }

    /// Compares a password with a hash, or with a decoy where there is none that can be compared, and
    /// gives the form of it that the hash is of. Every comparison takes as long as one with the
    /// dearest hash known, of which the stored ones have the cost `dearest`, and a password that was
    /// not sent in its normal form takes two, whatever the first one says.
    ///
    /// # Errors
    /// [`Error::Busy`] when the queue is full.
    pub(super) async fn verify(
        &self,
        client: IpAddr,
        password: Password,
        hash: Option<PasswordHash>,
        dearest: Option<u32>,
    ) -> Result<Option<Form>, Error> {
        let hash = hash.filter(|hash| hash.cost().is_some());
        let known = hash.is_some();
        let own = hash.as_ref().and_then(PasswordHash::cost);
        let cost = [Some(self.cost), dearest, own].into_iter().flatten().max();
        let cost = cost.unwrap_or(self.cost).min(MAX_COST);
        let hash = hash.unwrap_or_else(|| PasswordHash::decoy(cost));
        let form = self
            .submit(client, |reply| Job::Verify {
                password,
                hash,
                cost,
                reply,
            })
            .await?;
        Ok(form.filter(|_| known))
    }

    /// True when stored hashes of the cost `dearest` make every comparison cost more than today's
    /// hashes do.
    #[must_use]
    pub(super) fn pays_for(&self, dearest: Option<u32>) -> bool {
        dearest.is_some_and(|dearest| dearest > self.cost)
    }

    /// True when `hash` is to be replaced at its owner's next sign-in: its cost is below today's, or
    /// above it and the operator wants it brought down.
    #[must_use]
    pub(super) fn is_outdated(&self, hash: &PasswordHash) -> bool {
        let today = self.cost;
        hash.cost()
            .is_some_and(|cost| cost < today || self.rehash_down && cost > today)
    }

    async fn submit<T>(
        &self,
        client: IpAddr,
        job: impl FnOnce(oneshot::Sender<Result<T, Error>>) -> Job,
    ) -> Result<T, Error> {
        let (reply, answer) = oneshot::channel();
        let queue = &self.pool.queue;
        {
            let mut state = queue.state.lock().unwrap_or_else(PoisonError::into_inner);
            // By network, as the limits count: a host may have a whole /64 of IPv6 addresses.
            let (address, jobs) = (network(client), &mut state.jobs);
            let is_abandoned = |queued: &Queued| queued.job.is_abandoned();
            let refuse = |queued: Queued| queued.job.refuse();
            if !jobs.make_room(address, queue.capacity, is_abandoned, refuse) {
                return Err(Error::Busy);
            }
            let (job, span) = (job(reply), Span::current());
            jobs.push(address, Queued { job, span });
            queue.depth.store(jobs.len(), Ordering::Relaxed);
        }
        // Outside the lock, or the worker would wake only to wait for it.
        queue.wake.notify_one();
        // No answer at all: the job panicked, and its sender is gone.
        answer.await.unwrap_or(Err(Error::Internal))
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.queue
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .closed = true;
        self.queue.wake.notify_all();
    }
}

impl Queue {
    /// Waits for jobs and takes a fair share of them; `None` when the pool has closed.
    fn take(&self) -> Option<Vec<Queued>> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        while state.jobs.len() == 0 {
            if state.closed {
                return None;
            }
            state = self
                .wake
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        // A worker that took all of a short queue would leave the others idle.
        let workers = self.capacity / QUEUE_PER_WORKER;
        let share = (state.jobs.len() / (workers * 2)).clamp(1, BATCH);
        let batch = (0..share).map_while(|_| state.jobs.pop()).collect();
        self.depth.store(state.jobs.len(), Ordering::Relaxed);
        Some(batch)
    }
}

fn work(queue: &Queue) {
    // Hashing fills every core; those who answer requests go first. On Linux this is the thread's
    // own priority, and where it is refused nothing is lost but a little latency.
    let _ = rustix::process::nice(NICENESS);
    while let Some(batch) = queue.take() {
        for Queued { job, span } in batch {
            let _in_request = span.entered();
            // A worker that died would leave its queue to nobody. Whoever waits hears of the
            // panic, because the job's sender is dropped by it.
            let outcome = std::panic::catch_unwind(AssertUnwindSafe(|| job.run()));
            if outcome.is_err() {
                tracing::error!("a password job panicked");
            }
        }
    }
}

impl Job {
    fn is_abandoned(&self) -> bool {
        match self {
            Self::Hash { reply, .. } => reply.is_closed(),
            Self::Verify { reply, .. } => reply.is_closed(),
        }
    }

    /// Answers that the queue is full.
    fn refuse(self) {
        match self {
            Self::Hash { reply, .. } => drop(reply.send(Err(Error::Busy))),
            Self::Verify { reply, .. } => drop(reply.send(Err(Error::Busy))),
        }
    }

    /// Does the work, unless the client has gone; nobody listening to the answer is no fault.
    fn run(self) {
        if self.is_abandoned() {
            return;
        }
        match self {
            Self::Hash {
                password,
                cost,
                reply,
            } => {
                let hash = bcrypt::hash(password.expose_secret(), cost);
                let hash = hash.map(PasswordHash::from_stored).map_err(|error| {
                    tracing::error!(%error, "a password could not be hashed");
                    Error::Internal
                });
                let _ = reply.send(hash);
            }
            Self::Verify {
                password,
                hash,
                cost,
                reply,
            } => {
                let mut found = None;
                for (form, text) in password.forms() {
                    // A longer password must cost the same and never match its own first 72 bytes.
                    let bytes = text.as_bytes();
                    let cut = &bytes[..bytes.len().min(MAX_BYTES)];
                    let equal = bcrypt::verify(cut, hash.expose()).unwrap_or(false);
                    if equal && bytes.len() <= MAX_BYTES {
                        found = found.or(Some(form));
                    }
                    // A cheaper hash took less. Decoys of its cost and of all up to the dearest make
                    // up the difference exactly, so that the time tells nobody of an account; after
                    // a match, too, because the account may be disabled.
                    for padding in padding(hash.cost(), cost) {
                        let _ = bcrypt::verify(cut, PasswordHash::decoy(padding).expose());
                    }
                }
                let _ = reply.send(Ok(found));
            }
        }
    }
}

/// The costs of the decoys that, after a hash of the cost `done`, make up one of the cost `whole`:
/// `2^done + 2^done + 2^(done + 1) + ... + 2^(whole - 1) = 2^whole`.
fn padding(done: Option<u32>, whole: u32) -> std::ops::Range<u32> {
    done.unwrap_or(whole)..whole
}

#[cfg(test)]
mod tests;
