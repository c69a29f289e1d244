//! Failures of the upstream, as the log has them: an outage is told when it begins, when its cause
//! changes, and when it is over, however many requests meet it.

use std::error::Error as _;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use poem::http::StatusCode;

use crate::llm::error::UpstreamError;

/// Shortest time between two lines about one outage, when its cause changes.
const ANOTHER_CAUSE: Duration = Duration::from_secs(30);

/// Shortest time between two outages of one cause that are told: one call may fail between others
/// that do not.
const SAME_CAUSE: Duration = Duration::from_mins(1);

/// The upstream, as the log knows it.
#[derive(Debug)]
pub(super) struct Outage {
    /// Host and port, and the proxy before it.
    address: String,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The log says that it is away.
    told: bool,
    last: Option<(String, Instant)>,
}

impl Outage {
    /// No outage of the server at `address`.
    pub(super) fn none(address: String) -> Self {
        Self {
            address,
            state: Mutex::default(),
        }
    }

    /// Notes that an answer began.
    pub(super) fn over(&self) {
        if std::mem::take(&mut self.state().told) {
            tracing::info!(address = self.address, "the upstream answers again");
        }
    }

    /// Notes that a call got no answer; `None` stands for silence.
    pub(super) fn failed(&self, error: Option<&reqwest::Error>) -> UpstreamError {
        let (kind, cause) = read(error);
        let (address, when) = (&self.address, "before its answer");
        if self.is_to_be_told(&cause) {
            tracing::warn!(address, when, cause, "the upstream failed");
        } else {
            tracing::debug!(address, when, cause, "the upstream failed");
        }
        kind
    }

    /// Notes an answer that cannot be passed on.
    pub(super) fn refused(
        &self,
        fault: &str,
        status: StatusCode,
        upstream_request_id: Option<&str>,
    ) {
        let (address, status) = (&self.address, status.as_u16());
        if self.is_to_be_told(fault) {
            tracing::warn!(
                address,
                status,
                fault,
                upstream_request_id,
                "the upstream failed"
            );
        } else {
            tracing::debug!(
                address,
                status,
                fault,
                upstream_request_id,
                "the upstream failed"
            );
        }
    }

    /// Notes that an answer broke off; `None` stands for silence.
    pub(super) fn broke_off(&self, error: Option<&reqwest::Error>) -> UpstreamError {
        let (kind, cause) = read(error);
        let (address, when) = (&self.address, "within its answer");
        tracing::warn!(address, when, cause, "the upstream failed");
        kind
    }

    fn is_to_be_told(&self, cause: &str) -> bool {
        let mut state = self.state();
        let tell = state.last.as_ref().is_none_or(|(last, at)| {
            if state.told {
                last != cause && at.elapsed() >= ANOTHER_CAUSE
            } else {
                last != cause || at.elapsed() >= SAME_CAUSE
            }
        });
        if tell {
            state.told = true;
            state.last = Some((cause.to_owned(), Instant::now()));
        }
        tell
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The failure for clients and its cause for the log, without the URL: its path and query may be secrets.
fn read(error: Option<&reqwest::Error>) -> (UpstreamError, String) {
    match error {
        None => (UpstreamError::Timeout, "silence".to_owned()),
        Some(error) if error.is_timeout() => (UpstreamError::Timeout, causes(error)),
        Some(error) => (UpstreamError::Unavailable, causes(error)),
    }
}

/// An error and what is behind it, but for the URL.
fn causes(error: &reqwest::Error) -> String {
    let mut text = if error.is_connect() {
        "no connection".to_owned()
    } else if error.is_timeout() {
        "time-out".to_owned()
    } else {
        "a broken connection or answer".to_owned()
    };
    let mut source = error.source();
    while let Some(cause) = source {
        // Some libraries repeat what is behind them.
        let said = cause.to_string();
        if !text.ends_with(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        source = cause.source();
    }
    if text.contains("tunnel error") {
        text.push_str(
            "; the proxy does not connect: check the credentials in LLM_UPSTREAM_PROXY, and that it \
             lets this server reach the upstream",
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_is_told_once_and_again_after_a_return_a_while_later() {
        let outage = Outage::none("llm:443".to_owned());
        assert!(outage.is_to_be_told("refused"));
        assert!(!outage.is_to_be_told("refused"));
        assert!(!outage.is_to_be_told("silence"), "within half a minute");
        outage.over();
        assert!(!outage.is_to_be_told("refused"), "one in many calls");
        assert!(outage.is_to_be_told("silence"));
    }
}
