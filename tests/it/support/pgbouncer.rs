//! A real `PgBouncer` in front of a PostgreSQL, with the settings that a distribution gives it.

use std::net::SocketAddr;

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, PgConnection};
use tempfile::TempDir;

use super::postgres::as_server;
use super::{PATIENCE, Port, Process, eventually};

/// A pooler in transaction mode: a session on the server is somebody else's after each transaction.
#[derive(Debug)]
pub(crate) struct PgBouncer {
    port: Port,
    _process: Process,
    _folder: TempDir,
}

impl PgBouncer {
    /// Starts one with `sessions` sessions on the server; `None`, said aloud, where it is not
    /// installed.
    pub(crate) async fn start(server: SocketAddr, sessions: usize) -> Option<Self> {
        let folders = ["/usr/sbin".into()];
        let program = super::installed(&["pgbouncer"], &folders)?;
        let (port, folder) = (Port::reserve(), super::open_folder());
        let settings = format!(
            "[databases]\n* = host={} port={} user=postgres\n\n[pgbouncer]\n\
             listen_addr = 127.0.0.1\nlisten_port = {}\nunix_socket_dir =\nauth_type = any\n\
             pool_mode = transaction\ndefault_pool_size = {sessions}\nmax_client_conn = 500\n",
            server.ip(),
            server.port(),
            port.number(),
        );
        let file = folder.path().join("pgbouncer.ini");
        std::fs::write(&file, settings).expect("our folder");
        let mut command = as_server(&program);
        command.arg(&file).current_dir("/");
        let log = folder.path().join("pgbouncer.log");
        let pooler = Self {
            _process: Process::spawn(&mut command, &log),
            port,
            _folder: folder,
        };
        eventually(PATIENCE, "a connection to PgBouncer", async || {
            tokio::net::TcpStream::connect(pooler.address()).await.ok()
        })
        .await;
        Some(pooler)
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.port.address()
    }

    /// The same database through the pooler.
    pub(crate) fn url(&self, direct: &str) -> String {
        let (_, database) = direct.rsplit_once('/').expect("a database");
        format!("postgres://postgres@{}/{database}", self.address())
    }

    /// A connection of another program to the database at `url`.
    pub(crate) async fn connect(url: &str) -> PgConnection {
        let options: PgConnectOptions = url.parse().expect("a URL");
        let connection = options.extra_float_digits(None).connect().await;
        connection.expect("a connection through PgBouncer")
    }
}
