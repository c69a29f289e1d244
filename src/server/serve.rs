//! Runs the server from its first listener to its last answer.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::signal::unix::Signal;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::app::App;
use super::connections::{Caps, ConnectionMetrics, Connections};
use super::listener::listen;
use super::metrics::MetricsEndpoint;
use super::secret_files::{Follower, SecretFiles};
use super::shutdown::{Drain, Resting, Signals, StopSignal, hangups};
use super::socket::Timeouts;
use super::{limits, memory, startup, sweep};
use crate::config::{Cidr, Server};
use crate::storage::MigrationError;

/// Longest wait for the farewell to the other replicas.
const LEAVE: Duration = Duration::from_secs(1);

/// Connections to the metrics port: a few scrapers have one each.
const SCRAPERS: Caps = Caps {
    total: 64,
    per_address: 16,
    exempt: Vec::new(),
};

/// Open files that are no clients' connections: database, Redis, language model, logs.
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
    Insisted,
    /// Something that must run as long as the server ended by itself.
    #[error("the server's {0} ended unexpectedly; see the log")]
    Died(&'static str),
}

/// Serves until a signal, then drains: readiness turns 503 at once, requests in flight end, and so
/// does the server, within `SERVER_SHUTDOWN_TIMEOUT_SECONDS`. Connections that rest between requests
/// are kept until late in that time, but not after SIGINT or while trying out.
/// `listening` is called with the address once connections are accepted.
///
/// # Errors
/// [`ServeError`].
pub async fn serve(
    mut app: App,
    migrate: bool,
    listening: impl FnOnce(SocketAddr),
) -> Result<(), ServeError> {
    let open_files = limits::raise_open_files();
    warn(&app);
    let mut signals = Signals::listen().map_err(ServeError::Signals)?;
    let hangup = hangups(app.ends_with_terminal).map_err(ServeError::Signals)?;
    let secret_files = app.secret_files.take();
    let config = &app.config.server;
    let (main, address) = bind(config.host, config.port.as_u16(), "SERVER_PORT").await?;
    let timeouts = Timeouts::of(config);
    let (stop, close, tracker) = (
        CancellationToken::new(),
        CancellationToken::new(),
        TaskTracker::new(),
    );
    let mut schema = tracker.spawn(startup::prepare_schema(
        app.storage.sql.clone(),
        migrate,
        stop.clone(),
    ));
    start_beside(&app, secret_files, hangup, &stop, &tracker);
    if config.metrics_port.get() != 0 {
        let port = config.metrics_port.as_u16();
        let (listener, _) = bind(config.host, port, "SERVER_METRICS_PORT").await?;
        let endpoint = Arc::new(MetricsEndpoint::new(
            &app.metrics,
            &app.connections,
            &app.clocks,
            &app.auth,
            &app.llm,
            &app.health,
        ));
        tracker.spawn(listen(
            listener,
            endpoint,
            timeouts,
            config.max_header_bytes.as_usize(),
            Connections::new(SCRAPERS, &ConnectionMetrics::default()),
            close.clone(),
            tracker.clone(),
        ));
    }
    let endpoint = Arc::new(app.endpoint());
    // Log before the first answer, so that a client which has one finds this line. Connections wait meanwhile.
    tracing::info!(%address, "listening");
    listening(address);
    let connections = Connections::new(caps(config, open_files), &app.connections);
    let mut server = tracker.spawn(listen(
        main,
        endpoint,
        timeouts,
        config.max_header_bytes.as_usize(),
        Arc::clone(&connections),
        close.clone(),
        tracker.clone(),
    ));
    let activity = tracker.spawn(app.activity.clone().run(close.clone()));

    let mut prepared = false;
    let signal = loop {
        tokio::select! {
            signal = signals.next() => break signal,
            _ = &mut server => return Err(ServeError::Died("listener")),
            outcome = &mut schema, if !prepared => match outcome {
                Ok(Ok(())) => prepared = true,
                Ok(Err(error)) => return Err(ServeError::Migration(error)),
                Err(_) => return Err(ServeError::Died("migration")),
            },
        }
    };
    tracing::info!(signal = signal.as_str(), "draining: no longer ready");
    stop.cancel();
    app.health.start_draining();
    let resting = match signal {
        StopSignal::Term if !app.is_tried_out => Resting::Kept,
        _ => Resting::Closed,
    };
    let budget = config.shutdown_timeout();
    let drain = Drain {
        metrics: &app.metrics,
        connections: &connections,
        resting,
    };
    let mut drained = pin!(drain.run(budget, close, server));
    tokio::select! {
        _ = signals.next() => return Err(ServeError::Insisted),
        () = &mut drained => {}
    }
    // What it says last is bounded by the patience with Redis; the time to drain may be over.
    let _ = tokio::time::timeout(LEAVE, activity).await;
    let _ = tokio::time::timeout(LEAVE, app.storage.sql.close()).await;
    tracing::info!("stopped");
    Ok(())
}

/// Says what is unusual in the settings, and will be noticed later.
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

/// Starts what goes on beside the requests, until `stop`.
fn start_beside(
    app: &App,
    files: Option<SecretFiles>,
    hangup: Option<Signal>,
    stop: &CancellationToken,
    tracker: &TaskTracker,
) {
    tracker.spawn(startup::watch(app.health.clone(), stop.clone()));
    if let Some(redis) = app.storage.redis.clone() {
        tracker.spawn(startup::look_at_redis(redis, stop.clone()));
        tracker.spawn(app.auth.clone().deliver_notices(stop.clone()));
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
        auth: app.auth.clone(),
        llm: app.llm.clone(),
        storage: app.storage.clone(),
    };
    tracker.spawn(follower.run(hangup, stop.clone()));
    let (storage, clock) = (app.storage.clone(), app.clock.clone());
    tracker.spawn(app.clocks.clone().watch(storage, clock, stop.clone()));
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
        // An address that is not this machine's is no matter of the port.
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
