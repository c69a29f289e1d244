//! A real Redis (or Valkey) of one test.

use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::{PATIENCE, Port, Process};

/// A `redis-server` that keeps nothing on disk: stopped and started again, it is empty.
#[derive(Debug)]
pub(crate) struct Redis {
    program: std::path::PathBuf,
    options: Vec<String>,
    process: Option<Process>,
    port: Port,
    folder: TempDir,
}

impl Redis {
    /// Starts one; `None` where Redis is not installed.
    pub(crate) async fn start() -> Option<Self> {
        Self::start_with(&[]).await
    }

    /// Starts one with more command-line options.
    pub(crate) async fn start_with(options: &[&str]) -> Option<Self> {
        let program = super::installed(&["redis-server", "valkey-server"], &[])?;
        let mut redis = Self {
            program,
            options: options.iter().map(ToString::to_string).collect(),
            process: None,
            port: Port::reserve(),
            folder: TempDir::new().expect("a temporary folder"),
        };
        redis.restart().await;
        Some(redis)
    }

    /// What `REDIS_URL` is set to.
    pub(crate) fn url(&self) -> String {
        format!("redis://{}/0", self.port.address())
    }

    /// A connection to the logical database `number`.
    pub(crate) async fn connect(&self, number: u8) -> redis::aio::MultiplexedConnection {
        let url = format!("redis://{}/{number}", self.port.address());
        let client = redis::Client::open(url).expect("a URL of Redis");
        let connection = client.get_multiplexed_async_connection().await;
        connection.expect("a connection to Redis")
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> std::net::SocketAddr {
        self.port.address()
    }

    /// Stops it: its port refuses connections, and what it held is lost.
    pub(crate) async fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.signal(Signal::TERM);
            process.wait(PATIENCE).await;
        }
    }

    /// Starts it (again), empty, on the same port.
    pub(crate) async fn restart(&mut self) {
        self.stop().await;
        let port = self.port.number().to_string();
        let mut command = Command::new(&self.program);
        command.args(["--port", &port, "--bind", "127.0.0.1"]);
        command.args(["--save", "", "--appendonly", "no", "--daemonize", "no"]);
        command.args(&self.options).current_dir(self.folder.path());
        let log = self.folder.path().join("redis.log");
        let mut process = Process::spawn(&mut command, &log);
        super::eventually(PATIENCE, "an answer of Redis to PING", async || {
            let ended = process.ended();
            assert!(ended.is_none(), "Redis ended: {}", process.output());
            self.answers_ping().await.then_some(())
        })
        .await;
        self.process = Some(process);
    }

    /// Stops answering without closing anything: connections are accepted by the kernel and hang.
    pub(crate) fn pause(&self) {
        self.running().signal(Signal::STOP);
    }

    /// Ends a pause.
    pub(crate) fn resume(&self) {
        self.running().signal(Signal::CONT);
    }

    fn running(&self) -> &Process {
        self.process.as_ref().expect("Redis runs")
    }

    /// Whether it answers right now (within a second).
    pub(crate) async fn answers_ping(&self) -> bool {
        let ping = async {
            let mut stream = TcpStream::connect(self.port.address()).await?;
            stream.write_all(b"PING\r\n").await?;
            let mut answer = [0; 7];
            stream.read_exact(&mut answer).await?;
            std::io::Result::Ok(answer == *b"+PONG\r\n")
        };
        let answer = tokio::time::timeout(Duration::from_secs(1), ping).await;
        matches!(answer, Ok(Ok(true)))
    }
}
