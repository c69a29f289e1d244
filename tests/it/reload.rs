//! Proves that `serve --dev`, in a debug build on a terminal, builds itself again when a file that
//! it was made of changes, answers all the while, and leaves nothing behind.
//!
//! Cargo's place is taken by a script that writes what it finds in a page into a copy of the
//! binary: the program that takes over is another one, made in a second.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tempfile::TempDir;

use crate::support::{Client, PASSWORD, PATIENCE, Port, Process, Settings, eventually, installed};

/// Runs in the package, as Cargo does. Titles are as long as the one that they replace.
const CARGO: &str = r#"#!/bin/sh
set -e
echo "$@" >asked
page=$(cat templates/page.html)
case $page in
broken) echo 'error: the page is broken' >&2; exit 1 ;;
held*) while ! test -e go; do sleep 0.1; done ;;
slow) sleep 600 & echo $$ $! >running.new; mv running.new running; wait ;;
esac
LC_ALL=C sed "s/<title>aura API</<title>$page</" "$AURA" >target/debug/new
chmod +x target/debug/new
mv target/debug/new target/debug/aura
"#;

/// A package that was built, and its program on a terminal.
struct Package {
    process: Process,
    client: Client,
    folder: TempDir,
    _ports: [Port; 2],
}

impl Package {
    /// `None` where there is no way to make a terminal.
    async fn start() -> Option<Self> {
        let script = installed(&["script"], &[])?;
        let folder = TempDir::with_prefix("a package ").unwrap();
        // As the process will see it.
        let root = folder.path().canonicalize().unwrap();
        for inside in ["bin", "src", "templates", "target/debug"] {
            fs::create_dir_all(root.join(inside)).unwrap();
        }
        let aura = env!("CARGO_BIN_EXE_aura");
        let program = root.join("target/debug/aura");
        for (file, text) in [
            ("bin/cargo", CARGO),
            ("Cargo.toml", ""),
            ("src/main.rs", ""),
            ("templates/page.html", "aura API"),
        ] {
            fs::write(root.join(file), text).unwrap();
        }
        fs::set_permissions(root.join("bin/cargo"), fs::Permissions::from_mode(0o755)).unwrap();
        let escaped = |path: PathBuf| path.display().to_string().replace(' ', "\\ ");
        let files = ["src/main.rs", "templates/page.html"].map(|file| escaped(root.join(file)));
        let rule = format!("{}: {}\n", escaped(program.clone()), files.join(" "));
        fs::write(root.join("target/debug/aura.d"), rule).unwrap();
        fs::copy(aura, &program).unwrap();

        let ports = [Port::reserve(), Port::reserve()];
        let mut command = Command::new(script);
        // The shell's process id becomes aura's.
        command.args(["--quiet", "--flush", "--return", "--command"]);
        command.args([
            "echo $$ >pid; exec target/debug/aura serve --dev",
            "/dev/null",
        ]);
        let path = std::env::var("PATH").unwrap();
        command.env_clear().current_dir(&root);
        command.env("PATH", format!("{}:{path}", root.join("bin").display()));
        command.env("AURA", aura).env("PASSWORD_BCRYPT_COST", "10");
        command.env("SERVER_PORT", ports[0].number().to_string());
        let log = root.join("aura.log");
        let process = Process::spawn(&mut command, &log).farewell(Signal::TERM);
        let mut package = Self {
            process,
            client: Client::new(&format!("http://{}", ports[0].address())),
            folder,
            _ports: ports,
        };
        package.shows("aura API").await;
        Some(package)
    }

    fn file(&self, inside: &str) -> PathBuf {
        self.folder.path().join(inside)
    }

    fn read(&self, inside: &str) -> String {
        fs::read_to_string(self.file(inside)).unwrap_or_default()
    }

    /// Saves the page as editors do: a new file takes the place of the old.
    fn save(&self, page: &str) {
        let draft = self.file("templates/.page.html");
        fs::write(&draft, page).unwrap();
        fs::rename(draft, self.file("templates/page.html")).unwrap();
    }

    /// What the server answers now, if it does.
    async fn shown(&self) -> Option<String> {
        let get = self.client.send(reqwest::Method::GET, "/docs", |it| it);
        get.await.ok().map(|answer| answer.text)
    }

    async fn shows(&mut self, title: &str) {
        let wanted = format!("<title>{title}</title>");
        eventually(PATIENCE, &wanted, async || {
            assert!(self.process.ended().is_none(), "aura ended");
            self.shown().await.filter(|page| page.contains(&wanted))
        })
        .await;
    }

    async fn says(&self, text: &str, times: usize) {
        eventually(PATIENCE, text, async || {
            let log = self.process.output();
            (log.matches(text).count() == times).then_some(())
        })
        .await;
    }

    fn pid(&self) -> i32 {
        self.read("pid").trim().parse().unwrap()
    }

    /// What a terminal does at Ctrl-C, to the processes in its foreground.
    fn interrupt(&self) {
        let group = Pid::from_raw(self.pid()).unwrap();
        kill_process_group(group, Signal::INT).unwrap();
    }
}

impl Drop for Package {
    fn drop(&mut self) {
        // Closing a terminal is not enough for whoever does not listen to it.
        if let Some(group) = self.read("pid").trim().parse().ok().and_then(Pid::from_raw)
            && self.process.ended().is_none()
        {
            kill_process_group(group, Signal::KILL).ok();
        }
    }
}

/// A process that has ended, and one whose end nobody has asked about, has no command line.
fn runs(pid: &str) -> bool {
    let line = fs::read(Path::new("/proc").join(pid).join("cmdline"));
    line.is_ok_and(|line| !line.is_empty())
}

#[tokio::test]
#[cfg_attr(not(debug_assertions), ignore = "release builds do not reload")]
async fn a_saved_file_is_built_and_takes_over_and_a_broken_one_changes_nothing() {
    let Some(mut package) = Package::start().await else {
        return;
    };
    let pid = package.pid();
    let email = "ann@example.com";
    package.client.register(email).await.is(201);
    let session = package.client.signed_in(email).await;

    package.save("broken");
    package.says("error: the page is broken", 1).await;
    package
        .says("the build has failed; this one goes on", 1)
        .await;
    package.shows("aura API").await;
    package.client.me(&session.access).await.is(200);

    package.save("2nd page");
    package.shows("2nd page").await;
    let log = package.process.output();
    assert!(log.contains("templates/page.html has changed"), "{log}");
    assert!(
        log.contains("sessions end, unless they are in Redis"),
        "{log}"
    );
    let target = package.file("target").canonicalize().unwrap();
    let asked = format!(
        "build --bin aura --profile dev --target-dir {}\n",
        target.display()
    );
    assert_eq!(package.read("asked"), asked);
    // The same process and the same accounts; other sessions, as was said.
    package.client.me(&session.access).await.is(401);
    package.client.login(email, PASSWORD).await.is(200);

    // The one that took over reloads as well, and hears of a file that goes.
    fs::remove_file(package.file("templates/page.html")).unwrap();
    package.says("the build has failed", 2).await;
    package.save("3rd page");
    package.shows("3rd page").await;

    // What was read before it was saved is not the end of it.
    package.save("held one");
    package.says("has changed, building", 5).await;
    package.save("4th page");
    fs::write(package.file("go"), "").unwrap();
    package.shows("4th page").await;
    let log = package.process.output();
    assert_eq!(log.matches("takes over;").count(), 3, "{log}");
    assert!(runs(&pid.to_string()), "it is one process throughout");

    package.interrupt();
    let end = package.process.wait(PATIENCE).await;
    assert_eq!(end.code(), Some(0), "{}", package.process.output());
}

#[tokio::test]
#[cfg_attr(not(debug_assertions), ignore = "release builds do not reload")]
async fn a_build_ends_with_the_server_and_nothing_of_it_is_left() {
    let Some(mut package) = Package::start().await else {
        return;
    };
    package.save("slow");
    let building = eventually(PATIENCE, "a build that runs", async || {
        let running = package.read("running");
        let pids: Vec<String> = running.split_whitespace().map(str::to_owned).collect();
        (pids.len() == 2).then_some(pids)
    })
    .await;
    package.shows("aura API").await;
    assert!(building.iter().all(|pid| runs(pid)));

    package.interrupt();
    let end = package.process.wait(Duration::from_secs(5)).await;
    assert_eq!(end.code(), Some(0), "{}", package.process.output());
    eventually(PATIENCE, "the end of the build", async || {
        building.iter().all(|pid| !runs(pid)).then_some(())
    })
    .await;
}

#[tokio::test]
async fn without_a_terminal_there_is_nobody_to_reload_for() {
    let aura = Settings::embedded().start().await;
    let log = aura.log();
    assert!(log.contains("aura is ready"), "{log}");
    assert!(!log.contains("Reload"), "{log}");
}
