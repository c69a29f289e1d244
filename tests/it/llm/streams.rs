//! Streams: passed on at once, kept when they finished, given again as they were; never broken.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::upstream::events;
use super::{CHAT, Reply, Upstream, ask, before, chat, question};
use crate::support::{Aura, PATIENCE, eventually};

/// A question for a stream.
pub(super) fn streamed(content: &str) -> Value {
    let mut body = question(content);
    body["stream"] = json!(true);
    body
}

/// Starts a stream, to be read part by part.
pub(super) async fn open(aura: &Aura, access: &str, body: &Value) -> reqwest::Response {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("http://{}{CHAT}", aura.address());
    let request = client.post(url).bearer_auth(access).json(body);
    request.send().await.unwrap()
}

#[tokio::test]
async fn a_stream_passes_at_once_and_is_given_again_as_it_was() {
    let pause = Duration::from_millis(400);
    let upstream =
        Upstream::start(move |_| Reply::events(&events(&["Bre", "st"], "stop")).pause(pause)).await;
    let aura = before(&upstream).start().await;
    let client = aura.client();
    let access = client.newcomer().await.access;

    let start = Instant::now();
    let mut response = open(&aura, &access, &streamed("harbour?")).await;
    assert_eq!(response.headers()["x-cache"], "MISS");
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let first = response.chunk().await.unwrap().unwrap();
    assert!(
        start.elapsed() < pause * 3,
        "the first event did not wait for the last"
    );
    let mut text = String::from_utf8(first.to_vec()).unwrap();
    while let Some(part) = response.chunk().await.unwrap() {
        text.push_str(std::str::from_utf8(&part).unwrap());
    }
    assert!(start.elapsed() > pause * 3);

    let again = ask(&client, &access, &streamed("harbour?")).await;
    assert_eq!(again.is(200).header("x-cache"), "HIT");
    assert_eq!(again.header("content-type"), "text/event-stream");
    assert_eq!(again.text, text);
    assert!(text.ends_with("data: [DONE]\n\n"));
    assert!(again.took < pause);
    assert_eq!(upstream.calls(), 1);
    assert_eq!(upstream.seen()[0].header("accept"), "text/event-stream");
}

#[tokio::test]
async fn a_plain_and_a_streamed_request_are_cached_apart() {
    let upstream = Upstream::start(|seen| {
        if seen.field("stream") == true {
            Reply::events(&events(&["Hi"], "stop"))
        } else {
            chat(seen)
        }
    })
    .await;
    let aura = before(&upstream).start().await;
    let access = aura.client().newcomer().await.access;
    for source in ["MISS", "HIT"] {
        for (body, kind) in [
            (question("?"), "application/json"),
            (streamed("?"), "text/event-stream"),
        ] {
            let answer = ask(&aura.client(), &access, &body).await;
            assert_eq!(answer.is(200).header("x-cache"), source);
            assert_eq!(answer.header("content-type"), kind);
        }
    }
}

#[tokio::test]
async fn a_stream_that_did_not_finish_is_not_kept_and_one_that_breaks_has_no_clean_end() {
    let upstream = Upstream::start(|seen| {
        let whole = events(&["a", "b"], "stop");
        let most = whole.len() - 1;
        match seen.field("user").as_str().unwrap_or_default() {
            "length" => Reply::events(&events(&["a"], "length")),
            "undone" => Reply::events(&whole[..most]),
            "error" => {
                let mut parts = whole.clone();
                parts.insert(
                    2,
                    "event: error\ndata: {\"error\":{\"message\":\"x\"}}\n\n".to_owned(),
                );
                Reply::events(&parts)
            }
            "breaks" => Reply::events(&whole[..most])
                .pause(Duration::from_millis(80))
                .breaks(),
            "hangs" => Reply::events(&whole[..2]).hangs(),
            other => panic!("{other}"),
        }
    })
    .await;
    let aura = before(&upstream)
        .set("LLM_UPSTREAM_TIMEOUT_SECONDS", 1)
        .start()
        .await;
    let client = aura.client();
    let access = client.newcomer().await.access;
    for kind in ["length", "undone", "error"] {
        let mut body = streamed("?");
        body["user"] = json!(kind);
        for _ in 0..2 {
            let answer = ask(&client, &access, &body).await;
            assert_eq!(answer.is(200).header("x-cache"), "MISS", "{kind}");
        }
    }
    for kind in ["breaks", "hangs"] {
        let mut body = streamed("?");
        body["user"] = json!(kind);
        for _ in 0..2 {
            let mut response = open(&aura, &access, &body).await;
            assert_eq!(response.headers()["x-cache"], "MISS", "{kind}");
            let end = loop {
                match response.chunk().await {
                    Ok(Some(_)) => {}
                    other => break other,
                }
            };
            assert!(end.is_err(), "{kind}: the body breaks off, too");
        }
    }
}

#[tokio::test]
async fn a_reader_that_stops_gives_up_the_call() {
    let upstream = Upstream::start(|_| Reply::events(&events(&["a"], "stop")[..2]).hangs()).await;
    let aura = before(&upstream).start().await;
    let access = aura.client().newcomer().await.access;
    let mut response = open(&aura, &access, &streamed("?")).await;
    response.chunk().await.unwrap().unwrap();
    assert_eq!(upstream.given_up(), 0);
    drop(response);
    eventually(PATIENCE, "the call to be given up", async || {
        (upstream.given_up() == 1).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_stream_may_take_longer_than_a_connection_may_be_idle() {
    let upstream = Upstream::start(|_| {
        let pause = Duration::from_millis(700);
        Reply::events(&events(&["a", "b", "c"], "stop")).pause(pause)
    })
    .await;
    let aura = before(&upstream)
        .set("SERVER_IDLE_TIMEOUT_SECONDS", 1)
        .start()
        .await;
    let access = aura.client().newcomer().await.access;
    let answer = ask(&aura.client(), &access, &streamed("slow?")).await;
    assert!(answer.is(200).text.ends_with("data: [DONE]\n\n"));
    assert!(answer.took > Duration::from_secs(3));
}

#[tokio::test]
async fn a_long_stream_to_a_slow_reader_stays_out_of_memory() {
    // 64 MB to somebody who does not read: what lies in between is some hundred kilobytes.
    let upstream = Upstream::start(|_| {
        let event = format!(
            "data: {{\"choices\":[],\"x\":\"{}\"}}\n\n",
            "y".repeat(1 << 20)
        );
        Reply::events(&vec![event; 64])
    })
    .await;
    let aura = before(&upstream).start().await;
    let access = aura.client().newcomer().await.access;
    let before = aura.resident_bytes();
    let mut response = open(&aura, &access, &streamed("long?")).await;
    response.chunk().await.unwrap().unwrap();
    tokio::time::sleep(Duration::from_secs(2)).await;
    let grown = aura.resident_bytes().saturating_sub(before);
    assert!(grown < 24 << 20, "{grown} bytes more");
    let mut length = 0;
    while let Some(part) = response.chunk().await.unwrap() {
        length += part.len();
    }
    assert!(length > 60 << 20, "and all of it arrives: {length}");
    let again = open(&aura, &access, &streamed("long?")).await;
    assert_eq!(again.headers()["x-cache"], "MISS", "too long to be kept");
}
