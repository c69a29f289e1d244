//! The most memory that the settings let one process take, beside the memory that it is granted.
//!
//! Every part is bounded where it is taken; here they are added up, so that a limit which is raised
//! in one place is told where it no longer fits.

use crate::config::{Config, Engine};
use crate::deploy::plan::production_memory;
use crate::http::rate_limit;
use crate::llm;
use crate::schema::{Fault, FaultKind};

/// Bytes of a process that is idle: code, threads, runtime, drivers, documents. Measured: under 20
/// MiB; the rest is for what the allocator keeps between two uses.
const IDLE: u64 = 40 * MIB;

/// Bytes of a connection whose client sends the longest head with the most fields and withholds the
/// end of a body, which is counted apart: buffers of [`HEAD`] bytes, the table of fields, the request
/// on its way through the routes. Measured over 3,000 such connections to a debug build, whose
/// requests are larger than those of a release.
const CONNECTION: u64 = 60 * 1024;

/// Bytes of the longest head that is a part of [`CONNECTION`]. What is longer counts twice: buffers
/// grow by doubling. Measured: 81 KiB of a connection with heads of 32 KiB, 123 with 64.
const HEAD: u64 = 16 * 1024;

/// Bytes of the passwords that wait to be hashed, 64 a core, and of the workers.
const PASSWORDS: u64 = 2 * MIB;

/// Bytes of a connection to the database: SQLite caches 2 MiB of pages in each.
const SQLITE_CONNECTION: u64 = 2 * MIB + MIB / 2;
const POSTGRES_CONNECTION: u64 = MIB / 4;

const MIB: u64 = 1024 * 1024;

/// A part of the memory: its setting, what it is for, its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// The setting that makes it smaller, where there is one.
    pub setting: Option<&'static str>,
    /// Its purpose, for people.
    pub purpose: &'static str,
    /// Bytes at most.
    pub bytes: u64,
}

/// The parts of the most memory that a process with `config` takes.
#[must_use]
pub fn parts(config: &Config) -> Vec<Part> {
    let part = |setting, purpose, bytes| Part {
        setting,
        purpose,
        bytes,
    };
    let server = &config.server;
    let database = config.database.max_connections.as_u64();
    let each = match config.database.url.expose().engine() {
        Engine::Sqlite => SQLITE_CONNECTION,
        Engine::Postgres => POSTGRES_CONNECTION,
    };
    let limits = if config.rate_limit.enabled {
        // The counters of addresses and accounts, the addresses that accounts know, and the counters
        // of users who call the language model.
        3 * bytes(rate_limit::TABLE_BYTES)
    } else {
        0
    };
    let connections = server.max_connections.as_u64();
    let longer = server.max_header_bytes.as_u64().saturating_sub(HEAD);
    let mut parts = vec![
        part(None, "the process itself", IDLE),
        part(
            Some("SERVER_MAX_CONNECTIONS"),
            "connections",
            connections.saturating_mul(CONNECTION),
        ),
        part(
            Some("SERVER_MAX_HEADER_BYTES"),
            "heads of requests",
            connections.saturating_mul(2 * longer),
        ),
        part(
            Some("SERVER_BODY_MEMORY_BYTES"),
            "request bodies",
            server.body_memory_bytes.as_u64(),
        ),
        part(
            Some("DATABASE_MAX_CONNECTIONS"),
            "the database",
            database * each,
        ),
        part(None, "rate limits", limits),
        part(None, "passwords that wait", PASSWORDS),
    ];
    if config.llm.upstream_url.is_some() {
        let (bodies, answers) = llm::memory(&config.llm);
        let setting = Some("LLM_MAX_BODY_BYTES");
        parts.push(part(setting, "request bodies under /v1", bytes(bodies)));
        let setting = Some("LLM_CACHE_MAX_ENTRY_BYTES");
        parts.push(part(
            setting,
            "answers of the language model",
            bytes(answers),
        ));
        if !config.redis.enabled {
            let kept = config.llm.cache_memory_bytes.as_u64();
            parts.push(part(Some("LLM_CACHE_MEMORY_BYTES"), "the LLM cache", kept));
        }
    }
    parts
}

/// The most memory that a process with `config` takes, in bytes.
#[must_use]
pub fn most(config: &Config) -> u64 {
    let parts = parts(config);
    parts
        .iter()
        .fold(0, |sum, part| sum.saturating_add(part.bytes))
}

/// The memory that this process is granted, in bytes: the limit of its control group, or the one
/// that the production manifest sets.
#[must_use]
pub fn granted() -> u64 {
    // Version 2 of control groups, then version 1; each as a container sees its own.
    let files = [
        "/sys/fs/cgroup/memory.max",
        "/sys/fs/cgroup/memory/memory.limit_in_bytes",
    ];
    let mut limits = files
        .iter()
        .filter_map(|file| std::fs::read_to_string(file).ok())
        .filter_map(|text| text.trim().parse::<u64>().ok());
    // Version 1 writes the largest number that it knows for no limit.
    limits
        .find(|limit| *limit < u64::MAX / 4)
        .unwrap_or_else(production_memory)
}

/// A warning where `config` lets the server take more than `granted` bytes.
#[must_use]
pub fn advice(config: &Config, granted: u64) -> Option<Fault> {
    let most = most(config);
    if most <= granted {
        return None;
    }
    let mut parts = parts(config);
    parts.sort_by_key(|part| std::cmp::Reverse(part.bytes));
    let name = parts.iter().find_map(|part| part.setting);
    let listed: Vec<String> = parts
        .iter()
        .take(3)
        .map(|part| format!("{} for {}", mebibytes(part.bytes), part.purpose))
        .collect();
    Some(Fault::new(
        FaultKind::Advice,
        name.unwrap_or_default(),
        format!(
            "lets the server take up to {} together with the other limits, and it is granted {}: {}",
            mebibytes(most),
            mebibytes(granted),
            listed.join(", "),
        ),
        "lower it, or grant the server more memory: under attack the system would end the process",
    ))
}

fn mebibytes(bytes: u64) -> String {
    format!("{} MiB", bytes.div_ceil(MIB))
}

fn bytes(size: usize) -> u64 {
    u64::try_from(size).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
