//! The address of the accounts' database: a file, or the servers of a Postgres cluster, of which one
//! takes writes.

use std::fmt;
use std::net::Ipv6Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sqlx::any::AnyConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgSslMode};
use sqlx::{AnyConnection, ConnectOptions, Error, Row};

use crate::config::{DatabaseUrl, Engine, TlsFiles};

/// Asks a Postgres server whether it takes writes: a standby does not, nor does an old primary.
pub(super) const IS_READ_ONLY: &str = "SELECT current_setting('transaction_read_only')";

/// The error of a server that is there for reading only.
pub(super) const NO_WRITES: &str = "the server takes no writes";

/// A connection to one engine.
pub(super) enum Backend {
    Sqlite(AnyConnection),
    Postgres(PgConnection),
}

/// The target of connections, and the age of those that may still be used.
#[derive(Debug)]
pub(super) struct Address {
    engine: Engine,
    target: ArcSwap<Target>,
    /// Counts up when all connections are to be replaced.
    generation: AtomicU64,
}

#[derive(Debug)]
enum Target {
    Sqlite(Box<AnyConnectOptions>),
    Postgres {
        servers: Vec<PgConnectOptions>,
        files: TlsFiles,
        /// The server that took writes when it was last asked.
        primary: AtomicUsize,
    },
}

impl Address {
    /// Parses `url`; does no I/O.
    pub(super) fn new(url: &DatabaseUrl) -> Result<Self, Error> {
        Ok(Self {
            engine: url.engine(),
            target: ArcSwap::from_pointee(Target::new(url)?),
            generation: AtomicU64::new(0),
        })
    }

    pub(super) fn engine(&self) -> Engine {
        self.engine
    }

    /// The age of connections that may be used.
    pub(super) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Replaces the connections of `generation`, unless that has been done.
    pub(super) fn retire(&self, generation: u64) {
        let next = generation + 1;
        let (done, failed) = (Ordering::AcqRel, Ordering::Relaxed);
        let _ = self
            .generation
            .compare_exchange(generation, next, done, failed);
    }

    /// Makes connections to `url` from now on, and replaces those that exist as they come back.
    pub(super) fn replace(&self, url: &DatabaseUrl) -> Result<(), Error> {
        // The target first: a connection of the new generation must not be made to the old one.
        self.target.store(Arc::new(Target::new(url)?));
        self.generation.fetch_add(1, Ordering::AcqRel);
        Ok(())
    }

    /// Makes a connection, to the server that takes writes where there are several, and tells of
    /// which generation it is.
    pub(super) async fn connect(&self, limit: Duration) -> Result<(Backend, u64), Error> {
        let mut generation = self.generation();
        let backend = match &*self.target.load_full() {
            Target::Sqlite(options) => Backend::Sqlite(sqlite(options).await?),
            Target::Postgres {
                servers,
                files,
                primary,
            } => {
                let before = primary.load(Ordering::Relaxed);
                let connection = postgres(servers, files, primary, limit).await?;
                // The server of the other connections takes no writes, though it may answer reads.
                if primary.load(Ordering::Relaxed) != before {
                    self.retire(generation);
                    generation = self.generation();
                }
                Backend::Postgres(connection)
            }
        };
        Ok((backend, generation))
    }
}

/// Hosts and ports, or paths of sockets; empty for a file.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Target::Postgres { servers, .. } = &*self.target.load_full() else {
            return Ok(());
        };
        let mut comma = "";
        for server in servers {
            f.write_str(comma)?;
            let (host, port) = (server.get_host(), server.get_port());
            match (server.get_socket(), host.parse::<Ipv6Addr>()) {
                (Some(path), _) => write!(f, "{}", path.display())?,
                (None, Ok(address)) => write!(f, "[{address}]:{port}")?,
                (None, Err(_)) => write!(f, "{host}:{port}")?,
            }
            comma = ",";
        }
        Ok(())
    }
}

impl Target {
    fn new(url: &DatabaseUrl) -> Result<Self, Error> {
        if url.engine() == Engine::Sqlite {
            let mut url = url.as_str().to_owned();
            // SQLite makes no file unless its URL asks for one.
            if !url.contains("mode=") {
                url.push(if url.contains('?') { '&' } else { '?' });
                url.push_str("mode=rwc");
            }
            return Ok(Self::Sqlite(Box::new(url.parse()?)));
        }
        Ok(Self::Postgres {
            servers: url.servers()?,
            files: url.tls_files(),
            primary: AtomicUsize::new(0),
        })
    }
}

async fn sqlite(options: &AnyConnectOptions) -> Result<sqlx::AnyConnection, Error> {
    let mut connection = options.connect().await?;
    for pragma in [
        // Below the limit of a call, so that the cause in the log is the lock and not a time-out.
        "PRAGMA busy_timeout = 1000",
        // Readers and the one writer do not wait for each other.
        "PRAGMA journal_mode = WAL",
        // Enough with WAL: a loss of power may cost the last commits, and never the file.
        "PRAGMA synchronous = NORMAL",
        "PRAGMA foreign_keys = ON",
    ] {
        sqlx::query(pragma).execute(&mut connection).await?;
    }
    Ok(connection)
}

/// Tries the servers in turn, beginning with the one that took writes last. Each has its share of
/// `limit`, so that one that never answers leaves time for the next.
async fn postgres(
    servers: &[PgConnectOptions],
    files: &TlsFiles,
    primary: &AtomicUsize,
    limit: Duration,
) -> Result<PgConnection, Error> {
    let several = servers.len() > 1;
    let share = limit / u32::try_from(servers.len()).unwrap_or(1).max(1);
    let first = primary.load(Ordering::Relaxed);
    let mut failure = Error::PoolTimedOut;
    for step in 0..servers.len() {
        let at = (first + step) % servers.len();
        let attempt = async {
            let mut connection = with_certificates(&servers[at], files)?.connect().await?;
            // One server alone may well be asked for what is there to read.
            if several && is_read_only(&mut connection).await? {
                return Err(Error::Protocol(NO_WRITES.to_owned()));
            }
            Ok(connection)
        };
        match tokio::time::timeout(share, attempt).await {
            Ok(Ok(connection)) => {
                primary.store(at, Ordering::Relaxed);
                return Ok(connection);
            }
            Ok(Err(error)) => failure = error,
            Err(_) => {}
        }
    }
    Err(failure)
}

/// The same with the certificates that the URL names, read anew because they are replaced while the
/// process runs. Where it names no authority and the server's certificate is checked, those of the
/// system hold, as `SSL_CERT_FILE` and `SSL_CERT_DIR` name them: the driver knows public ones only.
fn with_certificates(
    server: &PgConnectOptions,
    files: &TlsFiles,
) -> Result<PgConnectOptions, Error> {
    let material = files.read().map_err(|fault| Error::Tls(fault.into()))?;
    let mut server = server.clone();
    if let Some((certificate, key)) = material.client {
        server = server
            .ssl_client_cert_from_pem(certificate)
            .ssl_client_key_from_pem(key);
    }
    let verified = matches!(
        server.get_ssl_mode(),
        PgSslMode::VerifyCa | PgSslMode::VerifyFull
    );
    let authority = match material.authority {
        Some(authority) => authority,
        None if verified => system_authorities(),
        None => Vec::new(),
    };
    if authority.is_empty() {
        return Ok(server);
    }
    Ok(server.ssl_root_cert_from_pem(authority))
}

/// The authorities of the system in PEM.
fn system_authorities() -> Vec<u8> {
    let mut pem = String::new();
    for certificate in rustls_native_certs::load_native_certs().certs {
        let text = STANDARD.encode(certificate);
        let lines = [
            "-----BEGIN CERTIFICATE-----",
            &text,
            "-----END CERTIFICATE-----",
            "",
        ];
        pem.push_str(&lines.join("\n"));
    }
    pem.into_bytes()
}

async fn is_read_only(connection: &mut PgConnection) -> Result<bool, Error> {
    let row = sqlx::raw_sql(IS_READ_ONLY).fetch_one(connection).await?;
    Ok(row.try_get::<String, _>(0)? == "on")
}
