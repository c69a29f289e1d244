//! The part of the Compose Specification that is written here.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

/// The file that holds the secrets, beside `compose.yaml`.
pub const SECRETS_FILE: &str = "secrets.env";

/// The network on which people reach the service.
pub(super) const EDGE: &str = "edge";

/// The network of the servers behind it, which leads nowhere else.
pub(super) const BACKENDS: &str = "backends";

/// A container that compose runs.
#[derive(Default, Serialize)]
pub(super) struct Build {
    pub(super) image: String,
    pub(super) entrypoint: Vec<String>,
    pub(super) command: Vec<String>,
    pub(super) user: Option<String>,
    pub(super) environment: BTreeMap<String, String>,
    pub(super) env_file: Vec<String>,
    pub(super) ports: Vec<String>,
    pub(super) networks: Vec<String>,
    pub(super) volumes: Vec<String>,
    pub(super) tmpfs: Vec<String>,
    pub(super) depends_on: BTreeMap<String, Value>,
    pub(super) healthcheck: Option<Value>,
    pub(super) read_only: bool,
    pub(super) cap_drop: Vec<String>,
    pub(super) security_opt: Vec<String>,
    pub(super) mem_limit: String,
    pub(super) cpus: String,
    pub(super) pids_limit: u32,
    pub(super) restart: String,
    pub(super) stop_grace_period: Option<String>,
}

impl Build {
    /// A container of `image` that may do nothing but run.
    pub(super) fn hardened(image: String) -> Self {
        Self {
            image,
            env_file: vec![SECRETS_FILE.to_owned()],
            tmpfs: vec![tmpfs("/tmp")],
            read_only: true,
            cap_drop: vec!["ALL".to_owned()],
            security_opt: vec!["no-new-privileges:true".to_owned()],
            mem_limit: "256m".to_owned(),
            cpus: "1".to_owned(),
            pids_limit: 256,
            restart: "unless-stopped".to_owned(),
            ..Self::default()
        }
    }
}

/// `text` as compose reads it: a lone `$` would begin a variable.
pub(super) fn escaped(text: &str) -> String {
    text.replace('$', "$$")
}

/// A folder in memory, empty at each start.
pub(super) fn tmpfs(path: &str) -> String {
    format!("{path}:mode=1777,size=64m,noexec,nosuid,nodev")
}

/// A health check that runs the command `test`.
pub(super) fn health(test: &[String]) -> Value {
    json!({
        "test": test, "interval": "10s", "timeout": "5s", "retries": 5, "start_period": "60s",
    })
}
