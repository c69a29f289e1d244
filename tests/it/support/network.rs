//! A network namespace of one test: every port is free in it, nothing leads out of it, and what
//! is changed in it (addresses, bridges, rules) is gone with it.

use std::fs::File;
use std::os::fd::AsFd as _;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use tempfile::TempDir;

use super::{Process, installed, run, skipped};

/// A namespace with a loopback device. Dropped, it ends when its last process does.
#[derive(Debug)]
pub(crate) struct Network {
    keeper: Process,
    _folder: TempDir,
}

impl Network {
    /// Makes one; `None`, said aloud, where this needs root or a missing program.
    pub(crate) fn new() -> Option<Self> {
        if !rustix::process::geteuid().is_root() {
            skipped("only root can make a network namespace");
            return None;
        }
        let system = ["/usr/sbin", "/sbin"].map(PathBuf::from);
        let ip = installed(&["ip"], &system)?;
        installed(&["nsenter"], &[])?;
        let folder = TempDir::new().expect("a folder");
        let mut keeper = Command::new(installed(&["unshare"], &[])?);
        // It outlives a killed test by this at most.
        let keep = format!("{} link set lo up && exec sleep 600", ip.display());
        keeper.args(["--net", "sh", "-euc", &keep]);
        let mut network = Self {
            keeper: Process::spawn(&mut keeper, &folder.path().join("log")),
            _folder: folder,
        };
        let start = Instant::now();
        while !network.is_up() {
            if network.keeper.ended().is_some() || start.elapsed() > Duration::from_secs(5) {
                skipped(&format!(
                    "no network namespace: {}",
                    network.keeper.output()
                ));
                return None;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Some(network)
    }

    /// The keeper has become `sleep`, so the device is up.
    fn is_up(&self) -> bool {
        let command = format!("/proc/{}/comm", self.keeper.id());
        std::fs::read_to_string(command).is_ok_and(|name| name.trim() == "sleep")
    }

    /// The words that run a command in it, in front of the command's own.
    pub(crate) fn enter(&self) -> [String; 2] {
        ["nsenter".to_owned(), format!("--net={}", self.path())]
    }

    /// Calls what is published on port 8000 in it; gives status and body.
    pub(crate) async fn call(&self, path: &str, options: &[&str]) -> (u16, String) {
        call(&self.enter()[1], path, options).await
    }

    /// The namespace as a file, for [`Network::move_thread`].
    pub(crate) fn open(&self) -> File {
        File::open(self.path()).expect("the namespace")
    }

    /// Moves this thread into `namespace` for good: what it opens from now on is there.
    pub(crate) fn move_thread(namespace: &File) {
        let network = Some(LinkNameSpaceType::Network);
        move_into_link_name_space(namespace.as_fd(), network).expect("root may");
    }

    fn path(&self) -> String {
        format!("/proc/{}/ns/net", self.keeper.id())
    }
}

/// Calls port 8000 of the loopback device in a namespace, which `nsenter` finds by `option`;
/// gives status and body. Status 0: nobody answered. Entering a namespace takes root.
pub(super) async fn call(option: &str, path: &str, options: &[&str]) -> (u16, String) {
    let mut curl = tokio::process::Command::new("nsenter");
    curl.args([option, "curl", "--noproxy", "*", "--silent", "--show-error"]);
    curl.args(["--max-time", "10", "--write-out", "\n%{http_code}"]);
    curl.args(options)
        .arg(format!("http://127.0.0.1:8000{path}"));
    let answer = run(&mut curl).await;
    let text = String::from_utf8_lossy(&answer.stdout).into_owned();
    let (body, status) = text.rsplit_once('\n').expect("a status on its own line");
    (status.parse().expect("a status"), body.to_owned())
}
