//! The accept loop: HTTP/1.1 by hyper, with the time-outs that poem's own server does not have.
//!
//! A client may take `SERVER_HEADER_TIMEOUT_SECONDS` from the first byte of a request to the end
//! of its head, and be silent for `SERVER_IDLE_TIMEOUT_SECONDS` between requests; bodies have a
//! limit of their own ([`crate::http::body`]); an answer that is not read for half a minute is
//! given up.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http_body_util::combinators::BoxBody;
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::GracefulShutdown;
use poem::http::uri::Scheme;
use poem::web::{LocalAddr, RemoteAddr};
use poem::{Endpoint, Response};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{Instant, Sleep, sleep, sleep_until};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Largest head of a request, in bytes; hyper answers 431 above it.
const MAX_HEAD: usize = 16 * 1024;

/// Most header fields of a request.
const MAX_HEADERS: usize = 64;

/// How long an answer may wait to be read.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);

/// How patient the listener is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    pub(super) header: Duration,
    pub(super) idle: Duration,
    pub(super) connections: usize,
}

/// Accepts connections until `stop`, then lets those that are open finish what they are at.
/// Returns when the last has ended.
pub(super) async fn listen<E>(
    listener: TcpListener,
    endpoint: Arc<E>,
    patience: Patience,
    stop: CancellationToken,
    tracker: TaskTracker,
) where
    E: Endpoint<Output = Response> + 'static,
{
    let graceful = GracefulShutdown::new();
    let slots = Arc::new(Semaphore::new(patience.connections));
    let builder = builder();
    loop {
        let slot = tokio::select! {
            biased;
            () = stop.cancelled() => break,
            slot = Arc::clone(&slots).acquire_owned() => slot,
        };
        let (stream, peer) = tokio::select! {
            biased;
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of file descriptors, mostly: those that close will make room.
                    tracing::warn!(%error, "a connection could not be accepted");
                    sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
            () = stop.cancelled() => break,
        };
        let Ok(local) = stream.local_addr() else {
            continue;
        };
        // An answer is one small write; waiting for more of it only delays it.
        let _ = stream.set_nodelay(true);
        let activity = Arc::new(Activity::new());
        let io = TokioIo::new(Timed::new(stream, patience, Arc::clone(&activity)));
        let endpoint = Arc::clone(&endpoint);
        let service = service_fn(move |request: hyper::Request<Incoming>| {
            let (endpoint, activity) = (Arc::clone(&endpoint), Arc::clone(&activity));
            activity.begin();
            async move {
                let answer = answer(&*endpoint, request, local, peer).await;
                Ok::<_, Infallible>(answer.map(|body| Watched { body, activity }))
            }
        });
        let connection = graceful.watch(builder.serve_connection(io, service));
        tracker.spawn(async move {
            // How a connection ends is the client's business.
            let _ = connection.await;
            drop(slot);
        });
    }
    drop(listener);
    graceful.shutdown().await;
}

fn builder() -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder
        // `Timed` has the clocks: hyper's own would run while a connection is idle, too.
        .header_read_timeout(None)
        .max_buf_size(MAX_HEAD)
        .max_headers(MAX_HEADERS);
    builder
}

async fn answer<E: Endpoint<Output = Response>>(
    endpoint: &E,
    request: hyper::Request<Incoming>,
    local: SocketAddr,
    peer: SocketAddr,
) -> hyper::Response<BoxBody<Bytes, io::Error>> {
    let addresses = (LocalAddr(local.into()), RemoteAddr(peer.into()));
    let request = (request, addresses.0, addresses.1, Scheme::HTTP).into();
    endpoint.get_response(request).await.into()
}

/// What a connection is at; shared by its socket and its service.
struct Activity {
    since: Instant,
    busy: AtomicBool,
    /// Requests whose heads have arrived.
    requests: AtomicU64,
    /// When the last answer was made, in milliseconds from `since`.
    answered: AtomicU64,
}

impl Activity {
    fn new() -> Self {
        let (requests, answered) = (AtomicU64::new(0), AtomicU64::new(0));
        Self {
            since: Instant::now(),
            busy: AtomicBool::new(false),
            requests,
            answered,
        }
    }

    fn begin(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.busy.store(true, Ordering::Release);
    }

    fn end(&self) {
        let millis = u64::try_from(self.since.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.answered.store(millis, Ordering::Relaxed);
        self.busy.store(false, Ordering::Release);
    }

    fn last_answer(&self) -> Instant {
        self.since + Duration::from_millis(self.answered.load(Ordering::Relaxed))
    }
}

/// The body of an answer. The connection is at it until the last byte is written: a stream may take
/// longer than a connection may be idle.
struct Watched {
    body: BoxBody<Bytes, io::Error>,
    activity: Arc<Activity>,
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.activity.end();
    }
}

impl Body for Watched {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A connection that breaks when a head, once begun, is slow to arrive, when nothing is asked for
/// too long, or when an answer is not read.
struct Timed {
    stream: TcpStream,
    patience: Patience,
    activity: Arc<Activity>,
    /// Requests seen before the head that is awaited now.
    seen: u64,
    /// When the head that has begun must be complete.
    head: Option<Instant>,
    /// Wakes the connection at its deadline. Set only while there is nothing to read: a request
    /// that arrives whole costs no timer.
    alarm: Pin<Box<Sleep>>,
    write: Option<Pin<Box<Sleep>>>,
}

impl Timed {
    fn new(stream: TcpStream, patience: Patience, activity: Arc<Activity>) -> Self {
        // The first head is due from the moment of the connection: silence is no request.
        let head = activity.since + patience.header;
        let alarm = Box::pin(sleep_until(head));
        Self {
            stream,
            patience,
            activity,
            seen: 0,
            head: Some(head),
            alarm,
            write: None,
        }
    }

    /// When to give up on a connection that has nothing to read. While a request is being answered
    /// this is only a time to look again: hyper does not ask anew when the answer is done.
    fn deadline(&self, now: Instant) -> Instant {
        if self.activity.busy.load(Ordering::Acquire) {
            return now + self.patience.idle;
        }
        self.head
            .unwrap_or_else(|| self.activity.last_answer() + self.patience.idle)
    }
}

impl AsyncRead for Timed {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let requests = this.activity.requests.load(Ordering::Relaxed);
        if requests != this.seen {
            (this.seen, this.head) = (requests, None);
        }
        let late = || Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        if let Poll::Ready(outcome) = Pin::new(&mut this.stream).poll_read(cx, buffer) {
            if !this.activity.busy.load(Ordering::Acquire) {
                // Dripping bytes do not buy time: the head is due from its first.
                let now = Instant::now();
                if now >= *this.head.get_or_insert(now + this.patience.header) {
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

impl Timed {
    fn watch_write(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if written.is_ready() {
            self.write = None;
            return written;
        }
        let deadline = self
            .write
            .get_or_insert_with(|| Box::pin(sleep_until(Instant::now() + WRITE_TIMEOUT)));
        match deadline.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}
