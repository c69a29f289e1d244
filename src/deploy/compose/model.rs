//! The part of the Compose Specification that is written here.

use std::collections::BTreeMap;

use serde::Serialize;

use super::SECRETS_FILE;

/// A compose file.
#[derive(Serialize)]
pub(super) struct Compose {
    pub(super) name: String,
    pub(super) services: BTreeMap<String, Build>,
    pub(super) networks: BTreeMap<String, Network>,
    pub(super) volumes: BTreeMap<String, Volume>,
}

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
    pub(super) depends_on: BTreeMap<String, Condition>,
    pub(super) healthcheck: Option<HealthCheck>,
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

/// A folder in memory, empty at each start.
pub(super) fn tmpfs(path: &str) -> String {
    format!("{path}:mode=1777,size=64m,noexec,nosuid,nodev")
}

/// Condition on another container, which must hold first.
#[derive(Serialize)]
pub(super) struct Condition {
    condition: &'static str,
}

impl Condition {
    pub(super) fn healthy() -> Self {
        Self {
            condition: "service_healthy",
        }
    }
}

/// Health check of a container.
#[derive(Serialize)]
pub(super) struct HealthCheck {
    test: Vec<String>,
    interval: &'static str,
    timeout: &'static str,
    retries: u32,
    start_period: &'static str,
}

impl HealthCheck {
    pub(super) fn of(test: Vec<String>) -> Self {
        Self {
            test,
            interval: "10s",
            timeout: "5s",
            retries: 5,
            start_period: "60s",
        }
    }
}

/// A network between containers.
#[derive(Serialize)]
pub(super) struct Network {
    driver: &'static str,
    internal: Option<bool>,
}

impl Network {
    pub(super) fn bridge() -> Self {
        Self {
            driver: "bridge",
            internal: None,
        }
    }

    /// One that does not lead out of this machine.
    pub(super) fn internal() -> Self {
        Self {
            internal: Some(true),
            ..Self::bridge()
        }
    }
}

/// A named volume.
#[derive(Serialize)]
pub(super) struct Volume {
    pub(super) driver: String,
}
