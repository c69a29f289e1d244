//! The routes: each is forwarded and cached as it should be, and one that is not there says so.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Reply, Upstream, before, chat};

#[tokio::test]
async fn every_route_is_forwarded_and_embeddings_are_always_kept() {
    let upstream = Upstream::start(|seen| match seen.asked.as_str() {
        "GET /v1/models" => Reply::json(200, &json!({"object": "list", "data": [{"id": "tiny"}]})),
        "GET /v1/models/tiny" | "GET /v1/models/org/tiny" => {
            Reply::json(200, &json!({"id": "tiny", "object": "model"}))
        }
        "POST /v1/moderations" => {
            Reply::json(200, &json!({"id": "m", "results": [{"flagged": false}]}))
        }
        "POST /v1/embeddings" => Reply::json(
            200,
            &json!({"data": [{"index": 0, "embedding": [0.5]}], "usage": {"total_tokens": 2}}),
        ),
        "POST /v1/completions" => Reply::json(
            200,
            &json!({"choices": [{"index": 0, "text": "Hi", "finish_reason": "stop"}]}),
        ),
        other => Reply::json(404, &json!({"error": {"message": other}})),
    })
    .await;
    let aura = before(&upstream).start().await;
    let client = aura.client();
    let access = client.newcomer().await.access;
    for (path, body, sources) in [
        (
            "/v1/embeddings",
            json!({"model": "e", "input": "x"}),
            ["MISS", "HIT"],
        ),
        (
            "/v1/completions",
            json!({"prompt": "x", "seed": 1}),
            ["MISS", "HIT"],
        ),
        (
            "/v1/completions",
            json!({"prompt": "x"}),
            ["BYPASS", "BYPASS"],
        ),
    ] {
        for source in sources {
            let answer = client.with_body(Method::POST, path, &access, &body).await;
            assert_eq!(answer.is(200).header("x-cache"), source, "{answer:#?}");
        }
    }
    for path in [
        "/v1/models",
        "/v1/models/tiny",
        "/v1/models/org/tiny",
        "/v1/models/org%2Ftiny",
    ] {
        for source in ["BYPASS", "BYPASS"] {
            let models = client.bearer(Method::GET, path, &access).await;
            assert_eq!(models.is(200).header("x-cache"), source);
            let one = models
                .json
                .get("data")
                .map_or(&models.json, |data| &data[0]);
            assert_eq!(one["id"], "tiny", "{path}");
        }
    }
    let asked_to_be_kept = async |method: Method, path: &str, body: &Value| {
        let answer = client.call(method, path, |request| {
            let request = request.bearer_auth(&access).json(body);
            request.header("cache-control", "max-age=60")
        });
        answer.await.is(200).header("x-cache").to_owned()
    };
    let moderation = json!({"input": "x"});
    let path = "/v1/moderations";
    let answer = client
        .with_body(Method::POST, path, &access, &moderation)
        .await;
    assert_eq!(answer.is(200).header("x-cache"), "BYPASS");
    for source in ["MISS", "HIT"] {
        for path in ["/v1/models", "/v1/models/tiny"] {
            let found = asked_to_be_kept(Method::GET, path, &Value::Null).await;
            assert_eq!(found, source, "{path}");
        }
        let found = asked_to_be_kept(Method::POST, path, &moderation).await;
        assert_eq!(found, source);
    }
    // Another name is another question; the two spellings of a slash are one.
    let other = asked_to_be_kept(Method::GET, "/v1/models/org/tiny", &Value::Null).await;
    assert_eq!(other, "MISS");
    let same = asked_to_be_kept(Method::GET, "/v1/models/org%2Ftiny", &Value::Null).await;
    assert_eq!(same, "HIT");
}

#[tokio::test]
async fn a_route_that_is_not_there_names_those_that_are() {
    let upstream = Upstream::start(chat).await;
    let aura = before(&upstream).start().await;
    let client = aura.client();
    let access = client.newcomer().await.access;
    for path in [
        "/v1/files",
        "/v1/audio/speech",
        "/v1/responses/resp_1",
        "/v1/nothing/at/all",
    ] {
        let answer = client.bearer(Method::GET, path, &access).await;
        answer.problem(404, "not_found");
        let message = answer.json["error"]["message"].as_str().unwrap();
        for route in [
            "POST /v1/responses",
            "GET /v1/models/{model}",
            "POST /v1/chat/completions",
        ] {
            assert!(message.contains(route), "{message}");
        }
        assert!(!message.contains("/auth"), "{message}");
    }
    // What leads elsewhere is not asked.
    for path in ["/v1/models/a%2F..%2F..%2Fchat", "/v1/models/a//b"] {
        let answer = client.bearer(Method::GET, path, &access).await;
        answer.problem(404, "model_not_found");
    }
    assert_eq!(upstream.calls(), 0);
}
