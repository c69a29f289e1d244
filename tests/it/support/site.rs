//! A web site of the tests' own: what an application behind a gateway is, and what a page is that a
//! browser should not like.

use std::net::SocketAddr;
use std::path::Path;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// A site on 127.0.0.1; dropped, it is gone.
#[derive(Debug)]
pub(crate) struct Site {
    address: SocketAddr,
    _tasks: JoinSet<()>,
}

impl Site {
    /// A site that answers the head of a request with HTML, or with a script where the path says so.
    pub(crate) async fn start(answer: fn(&str) -> String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(async move { serve(stream, answer).await.ok() });
            }
        });
        Self {
            address,
            _tasks: tasks,
        }
    }

    /// A site that shows the head of the request.
    pub(crate) async fn mirror() -> Self {
        Self::start(str::to_owned).await
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

/// One request a connection.
async fn serve(mut stream: TcpStream, answer: fn(&str) -> String) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    let head = String::from_utf8_lossy(&head);
    let body = answer(&head);
    let path = head.split(' ').nth(1).unwrap_or_default();
    let kind = if Path::new(path).extension().is_some_and(|it| it == "mjs") {
        "text/javascript"
    } else {
        "text/html; charset=utf-8"
    };
    let length = body.len();
    let answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\
         Connection: close\r\n\r\n{body}"
    );
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await
}
