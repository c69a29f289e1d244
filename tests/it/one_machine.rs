//! The commands of `docs/one-machine.md`, run as they stand there, below a folder in place of the
//! machine's root. What only root and systemd can do is stood in for; aura, Redis, Caddy, SQLite and
//! the check of the unit are the real ones.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::net::TcpStream;

use crate::readme::marked;
use crate::support::{
    Client, PASSWORD, PATIENCE, Port, Process, Redis, Visitor, eventually, installed, said,
};

const HOST: &str = "auth.example.com";

/// Programs that stand in for those that change the machine; `ROOT` is the folder of the test.
const STAND_INS: [(&str, &str); 6] = [
    ("sudo", "exec \"$@\""),
    ("apt-get", "echo \"apt-get $*\" >>ROOT/log"),
    (
        "adduser",
        "echo \"adduser $*\" >>ROOT/log; mkdir -p ROOT/var/lib/aura",
    ),
    (
        "runuser",
        "[ \"$1 $2 $3\" = '-u aura --' ]; shift 3; exec \"$@\"",
    ),
    // Without the owners, whom this machine does not know.
    (
        "install",
        "words=(); while (($#)); do case $1 in -o | -g) shift 2 ;; *) words+=(\"$1\"); shift ;; \
         esac; done; exec /usr/bin/install \"${words[@]}\"",
    ),
    ("systemctl", SYSTEMCTL),
];

/// Starts what the unit starts, where it starts it, with its settings and secrets.
const SYSTEMCTL: &str = r#"
start() {
  cd ROOT/var/lib/aura
  set -a; . ROOT/etc/aura/aura.env; set +a
  SETTINGS_DIR=ROOT/etc/aura/credentials ROOT/usr/local/bin/aura serve \
    >>ROOT/log 2>&1 </dev/null &
  echo $! >ROOT/pid
}
stop() {
  pid=$(cat ROOT/pid)
  kill "$pid"
  # Whose child it is by now need not have noticed its end.
  while [[ -d /proc/$pid ]] && ! grep -q '^State:.Z' "/proc/$pid/status"; do sleep 0.05; done
}
case "$*" in
  daemon-reload) ;;
  "enable --now aura" | "start aura") start ;;
  "stop aura") stop ;;
  "restart aura") stop; start ;;
  *) exit 1 ;;
esac
"#;

struct Machine {
    root: TempDir,
    page: String,
}

impl Machine {
    fn new() -> Self {
        let machine = Self {
            root: TempDir::new().expect("a folder"),
            page: "docs/one-machine.md".to_owned(),
        };
        for folder in ["bin", "usr/local/bin", "usr/local/sbin", "etc/cron.daily"] {
            fs::create_dir_all(machine.path(folder)).expect("a folder");
        }
        for folder in ["etc/systemd/system", "var/backups", "work"] {
            fs::create_dir_all(machine.path(folder)).expect("a folder");
        }
        for (name, script) in STAND_INS {
            let script = script.replace("ROOT", &machine.root.path().display().to_string());
            machine.program(
                &format!("bin/{name}"),
                &format!("set -euo pipefail\n{script}"),
            );
        }
        let built = env!("CARGO_BIN_EXE_aura");
        machine.program("work/aura", &format!("exec {built} \"$@\""));
        machine
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    fn program(&self, name: &str, script: &str) {
        let path = self.path(name);
        fs::write(&path, format!("#!/bin/bash\n{script}\n")).expect("a file");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("a mode");
    }

    /// Runs the commands of the page under the mark `name`, with `more` at their end.
    fn run(&self, name: &str, more: &str) -> String {
        let commands = marked(&self.page, name, "bash");
        let commands = commands.split("    #").next().unwrap_or_default();
        self.shell(&format!("{commands}{more}"))
    }

    fn shell(&self, commands: &str) -> String {
        let root = self.root.path().display();
        let mut here = commands.to_owned();
        for folder in [
            "/etc/aura",
            "/etc/systemd",
            "/etc/cron.daily",
            "/usr/local",
            "/var",
        ] {
            here = here.replace(folder, &format!("{root}{folder}"));
        }
        let bin = "bin:usr/local/bin:usr/local/sbin".split(':');
        let bin = bin.map(|folder| format!("{}:", self.path(folder).display()));
        let path = format!("{}/usr/bin:/bin", bin.collect::<String>());
        let mut bash = Command::new("bash");
        bash.args(["-euo", "pipefail", "-c", &here]);
        bash.env_clear().env("PATH", path);
        bash.current_dir(self.path("work"));
        let done = bash.output().expect("bash");
        assert!(done.status.success(), "{here}: {}", said(&done));
        String::from_utf8(done.stdout).expect("UTF-8")
    }

    /// What systemd says of the unit and its drop-in.
    fn verify_unit(&self) {
        let Some(analyze) = installed(&["systemd-analyze"], &[]) else {
            return;
        };
        let units = self.path("etc/systemd/system");
        let unit = units.join("aura.service");
        let text = fs::read_to_string(&unit).expect("the unit");
        let program = self.path("usr/local/bin/aura").display().to_string();
        let text = text.replace("/usr/local/bin/aura", &program);
        fs::write(&unit, text).expect("a file");
        let mut command = Command::new(analyze);
        command.args(["verify", "--man=no", "aura.service"]);
        let search = format!("{}:/lib/systemd/system", units.display());
        let done = command.env("SYSTEMD_UNIT_PATH", search).output();
        let done = done.expect("systemd-analyze");
        assert!(done.status.success(), "{}", said(&done));
        let ours = |line: &&str| line.contains("aura");
        let found: Vec<_> = said(&done)
            .lines()
            .filter(ours)
            .map(str::to_owned)
            .collect();
        assert!(found.is_empty(), "{found:?}");
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let pid = fs::read_to_string(self.path("pid")).unwrap_or_default();
        if let Some(pid) = pid.trim().parse().ok().and_then(Pid::from_raw) {
            kill_process(pid, Signal::KILL).ok();
        }
        if std::thread::panicking() {
            eprintln!(
                "{}",
                fs::read_to_string(self.path("log")).unwrap_or_default()
            );
        }
    }
}

/// Caddy with the configuration of the page before `address`, with a certificate of its own making
/// in place of a public one.
async fn caddy(page: &str, folder: &Path, address: &str) -> Option<(Process, Port)> {
    let program = installed(&["caddy"], &[])?;
    let port = Port::reserve();
    let site = marked(page, "tls", "caddyfile");
    assert!(site.starts_with("auth.example.com {\n"), "{site}");
    let here = format!("{HOST}:{} {{\n\ttls internal\n", port.number());
    let site = site.replacen("auth.example.com {\n", &here, 1);
    let site = site.replace("127.0.0.1:8000", address);
    let options = "{\n\tadmin off\n\tskip_install_trust\n\tauto_https disable_redirects\n}\n";
    let file = folder.join("Caddyfile");
    fs::write(&file, format!("{options}{site}\n")).expect("a file");
    let mut command = Command::new(program);
    command
        .args(["run", "--adapter", "caddyfile", "--config"])
        .arg(&file);
    command
        .env("XDG_DATA_HOME", folder)
        .env("XDG_CONFIG_HOME", folder);
    let process = Process::spawn(&mut command, &folder.join("caddy.log"));
    eventually(PATIENCE, "a Caddy that listens", async || {
        TcpStream::connect(port.address()).await.ok()
    })
    .await;
    Some((process.farewell(Signal::TERM), port))
}

async fn is_healthy(client: &Client) {
    eventually(PATIENCE, "a healthy server", async || {
        let get = client.send(reqwest::Method::GET, "/health/ready", |request| request);
        get.await.ok().filter(|answer| answer.status == 200)
    })
    .await;
}

#[tokio::test]
async fn the_page_leads_to_a_server_that_is_backed_up_and_upgraded() {
    let (Some(redis), Some(_)) = (Redis::start().await, installed(&["sqlite3"], &[])) else {
        return;
    };
    let machine = Machine::new();
    let (port, metrics) = (Port::reserve(), Port::reserve());
    machine.run("install", "");
    machine.run("settings", "");
    let file = machine.path("etc/aura/aura.env");
    let page = fs::read_to_string(&file).expect("the settings");
    let test = format!(
        "SERVER_PORT={}\nSERVER_METRICS_PORT={}\nREDIS_URL={}\nPASSWORD_BCRYPT_COST=10\n",
        port.number(),
        metrics.number(),
        redis.url()
    );
    fs::write(&file, page + &test).expect("a file");
    machine.run("service", "");
    machine.verify_unit();
    let direct = Client::new(&format!("http://{}", port.address()));
    is_healthy(&direct).await;
    assert!(!machine.path("work/aura.db").exists());

    machine.run("ctl", "");
    let password = format!(" --password-stdin <<<'{PASSWORD}'");
    machine.run("administrator", &password);
    let address = port.address().to_string();
    let Some((_caddy, tls)) = caddy(&machine.page, &machine.path("work"), &address).await else {
        return;
    };
    let outside = Client::of_host(HOST, tls.address());
    is_healthy(&outside).await;
    let root = outside.signed_in("root@example.com").await;
    let browser = Visitor::new(Client::of_host(HOST, tls.address()));
    let answer = browser.sign_in("root@example.com").await;
    assert!(
        answer.header("set-cookie").contains("Secure"),
        "{answer:#?}"
    );
    let trail = machine.shell("sudo aura-ctl audit list");
    assert!(
        trail.contains("root@example.com  from 127.0.0.1"),
        "{trail}"
    );
    outside.register("eve@example.com").await.is(403);

    machine.run("backup", "");
    let copies: Vec<_> = fs::read_dir(machine.path("var/backups/aura"))
        .unwrap()
        .collect();
    assert_eq!(copies.len(), 1, "{copies:?}");
    let mode = copies[0]
        .as_ref()
        .unwrap()
        .metadata()
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let bob = format!("sudo aura-ctl user create bob@example.com{password}");
    machine.shell(&bob);
    outside.signed_in("bob@example.com").await;
    machine.run("restore", "");
    is_healthy(&direct).await;
    outside.login("bob@example.com", PASSWORD).await.is(401);
    outside.me(&root.access).await.is(200);

    machine.shell(&bob);
    machine.run("upgrade", "");
    is_healthy(&direct).await;
    outside.signed_in("bob@example.com").await;
    outside.me(&root.access).await.is(200);
    let modes =
        machine.shell("stat -c %a /etc/aura/credentials /etc/aura/credentials/JWT_SECRET_KEY");
    assert_eq!(modes, "750\n640\n");
}
