//! Runs the server from its first listener to its last answer.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::net::TcpListener;
use tokio::signal::unix::Signal;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::app::App;
use super::connections::{Caps, ConnectionMetrics, Connections};
use super::listener::listen;
use super::metrics::MetricsEndpoint;
use super::secret_files::{Follower, SecretFiles};
use super::shutdown::{Drain, IdleConnections, Signals, StopSignal, hangups};
use super::socket::Timeouts;
use super::{memory, startup, sweep};
use crate::config::{Cidr, Server};
use crate::storage::MigrationError;

/// Longest wait for the farewell to the other replicas, and then for the database to close.
const LEAVE: Duration = Duration::from_secs(1);

/// Connections to the metrics port: a few scrapers have one each.
const SCRAPERS: Caps = Caps {
    total: 64,
    per_address: 16,
    exempt: Vec::new(),
};

/// Open files beside the connections of clients: database, Redis, language model, logs.
const OTHER_FILES: usize = 256;

/// Why the server did not run, or did not end well.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// An address could not be had.
    #[error("cannot listen on {address}; choose another with {variable}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// The setting that chooses it.
        variable: &'static str,
        /// Cause that the system gave.
        source: std::io::Error,
    },
    /// Signals cannot be received.
    #[error("cannot receive signals: {0}")]
    Signals(std::io::Error),
    /// The database refused a migration.
    #[error("the database named by DATABASE_URL cannot be brought up to date: {0}")]
    Migration(MigrationError),
    /// A second signal came before everything had ended.
    #[error("stopped at once by a second signal; requests may have been cut off")]
    SecondSignal,
    /// A task that must run as long as the server ended by itself.
    #[error("the server's {0} ended unexpectedly; see the log")]
    TaskEnded(&'static str),
}

/// Serves until a signal, then drains: readiness turns 503 at once, requests in flight end, and so
/// does the server, within `SERVER_SHUTDOWN_TIMEOUT_SECONDS`. Idle connections are kept until late in
/// that time, but not after SIGINT or with `--dev`. `listening` is called with the address once
/// connections are accepted.
///
/// # Errors
/// [`ServeError`].
pub async fn serve(
    app: App,
    migrate: bool,
    listening: impl FnOnce(SocketAddr),
) -> Result<(), ServeError> {
    let mut running = Running::start(app, migrate, listening).await?;
    let signal = running.next_signal().await?;
    running.shut_down(signal).await
}

/// A server that accepts connections.
struct Running {
    app: App,
    signals: Signals,
    connections: Arc<Connections>,
    /// Ends the work beside the requests.
    stop: CancellationToken,
    /// Closes the listeners, and their connections once idle.
    close: CancellationToken,
    schema: JoinHandle<Result<(), MigrationError>>,
    listener: JoinHandle<()>,
    activity: JoinHandle<()>,
}

impl Running {
    /// Binds the ports, starts the work beside the requests, and accepts connections.
    async fn start(
        mut app: App,
        migrate: bool,
        listening: impl FnOnce(SocketAddr),
    ) -> Result<Self, ServeError> {
        let open_files = raise_open_files();
        warn(&app);
        let signals = Signals::listen().map_err(ServeError::Signals)?;
        let hangup = hangups(app.ends_with_terminal).map_err(ServeError::Signals)?;
        let secret_files = app.secret_files.take();
        let config = &app.config.server;
        // Bind both ports first, so that a server whose port is taken ends before it migrates.
        let (main, address) = bind(config.host, config.port.as_u16(), "SERVER_PORT").await?;
        let scraped = bind_metrics(config).await?;
        let (stop, close) = (CancellationToken::new(), CancellationToken::new());
        let tracker = TaskTracker::new();
        let schema = startup::prepare_schema(app.storage.sql.clone(), migrate, stop.clone());
        let schema = tracker.spawn(schema);
        start_beside(&app, secret_files, hangup, &stop, &tracker);
        if let Some(listener) = scraped {
            serve_metrics(&app, listener, &close, &tracker);
        }
        let endpoint = Arc::new(app.endpoint());
        // Log before the first answer, so that a client which has one finds this line. Connections wait
        // in the backlog of the socket meanwhile.
        tracing::info!(%address, "listening");
        listening(address);
        let connections = Connections::new(caps(config, open_files), &app.connections);
        let listener = tracker.spawn(listen(
            main,
            endpoint,
            Timeouts::of(config),
            config.max_header_bytes.as_usize(),
            Arc::clone(&connections),
            close.clone(),
            tracker.clone(),
        ));
        // Until `close` and not `stop`: requests that end during the drain are counted, too.
        let activity = tracker.spawn(app.activity.clone().run(close.clone()));
        Ok(Self {
            app,
            signals,
            connections,
            stop,
            close,
            schema,
            listener,
            activity,
        })
    }

    /// Waits for the first signal; fails where the server cannot go on.
    async fn next_signal(&mut self) -> Result<StopSignal, ServeError> {
        let mut prepared = false;
        loop {
            tokio::select! {
                signal = self.signals.next() => return Ok(signal),
                _ = &mut self.listener => return Err(ServeError::TaskEnded("listener")),
                outcome = &mut self.schema, if !prepared => match outcome {
                    Ok(Ok(())) => prepared = true,
                    Ok(Err(error)) => return Err(ServeError::Migration(error)),
                    Err(_) => return Err(ServeError::TaskEnded("migration")),
                },
            }
        }
    }

    /// Drains, tells the other replicas, and closes the database.
    async fn shut_down(mut self, signal: StopSignal) -> Result<(), ServeError> {
        tracing::info!(signal = signal.as_str(), "draining: no longer ready");
        self.stop.cancel();
        self.app.health.start_draining();
        let idle = match signal {
            StopSignal::Term if !self.app.is_dev => IdleConnections::Kept,
            _ => IdleConnections::Closed,
        };
        let drain = Drain {
            metrics: &self.app.metrics,
            connections: &self.connections,
            idle,
        };
        let budget = self.app.config.server.shutdown_timeout();
        tokio::select! {
            _ = self.signals.next() => return Err(ServeError::SecondSignal),
            () = drain.run(budget, self.close, self.listener) => {}
        }
        // A second each, whatever Redis and the database do: the time to drain may be over already.
        let _ = tokio::time::timeout(LEAVE, self.activity).await;
        let _ = tokio::time::timeout(LEAVE, self.app.storage.sql.close()).await;
        tracing::info!("stopped");
        Ok(())
    }
}

/// Binds the metrics port, where one is set.
async fn bind_metrics(config: &Server) -> Result<Option<TcpListener>, ServeError> {
    if config.metrics_port.get() == 0 {
        return Ok(None);
    }
    let port = config.metrics_port.as_u16();
    let (listener, _) = bind(config.host, port, "SERVER_METRICS_PORT").await?;
    Ok(Some(listener))
}

/// Serves the metrics on `listener` until `close`.
fn serve_metrics(
    app: &App,
    listener: TcpListener,
    close: &CancellationToken,
    tracker: &TaskTracker,
) {
    let config = &app.config.server;
    let endpoint = MetricsEndpoint::new(
        &app.metrics,
        &app.connections,
        &app.clocks,
        &app.auth,
        &app.llm,
        &app.health,
    );
    tracker.spawn(listen(
        listener,
        Arc::new(endpoint),
        Timeouts::of(config),
        config.max_header_bytes.as_usize(),
        // Counters of its own: connections of scrapers must not appear among those of clients.
        Connections::new(SCRAPERS, &ConnectionMetrics::default()),
        close.clone(),
        tracker.clone(),
    ));
}

/// Warns of settings that will be noticed only later.
fn warn(app: &App) {
    if app.config.jwt.secret_key.is_none() {
        tracing::warn!(
            "JWT_SECRET_KEY is not set: tokens are signed with a key of this process alone, and end \
             with it"
        );
    }
    if let Some(advice) = memory::advice(&app.config, memory::granted()) {
        tracing::warn!("{advice}");
    }
}

/// Starts the work beside the requests, until `stop`.
fn start_beside(
    app: &App,
    files: Option<SecretFiles>,
    hangup: Option<Signal>,
    stop: &CancellationToken,
    tracker: &TaskTracker,
) {
    tracker.spawn(startup::watch(app.health.clone(), stop.clone()));
    if let Some(redis) = app.storage.redis.clone() {
        tracker.spawn(startup::warn_of_eviction(redis, stop.clone()));
        tracker.spawn(app.auth.changes.clone().deliver_notices(stop.clone()));
    }
    tracker.spawn(sweep::sweep(
        app.audit().clone(),
        app.clock.clone(),
        app.config.audit.retention_days.get(),
        stop.clone(),
    ));
    let follower = Follower {
        files,
        config: app.config.clone(),
        keyring: Arc::clone(&app.auth.keyring),
        llm: app.llm.clone(),
        storage: app.storage.clone(),
    };
    tracker.spawn(follower.run(hangup, stop.clone()));
    let (storage, clock) = (app.storage.clone(), app.clock.clone());
    tracker.spawn(app.clocks.clone().watch(storage, clock, stop.clone()));
}

/// Raises the soft limit of open files to the hard one, and returns it. Every connection is a file, and
/// the usual soft limit is 1024, kept low for programs that use `select(2)`, which this one does not.
fn raise_open_files() -> usize {
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        let raised = Rlimit {
            current: limit.maximum,
            ..limit
        };
        match setrlimit(Resource::Nofile, raised) {
            Ok(()) => limit = raised,
            Err(error) => tracing::warn!(%error, "the limit of open files could not be raised"),
        }
    }
    let files = limit.current.and_then(|files| usize::try_from(files).ok());
    files.unwrap_or(usize::MAX)
}

/// The limits on connections: those of the settings, or fewer where the system permits fewer files.
fn caps(config: &Server, open_files: usize) -> Caps {
    let wanted = config.max_connections.as_usize();
    let total = wanted.min(open_files.saturating_sub(OTHER_FILES).max(1));
    if total < wanted {
        tracing::warn!(
            open_files,
            "the system permits {total} connections instead of SERVER_MAX_CONNECTIONS={wanted}; \
             raise the limit of open files"
        );
    }
    Caps {
        total,
        per_address: config.max_connections_per_address.as_usize(),
        exempt: config.trusted_proxies.iter().map(Cidr::net).collect(),
    }
}

async fn bind(
    host: std::net::IpAddr,
    port: u16,
    variable: &'static str,
) -> Result<(TcpListener, SocketAddr), ServeError> {
    let address = SocketAddr::new(host, port);
    let failed = |source: std::io::Error| {
        // No port helps where the address belongs to another machine.
        let foreign = source.kind() == std::io::ErrorKind::AddrNotAvailable;
        let variable = if foreign { "SERVER_HOST" } else { variable };
        ServeError::Bind {
            address,
            variable,
            source,
        }
    };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok((listener, address))
}
