//! bcrypt for several passwords at a time on one core.
//!
//! bcrypt is a chain: each of its steps looks up four words at addresses that the step before has
//! computed, so a core that computes one hash mostly waits for its own cache. The chains of
//! *different* passwords are independent. [`Lanes`] advances up to [`WIDTH`] of them side by side,
//! step by step in turn, and the core fills the waits of one with the work of the others. Every hash
//! is the one that any other bcrypt computes; only the time per hash falls.
//!
//! ```
//! use interleaved_bcrypt::{Job, Lanes};
//!
//! let mut lanes = Lanes::new();
//! for (name, password) in [("one", "correct horse"), ("two", "battery staple")] {
//!     lanes.push(&Job::new(password.as_bytes(), [7; 16], 4), name).unwrap();
//! }
//! let mut done = Vec::new();
//! while !lanes.is_empty() {
//!     lanes.advance(4, |name, digest| done.push((name, digest)));
//! }
//! assert_eq!(done.len(), 2);
//! ```
//!
//! # What it is not
//!
//! It knows no text: parsing and formatting of `$2b$12$...` and the choice of salts are the caller's.
//! The variants `$2a$`, `$2b$` and `$2y$` are all computed as here (they differ in faults of old
//! programs); `$2x$`, which keeps such a fault, is not computed. As with every bcrypt in software, the
//! addresses of look-ups depend on the password, so another process on the same core may learn of it
//! by the cache; there is no branch and no loop count that does.
//!
//! # Memory
//!
//! A lane is 4,264 bytes: four tables of a kibibyte, the subkeys, the key and the salt. [`WIDTH`] of
//! them fit in a first-level cache of 32 KiB. A lane is wiped as soon as it ends.
//!
//! # Source
//!
//! Niels Provos and David Mazières, *A Future-Adaptable Password Scheme*, USENIX 1999; Bruce
//! Schneier, *Description of a New Variable-Length Key, 64-Bit Block Cipher (Blowfish)*, 1993.

mod blowfish;
mod pi;

use zeroize::Zeroize;

use blowfish::State;

/// Lanes that advance together. On one core, in hashes per second against the `bcrypt` crate: 1 lane
/// gives 1.04, 2 give 2.0, 3 give 2.8, 4 give 3.5, 6 give 4.1 and 8 give 3.7 on a Xeon of 2023. More
/// than four make every hash of the six take half as long again, and are too much for a first-level
/// cache of 32 KiB that two threads share.
pub const WIDTH: usize = 4;

/// The most bytes of a password that count, its terminating zero included.
const MAX_KEY: usize = 72;

/// The least and the greatest cost that the format knows.
const COSTS: std::ops::RangeInclusive<u32> = 4..=31;

/// 184 bits: the last byte of the ciphertext has never been part of a bcrypt hash.
pub type Digest = [u8; 23];

/// One hash to compute. Wiped when it is dropped.
pub struct Job {
    key: [u8; MAX_KEY],
    /// Bytes of the key that count: one at least.
    len: usize,
    salt: [u8; 16],
    cost: u32,
    duration: u32,
}

impl Job {
    /// The hash of `password` with `salt`, of 2^`cost` rounds. Costs are 4 to 31; one outside is taken
    /// for the nearest. Of the password, at most 72 bytes count, and fewer than 72 are followed by a
    /// zero byte, as in every bcrypt since `$2a$`.
    #[must_use]
    pub fn new(password: &[u8], salt: [u8; 16], cost: u32) -> Self {
        let counted = password.len().min(MAX_KEY);
        let mut key = [0; MAX_KEY];
        key[..counted].copy_from_slice(&password[..counted]);
        let cost = cost.clamp(*COSTS.start(), *COSTS.end());
        Self {
            key,
            len: (counted + 1).min(MAX_KEY),
            salt,
            cost,
            duration: cost,
        }
    }

    /// Lets the lane go on until as many rounds are done as a hash of `cost` has, so that the hash of
    /// a lower cost takes exactly as long. The digest does not change.
    #[must_use]
    pub fn lasting(mut self, cost: u32) -> Self {
        self.duration = self.cost.max(cost.min(*COSTS.end()));
        self
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        self.key.zeroize();
    }
}

impl std::fmt::Debug for Job {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Job(cost {})", self.cost)
    }
}

/// Progress of one lane.
#[derive(Debug)]
struct Progress<T> {
    tag: T,
    /// Rounds until the digest; afterwards zero.
    before_digest: u32,
    /// Rounds after the digest.
    after_digest: u32,
    digest: Digest,
}

/// Up to [`WIDTH`] hashes under way. `T` is whatever the caller knows a hash by.
///
/// Lanes are independent: they begin and end at any time, whatever the costs of the others.
pub struct Lanes<T> {
    /// The first `progress.len()` are in use.
    states: Box<[State]>,
    progress: Vec<Progress<T>>,
}

impl<T> Default for Lanes<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: std::fmt::Debug> std::fmt::Debug for Lanes<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let tags = self.progress.iter().map(|progress| &progress.tag);
        f.debug_list().entries(tags).finish()
    }
}

impl<T> Lanes<T> {
    /// No hashes.
    #[must_use]
    pub fn new() -> Self {
        Self {
            states: std::iter::repeat_n((), WIDTH)
                .map(|()| State::EMPTY)
                .collect(),
            progress: Vec::with_capacity(WIDTH),
        }
    }

    /// Hashes under way.
    #[must_use]
    pub fn len(&self) -> usize {
        self.progress.len()
    }

    /// True when no hash is under way.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.progress.is_empty()
    }

    /// Begins a hash.
    ///
    /// # Errors
    /// The tag, when all lanes are in use.
    pub fn push(&mut self, job: &Job, tag: T) -> Result<(), T> {
        let Some(state) = self.states.get_mut(self.progress.len()) else {
            return Err(tag);
        };
        state.start(&job.key[..job.len], &job.salt);
        self.progress.push(Progress {
            tag,
            before_digest: 1 << job.cost,
            after_digest: (1 << job.duration) - (1 << job.cost),
            digest: [0; 23],
        });
        Ok(())
    }

    /// Does at most `rounds` rounds of every hash, in steps that begin together, and gives each that
    /// ends to `done`. A round is a 2^cost-th part of a hash of that cost: about 40 microseconds when
    /// it is alone, and a third of that when four share a core.
    pub fn advance(&mut self, rounds: u32, mut done: impl FnMut(T, Digest)) {
        let mut left = rounds;
        while let Some(next) = self.progress.iter().map(Progress::until_event).min() {
            let step = next.min(left);
            blowfish::advance(&mut self.states[..self.progress.len()], step);
            left -= step;
            for lane in (0..self.progress.len()).rev() {
                let progress = &mut self.progress[lane];
                if progress.passed(step) {
                    progress.digest = self.states[lane].digest();
                }
                if progress.until_event() == 0 {
                    let Progress { tag, digest, .. } = self.remove(lane);
                    done(tag, digest);
                }
            }
            if left == 0 {
                break;
            }
        }
    }

    /// Ends the hashes that `keep` is false for, without a result.
    pub fn retain(&mut self, mut keep: impl FnMut(&T) -> bool) {
        for lane in (0..self.progress.len()).rev() {
            if !keep(&self.progress[lane].tag) {
                self.remove(lane);
            }
        }
    }

    /// Takes a lane out; the last one moves to its place.
    fn remove(&mut self, lane: usize) -> Progress<T> {
        let last = self.progress.len() - 1;
        self.states.swap(lane, last);
        self.states[last].zeroize();
        self.progress.swap_remove(lane)
    }
}

impl<T> Progress<T> {
    /// Rounds until the digest, or until the end.
    fn until_event(&self) -> u32 {
        if self.before_digest > 0 {
            self.before_digest
        } else {
            self.after_digest
        }
    }

    /// Counts `rounds`, which are not more than [`Self::until_event`]; true when the digest is due.
    fn passed(&mut self, rounds: u32) -> bool {
        if self.before_digest > 0 {
            self.before_digest -= rounds;
            return self.before_digest == 0;
        }
        self.after_digest -= rounds;
        false
    }
}

/// The hash of one password; see [`Job::new`].
#[must_use]
pub fn hash(password: &[u8], salt: [u8; 16], cost: u32) -> Digest {
    let mut lanes = Lanes::new();
    let mut found = [0; 23];
    let _ = lanes.push(&Job::new(password, salt, cost), ());
    while !lanes.is_empty() {
        lanes.advance(u32::MAX, |(), digest| found = digest);
    }
    found
}

#[cfg(test)]
mod tests;
