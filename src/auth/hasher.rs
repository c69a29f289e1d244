//! The hashing pool: bcrypt runs here and nowhere else, one worker a core, behind a bounded queue in
//! which client addresses take turns. Jobs that wait share a core, up to [`WIDTH`] on each, which
//! costs them little: see the crate `interleaved-bcrypt`.

use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use interleaved_bcrypt::{Digest, Lanes, WIDTH};
use subtle::ConstantTimeEq;
use tokio::sync::oneshot;
use tracing::Span;

use super::error::Error;
use super::password::{Form, HashParts, MAX_BYTES, MAX_COST, Password, PasswordHash};
use super::turns::Turns;
use crate::clock::random_bytes;
use crate::http::client_address::network;

/// Jobs that may wait for each worker. At a quarter of a second a hash the last of them waits
/// sixteen seconds; the clients of more would have gone.
const QUEUE_PER_WORKER: usize = 64;

/// Priority that the workers give up to the rest of the process (nice(2)).
const NICENESS: i32 = 5;

/// Rounds that a worker does before it looks for new jobs and for clients that have gone: about a
/// millisecond, of the quarter of a second that a hash takes.
const ROUNDS: u32 = 16;

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
    /// Workers without a job.
    idle: usize,
    closed: bool,
}

/// A job, and the request that waits for it.
struct Queued {
    job: Job,
    span: Span,
}

/// Hashes that are computed one after the other, and the answer to a client to which they lead.
enum Job {
    Hash {
        password: Password,
        salt: [u8; 16],
        cost: u32,
        reply: oneshot::Sender<Result<PasswordHash, Error>>,
    },
    Verify {
        password: Password,
        hash: HashParts,
        cost: u32,
        /// Forms of the password that have been compared.
        compared: usize,
        found: Option<Form>,
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
        self.submit(client, |reply| Job::Hash {
            password,
            salt: random_bytes(),
            cost: self.cost,
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
        let stored = hash.as_ref().and_then(PasswordHash::parts);
        let known = stored.is_some();
        let own = stored.as_ref().map(|parts| parts.cost);
        let cost = [Some(self.cost), dearest, own].into_iter().flatten().max();
        let cost = cost.unwrap_or(self.cost).min(MAX_COST);
        let hash = stored.unwrap_or(HashParts::decoy(cost));
        let form = self
            .submit(client, |reply| Job::Verify {
                password,
                hash,
                cost,
                compared: 0,
                found: None,
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
    /// Begins a waiting job in a free lane, and waits for one when `lanes` are all free. False when
    /// the pool has closed.
    ///
    /// A worker takes one at a time, so that jobs that come together are spread over the workers, and
    /// a worker that is busy leaves each idle one a job: sharing a core is worth it only when there is
    /// no other.
    fn refill(&self, lanes: &mut Lanes<Queued>) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        while lanes.is_empty() && state.jobs.len() == 0 {
            if state.closed {
                return false;
            }
            state.idle += 1;
            state = self
                .wake
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
            state.idle -= 1;
        }
        if lanes.is_empty() || lanes.len() < WIDTH && state.jobs.len() > state.idle {
            let next = state.jobs.pop();
            self.depth.store(state.jobs.len(), Ordering::Relaxed);
            drop(state);
            if let Some(queued) = next {
                queued.begin(lanes);
            }
        }
        true
    }
}

fn work(queue: &Queue) {
    // Hashing fills every core; those who answer requests go first. On Linux this is the thread's
    // own priority, and where it is refused nothing is lost but a little latency.
    let _ = rustix::process::nice(NICENESS);
    let mut lanes = Lanes::new();
    while queue.refill(&mut lanes) {
        // A worker that died would leave its queue without anyone to work on it. The clients of its
        // jobs hear of the panic, because the senders are dropped by it.
        let outcome = std::panic::catch_unwind(AssertUnwindSafe(|| advance(&mut lanes)));
        if outcome.is_err() {
            tracing::error!("a password job panicked");
            lanes = Lanes::new();
        }
    }
}

/// Does some rounds of every job, without those whose client has gone.
fn advance(lanes: &mut Lanes<Queued>) {
    lanes.retain(|queued| !queued.job.is_abandoned());
    let mut more = Vec::new();
    lanes.advance(ROUNDS, |queued, digest| more.extend(queued.resume(&digest)));
    for queued in more {
        queued.begin(lanes);
    }
}

impl Queued {
    /// Begins the next hash of the job; there is a free lane.
    fn begin(self, lanes: &mut Lanes<Self>) {
        if let Some(next) = self.job.next() {
            let _ = lanes.push(&next, self);
        }
    }

    /// Hands the job a hash; gives it back when it needs another.
    fn resume(self, digest: &Digest) -> Option<Self> {
        let Self { job, span } = self;
        let job = job.resume(digest)?;
        Some(Self { job, span })
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

    /// The next hash to compute; `None` when there is none.
    fn next(&self) -> Option<interleaved_bcrypt::Job> {
        match self {
            Self::Hash {
                password,
                salt,
                cost,
                ..
            } => Some(interleaved_bcrypt::Job::new(
                password.expose().as_bytes(),
                *salt,
                *cost,
            )),
            Self::Verify {
                password,
                hash,
                cost,
                compared,
                ..
            } => {
                let (_, text) = password.forms().nth(*compared)?;
                let job = interleaved_bcrypt::Job::new(text.as_bytes(), hash.salt, hash.cost);
                // A cheaper hash takes less, which would tell that the account exists. After a match,
                // too: the account may be disabled.
                Some(job.lasting(*cost))
            }
        }
    }

    /// Takes the hash that [`Self::next`] asked for. Gives the job back when another is needed, and
    /// answers otherwise; a client that has gone is not an error.
    fn resume(mut self, digest: &Digest) -> Option<Self> {
        if let Self::Verify {
            password,
            hash,
            compared,
            found,
            ..
        } = &mut self
        {
            let mut forms = password.forms().skip(*compared);
            // A longer password must cost the same and never match its own first 72 bytes.
            let form = forms.next().filter(|(_, text)| text.len() <= MAX_BYTES);
            let form = form.filter(|_| bool::from(hash.digest.ct_eq(digest)));
            *found = found.or(form.map(|(form, _)| form));
            *compared += 1;
            let is_last = forms.next().is_none();
            drop(forms);
            if !is_last {
                return Some(self);
            }
        }
        match self {
            Self::Hash {
                salt, cost, reply, ..
            } => {
                let digest = *digest;
                let parts = HashParts { cost, salt, digest };
                drop(reply.send(Ok(parts.into())));
            }
            Self::Verify { found, reply, .. } => drop(reply.send(Ok(found))),
        }
        None
    }
}

#[cfg(test)]
mod tests;
