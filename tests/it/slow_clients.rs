//! Proves that slow, silent, endless, oversized and malformed connections are cut off in bounded
//! time, with the documented answer where one is possible, and disturb nobody else.

use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::net::tcp::OwnedWriteHalf;
use tokio::task::JoinSet;

use crate::support::{Aura, Raw, Settings};

const POST_LOGIN: &str =
    "POST /auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";

const GET_LIVE: &str = "GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// How late a limit of one second may strike in a debug build on a busy machine.
const CUT: Duration = Duration::from_secs(4);

/// Limits short enough to wait for.
async fn impatient() -> Aura {
    let settings = Settings::new().set("SERVER_HEADER_TIMEOUT_SECONDS", 1);
    let settings = settings.set("SERVER_BODY_TIMEOUT_SECONDS", 1);
    settings.set("SERVER_IDLE_TIMEOUT_SECONDS", 2).start().await
}

/// Sends `bytes` again and again with pauses until the other side closes or the task is dropped.
fn keep_sending(mut writer: OwnedWriteHalf, bytes: Vec<u8>, pause: Duration) -> JoinSet<()> {
    let mut task = JoinSet::new();
    task.spawn(async move {
        while writer.write_all(&bytes).await.is_ok() {
            tokio::time::sleep(pause).await;
        }
    });
    task
}

/// Checks that the server serves others, quickly.
async fn others_are_served(aura: &Aura) {
    let live = aura.client().get("/health/live").await;
    live.is(200).within(Duration::from_secs(1));
}

#[tokio::test]
async fn a_header_that_trickles_is_cut_off() {
    let aura = impatient().await;
    let mut slow = Raw::connect(aura.address()).await;
    slow.send("GET /health/live HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
        .await;
    let _trickle = keep_sending(
        slow.take_writer(),
        b"a".to_vec(),
        Duration::from_millis(100),
    );
    slow.closed_within(CUT).await;
    assert!(!slow.rest().contains("200"), "{}", slow.rest());
    others_are_served(&aura).await;
}

#[tokio::test]
async fn a_body_that_trickles_is_answered_with_408() {
    let aura = impatient().await;
    let mut slow = Raw::connect(aura.address()).await;
    slow.send(format!("{POST_LOGIN}Content-Length: 8000\r\n\r\n{{"))
        .await;
    let _trickle = keep_sending(
        slow.take_writer(),
        b" ".to_vec(),
        Duration::from_millis(100),
    );
    let answer = slow.answer(CUT).await.expect("an answer before the end");
    answer.problem(408, "request_timeout");
    slow.closed_within(CUT).await;
    others_are_served(&aura).await;
}

#[tokio::test]
async fn a_body_that_never_comes_is_answered_with_408() {
    let aura = impatient().await;
    let mut slow = Raw::connect(aura.address()).await;
    slow.send(format!("{POST_LOGIN}Content-Length: 10\r\n\r\n"))
        .await;
    let answer = slow.answer(CUT).await.expect("an answer before the end");
    answer.problem(408, "request_timeout");
    slow.closed_within(CUT).await;
}

#[tokio::test]
async fn a_connection_that_says_nothing_is_closed() {
    let aura = impatient().await;
    let mut silent = Raw::connect(aura.address()).await;
    silent.closed_within(CUT).await;
}

#[tokio::test]
async fn a_kept_alive_connection_is_closed_when_it_idles() {
    let aura = impatient().await;
    let mut idle = Raw::connect(aura.address()).await;
    for _ in 0..2 {
        idle.send(GET_LIVE).await;
        assert_eq!(idle.answer(CUT).await.unwrap().status, 200);
    }
    idle.closed_within(CUT).await;
}

#[tokio::test]
async fn two_thousand_idle_connections_leave_room_for_a_request() {
    // The process and its child need a descriptor for each: the soft limit is often 1024.
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    setrlimit(Resource::Nofile, raised).unwrap();
    let settings = Settings::new().set("SERVER_MAX_CONNECTIONS_PER_ADDRESS", 3000);
    let aura = settings.start().await;
    let session = aura.client().newcomer().await;

    let mut idle = Vec::new();
    for number in 0..2000 {
        let mut stream = TcpStream::connect(aura.address()).await.unwrap();
        if number % 2 == 0 {
            // Half of them have begun a request.
            stream
                .write_all(b"GET /health/live HTTP/1.1\r\n")
                .await
                .unwrap();
        }
        idle.push(stream);
    }
    for _ in 0..5 {
        others_are_served(&aura).await;
        let me = aura.client().me(&session.access).await;
        me.is(200).within(Duration::from_secs(1));
    }
    drop(idle);
    others_are_served(&aura).await;
}

#[tokio::test]
async fn a_header_of_100_kilobytes_is_answered_with_431() {
    let aura = impatient().await;
    for head in [
        format!(
            "GET /health/live HTTP/1.1\r\nHost: localhost\r\nX-Long: {}\r\n\r\n",
            "a".repeat(100_000)
        ),
        format!(
            "GET /health/live HTTP/1.1\r\nHost: localhost\r\n{}\r\n",
            "X-Many: 1\r\n".repeat(10_000)
        ),
    ] {
        let mut large = Raw::connect(aura.address()).await;
        large.send(head).await;
        let answer = large.answer(CUT).await.expect("an answer before the end");
        assert_eq!(answer.status, 431, "{answer:#?}");
        large.closed_within(CUT).await;
    }
    others_are_served(&aura).await;
}

#[tokio::test]
async fn a_long_target_is_refused() {
    let aura = impatient().await;
    let mut large = Raw::connect(aura.address()).await;
    large
        .send(format!(
            "GET /{} HTTP/1.1\r\nHost: localhost\r\n\r\n",
            "a".repeat(100_000)
        ))
        .await;
    let answer = large.answer(CUT).await.expect("an answer before the end");
    assert!([400, 404, 414, 431].contains(&answer.status), "{answer:#?}");
    others_are_served(&aura).await;
}

#[tokio::test]
async fn a_body_over_the_limit_is_answered_with_413() {
    let aura = impatient().await;
    // Declared: refused before it is read.
    let mut declared = Raw::connect(aura.address()).await;
    declared
        .send(format!("{POST_LOGIN}Content-Length: 10000000000\r\n\r\n"))
        .await;
    let answer = declared
        .answer(CUT)
        .await
        .expect("an answer before the end");
    answer.problem(413, "body_too_large");

    // In chunks: counted.
    let mut chunked = Raw::connect(aura.address()).await;
    let chunk = format!("1000\r\n{}\r\n", " ".repeat(0x1000));
    let body = format!("{}0\r\n\r\n", chunk.repeat(20));
    chunked
        .send(format!(
            "{POST_LOGIN}Transfer-Encoding: chunked\r\n\r\n{body}"
        ))
        .await;
    let answer = chunked.answer(CUT).await.expect("an answer before the end");
    answer.problem(413, "body_too_large");

    // One byte over, and not one: forms have a limit of their own.
    let limit = 8192;
    for (length, status) in [(limit, 422), (limit + 1, 413)] {
        let body = format!(r#"{{"email":"","password":"{}"}}"#, "a".repeat(length - 26));
        assert_eq!(body.len(), length);
        let client = aura.client();
        let answer = client.send(reqwest::Method::POST, "/auth/register", |request| {
            request
                .header("content-type", "application/json")
                .body(body)
        });
        answer.await.unwrap().is(status);
    }
}

#[tokio::test]
async fn a_body_without_end_is_answered_with_413_and_cut_off() {
    let aura = impatient().await;
    let mut endless = Raw::connect(aura.address()).await;
    endless
        .send(format!("{POST_LOGIN}Transfer-Encoding: chunked\r\n\r\n"))
        .await;
    let chunk = format!("1000\r\n{}\r\n", " ".repeat(0x1000)).into_bytes();
    let mut sender = keep_sending(endless.take_writer(), chunk, Duration::ZERO);
    let answer = endless.answer(CUT).await.expect("an answer before the end");
    answer.problem(413, "body_too_large");
    let cut = tokio::time::timeout(CUT, sender.join_next()).await;
    assert!(cut.is_ok(), "the server still reads after its answer");
    others_are_served(&aura).await;
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let aura = impatient().await;
    let mut pipeline = Raw::connect(aura.address()).await;
    let me = "GET /auth/me HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let nowhere = "GET /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let login = format!("{POST_LOGIN}Content-Length: 1\r\n\r\n{{");
    pipeline
        .send(format!("{GET_LIVE}{me}{login}{nowhere}{GET_LIVE}"))
        .await;
    let mut statuses = Vec::new();
    for _ in 0..5 {
        statuses.push(pipeline.answer(CUT).await.expect("five answers").status);
    }
    assert_eq!(statuses, [200, 401, 400, 404, 200]);
}

#[tokio::test]
async fn input_that_is_not_http_is_answered_with_400_or_closed() {
    let aura = impatient().await;
    let tls_hello = [
        0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03,
    ];
    for nonsense in [
        b"\x00\xff\xfe\r\n\r\n".to_vec(),
        b"HELLO\r\n\r\n".to_vec(),
        b"GET / HTTP/9.9\r\nHost: localhost\r\n\r\n".to_vec(),
        b"GET /health/live HTTP/1.1\r\nHost: a\r\nBad Name: x\r\n\r\n".to_vec(),
        b"POST /auth/login HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n".to_vec(),
        b"POST /auth/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n\
          Transfer-Encoding: chunked\r\n\r\nzz\r\n"
            .to_vec(),
        tls_hello.to_vec(),
    ] {
        let mut connection = Raw::connect(aura.address()).await;
        connection.send(&nonsense).await;
        let shown = String::from_utf8_lossy(&nonsense).into_owned();
        if let Some(answer) = connection.answer(CUT).await {
            assert!(
                [400, 505].contains(&answer.status),
                "{shown:?}: {answer:#?}"
            );
        }
        connection.closed_within(CUT).await;
    }
    others_are_served(&aura).await;
}

#[tokio::test]
async fn fifty_slow_clients_do_not_delay_others() {
    let aura = impatient().await;
    let mut slow = JoinSet::new();
    for number in 0..50 {
        let mut connection = Raw::connect(aura.address()).await;
        slow.spawn(async move {
            let head = format!("{POST_LOGIN}Content-Length: 8000\r\n\r\n");
            connection
                .send(if number % 2 == 0 { &head } else { "GET /" })
                .await;
            let writer = connection.take_writer();
            let _trickle = keep_sending(writer, b" ".to_vec(), Duration::from_millis(50));
            connection.closed_within(CUT + CUT).await;
        });
    }
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(1) {
        others_are_served(&aura).await;
    }
    slow.join_all().await;
}

#[tokio::test]
async fn a_connection_idles_from_its_answer_on_however_long_that_took() {
    // The limit on heads is far off: nothing but the idle time can close this connection in time.
    let settings = Settings::new().set("SERVER_IDLE_TIMEOUT_SECONDS", 1);
    let aura = settings.start().await;
    let mut idle = Raw::connect(aura.address()).await;
    // The body comes late and its password is hashed, so the answer is waited for.
    let body = r#"{"email":"nobody@example.com","password":"not-the-Password-7"}"#;
    let length = body.len();
    idle.send(format!("{POST_LOGIN}Content-Length: {length}\r\n\r\n"))
        .await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    idle.send(body).await;
    let answer = idle.answer(CUT).await.expect("an answer before the end");
    answer.problem(401, "invalid_credentials");
    idle.closed_within(CUT).await;
}

#[tokio::test]
async fn a_request_that_takes_longer_than_the_idle_time_is_answered() {
    let settings = Settings::new().set("SERVER_IDLE_TIMEOUT_SECONDS", 1);
    let aura = settings.start().await;
    let mut slow = Raw::connect(aura.address()).await;
    for _ in 0..2 {
        slow.send(format!("{POST_LOGIN}Content-Length: 1\r\n\r\n"))
            .await;
        tokio::time::sleep(Duration::from_millis(1500)).await;
        slow.send("{").await;
        let answer = slow.answer(CUT).await.expect("an answer before the end");
        answer.problem(400, "malformed_body");
    }
}
