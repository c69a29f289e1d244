//! WSGI servers. They read each header as a variable, in which `-` and `_` are the same letter.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use rustix::process::Signal;
use tempfile::TempDir;
use tokio::net::TcpStream;

use super::{PATIENCE, Port, Process, eventually, skipped};

/// Where `scripts/test` puts the servers, in the versions that the tests are about.
const TOOLS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/tools/bin");

/// The folder of the application, `wsgi.py`.
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/support");

/// A server on 127.0.0.1 that answers with the variables of the request, one a line: `NAME=value`.
#[derive(Debug)]
pub(crate) struct Wsgi {
    port: Port,
    _process: Process,
    _folder: TempDir,
}

impl Wsgi {
    /// Starts `gunicorn` or `cheroot`; `None`, said aloud, where it is not installed.
    pub(crate) async fn start(program: &str) -> Option<Self> {
        let path = Path::new(TOOLS).join(program);
        if !path.is_file() {
            skipped(&format!(
                "{program} is not installed (scripts/test installs it)"
            ));
            return None;
        }
        let (port, folder) = (Port::reserve(), TempDir::new().expect("a folder"));
        let mut command = Command::new(path);
        command.args(["--bind", &port.address().to_string(), "wsgi:application"]);
        command.current_dir(folder.path()).env("PYTHONPATH", FOLDER);
        command.env("PYTHONDONTWRITEBYTECODE", "1");
        let process = Process::spawn(&mut command, &folder.path().join("log"));
        let server = Self {
            port,
            // gunicorn ends its workers.
            _process: process.farewell(Signal::TERM),
            _folder: folder,
        };
        eventually(PATIENCE, "a WSGI server that listens", async || {
            TcpStream::connect(server.address()).await.ok()
        })
        .await;
        Some(server)
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.port.address()
    }
}
