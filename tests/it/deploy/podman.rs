//! The development overlay as running containers: `podman kube play` reads the manifests without
//! a cluster. It has a storage, a state and locks of its own in a temporary folder, so two runs
//! do not meet, and nothing of the machine's own podman is touched. The pod has no network but
//! its own loopback device.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Output;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};
use tempfile::TempDir;
use tokio::process::Command;

use super::manifests::tool;
use super::{generate, said};
use crate::support::{PATIENCE, eventually, installed};

/// The binary under test.
const AURA: &str = env!("CARGO_BIN_EXE_aura");

/// The image that is made of it.
const IMAGE: &str = "localhost/aura-test:1";

/// What podman calls the container `backend` of the Deployment `aura`.
const CONTAINER: &str = "aura-pod-0-backend";

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

#[tokio::test]
async fn the_development_overlay_runs_and_has_the_values_of_its_config_map() {
    let Some(kubectl) = tool("kubectl") else {
        return;
    };
    let Some(podman) = Podman::installed() else {
        return;
    };
    if let Err(reason) = podman.prepare().await {
        return skipped(&reason);
    }
    let secrets = podman.create_secret().await;
    let config = podman.play(&kubectl).await;
    podman.becomes_healthy().await;
    let shown = podman.done(&["exec", CONTAINER, "/aura", "config", "show", "--json"]);
    let shown: Value = serde_json::from_str(&shown.await).expect("JSON");
    for (name, text) in &config {
        let setting = setting(&shown, name);
        let value = as_text(&setting["value"]);
        assert_eq!(Some(value.as_str()), text.as_str(), "{setting}");
        // An empty text may stand for no value at all.
        if !setting["value"].is_null() {
            assert_eq!(setting["origin"], "variable", "{setting}");
        }
    }
    for name in secrets.keys() {
        let setting = setting(&shown, name);
        assert_eq!(setting["origin"], "variable", "{setting}");
    }
}

/// One line of what `aura config show --json` prints.
fn setting<'a>(shown: &'a Value, name: &str) -> &'a Value {
    let mut all = shown.as_array().expect("a list").iter();
    let found = all.find(|setting| setting["name"] == name);
    found.unwrap_or_else(|| panic!("no {name} in {shown:#}"))
}

/// A value as an environment variable would hold it.
fn as_text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(as_text).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}

/// Says that podman is there and cannot work.
///
/// # Panics
/// Where `AURA_TESTS_REQUIRE=1` asks for everything.
fn skipped(reason: &str) {
    use std::io::Write as _;
    let required = std::env::var_os("AURA_TESTS_REQUIRE").is_some_and(|value| value == "1");
    assert!(!required, "podman cannot run containers here: {reason}");
    let test = std::thread::current().name().unwrap_or("?").to_owned();
    let line = format!("\nSKIPPED {test}: podman cannot run containers here: {reason}\n");
    std::io::stderr().write_all(line.as_bytes()).ok();
}

/// Runs `command` to its end, within the limit.
async fn run(command: &mut Command) -> Output {
    let output = tokio::time::timeout(PATIENCE, command.kill_on_drop(true).output()).await;
    let output = output.unwrap_or_else(|_| panic!("{command:?} ends within a limit"));
    output.unwrap_or_else(|error| panic!("{command:?} starts: {error}"))
}

/// A podman with nothing in it. Dropped, it ends and removes what it was given.
#[derive(Debug)]
struct Podman {
    program: PathBuf,
    runtime: PathBuf,
    folder: TempDir,
}

impl Podman {
    /// The machine's podman and what it needs; `None`, said aloud, where a part is missing.
    fn installed() -> Option<Self> {
        let helpers = ["/usr/sbin", "/usr/libexec/podman", "/usr/lib/podman"].map(PathBuf::from);
        // Keeps the namespaces of a pod open; kube play does not start without it.
        installed(&["catatonit"], &helpers)?;
        let found = Self {
            program: installed(&["podman"], &[])?,
            runtime: installed(&["runc"], &helpers)?,
            folder: TempDir::new().expect("a folder"),
        };
        fs::write(found.path("containers.conf"), CONFIGURATION).expect("a file");
        Some(found)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, arguments: &[&str]) -> std::process::Command {
        let mut command = std::process::Command::new(&self.program);
        command.env("CONTAINERS_CONF", self.path("containers.conf"));
        // Plain folders: an overlay on an overlay is refused, and mounts may be left behind.
        command.args(["--storage-driver", "vfs"]);
        command.arg("--runtime").arg(&self.runtime);
        command.arg("--root").arg(self.path("root"));
        command.arg("--runroot").arg(self.path("run"));
        command.arg("--tmpdir").arg(self.path("state"));
        command.args(arguments);
        command
    }

    async fn run(&self, arguments: &[&str]) -> Output {
        run(&mut Command::from(self.command(arguments))).await
    }

    /// The same where it must succeed; gives the standard output.
    async fn done(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments).await;
        assert!(output.status.success(), "{arguments:?}: {}", said(&output));
        String::from_utf8(output.stdout).expect("a text")
    }

    /// Makes the image and starts it once. The error says why this machine runs no containers.
    async fn prepare(&self) -> Result<(), String> {
        let image = self.root_file_system().await.display().to_string();
        let mut import = vec!["import", "--quiet"];
        for change in [
            r#"ENTRYPOINT ["/aura"]"#,
            r#"CMD ["serve"]"#,
            "WORKDIR /var/lib/aura",
        ] {
            import.extend(["--change", change]);
        }
        import.extend([image.as_str(), IMAGE]);
        let imported = self.run(&import).await;
        if !imported.status.success() {
            return Err(said(&imported));
        }
        // As the user of the pod: a podman without root may have no user but one.
        let first = [
            "run",
            "--rm",
            "--network=none",
            "--user=65532:65532",
            IMAGE,
            "--version",
        ];
        let started = self.run(&first).await;
        // From 125 on they are codes of podman, below they are the program's.
        if started.status.code().is_none_or(|code| code >= 125) {
            return Err(said(&started));
        }
        assert!(started.status.success(), "{}", said(&started));
        Ok(())
    }

    /// An archive of the binary, the libraries it is linked to, and the little else it needs.
    async fn root_file_system(&self) -> PathBuf {
        let root = self.path("image");
        for folder in ["tmp", "var/lib/aura"] {
            fs::create_dir_all(root.join(folder)).expect("a folder");
            let everybody = fs::Permissions::from_mode(0o777);
            fs::set_permissions(root.join(folder), everybody).expect("a folder of ours");
        }
        fs::create_dir(root.join("etc")).expect("a folder");
        let user = "aura:x:65532:65532::/var/lib/aura:/\n";
        fs::write(root.join("etc/passwd"), user).expect("a file");
        fs::copy(AURA, root.join("aura")).expect("the binary");
        // `name => /path (address)`, and the loader without a name. A static binary has none.
        let linked = run(Command::new("ldd").arg(AURA)).await;
        let linked = String::from_utf8(linked.stdout).expect("a text");
        for library in linked
            .split_whitespace()
            .filter(|word| word.starts_with('/'))
        {
            let inside = root.join(library.trim_start_matches('/'));
            fs::create_dir_all(inside.parent().expect("a folder")).expect("a folder");
            fs::copy(library, inside).expect("a library");
        }
        let archive = self.path("image.tar");
        let mut tar = Command::new("tar");
        tar.args(["--create", "--owner=0", "--group=0", "--file"]);
        let packed = run(tar.arg(&archive).arg("--directory").arg(&root).arg(".")).await;
        assert!(packed.status.success(), "{}", said(&packed));
        archive
    }

    /// Makes the secrets, and stores them in the form that podman reads for `envFrom`: podman 4.3
    /// does not read documents of kind Secret there.
    async fn create_secret(&self) -> Map<String, Value> {
        let made = self.path("secrets.json");
        let out = made.display().to_string();
        let done = generate(&["secrets", "--environment", "development", "--out", &out]).await;
        assert!(done.status.success(), "{}", said(&done));
        let text = fs::read_to_string(&made).expect("the secrets");
        let mut secrets: Map<String, Value> = serde_json::from_str(&text).expect("JSON");
        for value in secrets.values_mut() {
            *value = STANDARD.encode(value.as_str().expect("a text")).into();
        }
        let stored = self.path("stored.json");
        fs::write(&stored, Value::from(secrets.clone()).to_string()).expect("a file");
        let stored = stored.display().to_string();
        self.done(&["secret", "create", "aura-secrets", &stored])
            .await;
        secrets
    }

    /// Renders the overlay, builds it and plays it; gives the data of its `ConfigMap`.
    async fn play(&self, kubectl: &Path) -> Map<String, Value> {
        let out = self.folder.path().display().to_string();
        let done = generate(&["k8s", "--out", &out]).await;
        assert!(done.status.success(), "{}", said(&done));
        let overlay = self.path("k8s/overlays/development");
        let built = run(Command::new(kubectl).arg("kustomize").arg(overlay)).await;
        assert!(built.status.success(), "{}", said(&built));
        let text = String::from_utf8(built.stdout).expect("UTF-8");
        let mut documents: Vec<Value> = serde_saphyr::from_multiple(&text).expect("YAML");
        documents.retain(|document| document["kind"] == "ConfigMap" || is_deployment(document));
        documents
            .iter_mut()
            .filter(|document| is_deployment(document))
            .for_each(adapt);
        let config = documents.iter().find(|it| it["kind"] == "ConfigMap");
        let config = config.expect("a ConfigMap")["data"].as_object();
        // JSON is YAML too, and leaves no text to be taken for a number.
        let texts: Vec<String> = documents.iter().map(Value::to_string).collect();
        let file = self.path("played.yaml");
        fs::write(&file, texts.join("\n---\n")).expect("a file");
        let file = file.display().to_string();
        self.done(&["kube", "play", "--network", "none", &file])
            .await;
        config.expect("its data").clone()
    }

    /// Waits until aura calls itself healthy, and asks `/health` as a neighbour in the pod would.
    async fn becomes_healthy(&self) {
        eventually(PATIENCE, "a healthy container", async || {
            let asked = self.run(&["exec", CONTAINER, "/aura", "healthcheck"]).await;
            asked.status.success().then_some(())
        })
        .await;
        if !rustix::process::geteuid().is_root() {
            // Entering the pod's network is root's.
            return;
        }
        let format = "{{.State.Pid}}";
        let process = self.done(&["inspect", "--format", format, CONTAINER]).await;
        let mut curl = Command::new("nsenter");
        curl.args(["--net", "--target", process.trim(), "curl", "--noproxy"]);
        curl.args(["*", "--silent", "--show-error", "--fail"]);
        let answer = run(curl.arg("http://127.0.0.1:8000/health")).await;
        assert!(answer.status.success(), "{}", said(&answer));
        let health: Value = serde_json::from_slice(&answer.stdout).expect("JSON");
        assert_eq!(health["status"], "healthy", "{health}");
    }
}

impl Drop for Podman {
    fn drop(&mut self) {
        if std::thread::panicking()
            && let Ok(logs) = self.command(&["logs", CONTAINER]).output()
        {
            eprintln!("--- {CONTAINER}\n{}---", said(&logs));
        }
        // All of this podman, which is all of this test. What is left is in the folder.
        for words in [
            ["pod", "rm", "--all", "--force", "--time=5"].as_slice(),
            &["rm", "--all", "--force", "--time=5"],
            &["volume", "rm", "--all", "--force"],
            &["rmi", "--all", "--force"],
        ] {
            self.command(words).output().ok();
        }
    }
}

fn is_deployment(document: &Value) -> bool {
    document["kind"] == "Deployment"
}

/// Changes what podman cannot do: it takes a liveness probe for a command of the container,
/// publishes every port on all addresses of the machine, and knows no registry.
fn adapt(deployment: &mut Value) {
    let containers = deployment["spec"]["template"]["spec"]["containers"].as_array_mut();
    for container in containers.expect("a list of containers") {
        container["image"] = IMAGE.into();
        let container = container.as_object_mut().expect("a container");
        container.remove("livenessProbe").expect("a liveness probe");
        container.remove("ports").expect("a list of ports");
    }
}
