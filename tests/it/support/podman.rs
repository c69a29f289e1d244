//! A podman of one test: a storage, a state and locks of its own in a temporary folder, so two
//! runs do not meet, and nothing of the machine's own podman is touched. Given a `Network`, even
//! its networks and published ports are its own.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Output;

use tempfile::TempDir;
use tokio::process::Command;

use super::{Network, PATIENCE, RootFs, installed, said};

/// What podman's defaults take for granted and containers, CI machines among them, lack: a limit
/// of a million open files, systemd, its journal. Locks in shared memory would be everybody's.
/// Soft and hard limits are equal because podman 4.3 swaps them.
const CONFIGURATION: &str = r#"
[containers]
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
log_driver = "k8s-file"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
lock_type = "file"
"#;

/// A podman with nothing in it. Dropped, it ends and removes what it was given.
#[derive(Debug)]
pub(crate) struct Podman {
    program: PathBuf,
    runtime: PathBuf,
    network: Option<Network>,
    folder: TempDir,
}

impl Podman {
    /// The machine's podman and what it needs; `None`, said aloud, where a part is missing.
    pub(crate) fn installed() -> Option<Self> {
        let helpers = ["/usr/sbin", "/usr/libexec/podman", "/usr/lib/podman"].map(PathBuf::from);
        // Keeps the namespaces of a pod open; kube play does not start without it.
        installed(&["catatonit"], &helpers)?;
        let found = Self {
            program: installed(&["podman"], &[])?,
            runtime: installed(&["runc"], &helpers)?,
            network: None,
            folder: TempDir::new().expect("a folder"),
        };
        fs::write(found.path("containers.conf"), CONFIGURATION).expect("a file");
        Some(found)
    }

    /// The same where nothing but `network` is seen or changed.
    pub(crate) fn within(mut self, network: Network) -> Self {
        self.network = Some(network);
        self
    }

    /// The network it is in, where it has one of its own.
    pub(crate) fn network(&self) -> Option<&Network> {
        self.network.as_ref()
    }

    /// A path in its folder, which is removed with it.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The words before the arguments.
    fn words(&self) -> Vec<String> {
        let text = |path: PathBuf| path.display().to_string();
        let mut words: Vec<String> = self.network.iter().flat_map(Network::enter).collect();
        words.push(text(self.program.clone()));
        // Plain folders: an overlay on an overlay is refused, and mounts may be left behind.
        words.extend(["--storage-driver".to_owned(), "vfs".to_owned()]);
        for (option, value) in [
            ("--runtime", self.runtime.clone()),
            ("--root", self.path("root")),
            ("--runroot", self.path("run")),
            ("--tmpdir", self.path("state")),
            ("--network-config-dir", self.path("networks")),
        ] {
            words.extend([option.to_owned(), text(value)]);
        }
        words
    }

    fn command(&self, arguments: &[&str]) -> std::process::Command {
        let words = self.words();
        let mut command = std::process::Command::new(&words[0]);
        command.args(&words[1..]).args(arguments);
        command.env("CONTAINERS_CONF", self.path("containers.conf"));
        command
    }

    /// A folder with a program `podman` that is this one, for those who call it by its name.
    pub(crate) fn in_path(&self) -> PathBuf {
        let folder = self.path("bin");
        fs::create_dir_all(&folder).expect("a folder");
        let mut script = "#!/bin/sh\nexec env".to_owned();
        let configuration = self.path("containers.conf");
        write!(script, " CONTAINERS_CONF='{}'", configuration.display()).expect("a text");
        for word in self.words() {
            write!(script, " '{word}'").expect("a text");
        }
        let program = folder.join("podman");
        fs::write(&program, script + " \"$@\"\n").expect("a file");
        let everybody = fs::Permissions::from_mode(0o755);
        fs::set_permissions(program, everybody).expect("a file of ours");
        folder
    }

    /// Runs it to its end.
    pub(crate) async fn run(&self, arguments: &[&str]) -> Output {
        run(&mut Command::from(self.command(arguments))).await
    }

    /// The same where it must succeed; gives the standard output.
    pub(crate) async fn done(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments).await;
        assert!(output.status.success(), "{arguments:?}: {}", said(&output));
        String::from_utf8(output.stdout).expect("a text")
    }

    /// Makes an image of a root file system, with changes in the words of a Dockerfile. The
    /// error says why this podman cannot.
    pub(crate) async fn import(
        &self,
        image: &str,
        root: &RootFs,
        changes: &[&str],
    ) -> Result<(), String> {
        let archive = self.path("import.tar");
        root.pack(&archive).await;
        let archive = archive.display().to_string();
        let mut words = vec!["import", "--quiet"];
        words.extend(changes.iter().flat_map(|change| ["--change", change]));
        words.extend([archive.as_str(), image]);
        succeeded(&self.run(&words).await)
    }

    /// Loads an archive of an image.
    pub(crate) async fn load(&self, archive: &Path) -> Result<(), String> {
        let archive = archive.display().to_string();
        succeeded(&self.run(&["load", "--quiet", "--input", &archive]).await)
    }

    /// Starts a container of `image`, which has an option `--version`. The error says why this
    /// machine runs none.
    pub(crate) async fn try_out(&self, image: &str) -> Result<(), String> {
        // As the user of the image: a podman without root may have no user but one.
        let user = "--user=65532:65532";
        let first = ["run", "--rm", "--network=none", user, image, "--version"];
        let started = self.run(&first).await;
        // From 125 on they are codes of podman, below they are the program's.
        if started.status.code().is_none_or(|code| code >= 125) {
            return Err(said(&started));
        }
        assert!(started.status.success(), "{}", said(&started));
        Ok(())
    }

    /// Calls the container as a neighbour in its network would; gives status and body,
    /// and status 0 where nobody answers. It takes root.
    pub(crate) async fn call(
        &self,
        container: &str,
        path: &str,
        options: &[&str],
    ) -> (u16, String) {
        let namespace = format!("--net=/proc/{}/ns/net", self.process(container).await);
        super::network::call(&namespace, path, options).await
    }

    /// The id of the first process of a running container.
    pub(crate) async fn process(&self, container: &str) -> String {
        let format = "{{.State.Pid}}";
        let process = self.done(&["inspect", "--format", format, container]).await;
        process.trim().to_owned()
    }
}

impl Drop for Podman {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let names = self.command(&["ps", "--all", "--format={{.Names}}"]);
            let names = { names }.output().map(|output| said(&output));
            for name in names.unwrap_or_default().split_whitespace() {
                if let Ok(logs) = self.command(&["logs", name]).output() {
                    eprintln!("--- {name}\n{}---", said(&logs));
                }
            }
        }
        // All of this podman, which is all of this test. What is left is in the folder.
        for words in [
            ["pod", "rm", "--all", "--force", "--time=5"].as_slice(),
            &["rm", "--all", "--force", "--time=5"],
            &["volume", "rm", "--all", "--force"],
            &["network", "prune", "--force"],
            &["rmi", "--all", "--force"],
        ] {
            self.command(words).output().ok();
        }
    }
}

fn succeeded(output: &Output) -> Result<(), String> {
    if output.status.success() {
        Ok(())
    } else {
        Err(said(output))
    }
}

/// Runs `command` to its end, within the limit.
pub(crate) async fn run(command: &mut Command) -> Output {
    let output = tokio::time::timeout(PATIENCE, command.kill_on_drop(true).output()).await;
    let output = output.unwrap_or_else(|_| panic!("{command:?} ends within a limit"));
    output.unwrap_or_else(|error| panic!("{command:?} starts: {error}"))
}
