//! Accounts that may ask the upstream, and the models that they may ask.

use reqwest::Method;
use serde_json::json;

use super::{Reply, Upstream, ask, before, chat, question};
use crate::support::{Client, PASSWORD, Settings, Sqlite};

/// Makes an account with `role`, and signs it in.
async fn with_role(settings: &Settings, client: &Client, role: &str) -> String {
    let email = format!("{role}@example.com");
    let arguments = ["user", "create", &email, "--role", role, "--password-stdin"];
    settings.done_with(&arguments, PASSWORD).await;
    client.signed_in(&email).await.access
}

#[tokio::test]
async fn in_production_only_accounts_with_a_role_spend_the_operators_key() {
    let upstream = Upstream::start(chat).await;
    for (allowed, good, bad) in [
        ("", ["llm", "admin"], "staff"),
        ("staff,audit", ["staff", "audit"], "llm"),
    ] {
        let accounts = Sqlite::new();
        let settings = before(&upstream)
            .database(&accounts.url())
            .set("ENVIRONMENT", "production")
            .set("LLM_ALLOWED_ROLES", allowed);
        let aura = settings.start().await;
        let client = aura.client();
        let calls = upstream.calls();
        let refused = with_role(&settings, &client, bad).await;
        let answer = ask(&client, &refused, &question(bad)).await;
        answer.problem(403, "forbidden");
        assert_eq!(answer.json["error"]["type"], "permission_error");
        let models = client.bearer(Method::GET, "/v1/models", &refused).await;
        models.problem(403, "forbidden");
        assert_eq!(upstream.calls(), calls);
        for role in good {
            let access = with_role(&settings, &client, role).await;
            ask(&client, &access, &question(role)).await.is(200);
        }
    }
}

#[tokio::test]
async fn only_listed_models_are_asked_and_shown() {
    let upstream = Upstream::start(|seen| match seen.asked.as_str() {
        "GET /v1/models" => Reply::json(
            200,
            &json!({"object": "list", "data": [{"id": "huge"}, {"id": "tiny", "owned_by": "x"}]}),
        ),
        _ => chat(seen),
    })
    .await;
    let aura = before(&upstream)
        .set("LLM_MODELS", "tiny,small")
        .start()
        .await;
    let client = aura.client();
    let access = client.newcomer().await.access;
    ask(&client, &access, &question("?")).await.is(200);
    let mut huge = question("?");
    huge["model"] = json!("huge");
    let answer = ask(&client, &access, &huge).await;
    answer.problem(404, "model_not_found");
    assert_eq!(answer.json["error"]["code"], "model_not_found");
    for name in ["Model", "models", "fallbacks"] {
        let mut both = question("?");
        both[name] = json!("huge");
        ask(&client, &access, &both)
            .await
            .problem(422, "invalid_input");
    }
    assert_eq!(upstream.calls(), 1);
    for _ in 0..2 {
        let list = client.bearer(Method::GET, "/v1/models", &access).await;
        let tiny = json!({"object": "list", "data": [{"id": "tiny", "owned_by": "x"}]});
        assert_eq!(list.is(200).json, tiny);
    }
}
