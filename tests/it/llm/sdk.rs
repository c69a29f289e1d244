//! OpenAI's own Python package, pointed at aura.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::json;

use super::responses::{response, response_events};
use super::upstream::{Seen, events};
use super::{Reply, Upstream, before, chat};
use crate::support::{Aura, Redis, installed};

/// Folder in which `scripts/test` puts the package.
const TOOLS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/tools/bin");

/// The program.
const PROGRAM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/llm/sdk.py");

/// The page whose session is run.
const PAGE: &str = include_str!("../../../docs/llm-cache.md");

/// Answers of the upstream.
pub(super) fn script(seen: &Seen) -> Reply {
    let failed = |status, code: &str| {
        let error = json!({"message": "no", "type": "invalid_request_error", "code": code});
        Reply::json(status, &json!({"error": error}))
    };
    let model = |id: &str| json!({"id": id, "object": "model", "created": 1, "owned_by": "x"});
    let words = events(&["Bre", "st"], "stop");
    let user = seen.field("user");
    match (seen.asked.as_str(), user.as_str().unwrap_or_default()) {
        ("GET /v1/models", _) => {
            Reply::json(200, &json!({"object": "list", "data": [model("tiny")]}))
        }
        ("GET /v1/models/tiny", _) => Reply::json(200, &model("tiny")),
        ("GET /v1/models/org/tiny", _) => Reply::json(200, &model("org/tiny")),
        ("POST /v1/moderations", _) => {
            let result = json!({"flagged": false, "categories": {}, "category_scores": {}});
            Reply::json(
                200,
                &json!({"id": "m", "model": "omni", "results": [result]}),
            )
        }
        ("POST /v1/responses", _) if seen.field("stream") == true => {
            Reply::events(&response_events(&["Bre", "st"], "completed"))
        }
        ("POST /v1/responses", _) => Reply::json(200, &response("completed", "Brest")),
        ("POST /v1/embeddings", _) => {
            // The package asks for base64: two floats.
            let item = json!({"object": "embedding", "index": 0, "embedding": "AACAPwAAAEA="});
            let usage = json!({"prompt_tokens": 1, "total_tokens": 1});
            let body = json!({"object": "list", "data": [item], "model": "e", "usage": usage});
            Reply::json(200, &body)
        }
        ("POST /v1/completions", _) => {
            let choice =
                json!({"index": 0, "text": "Hi", "finish_reason": "stop", "logprobs": null});
            let body = json!({
                "id": "c", "object": "text_completion", "created": 1, "model": "tiny",
                "choices": [choice],
            });
            Reply::json(200, &body)
        }
        (_, "400") => failed(400, "context_length_exceeded"),
        (_, "429") => failed(429, "quota")
            .header("retry-after-ms", "1500")
            .header("x-should-retry", "false"),
        (_, "500") => failed(500, "boom"),
        (_, "silent") => Reply::silence(),
        (_, "away") => failed(200, "x").header("content-length", "x"),
        (_, "breaks") => Reply::events(&words[..2]).breaks(),
        (_, "slow") => Reply::events(&words).pause(Duration::from_millis(150)),
        _ if seen.field("stream") == true => Reply::events(&words),
        _ => chat(seen)
            .header("x-request-id", "req_7")
            .header("openai-processing-ms", "12"),
    }
}

#[tokio::test]
async fn a_program_that_uses_openai_s_package_works_unchanged() {
    let Some(python) = python() else {
        return;
    };
    let upstream = Upstream::start(script).await;
    let redis = Redis::start().await;
    let mut all = vec![before(&upstream)];
    all.extend(redis.as_ref().map(|redis| before(&upstream).redis(redis)));
    for settings in all {
        let settings = settings.set("LLM_UPSTREAM_TIMEOUT_SECONDS", 2);
        let aura = settings.start().await;
        let session = aura.client().newcomer().await;
        let base = format!("http://{}/v1", aura.address());
        let program = [PROGRAM, &base, &session.access];
        assert_eq!(run(&python, &program, &aura).await, "done\n");
        let program = session_of_the_page(&base, &session.access);
        let printed = run(&python, &["-c", &program], &aura).await;
        let mut lines = printed.lines();
        assert_eq!(lines.next(), Some("MISS HIT"), "{printed}");
        assert!(lines.next().is_some_and(|age| age.parse::<u64>().is_ok()));
        assert_eq!(lines.next(), Some("True"), "{printed}");
        assert!(lines.next().is_some_and(|it| it.starts_with("answer ")));
        assert_eq!(lines.next(), Some("Brest"), "{printed}");
    }
    let slow = upstream
        .seen()
        .into_iter()
        .filter(|seen| seen.field("seed") == 5)
        .count();
    assert_eq!(
        slow,
        1 + usize::from(redis.is_some()),
        "twenty at once, one call"
    );
}

/// The session of docs/llm-cache.md, with the address and the token of this test.
fn session_of_the_page(base: &str, token: &str) -> String {
    let (_, block) = PAGE.split_once("```python\n").expect("a session");
    let (session, _) = block.split_once("```").expect("its end");
    assert!(session.contains("http://localhost:8000/v1"));
    let session = session.replace("http://localhost:8000/v1", base);
    format!("access_token = \"{token}\"\n{session}")
}

/// Runs the interpreter to its end; what it prints.
async fn run(python: &Path, arguments: &[&str], aura: &Aura) -> String {
    let mut command = tokio::process::Command::new(python);
    command
        .args(arguments)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .env("no_proxy", "*");
    let output = tokio::time::timeout(Duration::from_mins(1), command.output()).await;
    let output = output.expect("it ends").expect("it starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{}", aura.log());
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The interpreter that has the package.
fn python() -> Option<PathBuf> {
    // The name tells what is missing where it is.
    let own = Path::new(TOOLS).join("python");
    let has_it = std::process::Command::new(&own)
        .args(["-c", "import openai"])
        .status();
    if has_it.is_ok_and(|status| status.success()) {
        return Some(own);
    }
    installed(&["the Python package openai"], &[])
}
