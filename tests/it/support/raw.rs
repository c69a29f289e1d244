//! A bare socket that speaks HTTP as badly as the test wants.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

/// One connection. Reading and writing fail quietly: what counts is what came back.
#[derive(Debug)]
pub(crate) struct Raw {
    reader: OwnedReadHalf,
    writer: Option<OwnedWriteHalf>,
    received: Vec<u8>,
}

/// One answer as read off the wire.
#[derive(Debug)]
pub(crate) struct RawAnswer {
    /// The status code.
    pub(crate) status: u16,
    /// The status line and the headers.
    pub(crate) head: String,
    /// The body, which must have a `Content-Length`.
    pub(crate) body: String,
}

impl RawAnswer {
    /// All of its bytes.
    pub(crate) fn size(&self) -> usize {
        self.head.len() + self.body.len()
    }

    /// Checks the status and the `code` of the problem body.
    #[track_caller]
    pub(crate) fn problem(&self, status: u16, code: &str) {
        assert_eq!(self.status, status, "{self:#?}");
        assert!(
            self.head
                .to_lowercase()
                .contains("application/problem+json"),
            "{self:#?}"
        );
        let json: Value = serde_json::from_str(&self.body).unwrap_or(Value::Null);
        assert_eq!(json["code"], code, "{self:#?}");
    }
}

impl Raw {
    /// Connects.
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        Self::connected(TcpStream::connect(address)).await
    }

    /// Connects from `source`: any address of 127.0.0.0/8 is this machine's.
    pub(crate) async fn connect_from(source: IpAddr, address: SocketAddr) -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        let bound = socket.bind(SocketAddr::new(source, 0));
        bound.expect("an address of this machine");
        Self::connected(socket.connect(address)).await
    }

    async fn connected(connecting: impl Future<Output = std::io::Result<TcpStream>>) -> Self {
        let stream = timeout(super::PATIENCE, connecting).await;
        let stream = stream.expect("a connection in time").expect("a connection");
        stream.set_nodelay(true).expect("a TCP option");
        let (reader, writer) = stream.into_split();
        Self {
            reader,
            writer: Some(writer),
            received: Vec::new(),
        }
    }

    /// Sends bytes; false when the other side has had enough of them.
    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        let writer = self.writer.as_mut().expect("the sending half");
        let sent = timeout(super::PATIENCE, writer.write_all(bytes.as_ref())).await;
        sent.expect("the other side reads or closes").is_ok()
    }

    /// The sending half, for a task that sends while this one reads.
    pub(crate) fn take_writer(&mut self) -> OwnedWriteHalf {
        self.writer.take().expect("the sending half")
    }

    /// Reads one answer; `None` when the connection closes first.
    pub(crate) async fn answer(&mut self, limit: Duration) -> Option<RawAnswer> {
        let read = timeout(limit, self.read_answer()).await;
        read.unwrap_or_else(|_| panic!("no answer and no end within {limit:?}"))
    }

    /// Waits until the other side closes; bytes that still come are kept.
    pub(crate) async fn closed_within(&mut self, limit: Duration) {
        let closed = timeout(limit, async { while self.more().await {} }).await;
        closed.unwrap_or_else(|_| panic!("still open after {limit:?}"));
    }

    /// All that was received and not yet read as an answer.
    pub(crate) fn rest(&self) -> String {
        String::from_utf8_lossy(&self.received).into_owned()
    }

    async fn more(&mut self) -> bool {
        let read = self.reader.read_buf(&mut self.received).await;
        read.is_ok_and(|count| count > 0)
    }

    async fn read_answer(&mut self) -> Option<RawAnswer> {
        let end = loop {
            let end = self
                .received
                .windows(4)
                .position(|four| four == b"\r\n\r\n");
            match end {
                Some(end) => break end + 4,
                None if self.more().await => {}
                None => return None,
            }
        };
        let head: Vec<u8> = self.received.drain(..end).collect();
        let head = String::from_utf8(head).expect("a head in ASCII");
        let status: u16 = head.split(' ').nth(1)?.parse().expect("a status");
        let length = head.lines().filter_map(|line| line.split_once(':'));
        let mut length = length.filter(|(name, _)| name.eq_ignore_ascii_case("content-length"));
        let length = length
            .next()
            .map_or(0, |(_, value)| value.trim().parse().unwrap());
        while self.received.len() < length {
            if !self.more().await {
                return None;
            }
        }
        let body: Vec<u8> = self.received.drain(..length).collect();
        Some(RawAnswer {
            status,
            head,
            body: String::from_utf8(body).expect("a body in UTF-8"),
        })
    }
}
