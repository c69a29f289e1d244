//! Bodies that take long and go on are read, and passed on, to their end.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpSocket;
use tokio::task::JoinSet;

use super::{Upstream, ask, before, chat, completion, question};
use crate::support::{Raw, Settings};

/// The head of a question of `length` bytes.
fn head(access: &str, length: usize) -> String {
    format!(
        "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {access}\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    )
}

#[tokio::test]
async fn an_upload_that_goes_on_is_read_however_long_it_takes() {
    let upstream = Upstream::start(chat).await;
    let aura = before(&upstream)
        .set("SERVER_BODY_TIMEOUT_SECONDS", 2)
        .start()
        .await;
    let access = aura.client().newcomer().await.access;
    let body = question(&"x".repeat(40_000)).to_string();
    let mut slow = Raw::connect(aura.address()).await;
    slow.send(head(&access, body.len())).await;
    let start = Instant::now();
    for part in body.as_bytes().chunks(body.len() / 8) {
        tokio::time::sleep(Duration::from_millis(600)).await;
        assert!(slow.send(part).await);
    }
    assert!(start.elapsed() > Duration::from_secs(4));
    let answer = slow
        .answer(Duration::from_secs(10))
        .await
        .expect("an answer");
    assert_eq!(answer.status, 200, "{answer:#?}");
}

#[tokio::test]
async fn an_upload_that_stops_or_trickles_is_answered_with_408() {
    let upstream = Upstream::start(chat).await;
    let aura = before(&upstream)
        .set("SERVER_BODY_TIMEOUT_SECONDS", 1)
        .start()
        .await;
    let access = aura.client().newcomer().await.access;
    let mut silent = Raw::connect(aura.address()).await;
    silent.send(head(&access, 100_000)).await;
    silent.send("x".repeat(50_000)).await;
    let answer = silent
        .answer(Duration::from_secs(10))
        .await
        .expect("an answer");
    answer.problem(408, "request_timeout");
    // Less than a kibibyte a second, and never silent for a second.
    let mut trickling = Raw::connect(aura.address()).await;
    trickling.send(head(&access, 100_000)).await;
    let mut writer = trickling.take_writer();
    let mut trickle = JoinSet::new();
    trickle.spawn(async move {
        while writer.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    });
    let answer = trickling
        .answer(Duration::from_secs(10))
        .await
        .expect("an answer");
    answer.problem(408, "request_timeout");
    assert_eq!(upstream.calls(), 0);
}

#[tokio::test]
async fn an_upstream_may_take_a_long_question_slowly() {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(64 * 1024).expect("an option");
    socket.bind("127.0.0.1:0".parse().unwrap()).expect("a port");
    let listener = socket.listen(8).expect("a listener");
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    let mut server = JoinSet::new();
    server.spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        let (mut taken, mut buffer) = (0, vec![0; 1 << 20]);
        while taken < 14_000_000 {
            let read = stream.read(&mut buffer).await.expect("bytes");
            assert!(read > 0, "it was given up after {taken} bytes");
            taken += read;
            // Some four mebibytes a second.
            tokio::time::sleep(Duration::from_micros(read as u64 / 4)).await;
        }
        let body = completion("Hi", "stop").to_string();
        let length = body.len();
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n";
        let answer = format!("{head}content-length: {length}\r\n\r\n{body}");
        stream.write_all(answer.as_bytes()).await.expect("a client");
    });
    let aura = Settings::new()
        .set("LLM_UPSTREAM_URL", url.as_str())
        .set("LLM_UPSTREAM_TIMEOUT_SECONDS", 2)
        .start()
        .await;
    let access = aura.client().newcomer().await.access;
    let long = question(&"x".repeat(14_000_000));
    let answer = ask(&aura.client(), &access, &long).await;
    answer.is(200);
    assert!(answer.took > Duration::from_secs(2), "{:?}", answer.took);
}
