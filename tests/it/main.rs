//! The tests of `aura`, in one binary: each file is a theme, and mirrors what users see of it.
//!
//! - `house`: the source keeps its own rules.
//! - `harness`: the servers, the proxy and the sockets that the tests stand on do what they say.
//! - `outages`: Redis and the database stopped, hung, mute and back again.
//! - `slow_clients`: slow, silent, endless and malformed connections.
//! - `shutdown`: SIGTERM loses nothing, and ends in time.
//! - `replicas`: several processes behave as one.
//! - `tls`: Redis over TLS.
//! - `migrations`: who prepares the database, and what waits for it.
//! - `sessions_contract`: the two stores of sessions are one to their callers.
//! - `settings`, `config`: every setting is read, documented and checked.

#![expect(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "in tests a panic is the verdict, and the log of a failed server belongs beside it"
)]

mod config;
mod harness;
mod house;
mod migrations;
mod outages;
mod replicas;
mod sessions_contract;
mod settings;
mod shutdown;
mod slow_clients;
mod support;
mod tls;
