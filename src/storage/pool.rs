//! The pool that keeps connections to the accounts' database.
//!
//! A pool of our own, because everything that a statement needs must travel with it: behind a
//! transaction pooler the next statement may run in another session. See
//! `docs/decisions/0013-database-connections.md`.

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use sqlx::Error;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::address::Address;
use super::connection::Connection;

/// Maximum time to wait for a connection, be it for a free one or for a new one to be made.
const ACQUIRE_LIMIT: Duration = Duration::from_millis(1200);

/// Connections that were not used for this long are closed.
const MAX_IDLE: Duration = Duration::from_mins(10);

/// Connections to one database, made when they are needed; clones share them.
#[derive(Clone, Debug)]
pub struct Pool(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    address: Arc<Address>,
    size: u32,
    permits: Arc<Semaphore>,
    idle: Mutex<Vec<Idle>>,
}

#[derive(Debug)]
struct Idle {
    connection: Connection,
    since: Instant,
}

/// A connection of a pool. Dropped, it goes back, unless a statement or a transaction was cut off:
/// then it is closed, and the server rolls back.
#[derive(Debug)]
pub struct Lease {
    connection: Connection,
    pool: Pool,
    _permit: OwnedSemaphorePermit,
}

impl Pool {
    /// Prepares a pool of at most `size` connections; connects nothing.
    pub(super) fn new(address: Arc<Address>, size: u32) -> Self {
        Self(Arc::new(Inner {
            address,
            size,
            permits: Arc::new(Semaphore::new(size as usize)),
            idle: Mutex::default(),
        }))
    }

    /// A connection that has answered a moment ago.
    ///
    /// # Errors
    /// Why none could be made, or [`Error::PoolTimedOut`] after 1.2 seconds.
    pub async fn acquire(&self) -> Result<Lease, Error> {
        let permits = Arc::clone(&self.0.permits);
        let acquired = tokio::time::timeout(ACQUIRE_LIMIT, async {
            let permit = permits.acquire_owned().await;
            let permit = permit.map_err(|_| Error::PoolClosed)?;
            let connection = self.connection().await?;
            Ok(Lease {
                connection,
                pool: self.clone(),
                _permit: permit,
            })
        });
        acquired.await.unwrap_or(Err(Error::PoolTimedOut))
    }

    /// Begins a transaction on a connection that has no other user. The pool of a
    /// lease is kept alive by it.
    async fn connection(&self) -> Result<Connection, Error> {
        while let Some(mut connection) = self.pop() {
            // The server may have closed it meanwhile; then its sisters are closed as well.
            if connection.open().await.is_ok() {
                return Ok(connection);
            }
            connection.retire();
        }
        let limit = ACQUIRE_LIMIT;
        let mut connection = Connection::make(&self.0.address, limit, None).await?;
        connection.open().await?;
        Ok(connection)
    }

    fn pop(&self) -> Option<Connection> {
        let mut idle = self.0.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|one| one.connection.is_current() && one.since.elapsed() < MAX_IDLE);
        // The last that came back: those below it grow old and are closed when little is going on.
        idle.pop().map(|one| one.connection)
    }

    fn push(&self, connection: Connection) {
        if self.0.permits.is_closed() || !connection.is_current() {
            return;
        }
        let since = Instant::now();
        let mut idle = self.0.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.push(Idle { connection, since });
    }

    /// Waits until all connections have come back, closes them and gives out no more.
    pub(super) async fn close(&self) {
        let _all = self.0.permits.acquire_many(self.0.size).await;
        self.0.permits.close();
        let idle = std::mem::take(&mut *self.0.idle.lock().unwrap_or_else(PoisonError::into_inner));
        for one in idle {
            one.connection.close().await;
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        // One whose statement was cut off may still be in a transaction: only the server can end that.
        if self.connection.is_settled() {
            self.pool.push(self.connection.take());
        }
    }
}

impl Deref for Lease {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.connection
    }
}

impl DerefMut for Lease {
    fn deref_mut(&mut self) -> &mut Connection {
        &mut self.connection
    }
}
