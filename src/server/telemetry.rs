//! Logs: text for people, JSON for machines, to standard error. No secret reaches them, because no
//! secret can be printed.

use tracing_subscriber::EnvFilter;

use crate::config::{Format, Log};

/// Starts logging as `config` says. A second call in one process changes nothing.
pub fn start(config: &Log) {
    // Libraries speak up only when something is wrong.
    let filter = EnvFilter::new(format!("warn,aura={}", config.level.as_str()));
    let logs = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    let started = match config.format {
        Format::Json => logs
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .try_init(),
        Format::Text => {
            let colour = std::io::IsTerminal::is_terminal(&std::io::stderr());
            logs.with_ansi(colour).with_target(false).try_init()
        }
    };
    // Already started: the first caller's choice holds.
    drop(started);
}
