//! Through `/v1`: bodies that cost many times their size, and an upstream that sends too much, or the
//! key back.

use std::net::SocketAddr;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;

use crate::llm::{CHAT, KEY, Reply, Upstream, ask, before, chat, completion, question};
use crate::support::{Answer, Client, PATIENCE, Raw, eventually};

/// The memory limit of the production manifest, in KiB.
const PRODUCTION: usize = 524_288;

/// The longest body by default, in bytes.
const LONGEST: usize = 16 << 20;

/// A body of nearly the longest size, `part` repeated between `before` and `after`.
fn long(before: &str, part: &str, after: &str) -> String {
    let times = (LONGEST - before.len() - after.len()) / part.len();
    format!("{before}{}{after}", part.repeat(times))
}

async fn send(client: &Client, access: &str, body: String) -> reqwest::Result<Answer> {
    let request = client.send(Method::POST, CHAT, |request| {
        let request = request.bearer_auth(access);
        request
            .header("content-type", "application/json")
            .body(body)
    });
    request.await
}

#[tokio::test]
async fn a_long_body_costs_little_more_memory_than_its_bytes() {
    let upstream = Upstream::start(chat).await;
    let settings = before(&upstream).data_limit_kib(PRODUCTION);
    let members: Vec<String> = (0..65_000).map(|at| format!("\"{at}\":{{}}")).collect();
    for (body, status) in [
        (long(r#"{"temperature":0,"a":["#, "0,", "0]}"), 422),
        (long(r#"{"temperature":0,"a":["#, "[],", "0]}"), 422),
        (
            long(r#"{"temperature":0,"a":{"#, r#""":0,"#, r#""a":0}}"#),
            422,
        ),
        (
            long(
                r#"{"temperature":0,"a":["#,
                r#""0123456789 0123456789 0123456789","#,
                "0]}",
            ),
            200,
        ),
        (long(r#"{"temperature":0,"a":"#, "1", "}"), 400),
        (long(r#"{"temperature":0,"a":0."#, "1", "}"), 200),
        (long(r#"{"temperature":0,"a":"\n"#, "0", r#""}"#), 200),
        (
            long(r#"{"temperature":0,"a":""#, r"\u00e90123456789\/", r#""}"#),
            200,
        ),
        (
            format!(r#"{{"temperature":0,"a":{{{}}}}}"#, members.join(",")),
            200,
        ),
    ] {
        let aura = settings.start().await;
        let access = aura.client().newcomer().await.access;
        ask(&aura.client(), &access, &question("warm"))
            .await
            .is(200);
        let idle = aura.resident_bytes();
        let start = body[..40].to_owned();
        let answer = send(&aura.client(), &access, body).await;
        answer.expect("an answer").is(status);
        let peak = aura.peak_bytes().saturating_sub(idle);
        assert!(peak < 40_000_000, "{peak} bytes more for {start}");
    }
}

#[tokio::test]
async fn eight_long_bodies_at_once_stay_below_the_memory_of_the_manifest() {
    let upstream = Upstream::start(chat).await;
    let aura = before(&upstream).data_limit_kib(PRODUCTION).start().await;
    let client = aura.client();
    let users = join_all((0..8).map(|_| client.newcomer())).await;
    for body in [
        long(r#"{"temperature":0,"a":["#, "0,", "0]}"),
        long(r#"{"temperature":0,"a":["#, r#""0123456789","#, "0]}"),
        long(r#"{"temperature":1,"a":""#, r"\n012345", r#""}"#),
    ] {
        let sent = users
            .iter()
            .map(|user| send(&client, &user.access, body.clone()));
        // Some see the connection close while they are still sending what is refused.
        let answers: Vec<Answer> = join_all(sent).await.into_iter().flatten().collect();
        assert!(answers.iter().any(|answer| answer.status != 503));
        for busy in answers.iter().filter(|answer| answer.status == 503) {
            busy.problem(503, "busy");
            assert!(busy.headers.contains_key("retry-after"), "{busy:#?}");
        }
        let peak = aura.peak_bytes();
        assert!(peak < 256 << 20, "{peak} bytes");
    }
    // One user's share is two, and it is given back.
    let body = long(r#"{"temperature":1,"a":""#, "x", r#""}"#);
    for _ in 0..3 {
        let answer = send(&client, &users[0].access, body.clone()).await;
        answer.expect("an answer").is(200);
    }
}

/// An upload of `length` bytes of which `sent` are there.
async fn begun(address: SocketAddr, access: &str, length: usize, sent: usize) -> Raw {
    let mut upload = Raw::connect(address).await;
    let head = format!(
        "POST {CHAT} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {access}\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    );
    upload.send(head).await;
    let start = r#"{"model":"a","x":""#;
    upload
        .send(format!("{start}{}", "a".repeat(sent - start.len())))
        .await;
    upload
}

#[tokio::test]
async fn slow_uploads_make_room_and_do_not_block_others() {
    let upstream = Upstream::start(chat).await;
    let aura = before(&upstream).start().await;
    let client = aura.client();
    let users = join_all((0..4).map(|_| client.newcomer())).await;
    let fresh = client.newcomer().await;
    // Beyond a mebibyte memory is held by whole ones: these hold all 90 that long bodies may.
    let mut uploads = Vec::new();
    for user in users.iter().cycle().take(30) {
        uploads.push(begun(aura.address(), &user.access, LONGEST, 3_000_000).await);
    }
    let mut trickling = JoinSet::new();
    let mut answers = Vec::new();
    for mut upload in uploads {
        let mut writer = upload.take_writer();
        trickling.spawn(async move {
            while writer.write_all(&[b'b'; 1_100]).await.is_ok() {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        });
        answers.push(upload);
    }
    for number in 0..3 {
        let small = ask(&client, &fresh.access, &question(&format!("{number}"))).await;
        small.is(200);
        // Those who hold what they may ask small questions, too.
        let own = ask(&client, &users[0].access, &question(&format!("{number}"))).await;
        own.is(200);
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let busy = |log: &str| {
        log.lines()
            .filter(|line| line.contains("status=503"))
            .count()
    };
    let early = busy(&aura.log());
    assert_eq!(early, 0, "an upload was ended while nobody needed its room");
    let body = long(r#"{"temperature":1,"a":""#, "x", r#""}"#);
    let sent = send(&client, &fresh.access, body).await;
    sent.expect("an answer").is(200);
    // Those of three mebibytes make room for one of sixteen.
    let made_room = busy(&aura.log());
    assert!((1..=6).contains(&made_room), "{made_room} made room");
    let told = join_all(answers.iter_mut().map(|upload| {
        let answer = tokio::time::timeout(Duration::from_millis(500), upload.answer(PATIENCE));
        async { answer.await.ok().flatten() }
    }));
    let told: Vec<_> = told.await.into_iter().flatten().collect();
    for answer in &told {
        answer.problem(503, "busy");
        assert!(answer.head.contains("retry-after"), "{answer:#?}");
    }
    // Some see the connection close before they read.
    assert!(told.len() <= made_room, "{told:#?}");
    let peak = aura.peak_bytes();
    assert!(peak < 256 << 20, "{peak} bytes");
}

#[tokio::test]
async fn unread_answers_leave_memory_to_other_users() {
    let upstream = Upstream::start(|seen| {
        let said = seen.field("messages")[0]["content"].clone();
        let length = if said == "long" { 900_000 } else { 2 };
        Reply::json(200, &completion(&"x".repeat(length), "stop"))
    })
    .await;
    let aura = before(&upstream).start().await;
    let client = aura.client();
    let users = join_all((0..4).map(|_| client.newcomer())).await;
    let fresh = client.newcomer().await;
    for user in users.iter().chain([&fresh]) {
        ask(&client, &user.access, &question("long")).await.is(200);
    }
    ask(&client, &fresh.access, &question("short"))
        .await
        .is(200);
    let mut unread = Vec::new();
    let body = question("long").to_string();
    for user in users.iter().flat_map(|user| [user; 12]) {
        let mut stream = narrow(aura.address()).await;
        let head = format!(
            "POST {CHAT} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            user.access,
            body.len()
        );
        stream.write_all(head.as_bytes()).await.expect("a server");
        unread.push(stream);
    }
    eventually(PATIENCE, "answers that are held", async || {
        let mut begun = 0;
        for stream in &unread {
            let mut start = [0; 64];
            begun += usize::from(stream.peek(&mut start).await.is_ok());
        }
        (begun == unread.len()).then_some(())
    })
    .await;
    for content in ["short", "long"] {
        let answer = ask(&client, &fresh.access, &question(content)).await;
        assert_eq!(answer.is(200).header("x-cache"), "HIT", "{content}");
    }
}

/// A connection that takes little until it is read.
async fn narrow(address: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(16 * 1024).expect("an option");
    socket.connect(address).await.expect("a connection")
}

/// The key as it is, and as it may stand in base64.
fn assert_no_key(text: &str, status: u16) {
    for hidden in [
        KEY.to_owned(),
        KEY[4..].to_owned(),
        STANDARD.encode(KEY)[..20].to_owned(),
        STANDARD.encode(format!("Bearer {KEY}"))[12..30].to_owned(),
        URL_SAFE_NO_PAD.encode(format!("aura:{KEY}"))[8..28].to_owned(),
    ] {
        assert!(!text.contains(&hidden), "{status}: {hidden} in {text}");
    }
}

#[tokio::test]
async fn an_upstream_that_sends_the_key_back_is_masked() {
    let upstream = Upstream::start(|seen| {
        let echo = format!(
            "{} {} {}",
            seen.header("authorization"),
            STANDARD.encode(seen.header("authorization")),
            URL_SAFE_NO_PAD.encode(format!("aura:{KEY}")),
        );
        let said = seen.field("messages")[0]["content"].clone();
        match said.as_str().unwrap_or_default() {
            "stream" => {
                let event = |delta: &str| {
                    let choice = json!({"index": 0, "delta": {"content": delta}});
                    format!("data: {}\n\n", json!({"choices": [choice]}))
                };
                // Byte by byte, so that no part has more of it than one.
                let text = format!("{}data: [DONE]\n\n", event(&echo));
                Reply::events(&text.chars().map(String::from).collect::<Vec<_>>())
            }
            "error" => Reply::json(401, &json!({"error": {"message": echo}})),
            _ => Reply::json(200, &completion(&echo, "stop"))
                .header("x-ratelimit-echo", &echo)
                .header("x-echo", &echo),
        }
    })
    .await;
    let aura = before(&upstream).start().await;
    let client = aura.client();
    let access = client.newcomer().await.access;
    for (content, status) in [
        ("plain", 200),
        ("plain", 200),
        ("error", 401),
        ("stream", 200),
    ] {
        let mut body = question(content);
        body["stream"] = json!(content == "stream");
        let answer = ask(&client, &access, &body).await;
        answer.is(status);
        assert!(answer.text.contains("Bearer ******"), "{}", answer.text);
        assert_no_key(&answer.text, status);
        assert_no_key(&format!("{:?}", answer.headers), status);
        assert!(!answer.headers.contains_key("x-echo"));
    }
    assert_no_key(&aura.log(), 0);
}

#[tokio::test]
async fn headers_of_an_upstream_are_bounded() {
    let upstream = Upstream::start(|seen| {
        let mut reply = chat(seen).header("set-cookie", "a=b").header("server", "x");
        for number in 0..60 {
            reply = reply.header(&format!("x-ratelimit-{number}"), "1");
        }
        reply.header("x-ratelimit-long", &"1".repeat(300))
    })
    .await;
    let aura = before(&upstream).start().await;
    let access = aura.client().newcomer().await.access;
    let answer = ask(&aura.client(), &access, &question("headers?")).await;
    answer.is(200);
    let limits = answer.headers.keys();
    let limits = limits.filter(|name| name.as_str().starts_with("x-ratelimit-"));
    assert!(limits.count() <= 16, "{:#?}", answer.headers);
    for name in ["set-cookie", "server", "x-ratelimit-long"] {
        assert!(!answer.headers.contains_key(name), "{name}");
    }
}

#[tokio::test]
async fn a_redirect_a_coded_answer_and_an_overlong_answer_are_failures() {
    let upstream = Upstream::start(|seen| {
        let said = seen.field("messages")[0]["content"].clone();
        let elsewhere = Reply::json(307, &json!({})).header("location", "http://127.0.0.1:1/v1");
        match said.as_str().unwrap_or_default() {
            "elsewhere" => elsewhere,
            "coded" => chat(seen).header("content-encoding", "gzip"),
            "unchanged" => Reply::json(304, &json!({})),
            "nowhere" => Reply::json(301, &json!({})),
            _ => Reply::json(500, &json!({"error": {"message": "x".repeat(300_000)}})),
        }
    })
    .await;
    let aura = before(&upstream).start().await;
    let access = aura.client().newcomer().await.access;
    for content in ["elsewhere", "coded", "long", "unchanged", "nowhere"] {
        let answer = ask(&aura.client(), &access, &question(content)).await;
        answer.problem(502, "upstream_unavailable");
        assert!(!answer.headers.contains_key("location"));
        let told = answer.text_of("detail");
        let redirects = matches!(content, "elsewhere" | "nowhere");
        assert_eq!(told.contains("redirects"), redirects, "{told}");
    }
    let log = aura.log();
    let told = "it redirects to http://127.0.0.1:1, which is not followed; write its final address \
                into LLM_UPSTREAM_URL";
    assert!(log.contains(told), "{log}");
    for (content, told) in [
        ("unchanged", "it answers 304"),
        ("nowhere", "it redirects without saying where"),
    ] {
        // A server tells of one outage, and not of the next cause at once.
        let aura = before(&upstream).start().await;
        let access = aura.client().newcomer().await.access;
        ask(&aura.client(), &access, &question(content)).await;
        let log = aura.log();
        assert!(log.contains(told), "{log}");
    }
}
