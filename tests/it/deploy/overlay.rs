//! An overlay as running containers, beside a real Postgres and a real Redis: with the image, the
//! variables, the secrets and the restrictions of the rendered pods.
//!
//! podman 4.3 mounts no Secret for `kube play`, so each container is started with what its manifest
//! says.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::mpsc;

use serde_json::{Map, Value, json};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;
use tokio::task::JoinSet;

use super::{generate, said};
use crate::support::{
    IMAGE, Network, PASSWORD, PATIENCE, Podman, Postgres, Redis, converse, eventually, run,
    terminal,
};

/// Name of the pod.
const POD: &str = "pod";

/// Name of the container that serves.
pub(super) const AURA: &str = "aura";

const PLAN: &str = r#"
[environments.development.backends]
database = "postgres://postgres:5432"
redis = "redis://redis:6379"

[environments.staging]
replicas = 1

[environments.production]
components = ["migrate-job", "secret-files", "network-policy"]

[environments.production.settings]
AUTH_PUBLIC_URL = "https://auth.example.com"
"#;

/// The objects of an overlay and its secrets, on their way into a podman of one test.
pub(super) struct Overlay<'a> {
    pub(super) podman: &'a Podman,
    pub(super) environment: &'a str,
    pub(super) plan: String,
    objects: Vec<Value>,
    secrets: PathBuf,
    _postgres: Postgres,
    _redis: Redis,
    _relays: JoinSet<()>,
}

impl<'a> Overlay<'a> {
    /// Renders the overlay, makes its secrets, and starts a pod in which `postgres` and `redis` are
    /// servers of this machine; `None`, said aloud, where one is not installed.
    pub(super) async fn new(podman: &'a Podman, environment: &'a str) -> Option<Self> {
        let (postgres, redis) = (Postgres::own().await?, Redis::start().await?);
        postgres.tell("CREATE ROLE aura LOGIN").await;
        postgres.tell("CREATE DATABASE aura OWNER aura").await;
        let folder = podman.path(environment);
        fs::create_dir_all(&folder).expect("a folder");
        let plan = folder.join("deploy.toml").display().to_string();
        fs::write(&plan, PLAN).expect("a file");
        let made = folder.join("secrets.json").display().to_string();
        let out = folder.display().to_string();
        for arguments in [
            ["k8s", "--config", &plan, "--out", &out].as_slice(),
            &[
                "secrets",
                "--config",
                &plan,
                "--environment",
                environment,
                "--out",
                &made,
            ],
        ] {
            let done = generate(arguments).await;
            assert!(done.status.success(), "{arguments:?}: {}", said(&done));
        }
        let kubectl = super::manifests::tool("kubectl")?;
        let overlay = folder.join("k8s/overlays").join(environment);
        let built = run(Command::new(kubectl).arg("kustomize").arg(overlay)).await;
        assert!(built.status.success(), "{}", said(&built));
        let text = String::from_utf8(built.stdout).expect("UTF-8");
        let text_of_secrets = fs::read_to_string(&made).expect("the secrets");
        let secrets = put_secrets(&folder, &text_of_secrets);
        let password = text_of_secrets.split("redis://:").nth(1).expect("a URL");
        let password = password.split('@').next().expect("a password");
        let mut connection = redis.connect(0).await;
        redis::cmd("CONFIG")
            .arg(&["SET", "requirepass", password])
            .exec_async(&mut connection)
            .await
            .expect("a Redis of ours");
        let servers = [(5432, postgres.address()), (6379, redis.address())];
        let relays = start_pod(podman, &servers).await;
        Some(Self {
            podman,
            environment,
            plan,
            objects: serde_saphyr::from_multiple(&text).expect("YAML"),
            secrets,
            _relays: relays,
            _postgres: postgres,
            _redis: redis,
        })
    }

    /// The object `kind`.
    pub(super) fn object(&self, kind: &str) -> &Value {
        let mut objects = self.objects.iter();
        let found = objects.find(|object| object["kind"] == kind);
        found.unwrap_or_else(|| panic!("no {kind}"))
    }

    /// The pod of the object `kind`.
    pub(super) fn pod(&self, kind: &str) -> Value {
        self.object(kind)["spec"]["template"]["spec"].clone()
    }

    /// Options of `podman run` that make a container as `pod` says, without its secrets' folder.
    pub(super) fn options(&self, pod: &Value) -> Vec<String> {
        let container = &pod["containers"][0];
        let user = &container["securityContext"]["runAsUser"];
        let mut options = vec![format!("--user={user}:{user}")];
        assert_eq!(container["securityContext"]["readOnlyRootFilesystem"], true);
        for restriction in [
            "--pod=pod",
            "--read-only",
            "--read-only-tmpfs=false",
            "--tmpfs=/tmp",
            "--cap-drop=all",
            "--security-opt=no-new-privileges",
        ] {
            options.push(restriction.to_owned());
        }
        for (name, text) in NAMES {
            let file = self.podman.path(name);
            fs::write(&file, text).expect("a file");
            options.push(format!("--volume={}:/etc/{name}:ro", file.display()));
        }
        let config = self.object("ConfigMap")["data"].as_object();
        let config = config.expect("its data");
        let texts = config.iter().map(|(name, text)| (name.as_str(), text));
        let own = container["env"].as_array().expect("variables").iter();
        let own = own.filter_map(|one| Some((one["name"].as_str()?, one.get("value")?)));
        for (name, text) in texts.chain(own) {
            options.push(format!("--env={name}={}", text.as_str().expect("a text")));
        }
        options
    }

    /// The same with its secrets: variables where it takes them as such, files elsewhere.
    fn whole(&self, pod: &Value) -> Vec<String> {
        let container = &pod["containers"][0];
        let mut options = self.options(pod);
        let sources = container["envFrom"].as_array().expect("sources");
        if sources.iter().any(|source| !source["secretRef"].is_null()) {
            for entry in fs::read_dir(&self.secrets).expect("a folder") {
                let path = entry.expect("an entry").path();
                let name = path.file_name().expect("a name").display();
                let value = fs::read_to_string(&path).expect("a file");
                options.push(format!("--env={name}={value}"));
            }
            return options;
        }
        let mounts = container["volumeMounts"].as_array().expect("mounts");
        let mut secrets = mounts.iter().filter(|mount| mount["name"] == "secrets");
        let path = secrets.next().expect("secrets as files")["mountPath"].as_str();
        let from = self.secrets.display();
        options.push(format!("--volume={from}:{}:ro", path.expect("a path")));
        options
    }

    /// Runs the container of `pod` to its end.
    pub(super) async fn runs(&self, pod: &Value) -> String {
        let options = self.whole(pod);
        let args = pod["containers"][0]["args"].as_array().expect("arguments");
        let args = args.iter().map(|word| word.as_str().expect("a text"));
        let mut words = vec!["run", "--rm"];
        words.extend(options.iter().map(String::as_str));
        words.push(IMAGE);
        words.extend(args);
        self.podman.done(&words).await
    }

    /// Starts the container of the Deployment, and waits until it is healthy.
    pub(super) async fn serves(&self) {
        let pod = self.pod("Deployment");
        let options = self.whole(&pod);
        let args = pod["containers"][0]["args"].as_array().expect("arguments");
        let mut words = vec!["run", "--detach", "--name", AURA];
        words.extend(options.iter().map(String::as_str));
        words.push(IMAGE);
        words.extend(args.iter().map(|word| word.as_str().expect("a text")));
        self.podman.done(&words).await;
        eventually(PATIENCE, "a healthy container", async || {
            let asked = self.podman.run(&["exec", AURA, "/aura", "healthcheck"]);
            asked.await.status.success().then_some(())
        })
        .await;
    }

    /// What a command prints in the container that serves.
    pub(super) async fn command(&self, words: &str) -> String {
        let mut all = vec!["exec", AURA, "/aura"];
        all.extend(words.split(' '));
        self.podman.done(&all).await
    }

    /// The status and the body of a sign-in.
    pub(super) async fn sign_in(&self, email: &str) -> (u16, String) {
        let body = json!({"email": email, "password": PASSWORD});
        self.post("/auth/login", &body).await
    }

    pub(super) async fn post(&self, path: &str, body: &Value) -> (u16, String) {
        let body = body.to_string();
        let head = "content-type: application/json";
        let options = ["--header", head, "--data", body.as_str()];
        self.podman.call(AURA, path, &options).await
    }

    /// The commands of `page` with a `kubectl exec` in them, one a line.
    pub(super) fn lines(page: &str) -> Vec<String> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("docs")
            .join(page);
        let page = fs::read_to_string(path).expect("the page");
        let fences = page.split("```bash\n").skip(1);
        let fences = fences.filter_map(|part| part.split("```").next());
        let text: String = fences.collect();
        let text = text.replace("\\\n", "");
        let lines = text.lines().filter(|line| line.contains("kubectl exec"));
        let lines = lines.filter_map(|line| line.split(" #").next());
        lines.map(|line| line.trim().to_owned()).collect()
    }

    /// The command with a `kubectl` that knows this container alone.
    fn with_kubectl(&self, mut command: Command) -> Command {
        let folder = self.podman.in_path();
        let kubectl = folder.join("kubectl");
        fs::write(&kubectl, KUBECTL).expect("a file");
        let everybody = fs::Permissions::from_mode(0o755);
        fs::set_permissions(&kubectl, everybody).expect("a file of ours");
        let path = std::env::var("PATH").expect("a PATH");
        command.env("PATH", format!("{}:{path}", folder.display()));
        command.env("PASSWORD", PASSWORD).kill_on_drop(true);
        command
    }

    /// What the line prints; it succeeds.
    pub(super) async fn prints(&self, line: &str) -> String {
        let mut command = Command::new("bash");
        command.args(["-euo", "pipefail", "-c", line]);
        let done = run(self.with_kubectl(command).stdin(Stdio::null())).await;
        assert!(done.status.success(), "{line}: {}", said(&done));
        String::from_utf8(done.stdout).expect("UTF-8")
    }

    /// Runs the line on a terminal, and answers its two questions with the password.
    pub(super) async fn answers(&self, line: &str) {
        let typed = format!("{PASSWORD}\n");
        let answers = [("Password: ", &*typed), ("Once more: ", &*typed)];
        let (ended, seen) = converse(self.with_kubectl(terminal(line)), &answers).await;
        assert!(ended.success(), "{seen}");
        assert!(
            seen.contains("created") && !seen.contains(PASSWORD),
            "{seen}"
        );
    }
}

/// What makes the names of the default plan those of this pod, where no name server is.
const NAMES: [(&str, &str); 2] = [
    ("hosts", "127.0.0.1 localhost postgres redis\n"),
    ("nsswitch.conf", "hosts: files\n"),
];

/// `kubectl exec OPTIONS -- COMMAND`, for the container of this test.
const KUBECTL: &str = "#!/bin/sh
set -eu
[ \"$1\" = exec ]
options=
while [ \"$1\" != -- ]; do
  case $1 in -i | -t | -it) options=$1 ;; esac
  shift
done
shift
exec podman exec $options aura \"$@\"
";

/// Writes one file a secret, as a mounted Secret has them.
fn put_secrets(folder: &Path, made: &str) -> PathBuf {
    let secrets: Map<String, Value> = serde_json::from_str(made).expect("JSON");
    let folder = folder.join("mounted");
    fs::create_dir(&folder).expect("a folder");
    for (name, value) in &secrets {
        let value = value.as_str().expect("a text");
        fs::write(folder.join(name), value).expect("a file");
    }
    folder
}

/// Starts an empty pod in which `servers` answer at these ports of the loopback device.
async fn start_pod(podman: &Podman, servers: &[(u16, SocketAddr)]) -> JoinSet<()> {
    podman
        .done(&["pod", "create", "--name", POD, "--network=none"])
        .await;
    podman.done(&["pod", "start", POD]).await;
    let format = "--format={{.InfraContainerID}}";
    let infra = podman.done(&["pod", "inspect", format, POD]).await;
    let process = podman.process(infra.trim()).await;
    let mut relays = JoinSet::new();
    for (port, server) in servers.iter().copied() {
        let namespace = fs::File::open(format!("/proc/{process}/ns/net")).expect("a network");
        let (ready, listening) = mpsc::channel();
        std::thread::spawn(move || {
            Network::move_thread(&namespace);
            ready.send(std::net::TcpListener::bind(("127.0.0.1", port)))
        });
        let listener = listening.recv().expect("a thread").expect("a free port");
        listener.set_nonblocking(true).expect("a socket");
        relays.spawn(relay(
            TcpListener::from_std(listener).expect("a socket"),
            server,
        ));
    }
    relays
}

/// Leads every connection on to `server`. A socket stays in the network that it was made in.
async fn relay(listener: TcpListener, server: SocketAddr) {
    let mut connections = JoinSet::new();
    while let Ok((mut inside, _)) = listener.accept().await {
        connections.spawn(async move {
            if let Ok(mut outside) = TcpStream::connect(server).await {
                copy_bidirectional(&mut inside, &mut outside).await.ok();
            }
        });
    }
}
