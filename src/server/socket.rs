//! The socket of a connection, which breaks when a head, once begun, is slow to arrive, when nothing
//! is asked for too long, or when an answer is not read.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep_until};

use super::connection::Connection;
use super::framing::Framing;
use crate::config::Server;

/// Longest time for which an answer may wait to be read.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);

/// Limits on the time that a client may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timeouts {
    /// From the first byte of a head to its last, and from the connection to its first request.
    pub(super) header: Duration,
    /// From an answer to the next request.
    pub(super) idle: Duration,
}

impl Timeouts {
    /// As the settings say.
    pub(super) fn of(config: &Server) -> Self {
        Self {
            header: config.header_timeout(),
            idle: config.idle_timeout(),
        }
    }
}

/// A socket with its clocks.
pub(super) struct Timed {
    stream: TcpStream,
    timeouts: Timeouts,
    connection: Arc<Connection>,
    framing: Framing,
    /// Requests seen before the head that is awaited now.
    seen: u64,
    /// When the head that has begun must be complete.
    head: Option<Instant>,
    /// Wakes the connection at its deadline. Set only while there is nothing to read: a request
    /// that arrives whole costs no timer.
    alarm: Pin<Box<Sleep>>,
    /// When an answer that the client does not read is given up.
    write: Option<Pin<Box<Sleep>>>,
}

impl Timed {
    pub(super) fn new(stream: TcpStream, timeouts: Timeouts, connection: Arc<Connection>) -> Self {
        // The first head is due from the moment of the connection: a silent client has no more time than a slow one.
        let head = connection.since() + timeouts.header;
        let alarm = Box::pin(sleep_until(head));
        Self {
            stream,
            timeouts,
            connection,
            framing: Framing::new(),
            seen: 0,
            head: Some(head),
            alarm,
            write: None,
        }
    }

    /// When to give up on a connection that has nothing to read. While a request is being answered
    /// this is only a time to look again: hyper does not ask anew when the answer is done.
    fn deadline(&self, now: Instant) -> Instant {
        if self.connection.is_busy() {
            return now + self.timeouts.idle;
        }
        self.head
            .unwrap_or_else(|| self.connection.last_answer() + self.timeouts.idle)
    }

    fn watch_write(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if written.is_ready() {
            if self.write.take().is_some() {
                self.connection.set_unread(false);
            }
            return written;
        }
        let deadline = self.write.get_or_insert_with(|| {
            self.connection.set_unread(true);
            Box::pin(sleep_until(Instant::now() + WRITE_TIMEOUT))
        });
        match deadline.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl AsyncRead for Timed {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let requests = this.connection.requests();
        if requests != this.seen {
            (this.seen, this.head) = (requests, None);
        }
        let late = || Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        let before = buffer.filled().len();
        if let Poll::Ready(outcome) = Pin::new(&mut this.stream).poll_read(cx, buffer) {
            if let Some(number) = this.framing.push(&buffer.filled()[before..]) {
                this.connection.note_two_lengths(number);
            }
            if !this.connection.is_busy() {
                // Dripping bytes do not buy time: the head is due from its first.
                let now = Instant::now();
                if now >= *this.head.get_or_insert(now + this.timeouts.header) {
                    return late();
                }
            }
            return Poll::Ready(outcome);
        }
        loop {
            let now = Instant::now();
            let deadline = this.deadline(now);
            if now >= deadline {
                return late();
            }
            // An alarm that rings early costs one look; moving it costs one at every request.
            if this.alarm.deadline() > deadline || this.alarm.is_elapsed() {
                this.alarm.as_mut().reset(deadline);
            }
            ready!(this.alarm.as_mut().poll(cx));
        }
    }
}

impl AsyncWrite for Timed {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.watch_write(cx, written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.watch_write(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }
}
