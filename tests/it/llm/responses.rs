//! `/v1/responses`: forwarded, streamed, counted; kept only where the upstream stores nothing.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::{Reply, Seen, Upstream, before};
use crate::support::{Answer, Client, PATIENCE, Redis, eventually};

pub(super) const RESPONSES: &str = "/v1/responses";

/// A response that says `text`, or as much of it as there is.
pub(super) fn response(status: &str, text: &str) -> Value {
    let output = if text.is_empty() {
        json!([])
    } else {
        json!([{
            "type": "message", "id": "msg_1", "status": status, "role": "assistant",
            "content": [{"type": "output_text", "text": text, "annotations": []}],
        }])
    };
    json!({
        "id": "resp_1", "object": "response", "created_at": 1, "model": "tiny", "status": status,
        "error": null, "incomplete_details": null, "output": output, "parallel_tool_calls": true,
        "tool_choice": "auto", "tools": [], "store": false,
        "usage": {
            "input_tokens": 60, "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": 40, "output_tokens_details": {"reasoning_tokens": 0},
        },
    })
}

/// The events of a streamed response that says `words` and ends with `status`.
pub(super) fn response_events(words: &[&str], status: &str) -> Vec<String> {
    let event = |kind: &str, mut data: Value| {
        data["type"] = json!(kind);
        format!("event: {kind}\ndata: {data}\n\n")
    };
    let created = json!({"response": response("in_progress", ""), "sequence_number": 0});
    let item = json!({
        "type": "message", "id": "msg_1", "status": "in_progress", "role": "assistant",
        "content": [],
    });
    let part = json!({"type": "output_text", "text": "", "annotations": []});
    let part = json!({
        "item_id": "msg_1", "output_index": 0, "content_index": 0, "part": part,
        "sequence_number": 1,
    });
    let mut events = vec![
        event("response.created", created),
        event(
            "response.output_item.added",
            json!({"output_index": 0, "item": item, "sequence_number": 1}),
        ),
        event("response.content_part.added", part),
    ];
    events.extend(words.iter().map(|word| {
        let delta = json!({
            "delta": word, "item_id": "msg_1", "output_index": 0, "content_index": 0,
            "sequence_number": 1, "logprobs": [],
        });
        event("response.output_text.delta", delta)
    }));
    let whole = json!({"response": response(status, &words.concat()), "sequence_number": 2});
    events.push(event(&format!("response.{status}"), whole));
    events
}

fn script(seen: &Seen) -> Reply {
    let status = match seen.field("user").as_str() {
        Some("incomplete") => "incomplete",
        _ => "completed",
    };
    let mut events = response_events(&["Bre", "st"], status);
    if seen.field("user") == "done" {
        events.push("data: [DONE]\n\n".to_owned());
    }
    if seen.field("stream") == true {
        return Reply::events(&events).pause(Duration::from_millis(20));
    }
    Reply::json(200, &response(status, &format!("answer {}", seen.number)))
}

/// A question that is stored nowhere and whose answer should not vary.
fn asked(input: &str) -> Value {
    json!({"model": "tiny", "input": input, "store": false, "temperature": 0})
}

async fn ask(client: &Client, access: &str, body: &Value) -> Answer {
    client
        .with_body(Method::POST, RESPONSES, access, body)
        .await
}

#[tokio::test]
async fn an_answer_is_kept_where_the_upstream_stores_nothing() {
    let upstream = Upstream::start(script).await;
    let redis = Redis::start().await;
    let mut all = vec![before(&upstream)];
    all.extend(redis.as_ref().map(|redis| before(&upstream).redis(redis)));
    for settings in all {
        let aura = settings.start().await;
        let client = aura.client();
        let access = client.newcomer().await.access;
        for stream in [false, true] {
            let mut body = asked("a harbour?");
            body["stream"] = json!(stream);
            let first = ask(&client, &access, &body).await;
            assert_eq!(first.is(200).header("x-cache"), "MISS", "{first:#?}");
            let second = ask(&client, &access, &body).await;
            assert_eq!(second.is(200).header("x-cache"), "HIT", "{second:#?}");
            assert_eq!(first.text, second.text, "byte for byte");
            assert_eq!(stream, first.text.ends_with("}\n\n"), "{}", first.text);
        }
        assert_eq!(upstream.seen().last().unwrap().asked, "POST /v1/responses");
    }
}

#[tokio::test]
async fn a_stored_or_unfinished_response_is_never_cached() {
    let upstream = Upstream::start(script).await;
    let aura = before(&upstream).start().await;
    let client = aura.client();
    let access = client.newcomer().await.access;
    for (member, value) in [
        ("store", json!(true)),
        ("store", Value::Null),
        ("previous_response_id", json!("resp_0")),
        ("conversation", json!("conv_0")),
        ("prompt", json!({"id": "pmpt_0"})),
        ("temperature", json!(1)),
        ("tools", json!([{"type": "web_search_preview"}])),
        (
            "tools",
            json!([{"type": "mcp", "server_url": "https://a.example.com"}]),
        ),
        ("input", json!([{"type": "item_reference", "id": "msg_0"}])),
        ("Store", json!(true)),
        ("Previous_Response_Id", json!("resp_0")),
        (
            "tools",
            json!([{"type": "shell", "environment": {"type": "container_auto"}}]),
        ),
        (
            "input",
            json!([{"role": "user", "content": [
                {"type": "input_image", "image_url": "https://a.example.com/b.png"},
            ]}]),
        ),
    ] {
        let mut body = asked("stored");
        body[member] = value;
        for _ in 0..2 {
            let answer = ask(&client, &access, &body).await;
            assert_eq!(answer.is(200).header("x-cache"), "BYPASS", "{member}");
        }
    }
    // Nobody could fetch it here.
    for name in ["background", "Background"] {
        let mut later = asked("stored");
        later[name] = json!(true);
        let refused = ask(&client, &access, &later).await;
        refused.problem(422, "invalid_input");
    }
    // Nor where it is asked for.
    let mut stored = asked("stored");
    stored["store"] = json!(true);
    let demanded = client.call(Method::POST, RESPONSES, |request| {
        let request = request.bearer_auth(&access).json(&stored);
        request.header("cache-control", "max-age=60")
    });
    assert_eq!(demanded.await.is(200).header("x-cache"), "BYPASS");
    for stream in [false, true] {
        let mut body = asked("cut");
        body["user"] = json!("incomplete");
        body["stream"] = json!(stream);
        for _ in 0..2 {
            let answer = ask(&client, &access, &body).await;
            assert_eq!(answer.is(200).header("x-cache"), "MISS", "{stream}");
        }
    }
}

#[tokio::test]
async fn data_after_the_last_event_reaches_every_reader() {
    let upstream = Upstream::start(script).await;
    let aura = before(&upstream).start().await;
    let client = aura.client();
    let access = client.newcomer().await.access;
    let mut body = asked("to the end");
    body["stream"] = json!(true);
    body["user"] = json!("done");
    for source in ["MISS", "HIT"] {
        let answer = ask(&client, &access, &body).await;
        assert_eq!(answer.is(200).header("x-cache"), source);
        assert!(answer.text.ends_with("data: [DONE]\n\n"), "{}", answer.text);
    }
}

#[tokio::test]
async fn responses_count_tokens_and_check_models_like_other_routes() {
    let upstream = Upstream::start(script).await;
    let aura = before(&upstream)
        .set("LLM_TOKENS_PER_DAY", 250)
        .set("LLM_MODELS", "tiny,omni")
        .start()
        .await;
    let client = aura.client();
    let access = client.newcomer().await.access;
    let used = async |tokens: i64| {
        eventually(PATIENCE, "the tokens used", async || {
            let usage = client.bearer(Method::GET, "/llm/usage", &access).await;
            (usage.is(200).json["used"] == tokens).then_some(())
        })
        .await;
    };
    // Of the parts of `usage`: this upstream says no sum.
    for (stream, tokens) in [(false, 100), (true, 200)] {
        let mut body = asked("tokens");
        body["stream"] = json!(stream);
        body["temperature"] = json!(1);
        ask(&client, &access, &body).await.is(200);
        used(tokens).await;
    }
    let mut many = asked("many");
    many["max_output_tokens"] = json!(1_000_000);
    // It gets what is left, and goes over.
    ask(&client, &access, &many).await.is(200);
    used(300).await;
    ask(&client, &access, &asked("more"))
        .await
        .problem(429, "rate_limited");

    let mut huge = asked("x");
    huge["model"] = json!("huge");
    ask(&client, &access, &huge)
        .await
        .problem(404, "model_not_found");
    let mut odd = asked("x");
    odd["Max_Output_Tokens"] = json!(1);
    ask(&client, &access, &odd)
        .await
        .problem(422, "invalid_input");
    for path in ["/v1/models/huge", "/v1/models/tiny/huge"] {
        let one = client.bearer(Method::GET, path, &access).await;
        one.problem(404, "model_not_found");
    }
    client
        .bearer(Method::GET, "/v1/models/tiny", &access)
        .await
        .is(200);
    let unnamed = json!({"input": "x"});
    let answer = client
        .with_body(Method::POST, "/v1/moderations", &access, &unnamed)
        .await;
    answer.problem(404, "model_not_found");
}
