//! The table of open connections: its caps, for one address and for all, and the choice of those that
//! make room for a new one. The clocks of a connection are in `socket.rs`.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ipnet::IpNet;
use prometheus_client::metrics::counter::Counter;
use tokio::time::Instant;

use super::connection::Connection;
use crate::http::client_address::network;

/// Shortest time between two warnings of refused connections.
const WARN_EVERY: Duration = Duration::from_mins(1);

/// Limits on the number of connections.
#[derive(Clone, Debug)]
pub(super) struct Caps {
    /// Connections of all addresses together.
    pub(super) total: usize,
    /// Connections of one IPv4 address, or one IPv6 network of 64 bits.
    pub(super) per_address: usize,
    /// Proxies, which speak for many clients: the cap of one address does not hold for them, and
    /// their connections are the last to make room.
    pub(super) exempt: Vec<IpNet>,
}

/// Connections that were closed or refused to keep the caps; clones share it.
#[derive(Clone, Debug, Default)]
pub(super) struct ConnectionMetrics {
    /// Idle ones that made room.
    pub(super) shed: Counter,
    /// New ones, while all others were busy.
    pub(super) refused: Counter,
}

/// Every open connection of one listener.
#[derive(Debug)]
pub(super) struct Connections {
    caps: Caps,
    metrics: ConnectionMetrics,
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    open: usize,
    peers: HashMap<IpAddr, Peer>,
    warned: Option<Instant>,
}

/// The connections of one address.
#[derive(Debug, Default)]
struct Peer {
    exempt: bool,
    open: Vec<Arc<Connection>>,
}

/// A connection's place in the table, until it is dropped.
#[derive(Debug)]
pub(super) struct Slot {
    connections: Arc<Connections>,
    address: IpAddr,
    pub(super) connection: Arc<Connection>,
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut table = self.connections.table();
        let Some(peer) = table.peers.get_mut(&self.address) else {
            return;
        };
        let is_this = |open: &Arc<Connection>| Arc::ptr_eq(open, &self.connection);
        // One that was shed has left the table already.
        if let Some(place) = peer.open.iter().position(is_this) {
            peer.open.swap_remove(place);
            table.open -= 1;
            table.forget_empty(self.address);
        }
    }
}

impl Connections {
    pub(super) fn new(caps: Caps, metrics: &ConnectionMetrics) -> Arc<Self> {
        Arc::new(Self {
            caps,
            metrics: metrics.clone(),
            table: Mutex::default(),
        })
    }

    /// A place for a connection of `peer`. Where a cap is reached, idle connections make room, then
    /// those that wait for their client: of the same address for its own cap, of the address that has
    /// the most of them for the other. `None` when the
    /// server is at work for all of them.
    pub(super) fn admit(self: &Arc<Self>, peer: IpAddr) -> Option<Slot> {
        let peer = peer.to_canonical();
        let address = network(peer);
        let exempt = self.caps.exempt.iter().any(|net| net.contains(&peer));
        let mut table = self.table();
        let own = table.peers.get(&address).map_or(0, |peer| peer.open.len());
        let own_full = !exempt && own >= self.caps.per_address;
        let full = table.open >= self.caps.total;
        // Its own cap first: an address at its cap must not push out the connections of others.
        let shed = match (own_full, full) {
            (true, _) => table.shed_of(address, 1),
            (false, true) => table.shed_any(self.batch()),
            (false, false) => 0,
        };
        self.metrics.shed.inc_by(shed as u64);
        if (own_full || full) && shed == 0 {
            self.metrics.refused.inc();
            table.warn(peer, own_full.then_some(own));
            return None;
        }
        let connection = Arc::new(Connection::new());
        let place = table.peers.entry(address).or_default();
        place.exempt = exempt;
        place.open.push(Arc::clone(&connection));
        table.open += 1;
        Some(Slot {
            connections: Arc::clone(self),
            address,
            connection,
        })
    }

    /// Connections that are open, and not about to close to make room.
    pub(super) fn open(&self) -> usize {
        self.table().open
    }

    /// Closes some idle connections.
    pub(super) fn make_room(&self) {
        let shed = self.table().shed_any(self.batch());
        self.metrics.shed.inc_by(shed as u64);
    }

    /// Most connections that make room at once: to find them, all are looked at.
    const fn batch(&self) -> usize {
        self.caps.total / 64 + 1
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Connections that make room, first to last: those that are idle, that withhold the end of a body, and
/// that do not read an answer. Those of the last two kinds could otherwise take every place until their
/// time limits.
const SHEDDABLE: [fn(&Connection) -> bool; 3] = [
    Connection::is_idle,
    Connection::awaits_body,
    Connection::is_unread,
];

impl Table {
    fn shed_any(&mut self, most: usize) -> usize {
        for rests in SHEDDABLE {
            let resting = self.peers.iter().map(|(address, peer)| {
                let resting = peer.open.iter().filter(|open| rests(open)).count();
                (!peer.exempt, resting, *address)
            });
            let found = resting.filter(|(_, resting, _)| *resting > 0).max();
            if let Some((_, resting, address)) = found {
                // Half of them at most: the next round may find another address with more.
                return self.shed_of(address, most.min(resting.div_ceil(2)));
            }
        }
        0
    }

    /// Sheds up to `most` connections of an address, those first that have rested for longest.
    fn shed_of(&mut self, address: IpAddr, most: usize) -> usize {
        let Some(peer) = self.peers.get_mut(&address) else {
            return 0;
        };
        let mut shed = Vec::new();
        for rests in SHEDDABLE {
            let resting = peer.open.iter().enumerate();
            let resting = resting.filter(|(_, open)| rests(open));
            let mut resting: Vec<(Instant, usize)> = resting
                .map(|(place, open)| (open.last_answer(), place))
                .collect();
            resting.sort_unstable();
            let places = resting.into_iter().map(|(_, place)| place);
            let room = most - shed.len();
            shed.extend(places.filter(|place| peer.open[*place].shed()).take(room));
        }
        shed.sort_unstable();
        // Last first: `swap_remove` moves one from the end into each gap.
        for place in shed.iter().rev() {
            peer.open.swap_remove(*place);
        }
        self.open -= shed.len();
        self.forget_empty(address);
        shed.len()
    }

    fn forget_empty(&mut self, address: IpAddr) {
        if self
            .peers
            .get(&address)
            .is_some_and(|peer| peer.open.is_empty())
        {
            self.peers.remove(&address);
        }
    }

    /// Warns of a refused connection. `own`: connections of `peer`, where its own cap is reached.
    fn warn(&mut self, peer: IpAddr, own: Option<usize>) {
        if self.warned.is_some_and(|at| at.elapsed() < WARN_EVERY) {
            return;
        }
        self.warned = Some(Instant::now());
        if let Some(open) = own {
            tracing::warn!(
                %peer, open,
                "a connection was refused: its address has SERVER_MAX_CONNECTIONS_PER_ADDRESS and \
                 none is idle; if this is your proxy, name it in SERVER_TRUSTED_PROXIES"
            );
        } else {
            let open = self.open;
            tracing::warn!(
                %peer, open,
                "a connection was refused: there are SERVER_MAX_CONNECTIONS and the server is at \
                 work for all of them"
            );
        }
    }
}

#[cfg(test)]
mod tests;
