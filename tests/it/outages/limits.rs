//! The rate limits are away: what holds then is `RATE_LIMIT_FAIL_MODE`.

use super::redis::{AWAY, AWAY_HASHING};
use super::{RECOVERY, recovers};
use crate::support::{Aura, Client, PASSWORD, Redis, Settings, eventually};

/// Limits that live in Redis, with a Redis that hangs.
async fn hung_limits(mode: &str) -> Option<(Redis, Aura, Client)> {
    let redis = Redis::start().await?;
    let settings = Settings::new().redis(&redis);
    let settings = settings.set("RATE_LIMIT_ENABLED", true);
    let aura = settings.set("RATE_LIMIT_FAIL_MODE", mode).start().await;
    let client = aura.client();
    client.register("owner@example.com").await.is(201);
    redis.pause();
    Some((redis, aura, client))
}

#[tokio::test]
async fn a_closed_limiter_refuses_while_its_redis_hangs() {
    let Some((redis, _aura, client)) = hung_limits("closed").await else {
        return;
    };
    let login = client.login("owner@example.com", PASSWORD).await;
    login.problem(503, "limits_unavailable").within(AWAY);
    redis.resume();
    recovers(&client, "owner@example.com").await;
}

#[tokio::test]
async fn a_local_limiter_is_as_strict_as_the_shared_one_while_redis_hangs() {
    let Some((redis, _aura, client)) = hung_limits("local").await else {
        return;
    };
    let mut tries = 0;
    let refused = loop {
        let login = client.login("owner@example.com", PASSWORD).await;
        login.within(AWAY_HASHING); // the wait for the limits and the wait for the tokens together
        if login.status == 429 {
            break login;
        }
        login.problem(503, "tokens_unavailable");
        tries += 1;
        assert!(tries <= 10, "RATE_LIMIT_LOGIN_PER_MINUTE is 10");
    };
    refused.problem(429, "rate_limited");
    redis.resume();
}

#[tokio::test]
async fn an_open_limiter_lets_everything_pass_while_its_redis_hangs() {
    let Some((redis, _aura, client)) = hung_limits("open").await else {
        return;
    };
    for _ in 0..15 {
        let login = client.login("owner@example.com", PASSWORD).await;
        login.problem(503, "tokens_unavailable");
    }
    redis.resume();
    // Redis may now count what it was sent while it hung: 429 is a recovery, too.
    eventually(RECOVERY, "a limiter that counts again", async || {
        let login = client.login("owner@example.com", PASSWORD).await;
        [200, 429].contains(&login.status).then_some(())
    })
    .await;
}
