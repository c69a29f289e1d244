//! The overlays of staging and production as running containers, beside a real Postgres and a real
//! Redis: with the image, the variables, the secrets and the restrictions of the rendered pods, and
//! the commands of the pages run in them as they stand there.
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
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;
use tokio::task::JoinSet;

use super::{generate, said};
use crate::support::{
    IMAGE, Network, PASSWORD, PATIENCE, Podman, Postgres, Redis, eventually, put_image, run,
};

/// Names of the pod and of the container that serves.
const POD: &str = "pod";
const AURA: &str = "aura";

/// Address of the account of the pages.
const ROOT: &str = "root@example.com";

const PLAN: &str = r#"
[environments.staging]
replicas = 1

[environments.production]
components = ["migrate-job", "secret-files", "network-policy"]

[environments.production.settings]
AUTH_PUBLIC_URL = "https://auth.example.com"
"#;

/// The objects of an overlay and its secrets, on their way into a podman of one test.
struct Overlay<'a> {
    podman: &'a Podman,
    environment: &'a str,
    plan: String,
    objects: Vec<Value>,
    secrets: PathBuf,
    _postgres: Postgres,
    _redis: Redis,
    _relays: JoinSet<()>,
}

impl<'a> Overlay<'a> {
    /// Renders the overlay, makes its secrets, and starts a pod in which `postgres` and `redis` are
    /// servers of this machine; `None`, said aloud, where one is not installed.
    async fn new(podman: &'a Podman, environment: &'a str) -> Option<Self> {
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

    /// The pod of the object `kind`.
    fn pod(&self, kind: &str) -> Value {
        let mut objects = self.objects.iter();
        let found = objects.find(|object| object["kind"] == kind);
        found.unwrap_or_else(|| panic!("no {kind}"))["spec"]["template"]["spec"].clone()
    }

    /// Options of `podman run` that make a container as `pod` says, without its secrets' folder.
    fn options(&self, pod: &Value) -> Vec<String> {
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
        let mut maps = self.objects.iter().filter(|one| one["kind"] == "ConfigMap");
        let config: &Map<String, Value> = maps.next().expect("a ConfigMap")["data"]
            .as_object()
            .expect("its data");
        let texts = config.iter().map(|(name, text)| (name.as_str(), text));
        let own = container["env"].as_array().expect("variables").iter();
        let own = own.filter_map(|one| Some((one["name"].as_str()?, one.get("value")?)));
        for (name, text) in texts.chain(own) {
            options.push(format!("--env={name}={}", text.as_str().expect("a text")));
        }
        options
    }

    /// The same with its secrets.
    fn whole(&self, pod: &Value) -> Vec<String> {
        let mounts = pod["containers"][0]["volumeMounts"].as_array();
        let mount = mounts.expect("mounts").iter();
        let mut secrets = mount.filter(|mount| mount["name"] == "secrets");
        let path = secrets.next().expect("secrets as files")["mountPath"].as_str();
        let from = self.secrets.display();
        let mut options = self.options(pod);
        options.push(format!("--volume={from}:{}:ro", path.expect("a path")));
        options
    }

    /// Runs the container of `pod` to its end.
    async fn runs(&self, pod: &Value) -> String {
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
    async fn serves(&self) {
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
    async fn command(&self, words: &str) -> String {
        let mut all = vec!["exec", AURA, "/aura"];
        all.extend(words.split(' '));
        self.podman.done(&all).await
    }

    /// The status and the body of a sign-in.
    async fn sign_in(&self, email: &str) -> (u16, String) {
        let body = json!({"email": email, "password": PASSWORD});
        self.post("/auth/login", &body).await
    }

    async fn post(&self, path: &str, body: &Value) -> (u16, String) {
        let body = body.to_string();
        let head = "content-type: application/json";
        let options = ["--header", head, "--data", body.as_str()];
        self.podman.call(AURA, path, &options).await
    }

    /// The commands of `page` with a `kubectl exec` in them, one a line.
    fn lines(page: &str) -> Vec<String> {
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

    /// A line of a page as a command of bash, with a `kubectl` that knows this container alone.
    fn bash(&self, program: &str, line: &str) -> Command {
        let folder = self.podman.in_path();
        let kubectl = folder.join("kubectl");
        fs::write(&kubectl, KUBECTL).expect("a file");
        let everybody = fs::Permissions::from_mode(0o755);
        fs::set_permissions(&kubectl, everybody).expect("a file of ours");
        let path = std::env::var("PATH").expect("a PATH");
        let mut command = Command::new(program);
        command.env("PATH", format!("{}:{path}", folder.display()));
        command.env("PASSWORD", PASSWORD).kill_on_drop(true);
        match program {
            "script" => command.args(["--quiet", "--return", "--command", line, "/dev/null"]),
            _ => command.args(["-euo", "pipefail", "-c", line]),
        };
        command
    }

    /// What the line prints; it succeeds.
    async fn prints(&self, line: &str) -> String {
        let done = run(self.bash("bash", line).stdin(Stdio::null())).await;
        assert!(done.status.success(), "{line}: {}", said(&done));
        String::from_utf8(done.stdout).expect("UTF-8")
    }

    /// Runs the line on a terminal, and answers its two questions with the password.
    async fn answers(&self, line: &str) {
        let mut command = self.bash("script", line);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a terminal");
        let mut keys = child.stdin.take().expect("its keyboard");
        let mut screen = child.stdout.take().expect("its screen");
        let mut seen = String::new();
        let talk = async {
            for question in ["Password: ", "Once more: "] {
                while !seen.contains(question) {
                    let mut bytes = [0; 512];
                    let count = screen.read(&mut bytes).await.expect("a screen");
                    assert!(count > 0, "{line}: {seen}");
                    seen += &String::from_utf8_lossy(&bytes[..count]);
                }
                let answer = format!("{PASSWORD}\n");
                keys.write_all(answer.as_bytes()).await.expect("a keyboard");
            }
            screen.read_to_string(&mut seen).await.expect("a screen");
            child.wait().await.expect("an end")
        };
        let end = tokio::time::timeout(PATIENCE, talk).await;
        assert!(end.expect("an end in time").success(), "{seen}");
        assert!(
            seen.contains("created") && !seen.contains(PASSWORD),
            "{seen}"
        );
    }
}

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

/// Starts an empty pod in which `servers` answer at these ports of the loopback device, under the
/// names that the default plan gives them.
async fn start_pod(podman: &Podman, servers: &[(u16, SocketAddr)]) -> JoinSet<()> {
    let mut words = vec!["pod", "create", "--name", POD, "--network=none"];
    words.extend([
        "--add-host=postgres:127.0.0.1",
        "--add-host=redis:127.0.0.1",
    ]);
    podman.done(&words).await;
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

/// A podman with the image; `None`, said aloud, where it cannot be had. Networks take root.
async fn podman() -> Option<Podman> {
    // Said aloud where it is not root.
    drop(Network::new()?);
    let podman = Podman::installed()?;
    put_image(&podman).await.then_some(podman)
}

#[tokio::test]
async fn production_starts_as_rendered_and_the_commands_of_the_pages_work_in_its_pod() {
    let Some(podman) = podman().await else {
        return;
    };
    let Some(overlay) = Overlay::new(&podman, "production").await else {
        return;
    };
    says_why_it_ends(&overlay).await;
    let migrated = overlay.runs(&overlay.pod("Job")).await;
    assert!(migrated.starts_with("applied "), "{migrated}");
    overlay.serves().await;

    let page = Overlay::lines("workflows/production-deployment.md");
    let [asks, reads, rest @ ..] = &page[..] else {
        panic!("{page:?}");
    };
    assert!(asks.contains(" -it ") && reads.contains("--password-stdin"));
    overlay.answers(asks).await;
    let (status, body) = overlay.sign_in(ROOT).await;
    assert_eq!(status, 200, "{body}");
    let created = overlay
        .prints(&reads.replace(ROOT, "second@example.com"))
        .await;
    assert!(created.contains("created second@example.com"), "{created}");
    for line in rest {
        overlay.prints(line).await;
    }
    for line in Overlay::lines("dashboard.md") {
        // The account is there already.
        overlay
            .prints(&line.replace(ROOT, "third@example.com"))
            .await;
    }

    let users = overlay.command("user list --json").await;
    assert_eq!(users.lines().count(), 3, "{users}");
    let trail = overlay
        .command("audit list --action user.created --json")
        .await;
    assert_eq!(trail.lines().count(), 3, "{trail}");
    let purged = overlay.command("cache purge --yes").await;
    assert_eq!(purged, "the cache is purged\n");
    let migrated = overlay.command("migrate").await;
    assert_eq!(migrated, "the database is up to date\n");
    assert_eq!(overlay.command("config check").await, "ok\n");
    let explained = overlay.command("config explain JWT_SECRET_KEY").await;
    assert!(explained.contains("[redacted] (secrets directory /run/secrets/aura"));
    let shown = overlay.command("config show --json").await;
    let shown: Vec<Value> = serde_json::from_str(&shown).expect("JSON");
    for name in ["DATABASE_URL", "REDIS_URL", "JWT_SECRET_KEY"] {
        let setting = shown.iter().find(|one| one["name"] == name);
        let origin = setting.expect("a setting")["origin"].to_string();
        assert!(origin.contains("/run/secrets/aura/"), "{name}: {origin}");
    }
    // An option is stronger than the variable.
    let words = [
        "exec",
        AURA,
        "/aura",
        "config",
        "show",
        "--secrets-dir",
        "/tmp",
    ];
    let elsewhere = overlay.podman.run(&words).await;
    assert_eq!(elsewhere.status.code(), Some(78), "{}", said(&elsewhere));
}

/// Without its secrets it ends with 78: one line of JSON in the log, and the reason in the file that
/// the kubelet reads.
async fn says_why_it_ends(overlay: &Overlay<'_>) {
    let file = overlay.podman.path("termination-log");
    fs::write(&file, "").expect("a file");
    let everybody = fs::Permissions::from_mode(0o666);
    fs::set_permissions(&file, everybody).expect("a file of ours");
    let pod = overlay.pod("Deployment");
    let mut options = overlay.options(&pod);
    options.push(format!("--volume={}:/dev/termination-log", file.display()));
    options.push("--tmpfs=/run/secrets/aura".to_owned());
    let mut words = vec!["run", "--rm"];
    words.extend(options.iter().map(String::as_str));
    words.extend([IMAGE, "serve", "--no-migrate"]);
    let ended = overlay.podman.run(&words).await;
    assert_eq!(ended.status.code(), Some(78), "{}", said(&ended));
    let log = String::from_utf8(ended.stderr).expect("UTF-8");
    let lines: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {log}")))
        .collect();
    let [line] = &lines[..] else {
        panic!("one line: {log}");
    };
    assert_eq!(line["level"], "ERROR");
    assert_eq!(line["exit_code"], 78);
    let reason = fs::read_to_string(&file).expect("the file");
    assert_eq!(line["message"], reason);
    assert!(
        reason.starts_with("JWT_SECRET_KEY: is required and not set"),
        "{reason}"
    );
}

#[tokio::test]
async fn staging_starts_as_rendered_and_a_job_makes_its_first_administrator() {
    let Some(podman) = podman().await else {
        return;
    };
    let Some(overlay) = Overlay::new(&podman, "staging").await else {
        return;
    };
    overlay.serves().await;
    let job = async || {
        let words = [
            "job",
            "--config",
            &overlay.plan,
            "--environment",
            overlay.environment,
        ];
        let command = ["--", "user", "first-admin", ROOT];
        let done = generate(&[words.as_slice(), &command].concat()).await;
        assert!(done.status.success(), "{}", said(&done));
        let text = String::from_utf8(done.stdout).expect("UTF-8");
        let objects: Vec<Value> = serde_saphyr::from_multiple(&text).expect("YAML");
        let job = objects.iter().find(|object| object["kind"] == "Job");
        let pod = job.expect("a Job")["spec"]["template"]["spec"].clone();
        overlay.runs(&pod).await.trim().to_owned()
    };
    let (lost, token) = (job().await, job().await);
    let set = |token: &str| json!({"reset_token": token, "new_password": PASSWORD});
    let (status, body) = overlay.post("/auth/password/reset", &set(&lost)).await;
    assert_eq!(status, 401, "{body}");
    let (status, body) = overlay.post("/auth/password/reset", &set(&token)).await;
    assert_eq!(status, 204, "{body}");
    assert_eq!(overlay.sign_in(ROOT).await.0, 200);
    let users = overlay.command("user list --role admin --json").await;
    assert!(users.contains(ROOT), "{users}");
    let again = job().await;
    assert!(again.starts_with("an administrator can sign in"), "{again}");
}
