//! Through `/v1`: bodies that cost many times their size, and an upstream that sends too much, or the
//! key back.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;

use crate::llm::{CHAT, KEY, Reply, Upstream, ask, before, chat, completion, question};
use crate::support::{Answer, Client};

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
async fn a_long_body_costs_little_more_than_its_bytes_whatever_stands_in_it() {
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
async fn what_an_upstream_sends_beside_its_answer_is_bounded() {
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
async fn an_answer_that_sends_elsewhere_is_coded_or_too_long_is_none() {
    let upstream = Upstream::start(|seen| {
        let said = seen.field("messages")[0]["content"].clone();
        let elsewhere = Reply::json(307, &json!({})).header("location", "http://127.0.0.1:1/v1");
        match said.as_str().unwrap_or_default() {
            "elsewhere" => elsewhere,
            "coded" => chat(seen).header("content-encoding", "gzip"),
            _ => Reply::json(500, &json!({"error": {"message": "x".repeat(300_000)}})),
        }
    })
    .await;
    let aura = before(&upstream).start().await;
    let access = aura.client().newcomer().await.access;
    for content in ["elsewhere", "coded", "long"] {
        let answer = ask(&aura.client(), &access, &question(content)).await;
        answer.problem(502, "upstream_unavailable");
        assert!(!answer.headers.contains_key("location"));
        let told = answer.text_of("detail");
        assert_eq!(told.contains("redirects"), content == "elsewhere", "{told}");
    }
    let log = aura.log();
    let told = "it redirects to http://127.0.0.1:1, which is not followed; write its final address \
                into LLM_UPSTREAM_URL";
    assert!(log.contains(told), "{log}");
}
