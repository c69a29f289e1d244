//! One test binary: its modules mirror the public surface.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on should stop, also in a function that tests share"
)]

mod config;
mod settings;
