//! Proves that sessions end when `SESSION_MAX_DAYS`, `SESSION_MAX_HOURS` and `SESSION_IDLE_MINUTES`
//! say so, in both stores, by a clock that the test sets.

use std::sync::atomic::{AtomicI64, Ordering};

use reqwest::Method;
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::support::{Aura, FakeTime, PASSWORD, Redis, Session, Settings, Visitor};

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// The time by which one store ends sessions.
enum Time {
    /// That of the process: libfaketime moves it.
    Process(FakeTime),
    /// That of a Redis, which cannot be moved: sessions are made older instead. The seconds so far.
    Redis(Redis, AtomicI64),
}

impl Time {
    /// Sets the time to `seconds` after the beginning of the test.
    async fn set(&self, seconds: i64) {
        match self {
            Self::Process(clock) => clock.shift(seconds),
            Self::Redis(redis, passed) => {
                let millis = (seconds - passed.swap(seconds, Ordering::SeqCst)) * 1000;
                let mut db = redis.connect(2).await;
                let _: i64 = redis::cmd("EVAL")
                    .arg(OLDER)
                    .arg(0)
                    .arg(millis)
                    .query_async(&mut db)
                    .await
                    .unwrap();
            }
        }
    }
}

/// Makes every session older by so many milliseconds.
const OLDER: &str = "
for _, key in ipairs(redis.call('KEYS', 'aura:session:*')) do
  for _, field in ipairs({'created', 'used', 'expires', 'cookie_at', 'refreshed', 'used_before',
    'expires_before'}) do
    if redis.call('HEXISTS', key, field) == 1 then
      redis.call('HINCRBY', key, field, -ARGV[1])
    end
  end
  local left = redis.call('PTTL', key) - ARGV[1]
  redis.call('PEXPIRE', key, math.max(left, 1))
end
for _, key in ipairs(redis.call('KEYS', 'aura:sessions:*')) do
  for _, id in ipairs(redis.call('ZRANGE', key, 0, -1)) do
    redis.call('ZINCRBY', key, -ARGV[1], id)
  end
end
return 1
";

/// Runs `test` on both stores, each with a time that it can set.
async fn on_both_stores(test: impl AsyncFn(Settings, &Time)) {
    if let Some(clock) = FakeTime::new() {
        test(Settings::new().clock(&clock), &Time::Process(clock)).await;
    }
    if let Some(redis) = Redis::start().await {
        let settings = Settings::new().redis(&redis);
        test(settings, &Time::Redis(redis, AtomicI64::new(0))).await;
    }
}

async fn is_signed_in(visitor: &Visitor) -> bool {
    let page = visitor.open("/account").await;
    assert!([200, 303].contains(&page.status), "{page:#?}");
    page.status == 200
}

async fn signed_in(aura: &Aura, email: &str) -> Visitor {
    let visitor = Visitor::new(aura.client());
    visitor.sign_in(email).await;
    visitor
}

async fn moment(aura: &Aura, session: &Session, name: &str) -> OffsetDateTime {
    let listed = aura
        .client()
        .bearer(Method::GET, "/auth/sessions", &session.access)
        .await;
    let sessions = listed.is(200).json.as_array().unwrap().clone();
    let browsers = sessions.iter().find(|it| it["current"] == false);
    let text = browsers.unwrap()[name].as_str().unwrap();
    OffsetDateTime::parse(text, &Rfc3339).unwrap()
}

#[tokio::test]
async fn a_browser_s_session_ends_after_the_minutes_without_use_and_not_in_use() {
    on_both_stores(async |settings, clock| {
        let aura = settings.set("SESSION_IDLE_MINUTES", 15).start().await;
        let api = aura.client().newcomer().await;
        let visitor = signed_in(&aura, &api.email).await;
        for minutes in [10, 24, 38, 52] {
            clock.set(minutes * MINUTE).await;
            assert!(is_signed_in(&visitor).await, "in use at {minutes} minutes");
        }
        // An application's session, beside it, is none of a browser's.
        let later = aura.client().refresh(&api.refresh).await;
        let api = Session {
            access: later.is(200).text_of("access_token"),
            ..api
        };
        let used = moment(&aura, &api, "last_used_at").await;
        let ends = moment(&aura, &api, "expires_at").await;
        assert_eq!((ends - used).whole_minutes(), 15);
        clock.set(68 * MINUTE).await;
        assert!(!is_signed_in(&visitor).await, "16 minutes without use");
        assert!(!is_signed_in(&visitor).await, "and no way back");
        aura.client().me(&api.access).await.is(200);
        let listed = aura
            .client()
            .bearer(Method::GET, "/auth/sessions", &api.access)
            .await;
        assert_eq!(listed.json.as_array().unwrap().len(), 1, "{listed:#?}");
    })
    .await;
}

#[tokio::test]
async fn self_refreshing_charts_do_not_prolong_a_session() {
    let Some(clock) = FakeTime::new() else {
        return;
    };
    let file = crate::support::Sqlite::new();
    let settings = Settings::new().database(&file.url()).clock(&clock);
    let email = "root@example.com";
    let create = [
        "user",
        "create",
        email,
        "--role",
        "admin",
        "--password-stdin",
    ];
    settings.done(&["migrate"]).await;
    settings.done_with(&create, PASSWORD).await;
    let aura = settings.set("SESSION_IDLE_MINUTES", 15).start().await;
    let visitor = signed_in(&aura, email).await;
    for (minutes, status) in [(5, 200), (10, 200), (14, 200), (16, 303)] {
        clock.shift(minutes * MINUTE);
        let charts = visitor.open("/live").await;
        assert_eq!(charts.status, status, "{minutes} minutes: {charts:#?}");
    }
}

#[tokio::test]
async fn forward_auth_counts_as_use_of_a_browser_s_session() {
    on_both_stores(async |settings, clock| {
        let aura = settings.set("SESSION_IDLE_MINUTES", 5).start().await;
        let api = aura.client().newcomer().await;
        let visitor = signed_in(&aura, &api.email).await;
        for (minutes, status) in [(4, 200), (8, 200), (12, 200), (18, 401)] {
            clock.set(minutes * MINUTE).await;
            let passage = visitor.open("/auth/verify").await;
            assert_eq!(passage.status, status, "{minutes} minutes: {passage:#?}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_session_ends_at_its_longest_life_however_much_it_is_used() {
    on_both_stores(async |settings, clock| {
        let settings = settings.set("SESSION_MAX_HOURS", 12);
        let aura = settings
            .set("JWT_ACCESS_TOKEN_EXPIRE_MINUTES", 120)
            .start()
            .await;
        let client = aura.client();
        let mut api = client.newcomer().await;
        let visitor = signed_in(&aura, &api.email).await;
        for hours in [3, 6, 9, 11] {
            clock.set(hours * HOUR).await;
            assert!(is_signed_in(&visitor).await, "in use at {hours} hours");
            let pair = client.refresh(&api.refresh).await;
            let left = |name: &str| pair.is(200).json[name].as_i64().unwrap();
            let until_end = (12 - hours) * HOUR;
            let near = |seconds: i64, wanted: i64| (wanted - 120..=wanted).contains(&seconds);
            assert!(near(left("refresh_expires_in"), until_end), "{pair:#?}");
            let life = until_end.min(2 * HOUR);
            assert!(near(left("expires_in"), life), "{pair:#?}");
            api.access = pair.text_of("access_token");
            api.refresh = pair.text_of("refresh_token");
            let claims = api.claims();
            let written = claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap();
            assert_eq!(written, left("expires_in"), "{claims}");
        }
        clock.set(12 * HOUR + 1).await;
        assert!(!is_signed_in(&visitor).await, "12 hours after the sign-in");
        client.me(&api.access).await.problem(401, "invalid_token");
        let refused = client.refresh(&api.refresh).await;
        refused.problem(401, "invalid_refresh_token");
    })
    .await;
}

#[tokio::test]
async fn a_browser_may_stay_signed_in_for_longer_than_refresh_tokens_live() {
    on_both_stores(async |settings, clock| {
        let settings = settings.set("JWT_REFRESH_TOKEN_EXPIRE_DAYS", 1);
        let settings = settings.set("SESSION_IDLE_MINUTES", 30 * 24 * 60);
        let aura = settings.set("SESSION_MAX_DAYS", 60).start().await;
        let api = aura.client().newcomer().await;
        let visitor = signed_in(&aura, &api.email).await;
        for days in [20, 45] {
            clock.set(days * DAY).await;
            assert!(is_signed_in(&visitor).await, "in use at {days} days");
        }
        let gone = aura.client().refresh(&api.refresh).await;
        gone.problem(401, "invalid_refresh_token");
        clock.set(61 * DAY).await;
        assert!(!is_signed_in(&visitor).await);
    })
    .await;
}

#[tokio::test]
async fn sessions_of_before_the_settings_go_on_and_then_obey_them() {
    let Some(redis) = Redis::start().await else {
        return;
    };
    let file = crate::support::Sqlite::new();
    let settings = Settings::new().database(&file.url()).redis(&redis);
    let before = settings.start().await;
    let api = before.client().newcomer().await;
    let cookies = signed_in(&before, &api.email).await.cookies();
    drop(before);
    let mut db = redis.connect(2).await;
    let clock = Time::Redis(redis, AtomicI64::new(0));
    // As versions without these settings left it: nothing told of the cookie.
    let keys: Vec<String> = redis::cmd("KEYS")
        .arg("aura:session:*")
        .query_async(&mut db)
        .await
        .unwrap();
    assert_eq!(keys.len(), 2);
    for key in keys {
        let _: i64 = redis::cmd("HDEL")
            .arg(&[key.as_str(), "cookie_at"])
            .query_async(&mut db)
            .await
            .unwrap();
    }
    let settings = settings.set("SESSION_IDLE_MINUTES", 15);
    let after = settings.set("SESSION_MAX_HOURS", 2).start().await;
    let client = after.client();
    let visit = async || {
        let call = client.call(Method::GET, "/account", |request| {
            request.header("cookie", &cookies)
        });
        call.await
    };
    let page = visit().await;
    let told = page.is(200).header("set-cookie").to_owned();
    assert!(told.contains("Max-Age="), "{told}");
    assert_eq!(visit().await.is(200).header("set-cookie"), "", "once");
    clock.set(14 * MINUTE).await;
    visit().await.is(200);
    clock.set(30 * MINUTE).await;
    visit().await.is(303);
    let pair = after.client().refresh(&api.refresh).await;
    assert!(pair.is(200).json["refresh_expires_in"].as_i64().unwrap() <= 90 * MINUTE);
    clock.set(2 * HOUR + 1).await;
    let refused = after.client().refresh(&pair.text_of("refresh_token")).await;
    refused.problem(401, "invalid_refresh_token");
}

#[tokio::test]
async fn the_account_page_says_when_each_session_ends() {
    let aura = Settings::new()
        .set("SESSION_IDLE_MINUTES", 15)
        .start()
        .await;
    let api = aura.client().newcomer().await;
    let page = signed_in(&aura, &api.email).await.open("/account").await;
    assert!(page.is(200).text.contains("<th scope=\"col\">Ends</th>"));
    let sessions = page.text.matches("data-label=\"Ends\"").count();
    assert_eq!(sessions, 2, "{}", page.text);
    let listed = aura
        .client()
        .bearer(Method::GET, "/auth/sessions", &api.access)
        .await;
    for session in listed.is(200).json.as_array().unwrap() {
        assert_ne!(session["expires_at"], Value::Null);
    }
}
