//! Equal questions at the same time are answered by one call.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::streams::{open, streamed};
use super::upstream::events;
use super::{Reply, Upstream, ask, before, chat, question, statistics};
use crate::support::{Answer, Aura, PATIENCE, Redis, eventually};

const MANY: usize = 100;

async fn all_ask(aura: &Aura, access: &str, body: &Value) -> Vec<Answer> {
    let mut calls = JoinSet::new();
    for _ in 0..MANY {
        let (client, access, body) = (aura.client(), access.to_owned(), body.clone());
        calls.spawn(async move { ask(&client, &access, &body).await });
    }
    calls.join_all().await
}

fn sources(answers: &[Answer], source: &str) -> usize {
    let from = |answer: &&Answer| answer.header("x-cache") == source;
    answers.iter().filter(from).count()
}

#[tokio::test]
async fn a_hundred_parallel_requests_make_one_call() {
    let upstream = Upstream::start(|seen| {
        let reply = if seen.field("stream") == true {
            Reply::events(&events(&["a", "b"], "stop")).pause(Duration::from_millis(50))
        } else {
            chat(seen)
        };
        // One is over in no time, one takes its while.
        reply.after(Duration::from_millis(
            seen.field("seed").as_u64().unwrap_or(0),
        ))
    })
    .await;
    let redis = Redis::start().await;
    let mut all = vec![before(&upstream)];
    all.extend(redis.as_ref().map(|redis| before(&upstream).redis(redis)));
    for settings in all {
        let aura = settings.start().await;
        let access = aura.client().newcomer().await.access;
        let calls = upstream.calls();
        for (number, (delay, stream)) in [(0, false), (400, false), (0, true), (400, true)]
            .into_iter()
            .enumerate()
        {
            let mut body = question("the same");
            body["seed"] = json!(delay);
            body["stream"] = json!(stream);
            let answers = all_ask(&aura, &access, &body).await;
            assert_eq!(upstream.calls(), calls + number + 1, "{delay} {stream}");
            for answer in &answers {
                assert_eq!(answer.is(200).text, answers[0].text);
            }
            assert_eq!(sources(&answers, "MISS"), 1);
            let others = sources(&answers, "COALESCED") + sources(&answers, "HIT");
            assert_eq!(others, MANY - 1);
        }
        let counted = statistics(&aura.client()).await;
        let sum = ["hits", "misses", "coalesced"].map(|name| counted[name].as_u64().unwrap());
        assert_eq!(sum.iter().sum::<u64>(), 4 * MANY as u64, "{counted:#?}");
        assert_eq!(counted["misses"], 4);
    }
}

#[tokio::test]
async fn when_the_first_call_fails_the_others_try_for_themselves() {
    // Each kind needs a number 0 of its own.
    for kind in ["error", "breaks", "stream"] {
        let upstream = Upstream::start(script).await;
        let aura = before(&upstream).start().await;
        let access = aura.client().newcomer().await.access;
        let mut body = question("?");
        body["user"] = json!(kind);
        body["stream"] = json!(kind == "stream");
        let mut calls = JoinSet::new();
        for _ in 0..5 {
            let (client, access, body) = (aura.client(), access.clone(), body.clone());
            calls.spawn(async move {
                let send = client.send(reqwest::Method::POST, super::CHAT, |request| {
                    request.bearer_auth(&access).json(&body)
                });
                send.await.ok().filter(|answer| answer.status == 200)
            });
        }
        let good = calls.join_all().await.into_iter().flatten().count();
        assert_eq!(good, 4, "{kind}: all but the first");
        assert!(upstream.calls() >= 5, "{kind}: {}", upstream.calls());
    }
}

/// The first call fails, the others do not.
fn script(seen: &super::upstream::Seen) -> Reply {
    let wait = Duration::from_millis(600);
    match (seen.number, seen.field("stream") == true) {
        (0, _) if seen.field("user") == "error" => {
            Reply::json(500, &json!({"error": {"message": "x"}})).after(wait)
        }
        (0, false) => Reply::json(200, &json!({"half": 1})).breaks().after(wait),
        (0, true) => Reply::events(&[]).breaks().after(wait),
        (_, true) => Reply::events(&events(&["a"], "stop")),
        (_, false) => chat(seen),
    }
}

#[tokio::test]
async fn a_client_that_goes_does_not_end_the_call_that_others_wait_for() {
    let upstream = Upstream::start(|seen| {
        if seen.field("stream") == true {
            Reply::events(&events(&["a", "b", "c"], "stop")).pause(Duration::from_millis(300))
        } else {
            chat(seen).after(Duration::from_secs(1))
        }
    })
    .await;
    let aura = before(&upstream).start().await;
    let client = aura.client();
    let access = client.newcomer().await.access;
    for (number, body) in [question("?"), streamed("?")].into_iter().enumerate() {
        let first = {
            let (client, access, body) = (client.clone(), access.clone(), body.clone());
            tokio::spawn(async move { ask(&client, &access, &body).await })
        };
        eventually(PATIENCE, "the call", async || {
            (upstream.calls() > number).then_some(())
        })
        .await;
        let second = {
            let (client, access, body) = (client.clone(), access.clone(), body.clone());
            tokio::spawn(async move { ask(&client, &access, &body).await })
        };
        tokio::time::sleep(Duration::from_millis(300)).await;
        first.abort();
        let answer = second.await.unwrap();
        assert_eq!(answer.is(200).header("x-cache"), "COALESCED");
        assert_eq!(upstream.calls(), number + 1);
        assert_eq!(upstream.given_up(), 0);
        let later = ask(&client, &access, &body).await;
        assert_eq!(later.header("x-cache"), "HIT");
        assert_eq!(later.text, answer.text);
    }
}

#[tokio::test]
async fn a_late_reader_gets_the_stream_from_the_beginning() {
    let upstream = Upstream::start(|_| {
        Reply::events(&events(&["a", "b", "c"], "stop")).pause(Duration::from_millis(300))
    })
    .await;
    let aura = before(&upstream).start().await;
    let access = aura.client().newcomer().await.access;
    let mut first = open(&aura, &access, &streamed("?")).await;
    let mut text = first.chunk().await.unwrap().unwrap().to_vec();
    tokio::time::sleep(Duration::from_millis(400)).await;
    let late = ask(&aura.client(), &access, &streamed("?")).await;
    while let Some(part) = first.chunk().await.unwrap() {
        text.extend_from_slice(&part);
    }
    assert_eq!(late.header("x-cache"), "COALESCED");
    assert_eq!(late.text.as_bytes(), text);
    assert_eq!(upstream.calls(), 1);
}

#[tokio::test]
async fn requests_that_are_not_cached_are_not_shared() {
    let upstream = Upstream::start(|seen| chat(seen).after(Duration::from_millis(300))).await;
    let aura = before(&upstream).start().await;
    let access = aura.client().newcomer().await.access;
    let body = json!({"model": "tiny", "messages": []});
    let answers = all_ask(&aura, &access, &body).await;
    assert_eq!(sources(&answers, "BYPASS"), MANY);
    assert_eq!(upstream.calls(), MANY);
}
