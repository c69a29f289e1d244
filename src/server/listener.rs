//! The accept loop: HTTP/1.1 by hyper, with the time-outs that poem's own server does not have.
//!
//! A client may take `SERVER_HEADER_TIMEOUT_SECONDS` from the first byte of a request to the end
//! of its head, and be silent for `SERVER_IDLE_TIMEOUT_SECONDS` between requests; bodies have a
//! limit of their own ([`crate::http::body`]); an answer that is not read for half a minute is
//! given up (`socket.rs`). Every connection is accepted at once: one for which there is no room is
//! told so, and those that rest make room first (`connections.rs`).

use std::convert::Infallible;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::Stream;
use http_body_util::combinators::BoxBody;
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::GracefulShutdown;
use poem::http::uri::Scheme;
use poem::web::{LocalAddr, RemoteAddr};
use poem::{Endpoint, Request, Response};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Span;

use super::connection::Connection;
use super::connections::Connections;
use super::edge::RequestSpan;
use super::socket::{Timed, Timeouts};
use crate::http::head::TwoLengths;

/// Most header fields of a request.
const MAX_HEADERS: usize = 64;

/// The answer to a connection that there is no room for. Nothing was read of it, so it says no more.
const NO_ROOM: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\n\
    Connection: close\r\nContent-Length: 0\r\n\r\n";

/// Accepts connections until `stop`, then lets those that are open finish what they are at.
/// Returns when the last has ended.
pub(super) async fn listen<E>(
    listener: TcpListener,
    endpoint: Arc<E>,
    timeouts: Timeouts,
    max_header_bytes: usize,
    connections: Arc<Connections>,
    stop: CancellationToken,
    tracker: TaskTracker,
) where
    E: Endpoint<Output = Response> + 'static,
{
    let graceful = GracefulShutdown::new();
    let builder = builder(max_header_bytes);
    loop {
        // Accepting is looked at first: a connection that is in the backlog when the server stops is still
        // answered.
        let (stream, peer) = tokio::select! {
            biased;
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of file descriptors, mostly.
                    tracing::warn!(%error, "a connection could not be accepted");
                    connections.make_room();
                    sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
            () = stop.cancelled() => break,
        };
        let Some(slot) = connections.admit(peer.ip()) else {
            refuse(stream);
            continue;
        };
        let Ok(local) = stream.local_addr() else {
            continue;
        };
        // An answer is one small write; waiting for more of it only delays it.
        let _ = stream.set_nodelay(true);
        let connection = Arc::clone(&slot.connection);
        let io = TokioIo::new(Timed::new(stream, timeouts, Arc::clone(&connection)));
        let endpoint = Arc::clone(&endpoint);
        let service = service_fn(move |mut request: hyper::Request<Incoming>| {
            let (endpoint, connection) = (Arc::clone(&endpoint), Arc::clone(&connection));
            let number = connection.begin();
            async move {
                let Some(number) = number else {
                    // It is closed to make room, before anything of this request was done.
                    return std::future::pending().await;
                };
                if connection.has_two_lengths(number) {
                    request.extensions_mut().insert(TwoLengths);
                }
                let answer = answer(&*endpoint, request, local, peer, &connection).await;
                let span = answer.extensions().get::<RequestSpan>().cloned();
                Ok::<_, Infallible>(answer.map(|body| ResponseBody {
                    body,
                    span: span.map_or_else(Span::none, |span| span.0),
                    connection,
                    number,
                }))
            }
        });
        let served = graceful.watch(builder.serve_connection(io, service));
        tracker.spawn(async move {
            tokio::select! {
                // How a connection ends is the client's business, but for a head that was refused.
                ended = served => note_refused_head(ended, peer),
                () = slot.connection.until_shed() => {}
            }
        });
    }
    drop(listener);
    graceful.shutdown().await;
}

/// Says that there is no room, as far as that can be said at once.
fn refuse(stream: TcpStream) {
    // Tokio would first ask whether the socket can be written to.
    if let Ok(mut stream) = stream.into_std() {
        let _ = stream.write(NO_ROOM);
    }
}

/// Logs a head that hyper has refused by itself: there is no request, so no other line tells of it.
fn note_refused_head(ended: hyper::Result<()>, peer: SocketAddr) {
    let Err(error) = ended else {
        return;
    };
    let client = peer.ip();
    if error.is_parse_too_large() {
        tracing::warn!(
            status = 431,
            %client,
            "a head with more than SERVER_MAX_HEADER_BYTES or {MAX_HEADERS} fields is refused; if \
             the client is a gateway, let it send the cookie of aura alone"
        );
    } else if error.is_parse() {
        tracing::info!(%client, %error, "a request that is not HTTP/1.1 is refused");
    }
}

fn builder(max_header_bytes: usize) -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder
        // `Timed` has the clocks: hyper's own would run while a connection is idle, too.
        .header_read_timeout(None)
        // The buffer ends a head that does not end; it may grow past that by what arrives at once.
        .max_buf_size(max_header_bytes)
        .max_header_size(max_header_bytes)
        .max_headers(MAX_HEADERS);
    builder
}

async fn answer<E: Endpoint<Output = Response>>(
    endpoint: &E,
    request: hyper::Request<Incoming>,
    local: SocketAddr,
    peer: SocketAddr,
    connection: &Arc<Connection>,
) -> hyper::Response<BoxBody<Bytes, io::Error>> {
    let has_body = !request.body().is_end_stream();
    let addresses = (LocalAddr(local.into()), RemoteAddr(peer.into()));
    let mut request: Request = (request, addresses.0, addresses.1, Scheme::HTTP).into();
    if has_body {
        let body = RequestBody {
            body: Box::pin(request.take_body().into_bytes_stream()),
            connection: Arc::clone(connection),
        };
        request.set_body(poem::Body::from_bytes_stream(body));
    }
    endpoint.get_response(request).await.into()
}

/// The body of a request, which tells its connection while the client withholds the rest of it.
struct RequestBody<S> {
    body: Pin<Box<S>>,
    connection: Arc<Connection>,
}

impl<S> Drop for RequestBody<S> {
    fn drop(&mut self) {
        self.connection.set_unsent(false);
    }
}

impl<S: Stream> Stream for RequestBody<S> {
    type Item = S::Item;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let polled = self.body.as_mut().poll_next(cx);
        self.connection.set_unsent(polled.is_pending());
        polled
    }
}

/// The body of an answer. The connection is at it until the last byte is written: a stream may take
/// longer than a connection may be idle.
struct ResponseBody {
    body: BoxBody<Bytes, io::Error>,
    /// Of the request, for what its body logs.
    span: Span,
    connection: Arc<Connection>,
    /// Of the request that it answers.
    number: u64,
}

impl Drop for ResponseBody {
    fn drop(&mut self) {
        self.connection.end(self.number);
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let this = &mut *self;
        let _in_request = this.span.enter();
        Pin::new(&mut this.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
