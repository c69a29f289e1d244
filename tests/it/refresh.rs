//! Proves how refresh tokens rotate: racers share one child, a lost answer is made up for, a
//! stolen token ends the session, and Redis holds nothing that could be shown to the server.

use std::time::Duration;

use redis::AsyncCommands as _;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::support::{Answer, Client, PASSWORD, Redis, Session, Settings, on_both_stores};

/// The pair of an answer, as a session of `like`.
#[track_caller]
fn pair(answer: &Answer, like: &Session) -> Session {
    answer.is(200);
    Session {
        email: like.email.clone(),
        access: answer.text_of("access_token"),
        refresh: answer.text_of("refresh_token"),
    }
}

async fn next(client: &Client, session: &Session) -> Session {
    pair(&client.refresh(&session.refresh).await, session)
}

#[tokio::test]
async fn fifty_refreshes_at_once_get_one_pair_byte_for_byte() {
    on_both_stores(async |settings| {
        let aura = settings.start().await;
        let session = aura.client().newcomer().await;
        let mut calls = JoinSet::new();
        for _ in 0..50 {
            let (client, token) = (aura.client(), session.refresh.clone());
            calls.spawn(async move { client.refresh(&token).await });
        }
        let answers = calls.join_all().await;
        for answer in &answers {
            assert_eq!(answer.is(200).text, answers[0].text);
        }
        let client = aura.client();
        let child = pair(&answers[0], &session);
        assert_ne!(child.refresh, session.refresh);
        client.me(&child.access).await.is(200);
        let grandchild = next(&client, &child).await;
        client.me(&grandchild.access).await.is(200);
    })
    .await;
}

#[tokio::test]
async fn a_chain_of_refreshes_stays_one_session() {
    on_both_stores(async |settings| {
        let aura = settings.start().await;
        let client = aura.client();
        let first = client.newcomer().await;
        let mut session = first.clone();
        let mut seen = vec![first.refresh.clone()];
        for _ in 0..20 {
            session = next(&client, &session).await;
            assert!(!seen.contains(&session.refresh));
            seen.push(session.refresh.clone());
            assert_eq!(session.claims()["sid"], first.claims()["sid"]);
            assert_eq!(session.claims()["sub"], first.claims()["sub"]);
            assert_ne!(session.claims()["jti"], first.claims()["jti"]);
        }
        client.me(&session.access).await.is(200);
        // An access token lives as long as it says, whatever was refreshed since.
        client.me(&first.access).await.is(200);
    })
    .await;
}

#[tokio::test]
async fn a_token_used_again_after_the_grace_ends_the_session() {
    on_both_stores(async |settings| {
        let aura = settings.set("JWT_REFRESH_GRACE_SECONDS", 1).start().await;
        let client = aura.client();
        let parent = client.newcomer().await;
        let other = client.signed_in(&parent.email).await;
        let child = next(&client, &parent).await;
        let over = Instant::now() + Duration::from_millis(1100);
        let newest = next(&client, &child).await;
        sleep_until(over).await; // the grace itself
        let reused = client.refresh(&parent.refresh).await;
        reused.problem(401, "refresh_token_reused");
        for session in [&parent, &child, &newest] {
            client
                .me(&session.access)
                .await
                .problem(401, "invalid_token");
            let dead = client.refresh(&session.refresh).await;
            dead.problem(401, "invalid_refresh_token");
        }
        client.me(&other.access).await.is(200);
        client.refresh(&other.refresh).await.is(200);
        assert!(
            aura.log().contains("WARN"),
            "reuse is logged: {}",
            aura.log()
        );
    })
    .await;
}

#[tokio::test]
async fn a_parent_whose_child_was_never_used_refreshes_after_the_grace() {
    on_both_stores(async |settings| {
        let aura = settings.set("JWT_REFRESH_GRACE_SECONDS", 1).start().await;
        let client = aura.client();
        let parent = client.newcomer().await;
        let lost = next(&client, &parent).await;
        sleep_until(Instant::now() + Duration::from_millis(1100)).await; // the grace itself
        let child = next(&client, &parent).await;
        assert_ne!(child.refresh, lost.refresh);
        client.me(&child.access).await.is(200);
        let newest = next(&client, &child).await;
        client.me(&newest.access).await.is(200);
        // The child that got lost is nobody's any more.
        client.refresh(&lost.refresh).await.is(401);
    })
    .await;
}

#[tokio::test]
async fn the_grace_counts_from_the_first_use_and_is_never_extended() {
    on_both_stores(async |settings| {
        let aura = settings.set("JWT_REFRESH_GRACE_SECONDS", 3).start().await;
        let client = aura.client();
        let parent = client.newcomer().await;
        let child = next(&client, &parent).await;
        let first_use = Instant::now();
        let newest = next(&client, &child).await;
        for millis in [500, 1500] {
            sleep_until(first_use + Duration::from_millis(millis)).await; // inside the grace
            assert_eq!(next(&client, &parent).await.refresh, child.refresh);
        }
        sleep_until(first_use + Duration::from_millis(3100)).await; // the grace itself
        let reused = client.refresh(&parent.refresh).await;
        reused.problem(401, "refresh_token_reused");
        client
            .me(&newest.access)
            .await
            .problem(401, "invalid_token");
    })
    .await;
}

#[tokio::test]
async fn without_a_grace_a_used_token_is_reused_at_once() {
    on_both_stores(async |settings| {
        let aura = settings.set("JWT_REFRESH_GRACE_SECONDS", 0).start().await;
        let client = aura.client();
        // A lost answer is made up for all the same.
        let patient = client.newcomer().await;
        next(&client, &patient).await;
        next(&client, &patient).await;

        let parent = client.newcomer().await;
        let child = next(&client, &parent).await;
        sleep_until(Instant::now() + Duration::from_millis(5)).await; // another millisecond
        next(&client, &child).await;
        sleep_until(Instant::now() + Duration::from_millis(5)).await; // another millisecond
        let reused = client.refresh(&parent.refresh).await;
        reused.problem(401, "refresh_token_reused");
    })
    .await;
}

#[tokio::test]
async fn a_session_cannot_be_ended_by_its_id_and_a_forged_secret() {
    on_both_stores(async |settings| {
        let aura = settings.start().await;
        let client = aura.client();
        let session = client.newcomer().await;
        let stranger = client.newcomer().await;
        let used = session.clone();
        let session = next(&client, &session).await;
        let id = session.refresh.split('.').next().unwrap();
        let secret = session.secret();
        let flipped = if secret.starts_with('A') { "B" } else { "A" };
        let upper = id.to_uppercase();
        for wrong in [
            format!("{id}.{}", "A".repeat(43)),
            format!("{id}.{}", "_".repeat(43)),
            format!("{id}.{flipped}{}", &secret[1..]),
            format!("{id}.{}", &secret[..42]),
            format!("{id}.{secret}A"),
            format!("{id}.{secret}."),
            format!("{id}.{secret}="),
            format!(" {id}.{secret}"),
            format!("{id}.{}", stranger.secret()),
            format!("{}.{secret}", stranger.refresh.split('.').next().unwrap()),
            format!("{}.{secret}", uuid::Uuid::new_v4()),
            format!("{upper}.{}", "A".repeat(43)),
            format!("{id}."),
            id.to_owned(),
            secret.to_owned(),
            String::new(),
            ".".to_owned(),
            "é".repeat(40),
            "x".repeat(3_000),
        ] {
            let refused = client.refresh(&wrong).await;
            refused.problem(401, "invalid_refresh_token");
        }
        client.me(&session.access).await.is(200);
        client.me(&stranger.access).await.is(200);
        // Racing with the token before is still the race that it was.
        assert_eq!(next(&client, &used).await.refresh, session.refresh);
        next(&client, &session).await;
        next(&client, &stranger).await;
    })
    .await;
}

/// Everything that a logical database holds, as bytes; every key must have an end.
async fn contents(redis: &Redis, number: u8) -> Vec<Vec<u8>> {
    let mut db = redis.connect(number).await;
    let keys: Vec<Vec<u8>> = redis::cmd("KEYS")
        .arg("*")
        .query_async(&mut db)
        .await
        .unwrap();
    let mut all = Vec::new();
    for key in keys {
        let name = String::from_utf8_lossy(&key).into_owned();
        let ttl: i64 = db.pttl(&key).await.unwrap();
        assert!(ttl > 0, "{name} in database {number} lives for ever: {ttl}");
        let kind: String = redis::cmd("TYPE")
            .arg(&key)
            .query_async(&mut db)
            .await
            .unwrap();
        let parts: Vec<Vec<u8>> = match kind.as_str() {
            "string" => vec![db.get(&key).await.unwrap()],
            "hash" => {
                let call = redis::cmd("HGETALL").arg(&key).clone();
                call.query_async(&mut db).await.unwrap()
            }
            "zset" => db.zrange(&key, 0, -1).await.unwrap(),
            "set" => db.smembers(&key).await.unwrap(),
            "list" => db.lrange(&key, 0, -1).await.unwrap(),
            kind => panic!("{name} is a {kind}: teach this test to read it"),
        };
        all.push(key);
        all.extend(parts);
    }
    all
}

fn holds(contents: &[Vec<u8>], secret: &[u8]) -> bool {
    let inside = |part: &Vec<u8>| part.windows(secret.len()).any(|window| window == secret);
    contents.iter().any(inside)
}

#[tokio::test]
async fn redis_holds_no_token_in_clear_and_nothing_for_ever() {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    let Some(redis) = Redis::start().await else {
        return;
    };
    let settings = Settings::new()
        .redis(&redis)
        .set("RATE_LIMIT_ENABLED", true);
    let aura = settings.start().await;
    let client = aura.client();
    let session = client.newcomer().await;
    let mut tokens = vec![session.clone(), client.signed_in(&session.email).await];
    let child = next(&client, &session).await;
    next(&client, &session).await; // the answer of the grace
    tokens.push(next(&client, &child).await);
    tokens.push(child);
    client
        .login(&session.email, "not-the-Password-7")
        .await
        .is(401);

    let (limits, auth) = (contents(&redis, 1).await, contents(&redis, 2).await);
    assert!(!limits.is_empty(), "limits live in database 1");
    assert!(!auth.is_empty(), "sessions live in database 2");
    assert!(
        contents(&redis, 0).await.is_empty(),
        "nothing in database 0"
    );
    for token in &tokens {
        let raw = URL_SAFE_NO_PAD.decode(token.secret()).unwrap();
        let hex = raw
            .iter()
            .fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
        let signature = token.access.rsplit('.').next().unwrap();
        for held in [&limits, &auth] {
            assert!(!holds(held, token.secret().as_bytes()), "the secret");
            assert!(!holds(held, &raw), "the secret's bytes");
            assert!(!holds(held, hex.as_bytes()), "the secret in hexadecimal");
            assert!(!holds(held, signature.as_bytes()), "an access token");
            assert!(!holds(held, PASSWORD.as_bytes()), "a password");
        }
    }

    // A rotation starts the lifetime anew, of every key that the session needs.
    let mut db = redis.connect(2).await;
    let keys: Vec<Vec<u8>> = db.keys("*").await.unwrap();
    for key in &keys {
        let _: bool = db.pexpire(key, 60_000).await.unwrap();
    }
    next(&client, &tokens[2]).await;
    let day = 24 * 60 * 60 * 1000;
    let mut renewed = 0;
    for key in &keys {
        let ttl: i64 = db.pttl(key).await.unwrap();
        renewed += i32::from(ttl > 7 * day - 60_000 && ttl <= 7 * day);
    }
    assert!(renewed >= 1, "no key got its seven days back");

    // An account that is deleted leaves nothing behind.
    let access = &client.signed_in(&session.email).await.access;
    let body = serde_json::json!({"current_password": PASSWORD});
    let delete = client.with_body(reqwest::Method::DELETE, "/auth/me", access, &body);
    delete.await.is(204);
    assert!(contents(&redis, 2).await.is_empty());
}

#[tokio::test]
async fn answers_may_be_lost_more_often_than_there_are_children() {
    on_both_stores(async |settings| {
        let settings = settings.set("JWT_REFRESH_GRACE_SECONDS", 0);
        let aura = settings.start().await;
        let client = aura.client();
        let session = client.newcomer().await;
        let mut last = String::new();
        for _ in 0..12 {
            let pair = client.refresh(&session.refresh).await;
            last = pair.is(200).text_of("refresh_token");
            // Without a grace a new pair is due a millisecond later.
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        // The answer that arrives at last is good, and then the parent is not.
        client.refresh(&last).await.is(200);
        tokio::time::sleep(Duration::from_millis(5)).await;
        let reused = client.refresh(&session.refresh).await;
        reused.problem(401, "refresh_token_reused");
    })
    .await;
}
