//! A real `PostgreSQL`: one cluster for the tests of a process, a database of its own for each test.
//!
//! `initdb` takes a second, so its result is kept once per user and version, and copied. Nothing
//! is flushed to disk. `PostgreSQL` refuses to run as root; there it runs as `postgres` or `nobody`.

use std::fs::File;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Weak};

use rustix::process::Signal;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use tempfile::TempDir;
use tokio::sync::Mutex;

use super::{PATIENCE, Port, Process};

/// A cluster that listens on 127.0.0.1 and `::1`, and trusts everybody.
#[derive(Debug)]
pub(crate) struct Postgres {
    programs: PathBuf,
    process: Option<Process>,
    port: Port,
    folder: TempDir,
}

impl Postgres {
    /// The cluster that the tests of this process share; the last one to leave ends it.
    pub(crate) async fn shared() -> Option<Arc<Self>> {
        static SHARED: Mutex<Weak<Postgres>> = Mutex::const_new(Weak::new());
        let mut shared = SHARED.lock().await;
        if let Some(running) = shared.upgrade() {
            return Some(running);
        }
        let started = Arc::new(Self::own().await?);
        *shared = Arc::downgrade(&started);
        Some(started)
    }

    /// A cluster of one test, which may stop it.
    pub(crate) async fn own() -> Option<Self> {
        let programs = programs()?;
        let folder = super::open_folder();
        copy(&template(&programs), &folder.path().join("data"));
        Some(Self::on(programs, folder).await)
    }

    /// A cluster of one test that speaks TLS, with the certificates of `folder` (`ca.pem`, `cert.pem`,
    /// `key.pem`). Its user `guarded` may do everything, and needs a certificate of that name.
    pub(crate) async fn over_tls(certificates: &Path) -> Option<Self> {
        let programs = programs()?;
        let folder = super::open_folder();
        let data = folder.path().join("data");
        copy(&template(&programs), &data);
        for name in ["ca.pem", "cert.pem", "key.pem"] {
            std::fs::copy(certificates.join(name), data.join(name)).expect("our folder");
            let private = std::fs::Permissions::from_mode(0o600);
            std::fs::set_permissions(data.join(name), private).expect("our file");
            if let Some((user, group)) = server_user() {
                chown(data.join(name), Some(user), Some(group)).expect("our file");
            }
        }
        let put_before = |name: &str, text: &str| {
            let before = std::fs::read_to_string(data.join(name)).expect("our folder");
            std::fs::write(data.join(name), format!("{text}{before}")).expect("our folder");
        };
        put_before(
            "postgresql.conf",
            "ssl = on\nssl_ca_file = 'ca.pem'\nssl_cert_file = 'cert.pem'\nssl_key_file = 'key.pem'\n",
        );
        put_before(
            "pg_hba.conf",
            "hostssl all guarded 127.0.0.1/32 cert\nhost all guarded all reject\n",
        );
        let cluster = Self::on(programs, folder).await;
        cluster.tell("CREATE ROLE guarded SUPERUSER LOGIN").await;
        Some(cluster)
    }

    /// A standby that follows this cluster, and takes no writes.
    pub(crate) async fn standby(&self) -> Self {
        let folder = super::open_folder();
        if let Some((user, group)) = server_user() {
            chown(folder.path(), Some(user), Some(group)).expect("our folder");
        }
        let mut command = as_server(&self.programs.join("pg_basebackup"));
        command.args(["--write-recovery-conf", "--checkpoint=fast", "--no-sync"]);
        command
            .args(["--wal-method=stream", "--dbname"])
            .arg(self.url("postgres"));
        command
            .arg("-D")
            .arg(folder.path().join("data"))
            .current_dir("/");
        let made = tokio::process::Command::from(command).output().await;
        let made = made.expect("pg_basebackup runs");
        let errors = String::from_utf8_lossy(&made.stderr);
        assert!(made.status.success(), "pg_basebackup: {errors}");
        Self::on(self.programs.clone(), folder).await
    }

    /// Makes a standby take writes.
    pub(crate) async fn promote(&self) {
        self.tell("SELECT pg_promote(wait => true)").await;
    }

    /// Makes a primary refuse writes, also those of connections that exist. They stay open.
    pub(crate) async fn refuse_writes(&self) {
        self.tell("ALTER SYSTEM SET default_transaction_read_only = on")
            .await;
        self.tell("SELECT pg_reload_conf()").await;
    }

    /// Runs a statement as the superuser.
    pub(crate) async fn tell(&self, statement: &'static str) {
        let mut connection = PgConnection::connect(&self.url("postgres")).await.unwrap();
        sqlx::raw_sql(statement)
            .execute(&mut connection)
            .await
            .unwrap();
        connection.close().await.unwrap();
    }

    async fn on(programs: PathBuf, folder: TempDir) -> Self {
        let mut cluster = Self {
            programs,
            process: None,
            port: Port::reserve(),
            folder,
        };
        cluster.restart().await;
        cluster
    }

    /// The folder of `postgres` and `initdb`; `None`, said aloud, where they are not installed.
    pub(crate) fn programs() -> Option<PathBuf> {
        programs()
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> std::net::SocketAddr {
        self.port.address()
    }

    /// Makes an empty database and returns its URL.
    pub(crate) async fn database(&self) -> String {
        let name = format!("test_{}", uuid::Uuid::new_v4().simple());
        let mut connection = PgConnection::connect(&self.url("postgres")).await.unwrap();
        let create = format!("CREATE DATABASE {name}");
        let create = sqlx::raw_sql(AssertSqlSafe(create));
        create.execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        self.url(&name)
    }

    fn url(&self, database: &str) -> String {
        format!("postgres://postgres@{}/{database}", self.port.address())
    }

    /// From now on (soon) every connection needs the password of its role.
    pub(crate) fn ask_for_passwords(&self) {
        let rules = self.folder.path().join("data/pg_hba.conf");
        let lines =
            ["127.0.0.1/32", "::1/128"].map(|one| format!("host all all {one} scram-sha-256\n"));
        std::fs::write(rules, lines.concat()).expect("our file");
        let process = self.process.as_ref().expect("PostgreSQL runs");
        process.signal(Signal::HUP);
    }

    /// Stops it at once: open transactions are rolled back, the port refuses connections.
    pub(crate) async fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.signal(Signal::INT);
            process.wait(PATIENCE).await;
        }
    }

    /// Starts it (again) on the same port with the same data.
    pub(crate) async fn restart(&mut self) {
        self.stop().await;
        let mut command = as_server(&self.programs.join("postgres"));
        let data = self.folder.path().join("data");
        command.arg("-D").arg(data).current_dir("/");
        command.args(["-p", &self.port.number().to_string(), "-h", "127.0.0.1,::1"]);
        for setting in [
            "fsync=off",
            "synchronous_commit=off",
            "full_page_writes=off",
            "shared_buffers=16MB",
            "max_connections=200",
            "unix_socket_directories=",
        ] {
            command.args(["-c", setting]);
        }
        let log = self.folder.path().join("postgres.log");
        // Killed outright, it would leave shared memory behind; SIGQUIT is its quickest clean end.
        let mut process = Process::spawn(&mut command, &log).farewell(Signal::QUIT);
        let url = self.url("postgres");
        super::eventually(PATIENCE, "a connection to PostgreSQL", async || {
            let ended = process.ended();
            assert!(ended.is_none(), "PostgreSQL ended: {}", process.output());
            let connection = PgConnection::connect(&url).await.ok()?;
            connection.close().await.ok()
        })
        .await;
        self.process = Some(process);
    }
}

/// The folder of `postgres` and `initdb`: Debian keeps them out of `PATH`.
fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql");
    let versions = versions.into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = versions.map(|entry| entry.path().join("bin")).collect();
    folders.sort();
    folders.reverse();
    let initdb = super::installed(&["initdb"], &folders)?;
    // A link in PATH must lead to where the other programs are.
    let initdb = initdb.canonicalize().expect("a file that is there");
    Some(initdb.parent().expect("a file has a folder").to_owned())
}

/// The user and group to run as, where we are root.
fn server_user() -> Option<(u32, u32)> {
    if !rustix::process::geteuid().is_root() {
        return None;
    }
    let users = std::fs::read_to_string("/etc/passwd").expect("a list of users");
    let ids = |name: &str| {
        let mut fields = users.lines().map(|line| line.split(':'));
        let mut line = fields.find(|line| line.clone().next() == Some(name))?;
        let user = line.nth(2)?.parse().ok()?;
        Some((user, line.next()?.parse().ok()?))
    };
    ids("postgres").or_else(|| ids("nobody"))
}

pub(super) fn as_server(program: &Path) -> Command {
    let mut command = Command::new(program);
    if let Some((user, group)) = server_user() {
        command.uid(user).gid(group);
    }
    command
}

/// A cluster fresh from `initdb`, made once per user and version.
fn template(programs: &Path) -> PathBuf {
    let version = Command::new(programs.join("postgres"))
        .arg("--version")
        .output();
    let version = String::from_utf8(version.expect("postgres runs").stdout).unwrap();
    let version = version.replace(|letter: char| !letter.is_ascii_alphanumeric(), "-");
    let folder = super::shared_folder().join(version.trim_matches('-'));
    std::fs::create_dir_all(&folder).expect("a folder for the prepared cluster");
    let lock = File::create(folder.join("lock")).expect("a lock file");
    lock.lock().expect("a lock");
    let ready = folder.join("data");
    if !ready.exists() {
        let making = folder.join("making");
        std::fs::remove_dir_all(&making).ok();
        std::fs::create_dir(&making).expect("a folder to fill");
        if let Some((user, group)) = server_user() {
            chown(&making, Some(user), Some(group)).expect("a folder of the server's user");
        }
        let mut initdb = as_server(&programs.join("initdb"));
        initdb.args(["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C"]);
        initdb
            .args(["--no-sync", "--wal-segsize=1", "-D"])
            .arg(&making);
        let made = initdb.current_dir("/").output().expect("initdb runs");
        let errors = String::from_utf8_lossy(&made.stderr);
        assert!(made.status.success(), "initdb: {errors}");
        std::fs::rename(&making, &ready).expect("the same folder");
    }
    ready
}

/// Copies a folder with owners and modes, which is what `cp -a` does and std does not.
fn copy(from: &Path, to: &Path) {
    let mut command = Command::new("cp");
    command.arg("-a").arg(from).arg(to).stdin(Stdio::null());
    let done = command.status().expect("cp runs");
    assert!(done.success(), "cp -a of the prepared cluster: {done}");
}
