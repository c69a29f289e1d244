//! One connection to the accounts' database, and how statements run on it. Knows no statement of a
//! feature.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::stream::{StreamExt, TryStreamExt};
use sqlx::any::{AnyArguments, AnyQueryResult, AnyRow};
use sqlx::postgres::PgArguments;
use sqlx::{Either, Error, Executor, SqlStr};

use super::address::{Address, Backend};

/// Connections older than this are closed, so that servers behind a balancer all get their share.
const MAX_AGE: Duration = Duration::from_mins(30);

/// The limits are of the transaction, not of the session, which behind a pooler is another client's a
/// moment later: the server gives up on what the client has given up on, and on a client that is
/// gone.
const BEGIN_POSTGRES: &str = "BEGIN; SET LOCAL statement_timeout = '1700ms'; \
                              SET LOCAL idle_in_transaction_session_timeout = '10s'";

/// One connection, to whichever engine. Executes the statements of [`sqlx::query`].
pub struct Connection {
    /// None once it was given back.
    backend: Option<Backend>,
    address: Arc<Address>,
    generation: u64,
    made: Instant,
    begin: &'static str,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Between transactions.
    Idle,
    /// A transaction is open that ends with the next statement.
    Opened,
    /// A [`Transaction`] is open.
    Claimed,
    /// Something is in flight, or was cut off; nothing can be known of the connection.
    Busy,
}

/// An open transaction. Dropped without [`Self::commit`], it is rolled back, and the connection is
/// closed; [`Self::rollback`] keeps the connection.
#[derive(Debug)]
pub struct Transaction<'c>(&'c mut Connection);

impl Connection {
    /// Makes a connection within `limit`; transactions begin with `begin`, or else as the engine
    /// needs it.
    pub(super) async fn make(
        address: &Arc<Address>,
        limit: Duration,
        begin: Option<&'static str>,
    ) -> Result<Self, Error> {
        let (backend, generation) = address.connect(limit).await?;
        Ok(Self {
            begin: begin.unwrap_or(match backend {
                Backend::Sqlite(_) => "BEGIN",
                Backend::Postgres(_) => BEGIN_POSTGRES,
            }),
            backend: Some(backend),
            address: Arc::clone(address),
            generation,
            made: Instant::now(),
            state: State::Idle,
        })
    }

    /// Begins a transaction.
    ///
    /// # Errors
    /// The error of the database.
    ///
    /// # Panics
    /// In debug builds, when one is open already.
    pub async fn begin(&mut self) -> Result<Transaction<'_>, Error> {
        debug_assert_ne!(self.state, State::Claimed, "one transaction at a time");
        if self.state != State::Opened {
            self.control(self.begin, State::Claimed).await?;
        }
        self.state = State::Claimed;
        Ok(Transaction(self))
    }

    /// Begins the transaction of the next statement, where statements need one. SQLite does not:
    /// a statement alone is a transaction, and no pooler stands between.
    pub(super) async fn open(&mut self) -> Result<(), Error> {
        if self.state == State::Idle && matches!(self.backend, Some(Backend::Postgres(_))) {
            self.control(self.begin, State::Opened).await?;
        }
        Ok(())
    }

    /// Runs a statement that begins or ends a transaction.
    async fn control(&mut self, statement: &'static str, after: State) -> Result<(), Error> {
        self.state = State::Busy;
        self.collect(SqlStr::from_static(statement), None).await?;
        self.state = after;
        Ok(())
    }

    /// Runs one statement to its end.
    pub(super) async fn run(
        &mut self,
        sql: SqlStr,
        arguments: Option<AnyArguments>,
    ) -> Result<Vec<Either<AnyQueryResult, AnyRow>>, Error> {
        self.open().await?;
        let before = std::mem::replace(&mut self.state, State::Busy);
        let outcome = self.collect(sql, arguments).await;
        match (&outcome, before) {
            (Err(error), _) if ends_connection(error) => self.retire(),
            (Ok(_), State::Opened) => self.control("COMMIT", State::Idle).await?,
            (Err(Error::Database(_)), State::Opened) => {
                // What went wrong first is what matters.
                let _ = self.control("ROLLBACK", State::Idle).await;
            }
            (Ok(_) | Err(Error::Database(_)), _) => self.state = before,
            (Err(_), _) => {}
        }
        outcome
    }

    async fn collect(
        &mut self,
        sql: SqlStr,
        arguments: Option<AnyArguments>,
    ) -> Result<Vec<Either<AnyQueryResult, AnyRow>>, Error> {
        match &mut self.backend {
            None => Err(Error::PoolClosed),
            Some(Backend::Sqlite(connection)) => {
                let answers = match arguments {
                    Some(arguments) => connection.fetch_many(sqlx::query_with(sql, arguments)),
                    None => connection.fetch_many(sql),
                };
                answers.try_collect().await
            }
            Some(Backend::Postgres(connection)) => {
                let answers = match arguments {
                    Some(arguments) => {
                        let arguments: PgArguments =
                            arguments.convert_into().map_err(Error::Encode)?;
                        // A named statement would stay behind in a session that a pooler gives to
                        // another client, for whom the name may already mean another statement.
                        connection.fetch_many(sqlx::query_with(sql, arguments).persistent(false))
                    }
                    None => connection.fetch_many(sql),
                };
                let any = answers.map(|answer| match answer? {
                    Either::Left(done) => Ok(Either::Left(AnyQueryResult {
                        rows_affected: done.rows_affected(),
                        ..AnyQueryResult::default()
                    })),
                    Either::Right(row) => AnyRow::try_from(&row).map(Either::Right),
                });
                any.try_collect().await
            }
        }
    }

    /// Has the connections of this one's age closed, in whichever pool they are.
    pub(super) fn retire(&self) {
        self.address.retire(self.generation);
    }

    /// True between transactions: everything that was asked has been answered.
    pub(super) fn is_settled(&self) -> bool {
        self.state == State::Idle
    }

    /// True while it is neither old nor to be replaced.
    pub(super) fn is_current(&self) -> bool {
        self.generation == self.address.generation() && self.made.elapsed() < MAX_AGE
    }

    /// Says goodbye to the server.
    pub(super) async fn close(self) {
        let _ = match self.backend {
            None => Ok(()),
            Some(Backend::Sqlite(connection)) => sqlx::Connection::close(connection).await,
            Some(Backend::Postgres(connection)) => sqlx::Connection::close(connection).await,
        };
    }

    /// The connection itself, out of its lease.
    pub(super) fn take(&mut self) -> Self {
        Self {
            backend: self.backend.take(),
            address: Arc::clone(&self.address),
            ..*self
        }
    }
}

impl Transaction<'_> {
    /// Ends the transaction, and keeps what it did.
    ///
    /// # Errors
    /// The error of the database; then nothing was kept, or the connection broke on the way.
    pub async fn commit(self) -> Result<(), Error> {
        self.0.control("COMMIT", State::Idle).await
    }

    /// Ends the transaction, and undoes what it did.
    ///
    /// # Errors
    /// The error of the database; nothing is kept in any case.
    pub async fn rollback(self) -> Result<(), Error> {
        self.0.control("ROLLBACK", State::Idle).await
    }
}

/// True for what ends the use of a connection: it broke, the server is going down (57P01 to 57P03), or
/// it became a replica that takes no writes (25006) while its connections live on.
pub(super) fn ends_connection(error: &Error) -> bool {
    match error {
        Error::Io(_) | Error::Tls(_) | Error::Protocol(_) | Error::WorkerCrashed => true,
        Error::Database(error) => error.code().is_some_and(|code| {
            code.len() == 5
                && (code.starts_with("08") || code.starts_with("57P") || code == "25006")
        }),
        _ => false,
    }
}

impl Deref for Transaction<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.0
    }
}

impl DerefMut for Transaction<'_> {
    fn deref_mut(&mut self) -> &mut Connection {
        self.0
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("generation", &self.generation)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}
