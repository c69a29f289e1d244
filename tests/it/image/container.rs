//! Proves the built image in containers: it serves under every restriction and under none, for any
//! user, with and without Redis; it says how it is, ends in time, and keeps its data on a volume.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::process::Command;

use super::{ACCOUNT, podman};
use crate::support::{
    IMAGE, PATIENCE, Podman, RootFs, built_image, eventually, installed, run, said,
};

/// The name of the container of aura in all these tests.
const AURA: &str = "aura";

/// The image of a Redis made of this machine's own.
const REDIS: &str = "localhost/redis-of-this-machine:1";

/// What the documentation asks for: nothing can be written but the volume, nothing can be gained.
const RESTRICTED: [&str; 4] = [
    "--read-only",
    "--read-only-tmpfs=false",
    "--cap-drop=all",
    "--security-opt=no-new-privileges",
];

/// `podman run` of the image with `options`, in the background.
async fn start(podman: &Podman, options: &[&str]) {
    let mut words = vec!["run", "--detach", "--name", AURA];
    words.extend(options);
    words.push(IMAGE);
    podman.done(&words).await;
}

/// Waits until `path` answers `status`; gives the body.
async fn becomes(podman: &Podman, path: &str, status: u16) -> Value {
    let what = format!("{status} of {path}");
    let body = eventually(PATIENCE, &what, async || {
        let (found, body) = podman.call(AURA, path, &[]).await;
        (found == status).then_some(body)
    });
    serde_json::from_str(&body.await).expect("JSON")
}

/// The value of a field of `/proc/PID/status`.
async fn status_of_process(podman: &Podman, field: &str) -> String {
    let path = format!("/proc/{}/status", podman.process(AURA).await);
    let text = std::fs::read_to_string(path).expect("a running process");
    let mut lines = text.lines().filter_map(|line| line.split_once(":\t"));
    let found = lines.find(|(name, _)| *name == field);
    found.expect("a field").1.to_owned()
}

/// Stops the container as an operator would; it has two seconds, and no reason to fail.
async fn stops_in_time(podman: &Podman) {
    let start = Instant::now();
    podman.done(&["stop", AURA]).await;
    let taken = start.elapsed();
    let code = podman.done(&["inspect", "--format={{.State.ExitCode}}", AURA]);
    assert_eq!(code.await.trim(), "0");
    assert!(taken < Duration::from_secs(2), "stopped after {taken:?}");
}

#[tokio::test]
async fn it_serves_under_every_restriction_with_a_redis_in_its_network() {
    let Some(podman) = podman().await else {
        return;
    };
    let Some(server) = installed(&["redis-server", "valkey-server"], &[]) else {
        return;
    };
    let root = RootFs::new();
    root.program(&server, "redis-server").await;
    let entry = r#"ENTRYPOINT ["/redis-server", "--save", "", "--dir", "/tmp"]"#;
    podman
        .import(REDIS, &root, &[entry])
        .await
        .expect("an image");
    podman
        .done(&["pod", "create", "--name=pod", "--network=none"])
        .await;
    let redis = ["run", "--detach", "--pod=pod", "--name=redis", REDIS];
    podman.done(&redis).await;
    let health = r#"--health-cmd=["/aura", "healthcheck"]"#;
    let mut options = vec!["--pod=pod", health, "--health-interval=disable"];
    options.extend(RESTRICTED);
    start(&podman, &options).await;

    assert_eq!(becomes(&podman, "/health", 200).await["status"], "healthy");
    let redis = becomes(&podman, "/health/redis", 200).await;
    for database in ["auth", "rate_limit"] {
        let status = &redis["databases"][database]["status"];
        assert_eq!(status, "connected", "{redis}");
    }
    let (status, told) = podman.call(AURA, "/docs", &[]).await;
    assert_eq!(status, 200, "{told}");

    for (field, value) in [
        ("Uid", "65532\t65532\t65532\t65532"),
        ("Gid", "65532\t65532\t65532\t65532"),
        ("CapEff", "0000000000000000"),
        ("CapBnd", "0000000000000000"),
        ("NoNewPrivs", "1"),
    ] {
        assert_eq!(status_of_process(&podman, field).await, value, "{field}");
    }
    let asked = podman.run(&["exec", AURA, "/aura", "healthcheck"]).await;
    assert!(asked.status.success(), "{}", said(&asked));
    podman.done(&["healthcheck", "run", AURA]).await;
    let shell = podman.run(&["exec", AURA, "/bin/sh"]).await;
    assert!(!shell.status.success(), "there is a shell");

    podman.done(&["stop", "--time=1", "redis"]).await;
    let away = becomes(&podman, "/health/redis", 503).await;
    assert_eq!(away["status"], "unhealthy", "{away}");
    // It is as healthy as before: sessions wait for their Redis, the process does not.
    becomes(&podman, "/health", 200).await;
    stops_in_time(&podman).await;
    let asked = podman.run(&["healthcheck", "run", AURA]).await;
    assert!(!asked.status.success(), "{}", said(&asked));
}

#[tokio::test]
async fn with_no_settings_and_no_flags_it_serves_and_says_that_redis_is_away() {
    let Some(podman) = podman().await else {
        return;
    };
    start(&podman, &[]).await;
    becomes(&podman, "/health", 200).await;
    let redis = becomes(&podman, "/health/redis", 503).await;
    assert_eq!(redis["status"], "unhealthy", "{redis}");
    for database in ["auth", "rate_limit"] {
        let found = &redis["databases"][database];
        assert_eq!(found["status"], "unavailable", "{redis}");
        assert!(found["db"].is_number(), "{redis}");
    }
    stops_in_time(&podman).await;
}

#[tokio::test]
async fn any_user_may_run_it() {
    let Some(podman) = podman().await else {
        return;
    };
    let mut options = vec!["--user=12345:0", "--network=none"];
    options.extend(RESTRICTED);
    start(&podman, &options).await;
    becomes(&podman, "/health", 200).await;
    let uid = status_of_process(&podman, "Uid").await;
    assert!(uid.starts_with("12345\t"), "{uid}");
    stops_in_time(&podman).await;
}

#[tokio::test]
async fn accounts_outlive_the_container_on_their_volume() {
    let Some(podman) = podman().await else {
        return;
    };
    let mut options = vec!["--network=none", "--env=REDIS_ENABLED=false"];
    options.push("--volume=aura-state:/var/lib/aura");
    options.extend(RESTRICTED);

    start(&podman, &options).await;
    becomes(&podman, "/health", 200).await;
    let (status, made) = podman.call(AURA, "/auth/register", &ACCOUNT).await;
    assert_eq!(status, 201, "{made}");
    stops_in_time(&podman).await;
    podman.done(&["rm", AURA]).await;

    start(&podman, &options).await;
    becomes(&podman, "/health", 200).await;
    let (status, signed_in) = podman.call(AURA, "/auth/login", &ACCOUNT).await;
    assert_eq!(status, 200, "{signed_in}");
}

#[tokio::test]
async fn the_session_of_the_page_works_as_it_is_printed() {
    let Some(podman) = podman().await else {
        return;
    };
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/containers.md");
    let page = std::fs::read_to_string(page).expect("the page");
    let marked = page
        .split_once("<!-- session -->\n```bash\n")
        .and_then(|(_, rest)| rest.split_once("\n```\n<!-- /session -->"));
    let (commands, _) = marked.expect("a session between its marks");
    assert!(commands.contains("podman load"), "{commands}");
    // The page's commands, with a podman and a network in which nothing else is.
    let here = podman.path("");
    symlink(built_image().expect("an image"), here.join("dist")).expect("a link");
    let path = format!(
        "{}:{}",
        podman.in_path().display(),
        std::env::var("PATH").expect("a PATH")
    );
    let network = podman.network().expect("one of its own");
    let [enter, namespace] = network.enter();
    let mut bash = Command::new(enter);
    bash.args([&namespace, "bash", "-euo", "pipefail", "-c", commands]);
    bash.current_dir(here)
        .env("PATH", path)
        .stdin(Stdio::null());
    bash.env_remove("http_proxy").env("no_proxy", "*");
    let done = run(&mut bash).await;
    let printed = said(&done);
    assert!(done.status.success(), "{printed}");
    assert!(printed.contains(r#""status":"healthy""#), "{printed}");
}
