//! Headers between the upstream and a client, and lines of the log about both.

use std::time::Duration;

use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::{Reply, Upstream, ask, before, chat, question};
use crate::support::{Proxy, Settings};

const OF_THE_UPSTREAM: [(&str, &str); 6] = [
    ("retry-after-ms", "1500"),
    ("x-should-retry", "false"),
    ("openai-processing-ms", "321"),
    ("openai-organization", "acme"),
    ("openai-version", "2020-10-01"),
    ("x-ratelimit-reset-requests", "1s"),
];

#[tokio::test]
async fn advice_on_retries_and_the_upstream_s_own_request_id_pass() {
    let upstream = Upstream::start(|seen| {
        let mut reply = if seen.field("user") == "busy" {
            Reply::json(
                429,
                &json!({"error": {"message": "slowly", "code": "slow_down"}}),
            )
        } else {
            chat(seen)
        };
        for (name, value) in OF_THE_UPSTREAM {
            reply = reply.header(name, value);
        }
        reply
            .header("x-request-id", "req_of_the_upstream")
            .header("x-envoy-upstream-service-time", "9")
    })
    .await;
    let aura = before(&upstream).start().await;
    let client = aura.client();
    let access = client.newcomer().await.access;
    let mut busy = question("?");
    busy["user"] = json!("busy");
    for (body, status) in [(&question("?"), 200), (&busy, 429)] {
        let answer = ask(&client, &access, body).await;
        answer.is(status);
        for (name, value) in OF_THE_UPSTREAM {
            assert_eq!(answer.header(name), value, "{name}: {answer:#?}");
        }
        assert_eq!(
            answer.header("x-upstream-request-id"),
            "req_of_the_upstream"
        );
        assert!(!answer.headers.contains_key("x-envoy-upstream-service-time"));
        let ours = answer.header("x-request-id");
        assert_ne!(ours, "req_of_the_upstream");
        let log = aura.log();
        let both = |line: &&str| {
            line.contains(ours) && line.contains("upstream_request_id=\"req_of_the_upstream\"")
        };
        assert_eq!(log.lines().filter(both).count(), 1, "{log}");
    }
    // They speak of a call, and a hit makes none.
    let hit = ask(&client, &access, &question("?")).await;
    assert_eq!(hit.is(200).header("x-cache"), "HIT");
    for name in [
        "x-upstream-request-id",
        "openai-processing-ms",
        "x-should-retry",
    ] {
        assert!(!hit.headers.contains_key(name), "{name}");
    }
}

#[tokio::test]
async fn the_request_id_of_other_kinds_of_servers_passes_too() {
    for name in ["request-id", "apim-request-id", "x-amzn-requestid"] {
        let upstream =
            Upstream::start(|seen| chat(seen).header(seen.field("user").as_str().unwrap(), "id-7"))
                .await;
        let aura = before(&upstream).start().await;
        let access = aura.client().newcomer().await.access;
        let mut body = question("?");
        body["user"] = json!(name);
        let answer = ask(&aura.client(), &access, &body).await;
        assert_eq!(
            answer.is(200).header("x-upstream-request-id"),
            "id-7",
            "{name}"
        );
    }
}

/// A server that keeps connections open, but has closed each that was idle for more than 4.5 s by the
/// time that the next request arrives there.
async fn forgetful() -> (String, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/v1", listener.local_addr().expect("an address"));
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        let mut connections = JoinSet::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            connections.spawn(async move {
                let mut idle = std::time::Instant::now();
                while let Some(_seen) = super::upstream::read(&mut stream).await {
                    if idle.elapsed() > Duration::from_millis(4_500) {
                        return;
                    }
                    let body = super::completion("Hi", "stop").to_string();
                    let answer = format!(
                        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\
                         content-length: {}\r\n\r\n{body}",
                        body.len()
                    );
                    let sent = tokio::io::AsyncWriteExt::write_all(&mut stream, answer.as_bytes());
                    if sent.await.is_err() {
                        return;
                    }
                    idle = std::time::Instant::now();
                }
            });
        }
    });
    (url, tasks)
}

#[tokio::test]
async fn a_connection_that_the_upstream_may_have_closed_is_not_used_again() {
    let (url, _server) = forgetful().await;
    let aura = Settings::new()
        .set("LLM_UPSTREAM_URL", url.as_str())
        .start()
        .await;
    let client = aura.client();
    let access = client.newcomer().await.access;
    for number in 0..2 {
        ask(&client, &access, &question(&format!("first {number}")))
            .await
            .is(200);
        tokio::time::sleep(Duration::from_millis(4_700)).await;
        ask(&client, &access, &question(&format!("then {number}")))
            .await
            .is(200);
    }
}

#[tokio::test]
async fn an_outage_of_the_upstream_and_its_end_are_logged_once() {
    let upstream = Upstream::start(chat).await;
    let address = upstream.url();
    let address = address
        .trim_start_matches("http://")
        .trim_end_matches("/v1");
    let way = Proxy::start(address.parse().unwrap()).await;
    let aura = Settings::new()
        .set(
            "LLM_UPSTREAM_URL",
            format!("http://{}/v1", way.address()).as_str(),
        )
        .start()
        .await;
    let client = aura.client();
    let access = client.newcomer().await.access;
    way.refuse();
    for number in 0..5 {
        let answer = ask(&client, &access, &question(&format!("away {number}"))).await;
        answer.problem(502, "upstream_unavailable");
    }
    way.forward();
    for number in 0..3 {
        // Its listener comes back in a moment.
        crate::support::eventually(crate::support::PATIENCE, "an answer", async || {
            let answer = ask(&client, &access, &question(&format!("back {number}"))).await;
            (answer.status == 200).then_some(())
        })
        .await;
    }
    let log = aura.log();
    let lines = |what: &str| log.lines().filter(|line| line.contains(what)).count();
    assert_eq!(lines("the upstream failed"), 1, "{log}");
    assert_eq!(lines("the upstream answers again"), 1, "{log}");
}

#[tokio::test]
async fn an_answer_without_content_has_no_length() {
    let upstream = Upstream::start(|_| Reply::json(204, &json!({"x": 1}))).await;
    let aura = before(&upstream).start().await;
    let client = aura.client();
    let access = client.newcomer().await.access;
    let answer = ask(&client, &access, &question("nothing?")).await;
    assert!(!answer.is(204).headers.contains_key("content-length"));
    assert_eq!(answer.text, "");
}
