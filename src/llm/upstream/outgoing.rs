//! [`Outgoing`]: a request body on its way to the upstream, in slices, so that its progress is seen.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use hyper::body::{Body, Bytes, Frame, SizeHint};
use tokio::sync::Notify;

/// Bytes of a slice: what the slowest upstream takes within its time of silence.
const SLICE: usize = 16 * 1024;

/// A body that is sent once: its memory is given back once it is sent, not when the answer begins.
#[derive(Debug)]
pub(super) struct Outgoing {
    rest: Bytes,
    progress: Arc<Notify>,
}

impl Outgoing {
    /// Sends `body`, and notifies `progress` of each slice.
    pub(super) const fn new(body: Bytes, progress: Arc<Notify>) -> Self {
        Self {
            rest: body,
            progress,
        }
    }
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        let length = self.rest.len().min(SLICE);
        let slice = self.rest.split_to(length);
        self.progress.notify_one();
        Poll::Ready(Some(Ok(Frame::data(slice))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}
