//! What the tests stand on: real servers on ports of their own, one `aura` process or several,
//! a thin HTTP client, a proxy that misbehaves on command, a raw socket for bad manners, and
//! browsers.
//!
//! Everything listens on 127.0.0.1, lives in a temporary folder, waits with a limit and is ended
//! by process id when its value is dropped. Servers that are not installed skip their tests, and
//! say so; with `AURA_TESTS_REQUIRE=1` (what `scripts/test` sets in CI) they fail them.

mod answer;
mod aura;
mod axe;
mod browser;
pub(crate) mod certificate;
mod client;
mod docker;
mod driver;
pub(crate) mod elf;
mod faketime;
mod html;
mod image;
mod network;
mod pgbouncer;
mod podman;
mod port;
mod postgres;
mod process;
mod proxy;
mod raw;
mod redis;
mod registry;
mod root_fs;
mod site;
mod stores;
mod terminal;
mod visitor;
mod wsgi;

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Output;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use tempfile::TempDir;

pub(crate) use self::answer::Answer;
pub(crate) use self::aura::{Aura, Settings};
pub(crate) use self::axe::Axe;
pub(crate) use self::browser::{Browser, Look};
pub(crate) use self::client::{Client, PASSWORD, Session};
pub(crate) use self::docker::Docker;
pub(crate) use self::driver::Driver;
pub(crate) use self::faketime::FakeTime;
pub(crate) use self::html::Pages;
pub(crate) use self::image::{IMAGE, built_image, put_image};
pub(crate) use self::network::Network;
pub(crate) use self::pgbouncer::PgBouncer;
pub(crate) use self::podman::{Podman, run};
pub(crate) use self::port::Port;
pub(crate) use self::postgres::Postgres;
pub(crate) use self::process::Process;
pub(crate) use self::proxy::Proxy;
pub(crate) use self::raw::{Raw, RawAnswer};
pub(crate) use self::redis::Redis;
pub(crate) use self::registry::Registry;
pub(crate) use self::root_fs::RootFs;
pub(crate) use self::site::Site;
pub(crate) use self::stores::{Sqlite, on_both_stores};
pub(crate) use self::terminal::{converse, terminal};
pub(crate) use self::visitor::Visitor;
pub(crate) use self::wsgi::Wsgi;

/// How long a thing may take that has no limit of its own: generous, because a debug build on a
/// busy machine is slow, and finite, because nothing may hang.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Asks `probe` again and again until it answers, and fails when `limit` has passed, even in the
/// middle of a question.
pub(crate) async fn eventually<T>(
    limit: Duration,
    what: &str,
    mut probe: impl AsyncFnMut() -> Option<T>,
) -> T {
    let asking = async {
        loop {
            if let Some(value) = probe().await {
                return value;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let answer = tokio::time::timeout(limit, asking).await;
    answer.unwrap_or_else(|_| panic!("not within {limit:?}: {what}"))
}

/// Part number `index` of a JWT as JSON: 0 is the header, 1 the claims.
pub(crate) fn part(token: &str, index: usize) -> Value {
    let part = token.split('.').nth(index).expect("three parts");
    let bytes = URL_SAFE_NO_PAD.decode(part).expect("base64url");
    serde_json::from_slice(&bytes).expect("JSON")
}

/// The first of `names` found in `PATH` or in `folders`; `None`, said aloud, when there is none.
///
/// # Panics
/// Where `AURA_TESTS_REQUIRE=1` asks for every server.
pub(crate) fn installed(names: &[&str], folders: &[PathBuf]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path)
        .chain(folders.iter().cloned())
        .flat_map(|folder| names.iter().map(move |name| folder.join(name)))
        .find(|program| program.is_file());
    if found.is_none() {
        skipped(&format!(
            "{} is not installed (scripts/test installs it)",
            names[0]
        ));
    }
    found
}

/// A temporary folder that the user of a database server may walk through.
fn open_folder() -> TempDir {
    let folder = TempDir::new().expect("a temporary folder");
    let open = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(folder.path(), open).expect("our folder");
    folder
}

/// Where the tools of Node are, which `scripts/test` installs; `None`, said aloud, where not.
fn node_tool(path: &str) -> Option<PathBuf> {
    let folder = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/target/tools/node/node_modules"
    );
    let tool = PathBuf::from(folder).join(path);
    if !tool.is_file() {
        skipped(&format!(
            "{path} is not installed (scripts/test installs it)"
        ));
        return None;
    }
    Some(tool)
}

/// Says aloud that a test has proved nothing.
///
/// # Panics
/// Where `AURA_TESTS_REQUIRE=1` asks for everything.
pub(crate) fn skipped(reason: &str) {
    let required = std::env::var_os("AURA_TESTS_REQUIRE").is_some_and(|value| value == "1");
    assert!(!required, "{reason}, and AURA_TESTS_REQUIRE=1 asks for it");
    // Written past the capture of the test runner: a skipped test must not look like a pass.
    let test = std::thread::current().name().unwrap_or("?").to_owned();
    let line = format!("\nSKIPPED {test}: {reason}\n");
    std::io::stderr().write_all(line.as_bytes()).ok();
}

/// Both outputs as text.
pub(crate) fn said(output: &Output) -> String {
    let text = [output.stdout.clone(), output.stderr.clone()].concat();
    String::from_utf8_lossy(&text).into_owned()
}

/// A folder for this user's tests that outlives them: port reservations and the prepared cluster.
fn shared_folder() -> PathBuf {
    let user = rustix::process::geteuid().as_raw();
    let folder = std::env::temp_dir().join(format!("aura-tests-{user}"));
    std::fs::create_dir_all(&folder).expect("a folder under the temporary one");
    folder
}
