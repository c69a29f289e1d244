//! Proves the binary that `scripts/static` builds: it needs nothing of the machine that runs it,
//! tells nothing of the one that built it, and finds names in an empty root.

use std::fs;
use std::net::UdpSocket;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::process::Command;

use super::dist;
use crate::support::{Network, PATIENCE, RootFs, eventually, run, said};

/// The name that the name server of these tests knows.
const NAME: &str = "aura.example";

fn binary() -> Option<PathBuf> {
    dist().map(|folder| folder.join("aura"))
}

#[tokio::test]
async fn the_static_binary_needs_no_loader_and_no_library() {
    let Some(binary) = binary() else {
        return;
    };
    let mut readelf = Command::new("readelf");
    readelf.args(["--wide", "--program-headers", "--dynamic"]);
    let shown = run(readelf.arg(&binary).env("LC_ALL", "C")).await;
    let text = said(&shown);
    assert!(shown.status.success() && text.contains("LOAD"), "{text}");
    for part in ["INTERP", "(NEEDED)"] {
        assert!(!text.contains(part), "{part}: {text}");
    }
    let mut readelf = Command::new("readelf");
    let sections = run(readelf.args(["--wide", "--sections"]).arg(&binary)).await;
    let text = said(&sections);
    assert!(text.contains(".dep-v0"), "the list of its crates: {text}");
}

#[test]
fn the_static_binary_holds_no_trace_of_its_build_machine() {
    let Some(binary) = binary() else {
        return;
    };
    let bytes = fs::read(&binary).expect("the binary");
    let cargo = std::env::var("CARGO_HOME").or_else(|_| {
        let home = std::env::var("HOME");
        home.map(|home| format!("{home}/.cargo"))
    });
    let folders = [
        cargo.as_deref().unwrap_or("/.cargo/registry"),
        env!("CARGO_MANIFEST_DIR"),
        "/registry/src/",
        "/.rustup/",
        "/home/",
        "/root/",
        "/nix/store/",
    ];
    for folder in folders {
        let found = bytes
            .windows(folder.len())
            .position(|window| window == folder.as_bytes());
        if let Some(at) = found {
            let end = (at + 160).min(bytes.len());
            let around = String::from_utf8_lossy(&bytes[at.saturating_sub(40)..end]);
            panic!("{folder} is in the binary: {around:?}");
        }
    }
}

#[tokio::test]
async fn the_static_binary_names_its_target_and_libc() {
    let Some(binary) = binary() else {
        return;
    };
    let shown = run(Command::new(&binary).args(["--version", "--verbose"])).await;
    let text = said(&shown);
    assert!(shown.status.success(), "{text}");
    let begin = concat!("aura ", env!("CARGO_PKG_VERSION"), "\n");
    assert!(text.starts_with(begin), "{text}");
    let musl = text.contains("linux-musl\n");
    let libc = if musl { "musl" } else { "glibc" };
    assert!(text.contains(&format!("libc: {libc}, static\n")), "{text}");
    assert!(text.contains("allocator: mimalloc\n"), "{text}");
}

#[tokio::test]
async fn names_are_found_in_a_root_with_a_resolv_conf_and_a_hosts_file_and_no_library() {
    let Some(binary) = binary() else {
        return;
    };
    let Some(network) = Network::new() else {
        return;
    };
    name_server(&network);
    let root = RootFs::new();
    root.file("etc/resolv.conf", "nameserver 127.0.0.1\n");
    root.file("etc/hosts", "127.0.0.1 localhost by-file.example\n");
    for device in ["/dev/random", "/dev/urandom"] {
        root.device(Path::new(device)).await;
    }
    fs::copy(&binary, root.path("aura")).expect("the binary");
    let inside = |words: &[&str]| {
        let [enter, namespace] = network.enter();
        let mut command = Command::new(enter);
        command.arg(namespace).arg("chroot").arg(root.path(""));
        command.arg("/aura").args(words).env_clear();
        command.env("PATH", std::env::var("PATH").unwrap_or_default());
        command
    };
    let mut server = inside(&["serve"]);
    let settings = [
        ("DATABASE_URL", "sqlite:///tmp/aura.db"),
        ("REDIS_ENABLED", "false"),
    ];
    let mut server = server.envs(settings).kill_on_drop(true).spawn().unwrap();
    let asked = async |host: &str| {
        let url = format!("http://{host}:8000/health");
        run(&mut inside(&["healthcheck", "--url", &url])).await
    };
    eventually(PATIENCE, "an answer", async || {
        asked("127.0.0.1").await.status.success().then_some(())
    })
    .await;
    for host in [NAME, "localhost", "by-file.example"] {
        let answer = asked(host).await;
        assert!(answer.status.success(), "{host}: {}", said(&answer));
    }
    let unknown = asked("nobody.example").await;
    assert_eq!(unknown.status.code(), Some(1), "{}", said(&unknown));
    server.kill().await.expect("ours");
}

/// Answers on port 53 of `network` while this process lives: `NAME` is 127.0.0.1, what else is
/// asked for does not exist (RFC 1035, section 4).
fn name_server(network: &Network) {
    let (ready, listening) = std::sync::mpsc::channel();
    let namespace = network.open();
    std::thread::spawn(move || {
        Network::move_thread(&namespace);
        let socket = UdpSocket::bind("127.0.0.1:53").expect("nobody else is here");
        ready.send(()).expect("the test waits");
        let mut packet = [0; 512];
        while let Ok((length, client)) = socket.recv_from(&mut packet) {
            let answer = answer(&packet[..length]);
            socket.send_to(&answer, client).ok();
        }
    });
    let limit = Duration::from_secs(5);
    listening.recv_timeout(limit).expect("a name server");
}

/// The answer to a query with one question.
fn answer(query: &[u8]) -> Vec<u8> {
    // After the head of twelve bytes: labels, each after its length, then type and class.
    let end = query[12..].iter().position(|byte| *byte == 0).unwrap() + 13;
    let mut name = Vec::new();
    let mut rest = &query[12..end - 1];
    while let [length, tail @ ..] = rest {
        let (label, tail) = tail.split_at(usize::from(*length));
        name.push(String::from_utf8_lossy(label).into_owned());
        rest = tail;
    }
    let known = name.join(".") == NAME;
    let address = known && query[end..end + 2] == [0, 1];
    let mut answer = query[..2].to_vec();
    // A response with recursion; code 3 is "no such name".
    answer.extend([0x81, if known { 0x80 } else { 0x83 }]);
    answer.extend([0, 1, 0, u8::from(address), 0, 0, 0, 0]);
    answer.extend(&query[12..end + 4]);
    if address {
        // The name of the question, A, IN, a minute, four bytes.
        answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 1]);
    }
    answer
}
