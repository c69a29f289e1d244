//! [`Incoming`]: an answer of the upstream that is arriving, bounded in size and time.

use std::sync::Arc;
use std::time::Duration;

use hyper::body::Bytes;
use reqwest::Response;
use tokio::time::Instant;

use super::head::Head;
use super::outage::Outage;
use crate::llm::error::UpstreamError;
use crate::llm::redact::Masking;

/// An answer that is arriving. Dropped, it is given up.
#[derive(Debug)]
pub(in crate::llm) struct Incoming {
    pub(in crate::llm) head: Head,
    pub(super) response: Response,
    /// Gone at the end.
    pub(super) masking: Option<Masking>,
    /// Bytes that may follow.
    pub(super) left: u64,
    pub(super) silence: Duration,
    pub(super) deadline: Instant,
    pub(super) outage: Arc<Outage>,
}

impl Incoming {
    /// The next part of the body; `None` at its end.
    ///
    /// # Errors
    /// [`UpstreamError`]; the log has the cause.
    pub(in crate::llm) async fn part(&mut self) -> Result<Option<Bytes>, UpstreamError> {
        loop {
            let until = self.deadline.min(Instant::now() + self.silence);
            let part = match tokio::time::timeout_at(until, self.response.chunk()).await {
                Ok(Ok(part)) => part,
                Ok(Err(error)) => return Err(self.outage.broke_off(Some(&error))),
                Err(_) => return Err(self.outage.broke_off(None)),
            };
            let Some(part) = part else {
                let rest = self.masking.take().map(|mut masking| masking.end());
                return Ok(rest.filter(|rest| !rest.is_empty()));
            };
            // An answer in chunks announces no length (RFC 9112 section 6.2), so it is measured as it
            // comes.
            let left = self.left.checked_sub(part.len() as u64);
            self.left = left.ok_or_else(|| {
                tracing::warn!("the upstream's answer is too long");
                UpstreamError::Unavailable
            })?;
            let passed = match &mut self.masking {
                Some(masking) => masking.push(&part),
                None => part,
            };
            // Empty while all of it may be the beginning of the key.
            if !passed.is_empty() {
                return Ok(Some(passed));
            }
        }
    }
}
