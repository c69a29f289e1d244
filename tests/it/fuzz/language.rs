//! The LLM cache between a client and an upstream: which questions are one, and what is kept of
//! streams.

use std::sync::{Arc, Mutex};

use reqwest::Method;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::{Subject, Target};
use crate::llm::{Reply, Upstream, before, chat};
use crate::support::{Answer, Aura, Client};

const CHAT: &str = "/v1/chat/completions";

/// A body for the language model: the order of its members makes no other question, a member more
/// makes one.
pub(super) const BODIES: Target = Target {
    name: "llm_bodies",
    most_bytes: 4 * 1024 * 1024,
    millis: 500,
    millis_per_mib: 4_000,
    words: &[
        r#""temperature":0,"#,
        r#""seed":1,"#,
        r#""stream":true,"#,
        r#""stream":false,"#,
        r#""model":"tiny","#,
        r#""messages":[],"#,
        "[0,0,0,0]",
        "[[[[",
        r#"{"a":{"a":"#,
        "]",
        "}",
        "1.0",
        "1e2",
        "-0.0",
        "1E400",
        r#""\ud83d\ude00""#,
        r#""\u0000""#,
        "null,",
    ],
    start: || Box::new(Bodies(Cache::start(chat))),
};

/// A stream of the upstream: the client gets its bytes, and what is kept is the same and whole.
pub(super) const EVENTS: Target = Target {
    name: "events",
    most_bytes: 256 * 1024,
    millis: 500,
    millis_per_mib: 10_000,
    words: &[
        "data: ",
        "data: [DONE]\n\n",
        "event: error\n",
        "id: 1\n",
        ": \n",
        "\r\n\r\n",
        "\r",
        "\n\n",
        r#""finish_reason":"stop""#,
        r#""finish_reason":"length""#,
        r#""usage":{"total_tokens":18446744073709551615}"#,
        r#""choices":[]"#,
        r#"data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#,
        r#"data: {"error":{"message":"x"}}"#,
    ],
    start: || Box::new(Events::start()),
};

/// aura before an upstream, and an account that may ask.
struct Cache {
    runtime: Runtime,
    upstream: Upstream,
    aura: Aura,
    client: Client,
    access: String,
}

impl Cache {
    fn start(script: impl Fn(&crate::llm::Seen) -> Reply + Send + Sync + 'static) -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let (upstream, aura, access) = runtime.block_on(async {
            let upstream = Upstream::start(script).await;
            let aura = before(&upstream).start().await;
            let access = aura.client().newcomer().await.access;
            (upstream, aura, access)
        });
        Self {
            client: aura.client(),
            runtime,
            upstream,
            aura,
            access,
        }
    }

    /// Sends `body`; with `kept`, only what is kept will do.
    fn ask(&self, body: Vec<u8>, kept: bool) -> Result<Answer, String> {
        let sent = self.client.send(Method::POST, CHAT, |request| {
            let request = request.bearer_auth(&self.access).body(body);
            let request = request.header("content-type", "application/json");
            if kept {
                request.header("cache-control", "only-if-cached")
            } else {
                request
            }
        });
        let answer = self.runtime.block_on(sent);
        answer.map_err(|error| format!("{error:?}\n{}", self.aura.log()))
    }
}

struct Bodies(Cache);

impl Subject for Bodies {
    fn feed(&mut self, input: &[u8]) -> Result<String, String> {
        self.0.upstream.forget();
        let first = self.0.ask(input.to_vec(), false)?;
        match first.status {
            200 => {}
            400 | 413 | 422 => return Ok(first.json["code"].to_string()),
            status => return Err(format!("{status}: {}", first.text)),
        }
        let source = first.header("x-cache").to_owned();
        let Ok(Value::Object(members)) = serde_json::from_slice(input) else {
            return Err("what is no object of JSON was asked".to_owned());
        };
        let again = self.0.ask(input.to_vec(), true)?;
        if again.status != 200 {
            return Ok(format!("{source}, not kept"));
        }
        // Below the members of the body their order counts.
        let turned = members.clone().into_iter().rev().collect();
        let turned = serde_json::to_vec(&Value::Object(turned));
        let turned = self.0.ask(turned.expect("JSON"), true)?;
        if (turned.status, &turned.text) != (200, &again.text) {
            return Err("the order of members makes another question".to_owned());
        }
        let mut more = members;
        if more.insert("unheard of".to_owned(), json!(1)).is_none() {
            let more = serde_json::to_vec(&more).expect("JSON");
            if self.0.ask(more, true)?.status != 504 {
                return Err("a member more makes no other question".to_owned());
            }
        }
        Ok(format!("{source}, kept"))
    }

    fn process(&self) -> u32 {
        self.0.aura.process()
    }
}

struct Events {
    cache: Cache,
    stream: Arc<Mutex<Vec<u8>>>,
    number: usize,
}

impl Events {
    fn start() -> Self {
        let stream = Arc::new(Mutex::new(Vec::new()));
        let script = Arc::clone(&stream);
        let cache = Cache::start(move |_| {
            let stream = script.lock().expect("a lock");
            // Cut where no event ends.
            Reply::stream(
                stream
                    .chunks(stream.len() / 3 + 1)
                    .map(<[u8]>::to_vec)
                    .collect(),
            )
        });
        Self {
            cache,
            stream,
            number: 0,
        }
    }
}

impl Subject for Events {
    fn feed(&mut self, input: &[u8]) -> Result<String, String> {
        self.cache.upstream.forget();
        self.number += 1;
        *self.stream.lock().expect("a lock") = input.to_vec();
        let question = json!({
            "model": "tiny", "temperature": 0, "stream": true,
            "messages": [{"role": "user", "content": self.number.to_string()}],
        });
        let question = question.to_string().into_bytes();
        let first = self.cache.ask(question.clone(), false)?;
        let sent = String::from_utf8_lossy(input);
        if first.status != 200 {
            return Err(format!("{}: {}", first.status, first.text));
        }
        // What an upstream says after the end is nobody's.
        let whole = first.text.contains("[DONE]") && sent.starts_with(&first.text);
        if first.text != sent && !whole {
            return Err(format!("the client got {:?}", first.text));
        }
        let again = self.cache.ask(question, true)?;
        match again.status {
            504 => Ok("not kept".to_owned()),
            200 if again.text != first.text => Err(format!("{:?} was kept", again.text)),
            200 if !again.text.contains("[DONE]") => Err("half a stream was kept".to_owned()),
            200 => Ok("kept".to_owned()),
            status => Err(format!("{status}: {}", again.text)),
        }
    }

    fn process(&self) -> u32 {
        self.cache.aura.process()
    }
}
