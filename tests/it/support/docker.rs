//! A Docker engine of one test: its data, its socket and its network are its own, and nothing of
//! the machine's own Docker is touched.

use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::Duration;

use rustix::process::Signal;
use tempfile::TempDir;
use tokio::process::Command;

use super::{Network, PATIENCE, Process, RootFs, eventually, installed, said, skipped};

/// How long a command may take: Compose waits for health checks that run every ten seconds.
const LIMIT: Duration = Duration::from_secs(150);

/// A running engine. Dropped, it ends its containers, and ends.
#[derive(Debug)]
pub(crate) struct Docker {
    client: PathBuf,
    daemon: Process,
    network: Network,
    folder: TempDir,
}

impl Docker {
    /// Starts one; `None`, said aloud, where a part is missing or it cannot run.
    pub(crate) async fn start() -> Option<Self> {
        let system = ["/usr/sbin"].map(PathBuf::from);
        let (client, program) = (
            installed(&["docker"], &[])?,
            installed(&["dockerd"], &system)?,
        );
        let network = Network::new()?;
        let folder = TempDir::new().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        let [enter, namespace] = network.enter();
        let mut command = std::process::Command::new(enter);
        command.arg(namespace).arg(program);
        for (option, name) in [
            ("--data-root", "data"),
            ("--exec-root", "exec"),
            ("--pidfile", "pid"),
        ] {
            command.arg(option).arg(at(name));
        }
        // Plain folders: an overlay on an overlay is refused.
        command.args(["--storage-driver", "vfs", "--host"]);
        command.arg(format!("unix://{}", at("socket").display()));
        command.env("PATH", path_with(Path::new("/usr/sbin")));
        let daemon = Process::spawn(&mut command, &at("log")).farewell(Signal::TERM);
        let mut docker = Self {
            client,
            daemon,
            network,
            folder,
        };
        let answers = eventually(PATIENCE, "an answer of dockerd", async || {
            let ended = docker.daemon.ended().is_some();
            let asked = docker.run(&["version"]).await;
            (ended || asked.status.success()).then_some(!ended)
        });
        if answers.await {
            return Some(docker);
        }
        skipped(&format!("dockerd ended: {}", docker.daemon.output()));
        None
    }

    /// The network in which its ports are published.
    pub(crate) fn network(&self) -> &Network {
        &self.network
    }

    /// A path in its folder, which is removed with it.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs the client to its end.
    pub(crate) async fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(&self.client);
        self.finish(command.args(arguments)).await
    }

    /// The same where it must succeed; gives the standard output.
    pub(crate) async fn done(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments).await;
        assert!(output.status.success(), "{arguments:?}: {}", said(&output));
        String::from_utf8(output.stdout).expect("a text")
    }

    /// Makes an image of a root file system, with changes in the words of a Dockerfile.
    pub(crate) async fn import(&self, image: &str, root: &RootFs, changes: &[&str]) {
        let archive = self.path("import.tar");
        root.pack(&archive).await;
        let archive = archive.display().to_string();
        let mut words = vec!["import"];
        words.extend(changes.iter().flat_map(|change| ["--change", change]));
        words.extend([archive.as_str(), image]);
        self.done(&words).await;
    }

    /// Runs another program that talks to this engine.
    pub(crate) async fn finish(&self, command: &mut Command) -> Output {
        let socket = format!("unix://{}", self.path("socket").display());
        command.env("DOCKER_HOST", socket).kill_on_drop(true);
        let output = tokio::time::timeout(LIMIT, command.output()).await;
        let output = output.unwrap_or_else(|_| panic!("{command:?} ends within a limit"));
        output.unwrap_or_else(|error| panic!("{command:?} starts: {error}"))
    }
}

impl Drop for Docker {
    fn drop(&mut self) {
        let host = format!("unix://{}", self.path("socket").display());
        let run = |words: &[&str]| {
            let mut command = std::process::Command::new(&self.client);
            let output = command.env("DOCKER_HOST", &host).args(words).output();
            output.map(|output| said(&output)).unwrap_or_default()
        };
        for container in run(&["ps", "--all", "--quiet"]).split_whitespace() {
            if std::thread::panicking() {
                eprintln!("--- {container}\n{}---", run(&["logs", container]));
            }
            run(&["rm", "--force", "--volumes", container]);
        }
    }
}

/// This process' `PATH` with one more folder at its end.
fn path_with(folder: &Path) -> std::ffi::OsString {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain([folder.to_owned()]);
    std::env::join_paths(folders).expect("a PATH")
}
