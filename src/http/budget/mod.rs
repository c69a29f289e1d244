//! [`Budget`]: memory that requests may hold in this process, all together and each client or account by
//! itself.
//!
//! Where no room is left, a body that has stopped arriving, or arrives slowest, makes room: a few
//! clients that trickle could otherwise keep everybody out for as long as they like.

mod table;

use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hyper::body::Bytes;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

pub use self::table::BudgetError;
use self::table::{Arriving, SMALL, Table, Used};
use super::code::Code;
use super::problem::Problem;

/// Longest wait for the memory of bodies that make room: they are dropped at once, by another task.
const EVICTION_WAIT: Duration = Duration::from_secs(2);

/// Memory of the bodies of sign-ins and forms, shared by network addresses.
pub type BodyBudget = Budget<IpAddr>;

/// A number of bytes to be held, shared by holders that a `K` names; clones share it.
#[derive(Debug)]
pub struct Budget<K: Copy + Eq + Hash>(Arc<Shared<K>>);

impl<K: Copy + Eq + Hash> Clone for Budget<K> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

#[derive(Debug)]
struct Shared<K> {
    total: usize,
    share: usize,
    /// The part of `total` that only small holds may have.
    small: usize,
    /// Holds cannot make room, so none may take all that is left.
    spread: bool,
    table: Mutex<Table<K>>,
    freed: Notify,
}

impl From<BudgetError> for Problem {
    fn from(error: BudgetError) -> Self {
        let detail = match error {
            BudgetError::Total => "requests hold all the memory that they may; try again shortly",
            BudgetError::Share => {
                "your other requests hold all the memory that one client's may; try again when they \
                 have ended"
            }
            BudgetError::Evicted => {
                "memory is short, and this body arrived slowest, so it made room for others; try again \
                 shortly"
            }
        };
        Self::new(Code::Busy, detail)
    }
}

/// Bytes that are held; dropped, they are given back.
#[derive(Debug)]
pub struct Hold<K: Copy + Eq + Hash> {
    budget: Budget<K>,
    key: K,
    bytes: usize,
    /// Its place among those that are arriving.
    arriving: Option<(u64, Arc<Notify>)>,
}

impl<K: Copy + Eq + Hash> Budget<K> {
    /// A budget of `total` bytes for bodies that arrive, of which `small` are kept for those of 64 KiB
    /// at most. One holder may have `share` bytes of large bodies, and a quarter of `small` beside.
    #[must_use]
    pub fn of_bodies(total: usize, share: usize, small: usize) -> Self {
        Self::new(total, share, small, false)
    }

    /// The same for answers, which cannot make room: beyond its first, a holder gets no answer that
    /// leaves less room to all others than this holder has.
    #[must_use]
    pub fn of_answers(total: usize, share: usize, small: usize) -> Self {
        Self::new(total, share, small, true)
    }

    fn new(total: usize, share: usize, small: usize, spread: bool) -> Self {
        Self(Arc::new(Shared {
            total,
            share,
            small,
            spread,
            table: Mutex::new(Table::default()),
            freed: Notify::new(),
        }))
    }

    /// An empty hold of `key`.
    #[must_use]
    pub fn holder(&self, key: K) -> Hold<K> {
        Hold {
            budget: self.clone(),
            key,
            bytes: 0,
            arriving: None,
        }
    }

    /// An empty hold of `key` for a body that is arriving. It is to grow by what has arrived: a length
    /// that is only announced costs the server nothing.
    #[must_use]
    pub fn arriving(&self, key: K) -> Hold<K> {
        let mut hold = self.holder(key);
        let evict = Arc::new(Notify::new());
        let body = Arriving::new(key, Arc::clone(&evict));
        hold.arriving = Some((self.0.table().add(body), evict));
        hold
    }

    /// Holds `bytes` for `key`.
    ///
    /// # Errors
    /// [`BudgetError`] where there are not as many left.
    pub fn hold(&self, key: K, bytes: usize) -> Result<Hold<K>, BudgetError> {
        let mut hold = self.holder(key);
        hold.grow(bytes)?;
        Ok(hold)
    }

    /// Bytes that are held at this moment.
    #[must_use]
    pub fn used(&self) -> usize {
        self.0.table().used.bytes
    }
}

impl<K: Copy + Eq + Hash> Shared<K> {
    fn table(&self) -> MutexGuard<'_, Table<K>> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The limit that `more` bytes break for a hold of `key` that has `bytes`, with whether it is one of
    /// large holds alone.
    fn exceeded(
        &self,
        table: &Table<K>,
        key: K,
        bytes: usize,
        more: usize,
    ) -> Option<(BudgetError, bool)> {
        let own = table.holders.get(&key).copied().unwrap_or_default();
        let after = |used: Used| used.after(bytes, bytes.saturating_add(more));
        let (all_after, own_after) = (after(table.used), after(own));
        let most = self.share.saturating_add(self.small / 4);
        if own_after.bytes > most {
            return Some((BudgetError::Share, false));
        }
        if own_after.large > self.share {
            return Some((BudgetError::Share, true));
        }
        let Some(left) = self.total.checked_sub(all_after.bytes) else {
            return Some((BudgetError::Total, false));
        };
        let Some(left_large) = (self.total - self.small).checked_sub(all_after.large) else {
            return Some((BudgetError::Total, true));
        };
        let left = if bytes + more > SMALL {
            left_large
        } else {
            left
        };
        // The first answer of a holder may take what is there.
        let spread = self.spread && own.bytes > bytes && own_after.bytes > left;
        spread.then_some((BudgetError::Total, bytes + more > SMALL))
    }
}

impl<K: Copy + Eq + Hash> Hold<K> {
    /// Holds `more` bytes.
    ///
    /// # Errors
    /// [`BudgetError`]; what was held stays so.
    pub fn grow(&mut self, more: usize) -> Result<(), BudgetError> {
        self.try_to_grow(more).map_err(|(full, _)| full)
    }

    /// The same; the error tells as well whether the limit is one of large holds alone.
    fn try_to_grow(&mut self, more: usize) -> Result<(), (BudgetError, bool)> {
        let shared = &self.budget.0;
        let mut table = shared.table();
        if let Some(limit) = shared.exceeded(&table, self.key, self.bytes, more) {
            return Err(limit);
        }
        table.count(self.key, self.bytes, self.bytes + more);
        self.bytes += more;
        if let Some((id, _)) = &self.arriving
            && let Some(body) = table.arriving.get_mut(id)
        {
            body.bytes = self.bytes;
            body.grown = Instant::now();
        }
        Ok(())
    }

    /// Holds `more` bytes of a body that is arriving; where there is no room, those that arrive slower
    /// make some.
    ///
    /// # Errors
    /// [`BudgetError`] where this one is the slowest, or all others are whole.
    pub async fn make_room(&mut self, more: usize) -> Result<(), BudgetError> {
        let until = Instant::now() + EVICTION_WAIT;
        loop {
            let shared = Arc::clone(&self.budget.0);
            let freed = shared.freed.notified();
            tokio::pin!(freed);
            // From here on nothing that is given back is missed.
            freed.as_mut().enable();
            let Err((full, large)) = self.try_to_grow(more) else {
                return Ok(());
            };
            let Some((id, evict)) = &self.arriving else {
                return Err(full);
            };
            if !shared.table().make_room(*id, more, full, large) {
                return Err(full);
            }
            tokio::select! {
                biased;
                () = evict.notified() => return Err(BudgetError::Evicted),
                in_time = timeout_at(until, freed.as_mut()) => in_time.map_err(|_| full)?,
            }
        }
    }

    /// Resolves when this body is to make room for others.
    pub async fn evicted(&self) {
        match &self.arriving {
            Some((_, evict)) => evict.notified().await,
            None => std::future::pending().await,
        }
    }

    /// Holds `more` bytes, also where none are left: for what is in memory already.
    pub fn force(&mut self, more: usize) {
        let mut table = self.budget.0.table();
        table.count(self.key, self.bytes, self.bytes + more);
        self.bytes += more;
    }

    /// Gives `fewer` bytes back.
    pub fn shrink(&mut self, fewer: usize) {
        let left = self.bytes.saturating_sub(fewer);
        self.budget.0.table().count(self.key, self.bytes, left);
        self.bytes = left;
        self.budget.0.freed.notify_waiters();
    }

    /// Ends the arrival of a body of `bytes`: from here on it does not make room.
    pub fn complete(&mut self, bytes: usize) {
        self.settle(self.bytes.min(bytes));
    }

    /// Ends the arrival, and holds `left` bytes. At one moment: a body that waits for room must not see
    /// half of it.
    fn settle(&mut self, left: usize) {
        let mut table = self.budget.0.table();
        if let Some((id, _)) = self.arriving.take() {
            table.arriving.remove(&id);
        }
        table.count(self.key, self.bytes, left);
        drop(table);
        self.bytes = left;
        self.budget.0.freed.notify_waiters();
    }

    /// `bytes`, for which this is held until their last clone is dropped.
    pub fn attach_to(self, bytes: impl AsRef<[u8]> + Send + 'static) -> Bytes
    where
        K: Send + 'static,
    {
        Bytes::from_owner(Owner { bytes, _hold: self })
    }
}

impl<K: Copy + Eq + Hash> Drop for Hold<K> {
    fn drop(&mut self) {
        self.settle(0);
    }
}

struct Owner<T, K: Copy + Eq + Hash> {
    bytes: T,
    _hold: Hold<K>,
}

impl<T: AsRef<[u8]>, K: Copy + Eq + Hash> AsRef<[u8]> for Owner<T, K> {
    fn as_ref(&self) -> &[u8] {
        self.bytes.as_ref()
    }
}

#[cfg(test)]
mod tests;
