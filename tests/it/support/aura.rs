//! `aura` itself, as its users run it: the built binary, settings from the environment only.

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Output};
use std::time::Duration;

use rustix::process::Signal;
use tempfile::TempDir;

use super::{Answer, Client, FakeTime, PATIENCE, Port, Process, Redis, eventually};

/// Long enough, random, and of no other use.
const JWT_SECRET_KEY: &str = "kq3VhYx7tN2mWc8RzP5sLdF9bGjT4uEa6HnXoC1i";

/// What a process is started with. Cloned, it starts a replica.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    variables: Vec<(String, String)>,
    options: Vec<String>,
    data_limit_kib: Option<usize>,
    folder: Option<PathBuf>,
}

impl Settings {
    /// `SQLite` in a temporary folder, no Redis, no limits, the cheapest hash.
    pub(crate) fn new() -> Self {
        let bare = Self {
            variables: Vec::new(),
            options: Vec::new(),
            data_limit_kib: None,
            folder: None,
        };
        bare.set("SERVER_HOST", "127.0.0.1")
            .set("JWT_SECRET_KEY", JWT_SECRET_KEY)
            .set("PASSWORD_BCRYPT_COST", 10)
            .set("RATE_LIMIT_ENABLED", false)
            .set("REDIS_ENABLED", false)
    }

    /// Nothing set at all, and `--dev`: what a newcomer starts.
    pub(crate) fn embedded() -> Self {
        let bare = Self {
            variables: Vec::new(),
            options: Vec::new(),
            data_limit_kib: None,
            folder: None,
        };
        bare.option("--dev")
    }

    /// Sets a variable; the last word counts.
    pub(crate) fn set<V: Display + Copy>(mut self, name: &str, value: V) -> Self {
        self.variables.retain(|(known, _)| known != name);
        self.variables.push((name.to_owned(), value.to_string()));
        self
    }

    /// Names a file that holds the secret `name`, in place of the variable.
    pub(crate) fn file(mut self, name: &str, path: &std::path::Path) -> Self {
        self.variables.retain(|(known, _)| known != name);
        let path = path.to_str().expect("a path of ours");
        self.set(&format!("{name}_FILE"), path)
    }

    /// Adds an option of `aura serve`.
    pub(crate) fn option(mut self, option: &str) -> Self {
        self.options.push(option.to_owned());
        self
    }

    /// Memory that the process may take for data, in KiB: more than that ends it, as the limit of
    /// a container would.
    pub(crate) fn data_limit_kib(mut self, kib: usize) -> Self {
        self.data_limit_kib = Some(kib);
        self
    }

    /// Goes by another clock than this machine's.
    pub(crate) fn clock(self, clock: &FakeTime) -> Self {
        let variables = clock.variables().into_iter();
        variables.fold(self, |settings, (name, value)| {
            settings.set(name, value.as_str())
        })
    }

    /// Runs in `folder`, rather than each command in a new one.
    pub(crate) fn within(mut self, folder: &Path) -> Self {
        self.folder = Some(folder.to_owned());
        self
    }

    /// Tokens and limits in a Redis.
    pub(crate) fn redis(self, redis: &Redis) -> Self {
        self.redis_url(&redis.url())
    }

    /// Tokens and limits in the Redis at `url`.
    pub(crate) fn redis_url(self, url: &str) -> Self {
        self.set("REDIS_ENABLED", true).set("REDIS_URL", url)
    }

    /// Accounts in the database at `url`.
    pub(crate) fn database(self, url: &str) -> Self {
        self.set("DATABASE_URL", url)
    }

    fn command(&self, folder: &TempDir) -> Command {
        let program = env!("CARGO_BIN_EXE_aura");
        let mut command = match self.data_limit_kib {
            None => Command::new(program),
            Some(kib) => {
                let mut shell = Command::new("/bin/sh");
                let script = format!("ulimit -d {kib} && exec \"$0\" \"$@\"");
                shell.args(["-c", &script, program]);
                shell
            }
        };
        let database = format!("sqlite://{}", folder.path().join("aura.db").display());
        command.env_clear();
        let is_given = |(name, _): &(String, String)| name == "DATABASE_URL_FILE";
        let is_dev = self.options.iter().any(|option| option == "--dev");
        if !is_dev && !self.variables.iter().any(is_given) {
            command.env("DATABASE_URL", database);
        }
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.current_dir(self.folder.as_deref().unwrap_or(folder.path()));
        command
    }

    /// Runs another command of `aura` to its end.
    pub(crate) async fn run(&self, arguments: &[&str]) -> Output {
        self.run_with(arguments, "").await
    }

    /// Runs another command of `aura` to its end, with `input` as its standard input.
    pub(crate) async fn run_with(&self, arguments: &[&str], input: &str) -> Output {
        let folder = TempDir::new().expect("a temporary folder");
        let file = folder.path().join("input");
        std::fs::write(&file, input).expect("a file of ours");
        let mut command = tokio::process::Command::from(self.command(&folder));
        command.args(arguments).kill_on_drop(true);
        command.stdin(std::fs::File::open(&file).expect("a file of ours"));
        let output = tokio::time::timeout(PATIENCE, command.output()).await;
        let output = output.unwrap_or_else(|_| panic!("aura {arguments:?} ends within a limit"));
        output.expect("aura starts")
    }

    /// Runs another command of `aura`, which must succeed, and returns its standard output.
    pub(crate) async fn done(&self, arguments: &[&str]) -> String {
        self.done_with(arguments, "").await
    }

    /// The same with `input` as its standard input.
    pub(crate) async fn done_with(&self, arguments: &[&str], input: &str) -> String {
        let output = self.run_with(arguments, input).await;
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).expect("a text")
    }

    /// Starts `aura serve` without waiting for anything.
    pub(crate) fn spawn(&self) -> Aura {
        let folder = TempDir::new().expect("a temporary folder");
        let (port, metrics) = (Port::reserve(), Port::reserve());
        let mut command = self.command(&folder);
        command.arg("serve").args(&self.options);
        command.env("SERVER_PORT", port.number().to_string());
        // What a setting says of the server's own address.
        let address = format!("http://{}", port.address());
        for (name, value) in &self.variables {
            command.env(name, value.replace("{address}", &address));
        }
        command.env("SERVER_METRICS_PORT", metrics.number().to_string());
        let log: PathBuf = folder.path().join("aura.log");
        Aura {
            process: Process::spawn(&mut command, &log),
            client: Client::new(&format!("http://{}", port.address())),
            port,
            metrics,
            _folder: folder,
        }
    }

    /// Starts `aura serve` and waits until it is alive, ready or not.
    pub(crate) async fn start_alive(&self) -> Aura {
        let mut aura = self.spawn();
        aura.becomes("/health/live", 200, PATIENCE).await;
        aura
    }

    /// Starts `aura serve` and waits until it is ready.
    pub(crate) async fn start(&self) -> Aura {
        let mut aura = self.start_alive().await;
        aura.becomes("/health/ready", 200, PATIENCE).await;
        aura
    }
}

/// A running `aura serve`.
#[derive(Debug)]
pub(crate) struct Aura {
    process: Process,
    client: Client,
    port: Port,
    metrics: Port,
    _folder: TempDir,
}

impl Aura {
    /// A client of it.
    pub(crate) fn client(&self) -> Client {
        self.client.clone()
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> std::net::SocketAddr {
        self.port.address()
    }

    /// A client of its metrics port.
    pub(crate) fn metrics(&self) -> Client {
        Client::new(&format!("http://{}", self.metrics.address()))
    }

    /// Waits until `GET path` answers `status`.
    pub(crate) async fn becomes(&mut self, path: &str, status: u16, limit: Duration) -> Answer {
        let what = format!("{status} of GET {path}");
        eventually(limit, &what, async || {
            let ended = self.process.ended();
            assert!(ended.is_none(), "aura ended: {}", self.process.output());
            let get = self
                .client
                .send(reqwest::Method::GET, path, |request| request);
            get.await.ok().filter(|answer| answer.status == status)
        })
        .await
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        self.process.signal(signal);
    }

    /// Its process id.
    pub(crate) fn process(&self) -> u32 {
        self.process.id()
    }

    /// The memory that it occupies, in bytes.
    pub(crate) fn resident_bytes(&self) -> usize {
        self.memory("VmRSS:")
    }

    /// The most memory that it has occupied so far, in bytes.
    pub(crate) fn peak_bytes(&self) -> usize {
        self.memory("VmHWM:")
    }

    fn memory(&self, name: &str) -> usize {
        let path = format!("/proc/{}/status", self.process.id());
        let status = std::fs::read_to_string(path).expect("the status of a process of ours");
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<usize>().ok());
        kib.expect("a size in KiB") * 1024
    }

    /// Waits for its end.
    pub(crate) async fn ends(&mut self, limit: Duration) -> ExitStatus {
        self.process.wait(limit).await
    }

    /// The code of the set-up page, out of the link that `serve --dev` shows.
    pub(crate) fn setup_code(&self) -> String {
        let log = self.log();
        let code = log.split("/setup?code=").nth(1);
        let code = code.and_then(|rest| rest.split_whitespace().next());
        code.unwrap_or_else(|| panic!("no code: {log}")).to_owned()
    }

    /// What it has logged so far.
    pub(crate) fn log(&self) -> String {
        self.process.output()
    }
}

impl Drop for Aura {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let log = self.log();
            assert!(!log.contains("panicked at"), "aura panicked:\n{log}");
        }
    }
}
