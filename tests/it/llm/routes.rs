//! The routes: each is forwarded and cached as it should be, and one that is not there says so.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Reply, Upstream, before, chat};

/// Sources of two equal requests in a row.
const CACHED: [&str; 2] = ["MISS", "HIT"];
const PASSED_ON: [&str; 2] = ["BYPASS", "BYPASS"];

/// An upstream that knows every route.
async fn upstream() -> Upstream {
    Upstream::start(|seen| match seen.asked.as_str() {
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
    .await
}

#[tokio::test]
async fn routes_cache_what_should_not_vary_and_embeddings_always() {
    let upstream = upstream().await;
    let aura = before(&upstream).start().await;
    let client = aura.client();
    let access = client.newcomer().await.access;
    for (path, body, sources) in [
        (
            "/v1/embeddings",
            json!({"model": "e", "input": "x"}),
            CACHED,
        ),
        ("/v1/completions", json!({"prompt": "x", "seed": 1}), CACHED),
        ("/v1/completions", json!({"prompt": "x"}), PASSED_ON),
        ("/v1/moderations", json!({"input": "x"}), PASSED_ON),
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
        for source in PASSED_ON {
            let models = client.bearer(Method::GET, path, &access).await;
            assert_eq!(models.is(200).header("x-cache"), source);
            let one = models
                .json
                .get("data")
                .map_or(&models.json, |data| &data[0]);
            assert_eq!(one["id"], "tiny", "{path}");
        }
    }
}

#[tokio::test]
async fn max_age_caches_the_answers_of_any_route() {
    let upstream = upstream().await;
    let aura = before(&upstream).start().await;
    let client = aura.client();
    let access = client.newcomer().await.access;
    let (get, post) = (Method::GET, Method::POST);
    let (none, moderation) = (Value::Null, json!({"input": "x"}));
    for (method, path, body, sources) in [
        (&get, "/v1/models", &none, &CACHED[..]),
        (&get, "/v1/models/tiny", &none, &CACHED),
        (&post, "/v1/moderations", &moderation, &CACHED),
        // Another name is another question; the two spellings of a slash are one.
        (&get, "/v1/models/org/tiny", &none, &["MISS"]),
        (&get, "/v1/models/org%2Ftiny", &none, &["HIT"]),
    ] {
        for source in sources {
            let answer = client.call(method.clone(), path, |request| {
                let request = request.bearer_auth(&access).json(body);
                request.header("cache-control", "max-age=60")
            });
            let answer = answer.await;
            assert_eq!(answer.is(200).header("x-cache"), *source, "{path}");
        }
    }
}

#[tokio::test]
async fn an_unknown_route_lists_the_known_ones() {
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
