//! [`BodyBudget`]: the memory that request bodies may take in this process, all together and each
//! client by itself.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::client_address::network;

/// One client holds at most this fraction of the budget, so that others are still served.
const SHARE: usize = 4;

/// Bytes that request bodies may take; clones share them.
#[derive(Clone, Debug)]
pub struct BodyBudget(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    total: usize,
    used: Mutex<Used>,
}

#[derive(Debug, Default)]
struct Used {
    total: usize,
    /// Bytes of each client that holds any: no entry outlives its last reservation.
    clients: HashMap<IpAddr, usize>,
}

impl BodyBudget {
    /// A budget of `total` bytes, of which one client may hold a quarter.
    #[must_use]
    pub fn new(total: usize) -> Self {
        let used = Mutex::default();
        Self(Arc::new(Shared { total, used }))
    }

    /// An empty reservation of the client at `address` (IPv6: of its /64). It is to grow by what
    /// has arrived: a length that is only announced costs the server nothing, so it reserves
    /// nothing.
    #[must_use]
    pub fn reserve(&self, address: IpAddr) -> Reservation {
        Reservation {
            budget: self.clone(),
            client: network(address),
            bytes: 0,
        }
    }

    /// Bytes that are reserved at this moment.
    #[must_use]
    pub fn used(&self) -> usize {
        self.0.lock().total
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Used> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A part of a budget, given back when it is dropped.
#[derive(Debug)]
pub struct Reservation {
    budget: BodyBudget,
    client: IpAddr,
    bytes: usize,
}

impl Reservation {
    /// Grows to `bytes`; false, and no byte more, where the budget or the client's share of it is
    /// used up. Never shrinks.
    #[must_use]
    pub fn grow_to(&mut self, bytes: usize) -> bool {
        let more = bytes.saturating_sub(self.bytes);
        if more == 0 {
            return true;
        }
        let shared = &self.budget.0;
        let mut used = shared.lock();
        let of_client = used.clients.get(&self.client).copied().unwrap_or(0);
        if used.total + more > shared.total || of_client + more > shared.total / SHARE {
            return false;
        }
        used.total += more;
        used.clients.insert(self.client, of_client + more);
        self.bytes = bytes;
        true
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if self.bytes == 0 {
            return;
        }
        let mut used = self.budget.0.lock();
        used.total -= self.bytes;
        let left = used.clients.remove(&self.client).unwrap_or(0);
        if left > self.bytes {
            used.clients.insert(self.client, left - self.bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_client_holds_a_quarter_and_all_together_the_whole() {
        let budget = BodyBudget::new(400);
        let mut first = budget.reserve(address("2001:db8::1"));
        assert!(first.grow_to(100));
        // The same /64 is the same client.
        assert!(!budget.reserve(address("2001:db8::2")).grow_to(1));
        let mut others: Vec<_> = (1..=3)
            .map(|number| budget.reserve(address(&format!("192.0.2.{number}"))))
            .collect();
        assert!(others.iter_mut().all(|other| other.grow_to(100)));
        assert!(!budget.reserve(address("192.0.2.9")).grow_to(1));
        assert_eq!(budget.used(), 400);
        drop(first);
        assert!(budget.reserve(address("192.0.2.9")).grow_to(100));
    }

    #[test]
    fn what_is_dropped_is_given_back_and_forgotten() {
        let budget = BodyBudget::new(400);
        let (mut one, mut two) = (
            budget.reserve(address("192.0.2.1")),
            budget.reserve(address("192.0.2.1")),
        );
        assert!(one.grow_to(60) && one.grow_to(40) && two.grow_to(40));
        assert!(!two.grow_to(41), "a refusal takes nothing");
        assert_eq!(budget.used(), 100);
        drop(one);
        assert_eq!(budget.used(), 40);
        drop(two);
        let used = budget.0.lock();
        assert_eq!((used.total, used.clients.len()), (0, 0));
    }
}
