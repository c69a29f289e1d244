//! [`Budget`]: bytes that all requests under `/v1` together may hold in this process, and a share
//! of them for each user, so that no user can use up the whole.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hyper::body::Bytes;

use crate::auth::ids::UserId;
use crate::http::{Code, Problem};

/// A number of bytes to be held; clones share it.
#[derive(Clone, Debug)]
pub(super) struct Budget(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    total: usize,
    share: usize,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    bytes: usize,
    users: HashMap<UserId, usize>,
}

/// Bytes that are held for a user; dropped, they are given back.
#[derive(Debug)]
pub(super) struct Hold {
    budget: Budget,
    user: UserId,
    bytes: usize,
}

impl Budget {
    /// A budget of `total` bytes, of which one user may hold `share`.
    pub(super) fn new(total: usize, share: usize) -> Self {
        Self(Arc::new(Inner {
            total,
            share,
            held: Mutex::default(),
        }))
    }

    /// Holds nothing for `user` yet.
    pub(super) fn holder(&self, user: UserId) -> Hold {
        Hold {
            budget: self.clone(),
            user,
            bytes: 0,
        }
    }

    /// Holds `bytes` for `user`.
    ///
    /// # Errors
    /// `busy` where there are not as many left, for all or for this user.
    pub(super) fn hold(&self, user: UserId, bytes: usize) -> Result<Hold, Problem> {
        let mut hold = self.holder(user);
        hold.grow(bytes)?;
        Ok(hold)
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.0.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Bytes that are held now.
    #[cfg(test)]
    pub(super) fn in_use(&self) -> usize {
        self.held().bytes
    }
}

impl Hold {
    /// Holds `more` bytes.
    ///
    /// # Errors
    /// As [`Budget::hold`]; what was held stays so.
    pub(super) fn grow(&mut self, more: usize) -> Result<(), Problem> {
        let Inner { total, share, .. } = *self.budget.0;
        let mut held = self.budget.held();
        let own = held.users.get(&self.user).copied().unwrap_or(0);
        let fits = |used: usize, limit| used.checked_add(more).is_some_and(|sum| sum <= limit);
        if !fits(held.bytes, total) {
            let detail = "the language model's requests hold all the memory that they may; try \
                          again shortly";
            return Err(Problem::new(Code::Busy, detail));
        }
        if !fits(own, share) {
            let detail = "your other requests hold all the memory that one user's may; try again \
                          when they have ended";
            return Err(Problem::new(Code::Busy, detail));
        }
        held.add(self.user, more);
        drop(held);
        self.bytes += more;
        Ok(())
    }

    /// Holds `more` bytes, also where none are left: for what is in memory already.
    pub(super) fn force(&mut self, more: usize) {
        self.budget.held().add(self.user, more);
        self.bytes += more;
    }

    /// Gives `fewer` bytes back.
    pub(super) fn shrink(&mut self, fewer: usize) {
        let fewer = fewer.min(self.bytes);
        self.bytes -= fewer;
        self.budget.held().remove(self.user, fewer);
    }

    /// `bytes`, for which this is held until their last clone is dropped.
    pub(super) fn over(self, bytes: impl AsRef<[u8]> + Send + 'static) -> Bytes {
        Bytes::from_owner(Owner { bytes, _hold: self })
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.shrink(self.bytes);
    }
}

impl Held {
    fn add(&mut self, user: UserId, bytes: usize) {
        if bytes > 0 {
            self.bytes += bytes;
            *self.users.entry(user).or_default() += bytes;
        }
    }

    fn remove(&mut self, user: UserId, bytes: usize) {
        self.bytes -= bytes;
        if let Some(own) = self.users.get_mut(&user) {
            *own -= bytes;
            if *own == 0 {
                self.users.remove(&user);
            }
        }
    }
}

struct Owner<T> {
    bytes: T,
    _hold: Hold,
}

impl<T: AsRef<[u8]>> AsRef<[u8]> for Owner<T> {
    fn as_ref(&self) -> &[u8] {
        self.bytes.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_holds_a_share_and_all_hold_the_total() {
        let budget = Budget::new(100, 30);
        let [one, two, three, four] = [(); 4].map(|()| UserId::random());
        let mut first = budget.hold(one, 20).unwrap();
        assert!(budget.hold(one, 11).is_err(), "30 are the share");
        first.grow(10).unwrap();
        assert!(first.grow(1).is_err());
        let others = [two, three].map(|user| budget.hold(user, 30).unwrap());
        let problem = budget.hold(four, 11).unwrap_err();
        assert_eq!((problem.code, problem.retry_after), (Code::Busy, Some(1)));
        assert!(budget.hold(four, usize::MAX).is_err());
        first.shrink(5);
        assert_eq!((first.bytes, budget.in_use()), (25, 85));
        let mut last = budget.hold(four, 15).unwrap();
        last.force(20);
        assert_eq!(budget.in_use(), 120);
        drop((first, others, last));
        assert_eq!(budget.in_use(), 0);
        assert!(budget.held().users.is_empty());
    }

    #[test]
    fn bytes_are_held_until_their_last_clone_is_dropped() {
        let budget = Budget::new(100, 100);
        let bytes = budget.hold(UserId::random(), 4).unwrap().over(b"text");
        let part = bytes.slice(1..2);
        drop(bytes);
        assert_eq!((&part[..], budget.in_use()), (&b"e"[..], 4));
        drop(part);
        assert_eq!(budget.in_use(), 0);
    }
}
