//! Proves `aura generate compose` on a real Docker engine: aura from the built image, its database
//! and its Redis come up in order, hardened, find each other by name and call themselves healthy.
//!
//! No registry is asked, so the images of Postgres and Redis are made of this machine's own
//! servers, with the users, folders and variables that the official ones have.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tokio::process::Command;

use super::{ACCOUNT, dist};
use crate::support::{Docker, PATIENCE, Postgres, RootFs, eventually, installed, run, said};

/// What the official image of Postgres does at its start, as far as the file relies on it.
const ENTRYPOINT: &str = r#"set -eu
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  printf '%s' "$POSTGRES_PASSWORD" > /tmp/password
  initdb --username="$POSTGRES_USER" --pwfile=/tmp/password --auth-host=scram-sha-256 \
    --encoding=UTF8 --locale=C --no-sync --pgdata="$PGDATA"
  printf 'host all all all scram-sha-256\n' >> "$PGDATA/pg_hba.conf"
  printf 'CREATE DATABASE "%s";\n' "$POSTGRES_DB" | postgres --single -D "$PGDATA" postgres
fi
exec postgres -c listen_addresses='*' -c unix_socket_directories=/var/run/postgresql
"#;

/// A Redis like the official image: a shell, its programs in `PATH`, a volume.
async fn redis(docker: &Docker) -> Option<()> {
    let root = RootFs::new();
    for (names, inside) in [
        (["redis-server", "valkey-server"], "redis-server"),
        (["redis-cli", "valkey-cli"], "redis-cli"),
        (["sh", "dash"], "sh"),
        (["grep", "grep"], "grep"),
    ] {
        let program = installed(&names, &[])?;
        root.program(&program, &format!("bin/{inside}")).await;
    }
    root.folder("data");
    let changes = ["ENV PATH=/bin", "VOLUME /data"];
    let image = "docker.io/library/redis:8-alpine";
    docker.import(image, &root, &changes).await;
    Some(())
}

/// A Postgres like the official image.
async fn postgres(docker: &Docker) -> Option<()> {
    let programs = Postgres::programs()?;
    let root = RootFs::new();
    root.program(&installed(&["sh"], &[])?, "bin/sh").await;
    for name in ["initdb", "postgres", "pg_isready"] {
        let program = programs.join(name);
        // It looks for its files from where it is.
        let inside = program.display().to_string();
        root.program(&program, &inside).await;
        root.link(&format!("bin/{name}"), &inside);
    }
    let beside = programs.parent().expect("a folder above");
    let version = beside.file_name().expect("a version");
    let share = [
        PathBuf::from("/usr/share/postgresql").join(version),
        beside.join("share/postgresql"),
        beside.join("share"),
    ];
    let share = share.iter().find(|it| it.join("postgres.bki").is_file());
    let libraries = [beside.join("lib/postgresql"), beside.join("lib")];
    let libraries = libraries.iter().find(|it| it.join("plpgsql.so").is_file());
    root.tree(share.expect("the files of Postgres")).await;
    for library in ["plpgsql.so", "dict_snowball.so"] {
        let path = libraries.expect("its libraries").join(library);
        root.program(&path, &path.display().to_string()).await;
    }
    // Debian's Postgres reads the system's time zones; others bring their own.
    let utc = Path::new("/usr/share/zoneinfo/UTC");
    if utc.is_file() {
        root.copy(utc, "usr/share/zoneinfo/UTC");
    }
    root.file(
        "etc/passwd",
        "postgres:x:70:70::/var/lib/postgresql:/bin/sh\n",
    );
    root.file("entrypoint.sh", ENTRYPOINT);
    root.folder("var/lib/postgresql/data");
    root.folder("var/run/postgresql");
    let changes = [
        "ENV PATH=/bin",
        "ENV TZ=UTC",
        "VOLUME /var/lib/postgresql/data",
        r#"ENTRYPOINT ["/bin/sh", "/entrypoint.sh"]"#,
    ];
    let image = "docker.io/library/postgres:17-alpine";
    docker.import(image, &root, &changes).await;
    Some(())
}

/// The words of Compose, and whether it is the one that reads the whole specification.
async fn compose(docker: &Docker) -> Option<(PathBuf, Vec<&'static str>, bool)> {
    if docker.run(&["compose", "version"]).await.status.success() {
        return Some((installed(&["docker"], &[])?, vec!["compose"], true));
    }
    Some((installed(&["docker-compose"], &[])?, Vec::new(), false))
}

/// Renders image, Compose file and secrets into the folder of `docker`, and loads the image.
async fn prepare(docker: &Docker, aura: &Path) {
    // Docker before 25 reads no OCI archive.
    let archive = docker.path("aura.docker.tar").display().to_string();
    let binary = aura.display().to_string();
    let folder = docker.path("").display().to_string();
    let secrets = docker.path("secrets.env").display().to_string();
    for arguments in [
        [
            "oci",
            "--binary",
            &binary,
            "--format",
            "docker-archive",
            "--out",
            &archive,
        ]
        .as_slice(),
        &["compose", "--out", &folder],
        &["secrets", "--environment", "development", "--out", &secrets],
    ] {
        let done = run(Command::new(aura).arg("generate").args(arguments)).await;
        assert!(done.status.success(), "{arguments:?}: {}", said(&done));
    }
    docker.done(&["load", "--input", &archive]).await;
}

#[tokio::test]
async fn the_compose_file_starts_aura_with_its_database_and_its_redis_on_docker() {
    let Some(dist) = dist() else {
        return;
    };
    let Some(docker) = Docker::start().await else {
        return;
    };
    let (Some((program, words, whole)), Some(()), Some(())) = (
        compose(&docker).await,
        redis(&docker).await,
        postgres(&docker).await,
    ) else {
        return;
    };
    prepare(&docker, &dist.join("aura")).await;
    let file = docker.path("compose.yaml");
    if !whole {
        // The first version of Compose, which Debian has, does not know this line.
        let text = fs::read_to_string(&file).expect("the file");
        assert!(text.contains("\nname: aura\n"), "{text}");
        fs::write(&file, text.replace("\nname: aura\n", "\n")).expect("ours");
    }
    let call = async |arguments: &[&str]| {
        let mut command = Command::new(&program);
        command
            .args(&words)
            .args(["--project-name", "aura", "--file"]);
        command.arg(&file).args(arguments);
        let done = docker.finish(&mut command).await;
        assert!(done.status.success(), "{arguments:?}: {}", said(&done));
        said(&done)
    };
    call(&["up", "--detach"]).await;

    let network = docker.network();
    let health = eventually(PATIENCE, "200 of /health", async || {
        let (status, body) = network.call("/health", &[]).await;
        (status == 200).then_some(body)
    });
    assert!(health.await.contains(r#""status":"healthy""#));
    let (status, redis) = network.call("/health/redis", &[]).await;
    assert_eq!(status, 200, "{redis}");
    let (status, made) = network.call("/auth/register", &ACCOUNT).await;
    assert_eq!(status, 201, "{made}");
    let (status, signed_in) = network.call("/auth/login", &ACCOUNT).await;
    assert_eq!(status, 200, "{signed_in}");

    let ids = call(&["ps", "--quiet"]).await;
    assert_eq!(ids.lines().count(), 3, "{ids}");
    for id in ids.lines() {
        let healthy = eventually(PATIENCE, "health of a container", async || {
            let seen = docker.done(&["inspect", id]).await;
            let seen: Value = serde_json::from_str(&seen).expect("JSON");
            (seen[0]["State"]["Health"]["Status"] == "healthy").then_some(seen)
        });
        let seen = healthy.await;
        let host = &seen[0]["HostConfig"];
        assert_eq!(host["ReadonlyRootfs"], true, "{host}");
        assert_eq!(host["CapDrop"], json!(["ALL"]), "{host}");
        assert!(host["Memory"].as_u64().is_some_and(|bytes| bytes > 0));
        assert_eq!(seen[0]["RestartCount"], 0, "{seen}");
    }
    call(&["down", "--volumes", "--timeout", "20"]).await;
}
