//! Plain answers: forwarded as they are, kept where they may be, given again.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::upstream::completion;
use super::{CHAT, KEY, Reply, Upstream, ask, ask_with, before, chat, question, statistics};
use crate::support::{Redis, Settings};

#[tokio::test]
async fn the_second_request_gets_the_first_answer_without_a_call() {
    let upstream = Upstream::start(chat).await;
    let redis = Redis::start().await;
    let mut all = vec![before(&upstream)];
    all.extend(redis.as_ref().map(|redis| before(&upstream).redis(redis)));
    for settings in all {
        let aura = settings.start().await;
        let client = aura.client();
        let session = client.newcomer().await;
        let calls = upstream.calls();
        let first = ask(&client, &session.access, &question("harbours?")).await;
        assert_eq!(first.is(200).header("x-cache"), "MISS", "{first:#?}");
        assert!(!first.headers.contains_key("age"));
        // Other white space, other order of the body's own members, same question.
        let same = r#"{"temperature":0 , "model":"tiny","messages":[ {"role":"\u0075ser","content":"harbours?"}]}"#;
        let second = client
            .call(Method::POST, CHAT, |request| {
                let request = request.bearer_auth(&session.access);
                request
                    .header("content-type", "application/json; charset=utf-8")
                    .body(same)
            })
            .await;
        assert_eq!(second.is(200).header("x-cache"), "HIT", "{second:#?}");
        assert!(second.header("age").parse::<u32>().unwrap() < 30);
        assert_eq!(first.text, second.text, "byte for byte");
        assert_eq!(first.header("content-type"), second.header("content-type"));
        assert_eq!(upstream.calls(), calls + 1);

        let counted = statistics(&client).await;
        for (name, value) in [("hits", 1), ("misses", 1), ("stored", 1), ("entries", 1)] {
            assert_eq!(counted[name], value, "{name}: {counted:#?}");
        }
        assert_eq!(counted["saved_tokens"], 7);
        assert_eq!(counted["hit_ratio"], 0.5);
        assert_eq!(counted["bytes"], first.text.len());
        let metrics = aura.metrics().get("/metrics").await.text;
        for (name, key) in [
            ("hits", "hits"),
            ("misses", "misses"),
            ("bypassed", "bypassed"),
            ("coalesced", "coalesced"),
            ("errors", "errors"),
            ("stored", "stored"),
            ("stored_bytes", "bytes"),
            ("saved_tokens", "saved_tokens"),
            ("saved_milliseconds", "saved_ms"),
        ] {
            let line = format!("aura_llm_cache_{name}_total {}\n", counted[key]);
            assert!(metrics.contains(&line), "{line} in {metrics}");
        }
    }
}

#[tokio::test]
async fn the_upstream_is_sent_the_body_as_it_came_and_nothing_of_the_client_beside() {
    let upstream = Upstream::start(chat).await;
    let aura = before(&upstream).start().await;
    let client = aura.client();
    let session = client.newcomer().await;
    let odd = r#"{ "model" : "tiny","n":1.50,  "messages":[],"x":"\u00e9" }"#;
    client
        .call(Method::POST, CHAT, |request| {
            request
                .bearer_auth(&session.access)
                .header("content-type", "application/json")
                .header("cookie", "secret=1")
                .header("x-request-id", "my-own-id")
                .header("x-forwarded-for", "1.2.3.4")
                .body(odd)
        })
        .await
        .is(200);
    let seen = upstream.seen().remove(0);
    assert_eq!(seen.asked, "POST /v1/chat/completions");
    assert_eq!(seen.body, odd);
    assert_eq!(seen.header("authorization"), format!("Bearer {KEY}"));
    assert_eq!(seen.header("x-request-id"), "my-own-id");
    let mut names: Vec<&str> = seen.headers.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    let expected = [
        "accept",
        "accept-encoding",
        "authorization",
        "content-length",
        "content-type",
        "host",
        "user-agent",
        "x-request-id",
    ];
    assert_eq!(names, expected);
    assert!(!aura.log().contains(KEY), "{}", aura.log());
}

#[tokio::test]
async fn key_order_in_nested_objects_makes_another_entry() {
    let upstream = Upstream::start(chat).await;
    let aura = before(&upstream).start().await;
    let client = aura.client();
    let access = client.newcomer().await.access;
    let send = async |schema: &str| {
        let body = format!(
            r#"{{"model":"tiny","temperature":0,"messages":[],"response_format":{{"json_schema":
               {{"schema":{{"properties":{{{schema}}}}}}}}}}}"#
        );
        let answer = client.call(Method::POST, CHAT, |request| {
            let request = request.bearer_auth(&access);
            request
                .header("content-type", "application/json")
                .body(body)
        });
        answer.await.is(200).header("x-cache").to_owned()
    };
    let (one, other) = (r#""why":{},"answer":{}"#, r#""answer":{},"why":{}"#);
    assert_eq!(send(one).await, "MISS");
    assert_eq!(send(other).await, "MISS");
    assert_eq!(send(one).await, "HIT");
    assert_eq!(send(other).await, "HIT");
}

#[tokio::test]
async fn cache_control_is_obeyed_and_only_steady_requests_are_cached() {
    let upstream = Upstream::start(chat).await;
    let aura = before(&upstream).start().await;
    let client = aura.client();
    let access = client.newcomer().await.access;
    let steady = question("steady");
    let source = async |body: &Value, control: &str| {
        let answer = ask_with(&client, &access, body, control).await;
        let text = answer.is(200).text.clone();
        (answer.header("x-cache").to_owned(), text)
    };
    assert_eq!(source(&steady, "no-store").await.0, "BYPASS");
    assert_eq!(
        source(&steady, "max-age=60").await.0,
        "MISS",
        "nothing was kept before"
    );
    let (hit, kept) = source(&steady, "max-age=60").await;
    assert_eq!(hit, "HIT");
    assert_eq!(source(&steady, "no-store").await.0, "BYPASS");
    let (again, newer) = source(&steady, "no-cache").await;
    assert_eq!(again, "MISS");
    assert_ne!(kept, newer);
    assert_eq!(
        source(&steady, "max-age=60").await,
        ("HIT".to_owned(), newer)
    );
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert_eq!(source(&steady, "max-age=1").await.0, "MISS", "too old");
    assert_eq!(source(&steady, "only-if-cached").await.0, "HIT");

    let varied = json!({"model": "tiny", "temperature": 0.7, "messages": []});
    for expected in ["BYPASS", "BYPASS"] {
        assert_eq!(
            ask(&client, &access, &varied).await.header("x-cache"),
            expected
        );
    }
    assert_eq!(source(&varied, "max-age=60").await.0, "MISS");
    assert_eq!(source(&varied, "max-age=60").await.0, "HIT");
    assert_eq!(
        ask(&client, &access, &varied).await.header("x-cache"),
        "BYPASS"
    );
    let unheard = ask_with(&client, &access, &question("new"), "only-if-cached").await;
    unheard.problem(504, "not_cached");

    let all = before(&upstream)
        .set("LLM_CACHE_REQUESTS", "all")
        .start()
        .await;
    let access = all.client().newcomer().await.access;
    for expected in ["MISS", "HIT"] {
        let answer = ask(&all.client(), &access, &varied).await;
        assert_eq!(answer.header("x-cache"), expected);
    }
}

#[tokio::test]
async fn cached_answers_are_shared_between_users_only_where_that_is_set() {
    let upstream = Upstream::start(chat).await;
    for (scope, expected) in [("user", "MISS"), ("shared", "HIT")] {
        let aura = before(&upstream)
            .set("LLM_CACHE_SCOPE", scope)
            .start()
            .await;
        let client = aura.client();
        let (ann, bob) = (client.newcomer().await, client.newcomer().await);
        ask(&client, &ann.access, &question("mine")).await.is(200);
        let other = ask(&client, &bob.access, &question("mine")).await;
        assert_eq!(other.is(200).header("x-cache"), expected, "{scope}");
    }
}

#[tokio::test]
async fn an_incomplete_answer_is_never_cached() {
    let upstream = Upstream::start(|seen| {
        let wanted = seen.field("user");
        match wanted.as_str().unwrap_or_default() {
            "length" => Reply::json(200, &completion("cut", "length")),
            "filter" => Reply::json(200, &completion("", "content_filter")),
            "empty" => Reply::json(200, &completion("", "stop")),
            "text" => chat(seen).header("content-type", "text/plain"),
            "created" => Reply::json(201, &completion("x", "stop")),
            "long" => Reply::json(200, &completion(&"x".repeat(5_000), "stop")),
            status => Reply::json(
                status.parse().unwrap(),
                &json!({"error": {"message": "no", "type": "t", "code": "c"}}),
            )
            .header("retry-after", "7")
            .header("x-ratelimit-remaining-tokens", "3")
            .header("set-cookie", "a=b"),
        }
    })
    .await;
    let aura = before(&upstream)
        .set("LLM_CACHE_MAX_ENTRY_BYTES", 4096)
        .start()
        .await;
    let client = aura.client();
    let access = client.newcomer().await.access;
    for kind in ["length", "filter", "empty", "text", "created", "long"] {
        let mut body = question("?");
        body["user"] = json!(kind);
        for _ in 0..2 {
            let answer = ask(&client, &access, &body).await;
            assert_eq!(answer.header("x-cache"), "MISS", "{kind}: {answer:#?}");
            assert!(answer.status < 300);
        }
    }
    for status in [400, 401, 404, 429, 500, 503] {
        let mut body = question("?");
        body["user"] = json!(status.to_string());
        for _ in 0..2 {
            let answer = ask(&client, &access, &body).await;
            assert_eq!(answer.is(status).header("x-cache"), "MISS");
            assert_eq!(
                answer.json["error"]["code"], "c",
                "its own body: {answer:#?}"
            );
            assert_eq!(answer.header("content-type"), "application/json");
            assert_eq!(answer.header("retry-after"), "7");
            assert_eq!(answer.header("x-ratelimit-remaining-tokens"), "3");
            assert!(!answer.headers.contains_key("set-cookie"));
        }
    }
    assert_eq!(statistics(&client).await["stored"], 0);
}

#[tokio::test]
async fn an_upstream_that_is_away_or_silent_is_a_problem_document_that_openai_clients_read() {
    let upstream = Upstream::start(|seen| {
        if seen.field("user") == "silent" {
            Reply::silence()
        } else {
            // It ends in the middle of its head, so to speak.
            Reply::json(200, &json!({})).header("content-length", "x")
        }
    })
    .await;
    let aura = before(&upstream)
        .set("LLM_UPSTREAM_TIMEOUT_SECONDS", 1)
        .start()
        .await;
    let client = aura.client();
    let access = client.newcomer().await.access;
    let mut silent = question("?");
    silent["user"] = json!("silent");
    let answer = ask(&client, &access, &silent).await;
    answer.problem(504, "upstream_timeout");
    assert_eq!(answer.json["error"]["code"], "upstream_timeout");
    assert_eq!(answer.json["error"]["type"], "server_error");
    assert_eq!(answer.json["error"]["message"], answer.json["detail"]);
    let answer = ask(&client, &access, &question("?")).await;
    answer.problem(502, "upstream_unavailable");

    let gone = Settings::new()
        .set("LLM_UPSTREAM_URL", "http://127.0.0.1:9/v1")
        .start()
        .await;
    let access = gone.client().newcomer().await.access;
    let answer = ask(&gone.client(), &access, &question("?")).await;
    answer.problem(502, "upstream_unavailable");
    let log = gone.log();
    let mut lines = log
        .lines()
        .filter(|line| line.contains("the upstream failed"));
    // Its task is not that of the request.
    let named = format!("request{{request_id={}}}", answer.header("x-request-id"));
    assert!(lines.next().unwrap().contains(&named), "{log}");
    assert_eq!(lines.next(), None, "{log}");
    assert!(!gone.log().contains("127.0.0.1:9/"), "{}", gone.log());
    let told = r#"address="127.0.0.1:9""#;
    assert!(gone.log().contains(told), "{}", gone.log());
    assert!(gone.log().contains("Connection refused"), "{}", gone.log());
}

#[tokio::test]
async fn without_an_upstream_the_routes_are_off_and_health_says_so() {
    let aura = Settings::new().start().await;
    let client = aura.client();
    let access = client.newcomer().await.access;
    let answer = ask(&client, &access, &question("?")).await;
    answer.problem(503, "llm_disabled");
    let health = client.get("/health/cache").await;
    assert_eq!(health.is(200).json["status"], "disabled");
    assert_eq!(health.json["connected"], false);
    assert_eq!(health.json["statistics"]["hits"], 0);
}

#[tokio::test]
async fn callers_of_the_cache_are_authenticated_limited_and_bounded() {
    let upstream = Upstream::start(chat).await;
    let aura = before(&upstream)
        .set("RATE_LIMIT_ENABLED", true)
        .set("RATE_LIMIT_LLM_PER_MINUTE", 3)
        .set("LLM_MAX_BODY_BYTES", 100_000)
        .start()
        .await;
    let client = aura.client();
    let session = client.newcomer().await;
    let nobody = client.post(CHAT, &question("?")).await;
    nobody.problem(401, "missing_token");
    assert_eq!(nobody.json["error"]["type"], "authentication_error");
    ask(&client, "rubbish", &question("?"))
        .await
        .problem(401, "invalid_token");

    let long = question(&"x".repeat(90_000));
    let answer = ask(&client, &session.access, &long).await;
    answer.is(200);
    assert!(
        answer.header("ratelimit").contains("\"llm\";r=2"),
        "{answer:#?}"
    );
    let longer = question(&"x".repeat(110_000));
    ask(&client, &session.access, &longer)
        .await
        .problem(413, "body_too_large");
    let twice = client.call(Method::POST, CHAT, |request| {
        let request = request.bearer_auth(&session.access);
        request
            .header("content-type", "application/json")
            .body("{\"a\":1,\"a\":2}")
    });
    twice.await.problem(400, "malformed_body");
    let limited = ask(&client, &session.access, &question("?")).await;
    limited.problem(429, "rate_limited");
    assert_eq!(limited.json["error"]["type"], "rate_limit_error");
    // Another user has a limit of their own.
    let other = client.newcomer().await;
    ask(&client, &other.access, &question("?")).await.is(200);
    client.logout(&session.access).await.is(204);
    ask(&client, &other.access, &question("?")).await.is(200);
}
