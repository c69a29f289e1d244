//! Signals: the first begins a drain, the second ends the process. And the drain itself.

use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::connections::Connections;
use super::metrics::HttpMetrics;

/// Interval between two checks for open work.
const POLL: Duration = Duration::from_millis(20);

/// A request to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StopSignal {
    /// SIGTERM: an orchestrator replaces this process.
    Term,
    /// SIGINT: a person waits for it to end.
    Int,
}

impl StopSignal {
    /// The name of the signal.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Term => "SIGTERM",
            Self::Int => "SIGINT",
        }
    }
}

/// SIGTERM and SIGINT.
#[derive(Debug)]
pub(super) struct Signals {
    term: Signal,
    int: Signal,
}

impl Signals {
    /// Takes the two signals over: from now on they no longer end the process by themselves.
    ///
    /// # Errors
    /// When the system refuses.
    pub(super) fn listen() -> std::io::Result<Self> {
        let (term, int) = (
            signal(SignalKind::terminate())?,
            signal(SignalKind::interrupt())?,
        );
        Ok(Self { term, int })
    }

    /// Waits for the next of them.
    pub(super) async fn next(&mut self) -> StopSignal {
        tokio::select! {
            _ = self.term.recv() => StopSignal::Term,
            _ = self.int.recv() => StopSignal::Int,
        }
    }
}

/// SIGHUP, which asks to read the files of settings again; `None` where it shall end the process,
/// as it does by itself.
///
/// # Errors
/// When the system refuses.
pub(super) fn hangups(end_the_process: bool) -> std::io::Result<Option<Signal>> {
    (!end_the_process)
        .then(|| signal(SignalKind::hangup()))
        .transpose()
}

/// Treatment of connections between two requests while the server drains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum IdleConnections {
    /// Kept until late: a client that has one open sends on it for as long as it has not heard of the end,
    /// and a request that crosses the closing of its connection is lost. The answer to the next
    /// request says `Connection: close`, and then no request is on its way.
    Kept,
    /// Closed as soon as nothing is in flight.
    Closed,
}

impl IdleConnections {
    /// Time for which the server listens after there was anything left to do. A client that has been told
    /// to close needs a round trip to come back on a new connection.
    const fn linger(self) -> Duration {
        match self {
            Self::Kept => Duration::from_millis(500),
            Self::Closed => Duration::from_millis(60),
        }
    }
}

/// The end of a server: it listens until there is nothing left to do, because load balancers send
/// requests until they have heard that a pod ends; then the connections finish.
#[derive(Debug)]
pub(super) struct Drain<'a> {
    pub(super) metrics: &'a HttpMetrics,
    pub(super) connections: &'a Connections,
    pub(super) idle: IdleConnections,
}

impl Drain<'_> {
    /// Drains within `budget`: stops `server` by `close` when its time has come, and waits for it.
    pub(super) async fn run(
        self,
        budget: Duration,
        close: CancellationToken,
        server: JoinHandle<()>,
    ) {
        let end = Instant::now() + budget;
        // A tenth of the budget is left for connections to close.
        let listen_until = end - budget / 10;
        let mut last_work = Instant::now();
        loop {
            let now = Instant::now();
            if self.has_work() {
                last_work = now;
            }
            if now >= listen_until || now >= last_work + self.idle.linger() {
                break;
            }
            tokio::time::sleep(POLL).await;
        }
        close.cancel();
        if tokio::time::timeout_at(end, server).await.is_err() {
            let cut_off = self.metrics.in_flight();
            tracing::warn!(
                cut_off,
                "the time to drain is over; what is left is cut off"
            );
        }
    }

    fn has_work(&self) -> bool {
        match self.idle {
            IdleConnections::Kept => self.connections.open() > 0,
            IdleConnections::Closed => self.metrics.in_flight() > 0,
        }
    }
}
