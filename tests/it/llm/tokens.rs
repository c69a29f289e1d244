//! Tokens a day: counted as the upstream says, never overspent by parallel calls, shown to users and
//! administrators.

use std::time::Duration;

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use super::upstream::{completion, events};
use super::{Reply, Upstream, ask, before, question};
use crate::support::{Aura, Client, PATIENCE, Redis, Settings, eventually};

/// A question that is never cached, with an answer of at most `most` tokens.
fn asked(content: &str, most: u64) -> Value {
    let mut body = question(content);
    body["temperature"] = json!(1);
    body["max_tokens"] = json!(most);
    body
}

/// Replies that say they took 100 tokens; streams do not say.
async fn upstream() -> Upstream {
    Upstream::start(|seen| {
        if seen.field("stream") == json!(true) {
            return Reply::events(&events(&["a", "b"], "stop"));
        }
        let mut body = completion("Hi", "stop");
        body["usage"] = json!({"total_tokens": 100});
        Reply::json(200, &body).after(Duration::from_millis(100))
    })
    .await
}

/// Waits until the caller's tokens are `used`.
async fn becomes(client: &Client, access: &str, used: i64) {
    eventually(PATIENCE, "the tokens used", async || {
        let usage = client.bearer(Method::GET, "/llm/usage", access).await;
        (usage.is(200).json["used"] == used).then_some(())
    })
    .await;
}

async fn both_stores(upstream: &Upstream) -> (Option<Redis>, Vec<Settings>) {
    let redis = Redis::start().await;
    let mut all = vec![before(upstream)];
    all.extend(redis.as_ref().map(|redis| before(upstream).redis(redis)));
    (redis, all)
}

#[tokio::test]
async fn a_day_has_the_tokens_of_the_setting_and_hits_take_none() {
    let upstream = upstream().await;
    let (_redis, all) = both_stores(&upstream).await;
    for settings in all {
        let aura = settings.set("LLM_TOKENS_PER_DAY", 250).start().await;
        let client = aura.client();
        let access = client.newcomer().await.access;
        // Kept, and so given again for nothing.
        for source in ["MISS", "HIT"] {
            let answer = ask(&client, &access, &question("kept")).await;
            assert_eq!(answer.is(200).header("x-cache"), source);
            becomes(&client, &access, 100).await;
        }
        ask(&client, &access, &asked("two", 10)).await.is(200);
        becomes(&client, &access, 200).await;
        ask(&client, &access, &asked("three", 1_000)).await.is(200);
        becomes(&client, &access, 300).await;
        let calls = upstream.calls();
        let refused = ask(&client, &access, &asked("four", 1)).await;
        refused.problem(429, "rate_limited");
        let wait: i64 = refused.header("retry-after").parse().unwrap();
        assert!((1..=86_400).contains(&wait), "{wait}");
        let policy = refused.header("ratelimit-policy");
        assert!(policy.contains("\"llm-tokens\";q=250;w=86400"), "{policy}");
        assert_eq!(upstream.calls(), calls);
        let kept = ask(&client, &access, &question("kept")).await;
        assert_eq!(kept.is(200).header("x-cache"), "HIT");
        // Another user has tokens of their own.
        let other = client.newcomer().await.access;
        ask(&client, &other, &asked("five", 10)).await.is(200);
        shown(&aura, 400).await;
    }
}

/// The metrics say what all users took.
async fn shown(aura: &Aura, tokens: u64) {
    let taken = format!("aura_llm_tokens_total {tokens}\n");
    eventually(PATIENCE, "the tokens in the metrics", async || {
        let metrics = aura.metrics().get("/metrics").await.text;
        assert!(
            metrics.contains("aura_llm_tokens_refused_total 1\n"),
            "{metrics}"
        );
        metrics.contains(&taken).then_some(())
    })
    .await;
}

#[tokio::test]
async fn parallel_calls_do_not_spend_more_than_is_left() {
    let upstream = upstream().await;
    let (redis, mut all) = both_stores(&upstream).await;
    let accounts = crate::support::Sqlite::new();
    // Two replicas count together.
    let mut servers = vec![vec![
        all.remove(0).set("LLM_TOKENS_PER_DAY", 1_000).start().await,
    ]];
    if redis.is_some() {
        let settings = all.remove(0).set("LLM_TOKENS_PER_DAY", 1_000);
        let settings = settings.database(&accounts.url());
        servers.push(vec![settings.start().await, settings.start().await]);
    }
    for replicas in servers {
        let access = replicas[0].client().newcomer().await.access;
        let calls = upstream.calls();
        // Each reserves what it takes: 100, and its question of some 35 bytes a token.
        let asked: Vec<Value> = (0..40).map(|at| asked(&format!("q{at}"), 100)).collect();
        let sent = asked.iter().enumerate().map(|(at, body)| {
            let client = replicas[at % replicas.len()].client();
            let access = &access;
            async move { ask(&client, access, body).await }
        });
        let answers = join_all(sent).await;
        let served = answers.iter().filter(|answer| answer.status == 200).count();
        assert!((1..=10).contains(&served), "{served} of 40");
        for refused in answers.iter().filter(|answer| answer.status != 200) {
            refused.problem(429, "rate_limited");
        }
        assert_eq!(upstream.calls(), calls + served);
        let used = i64::try_from(served * 100).unwrap();
        becomes(&replicas[0].client(), &access, used).await;
    }
}

#[tokio::test]
async fn a_stream_that_says_nothing_of_tokens_is_estimated_and_failures_cost_nothing() {
    let upstream = upstream().await;
    let aura = before(&upstream).start().await;
    let client = aura.client();
    let access = client.newcomer().await.access;
    let mut body = asked("stream", 1_000);
    body["stream"] = json!(true);
    let prompt = i64::try_from(body.to_string().len() / 4 + 1).unwrap();
    ask(&client, &access, &body).await.is(200);
    // Four events and the end.
    becomes(&client, &access, prompt + 5).await;

    let absent = Settings::new().set("LLM_UPSTREAM_URL", "http://127.0.0.1:1/v1");
    let aura = absent.set("LLM_TOKENS_PER_DAY", 100).start().await;
    let access = aura.client().newcomer().await.access;
    for _ in 0..3 {
        let failed = ask(&aura.client(), &access, &asked("?", 1_000)).await;
        failed.problem(502, "upstream_unavailable");
        becomes(&aura.client(), &access, 0).await;
    }
}

#[tokio::test]
async fn administrators_see_the_users_with_the_most_tokens() {
    let upstream = upstream().await;
    let accounts = crate::support::Sqlite::new();
    let settings = before(&upstream).database(&accounts.url());
    let aura = settings.start().await;
    let client = aura.client();
    let ann = client.newcomer().await;
    ask(&client, &ann.access, &asked("?", 10)).await.is(200);
    becomes(&client, &ann.access, 100).await;
    let users = client
        .bearer(Method::GET, "/llm/usage/users", &ann.access)
        .await;
    users.problem(403, "forbidden");
    let set = ["user", "set-roles", &ann.email, "admin"];
    settings.done(&set).await;
    let ann = client.signed_in(&ann.email).await;
    let users = client
        .bearer(Method::GET, "/llm/usage/users", &ann.access)
        .await;
    let expected = json!([{"user_id": ann.claims()["sub"], "used": 100}]);
    assert_eq!(users.is(200).json, expected);
}

#[tokio::test]
async fn each_alternative_of_each_prompt_of_a_list_reserves_its_tokens() {
    let upstream = Upstream::start(|_| Reply::silence()).await;
    let settings = before(&upstream).set("LLM_TOKENS_PER_DAY", 10_000);
    let aura = settings.start().await;
    let client = aura.client();
    let access = client.newcomer().await.access;
    let body = json!({"model": "tiny", "prompt": ["a", "b", "c"], "n": 2, "max_tokens": 100});
    let question = i64::try_from(body.to_string().len() / 4 + 1).unwrap();
    let mut asking = tokio::task::JoinSet::new();
    let (other, token) = (aura.client(), access.clone());
    asking.spawn(async move {
        let path = "/v1/completions";
        other.with_body(Method::POST, path, &token, &body).await
    });
    becomes(&client, &access, question + 600).await;
}
