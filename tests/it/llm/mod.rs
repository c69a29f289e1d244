//! The LLM cache, before an upstream of the tests' own: what is asked once and given twice, what
//! never is, and what holds while something is away.

mod access;
mod answers;
mod coalescing;
mod npm;
mod outages;
mod passing;
mod progress;
mod proxies;
mod purge;
mod responses;
mod routes;
mod sdk;
mod streams;
mod tokens;
mod two_processes;
mod upstream;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Client, Settings};

pub(crate) use self::upstream::{Reply, Seen, Upstream, chat, completion};

pub(crate) const CHAT: &str = "/v1/chat/completions";

/// A key that must never be seen by anybody but the upstream.
pub(crate) const KEY: &str = "canary-sk-0123456789";

/// aura before `upstream`.
pub(crate) fn before(upstream: &Upstream) -> Settings {
    Settings::new()
        .set("LLM_UPSTREAM_URL", upstream.url().as_str())
        .set("LLM_UPSTREAM_API_KEY", KEY)
}

/// A question whose answer should not vary.
pub(crate) fn question(content: &str) -> Value {
    json!({
        "model": "tiny", "temperature": 0,
        "messages": [{"role": "user", "content": content}],
    })
}

pub(crate) async fn ask(client: &Client, access: &str, body: &Value) -> Answer {
    client.with_body(Method::POST, CHAT, access, body).await
}

/// The same with a `Cache-Control`.
async fn ask_with(client: &Client, access: &str, body: &Value, control: &str) -> Answer {
    client
        .call(Method::POST, CHAT, |request| {
            request
                .bearer_auth(access)
                .json(body)
                .header("cache-control", control)
        })
        .await
}

/// Counters of `/health/cache`.
async fn statistics(client: &Client) -> Value {
    // An answer may be a second old.
    tokio::time::sleep(std::time::Duration::from_millis(1050)).await;
    client.get("/health/cache").await.json["statistics"].clone()
}
