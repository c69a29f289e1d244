//! Forgetting everything, at once.

use reqwest::Method;

use super::{Upstream, ask, before, chat, question};
use crate::support::{Client, PASSWORD, Redis, Session, Settings};

const PURGE: &str = "/llm/cache/purge";

async fn admin(settings: &Settings, client: &Client) -> Session {
    let arguments = [
        "user",
        "create",
        "root@example.com",
        "--role",
        "admin",
        "--password-stdin",
    ];
    settings.done_with(&arguments, PASSWORD).await;
    client.signed_in("root@example.com").await
}

#[tokio::test]
async fn only_an_admin_purges_the_cache() {
    let upstream = Upstream::start(chat).await;
    let folder = tempfile::TempDir::new().unwrap();
    let database = format!("sqlite://{}", folder.path().join("aura.db").display());
    let redis = Redis::start().await;
    let mut all = vec![before(&upstream).database(&database)];
    let other = format!("sqlite://{}", folder.path().join("other.db").display());
    all.extend(
        redis
            .as_ref()
            .map(|redis| before(&upstream).redis(redis).database(&other)),
    );
    for settings in all {
        let aura = settings.start().await;
        let client = aura.client();
        let user = client.newcomer().await;
        let admin = admin(&settings, &client).await;
        let source = async || {
            let answer = ask(&client, &user.access, &question("?")).await;
            answer.is(200).header("x-cache").to_owned()
        };
        assert_eq!([source().await, source().await], ["MISS", "HIT"]);
        let refused = client.bearer(Method::POST, PURGE, &user.access).await;
        refused.problem(403, "forbidden");
        client
            .post(PURGE, &serde_json::Value::Null)
            .await
            .problem(401, "missing_token");
        assert_eq!(source().await, "HIT");
        client
            .bearer(Method::POST, PURGE, &admin.access)
            .await
            .is(204);
        assert_eq!([source().await, source().await], ["MISS", "HIT"]);
    }
}

#[tokio::test]
async fn the_command_line_purges_what_servers_share() {
    let upstream = Upstream::start(chat).await;
    let Some(redis) = Redis::start().await else {
        return;
    };
    let settings = before(&upstream).redis(&redis);
    let aura = settings.start().await;
    let client = aura.client();
    let user = client.newcomer().await;
    for source in ["MISS", "HIT"] {
        let answer = ask(&client, &user.access, &question("?")).await;
        assert_eq!(answer.header("x-cache"), source);
    }
    let said = settings.done(&["cache", "purge", "--yes"]).await;
    assert_eq!(said, "the cache is purged\n");
    let answer = ask(&client, &user.access, &question("?")).await;
    assert_eq!(answer.header("x-cache"), "MISS");

    let alone = before(&upstream).run(&["cache", "purge", "--yes"]).await;
    assert_eq!(alone.status.code(), Some(1));
    let said = String::from_utf8_lossy(&alone.stderr).into_owned();
    assert!(said.contains("POST /llm/cache/purge"), "{said}");
}
