//! Proves that sessions are listed truthfully, belong to their account alone, and that what is
//! signed out is dead at once; on Redis and on the in-process twin.

use reqwest::Method;
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::support::{Answer, Client, PASSWORD, Redis, Session, Settings, Sqlite, on_both_stores};

const SESSIONS: &str = "/auth/sessions";

async fn list(client: &Client, access: &str) -> Vec<Value> {
    let answer = client.bearer(Method::GET, SESSIONS, access).await;
    answer.is(200).json.as_array().expect("a list").clone()
}

async fn end(client: &Client, access: &str, id: &str) -> Answer {
    let path = format!("{SESSIONS}/{id}");
    client.bearer(Method::DELETE, &path, access).await
}

fn id(session: &Session) -> String {
    session.claims()["sid"].as_str().unwrap().to_owned()
}

/// Both tokens of the session are good for nothing.
async fn is_dead(client: &Client, session: &Session) {
    let me = client.me(&session.access).await;
    me.problem(401, "invalid_token");
    let refreshed = client.refresh(&session.refresh).await;
    refreshed.problem(401, "invalid_refresh_token");
}

/// Signs in with more headers.
async fn sign_in(client: &Client, email: &str, headers: &[(&str, &str)]) -> Session {
    let body = serde_json::json!({"email": email, "password": PASSWORD});
    let pair = client
        .call(Method::POST, "/auth/login", |request| {
            let add = |request: reqwest::RequestBuilder, (name, value): &(&str, &str)| {
                request.header(*name, *value)
            };
            headers.iter().fold(request.json(&body), add)
        })
        .await;
    pair.is(200);
    Session {
        email: email.to_owned(),
        access: pair.text_of("access_token"),
        refresh: pair.text_of("refresh_token"),
    }
}

fn moment(session: &Value, member: &str) -> OffsetDateTime {
    let text = session[member].as_str().expect("a time");
    assert!(text.ends_with('Z'), "{member} in UTC: {text}");
    OffsetDateTime::parse(text, &Rfc3339).unwrap()
}

#[tokio::test]
async fn the_list_shows_each_session_with_its_device_and_its_times() {
    on_both_stores(async |settings| {
        let settings = settings.set("SERVER_TRUSTED_PROXIES", "127.0.0.0/8");
        let aura = settings.start().await;
        let client = aura.client();
        let neighbour = client.newcomer().await;
        let away = [
            ("user-agent", "Phone/1.0"),
            ("x-forwarded-for", "203.0.113.7"),
        ];
        client.register("ann@example.com").await.is(201);
        let laptop = sign_in(&client, "ann@example.com", &[("user-agent", "Laptop/2.0")]).await;
        let phone = sign_in(&client, "ann@example.com", &away).await;

        for (caller, other) in [(&laptop, &phone), (&phone, &laptop)] {
            let sessions = list(&client, &caller.access).await;
            assert_eq!(sessions.len(), 2, "{sessions:#?}");
            for session in &sessions {
                let mut names: Vec<_> = session.as_object().unwrap().keys().collect();
                names.sort_unstable();
                let all = [
                    "created_at",
                    "current",
                    "expires_at",
                    "id",
                    "ip",
                    "last_used_at",
                    "user_agent",
                ];
                assert_eq!(names, all);
                let own = session["id"] == id(caller);
                assert!(own || session["id"] == id(other), "{sessions:#?}");
                assert_eq!(session["current"], own, "{sessions:#?}");
                let created = moment(session, "created_at");
                assert!((OffsetDateTime::now_utc() - created).whole_seconds().abs() < 60);
                assert!(moment(session, "last_used_at") >= created);
                let life = moment(session, "expires_at") - created;
                assert_eq!(life.whole_seconds(), 7 * 24 * 60 * 60);
            }
            let by_id = |session: &Session| {
                let found = sessions.iter().find(|s| s["id"] == id(session));
                found.unwrap().clone()
            };
            assert_eq!(by_id(&laptop)["user_agent"], "Laptop/2.0");
            assert_eq!(by_id(&laptop)["ip"], "127.0.0.1");
            assert_eq!(by_id(&phone)["user_agent"], "Phone/1.0");
            assert_eq!(by_id(&phone)["ip"], "203.0.113.7");
        }
        assert_eq!(list(&client, &neighbour.access).await.len(), 1);
        let anonymous = client.get(SESSIONS).await;
        anonymous.problem(401, "missing_token");
    })
    .await;
}

#[tokio::test]
async fn a_refresh_prolongs_its_session_and_makes_no_other() {
    on_both_stores(async |settings| {
        let aura = settings.start().await;
        let client = aura.client();
        let session = client.newcomer().await;
        let before = list(&client, &session.access).await;
        tokio::time::sleep(std::time::Duration::from_millis(20)).await; // so that times differ
        let pair = client.refresh(&session.refresh).await;
        let after = list(&client, &pair.is(200).text_of("access_token")).await;
        assert_eq!((before.len(), after.len()), (1, 1));
        assert_eq!(before[0]["id"], after[0]["id"]);
        assert_eq!(before[0]["created_at"], after[0]["created_at"]);
        assert!(moment(&after[0], "expires_at") > moment(&before[0], "expires_at"));
        assert!(moment(&after[0], "last_used_at") > moment(&before[0], "last_used_at"));
    })
    .await;
}

#[tokio::test]
async fn a_session_is_ended_by_its_own_account_only() {
    on_both_stores(async |settings| {
        let aura = settings.start().await;
        let client = aura.client();
        let mine = client.newcomer().await;
        let other = client.signed_in(&mine.email).await;
        let stranger = client.newcomer().await;
        let random = uuid::Uuid::new_v4().to_string();

        for unknown in [id(&stranger), random] {
            let answer = end(&client, &mine.access, &unknown).await;
            answer.problem(404, "session_not_found");
        }
        client.me(&stranger.access).await.is(200);
        client.refresh(&stranger.refresh).await.is(200);
        let answer = end(&client, &mine.access, "not-an-id").await;
        answer.problem(400, "invalid_parameter");
        let path = format!("{SESSIONS}/{}", id(&other));
        let anonymous = client.call(Method::DELETE, &path, |request| request).await;
        anonymous.problem(401, "missing_token");

        end(&client, &mine.access, &id(&other)).await.is(204);
        is_dead(&client, &other).await;
        let again = end(&client, &mine.access, &id(&other)).await;
        again.problem(404, "session_not_found");
        assert_eq!(list(&client, &mine.access).await.len(), 1);

        end(&client, &mine.access, &id(&mine)).await.is(204);
        is_dead(&client, &mine).await;
    })
    .await;
}

#[tokio::test]
async fn a_logout_ends_both_tokens_of_one_session_at_once_and_may_be_repeated() {
    on_both_stores(async |settings| {
        let aura = settings.start().await;
        let client = aura.client();
        let mine = client.newcomer().await;
        let other = client.signed_in(&mine.email).await;
        let pair = client.refresh(&mine.refresh).await;
        let newer = Session {
            email: mine.email.clone(),
            access: pair.is(200).text_of("access_token"),
            refresh: pair.text_of("refresh_token"),
        };
        let done = client.logout(&newer.access).await;
        assert_eq!(done.is(204).text, "");
        is_dead(&client, &newer).await;
        is_dead(&client, &mine).await;
        for access in [&newer.access, &mine.access] {
            client.logout(access).await.is(204);
        }
        client.me(&other.access).await.is(200);
        assert_eq!(list(&client, &other.access).await.len(), 1);

        client.logout("rubbish").await.problem(401, "invalid_token");
        let anonymous = client
            .call(Method::POST, "/auth/logout", |request| request)
            .await;
        anonymous.problem(401, "missing_token");
    })
    .await;
}

#[tokio::test]
async fn a_logout_everywhere_ends_every_session_of_the_account_and_of_no_other() {
    on_both_stores(async |settings| {
        let aura = settings.start().await;
        let client = aura.client();
        let stranger = client.newcomer().await;
        let first = client.newcomer().await;
        let mut sessions = vec![first.clone()];
        for _ in 0..3 {
            sessions.push(client.signed_in(&first.email).await);
        }
        let path = "/auth/logout-all";
        for _ in 0..2 {
            let done = client.bearer(Method::POST, path, &sessions[1].access).await;
            done.is(204);
        }
        for session in &sessions {
            is_dead(&client, session).await;
        }
        client.me(&stranger.access).await.is(200);
        // A token of a session that has ended ends no newer one.
        let fresh = client.signed_in(&first.email).await;
        client
            .bearer(Method::POST, path, &first.access)
            .await
            .is(204);
        client.me(&fresh.access).await.is(200);
        let rubbish = client.bearer(Method::POST, path, "rubbish").await;
        rubbish.problem(401, "invalid_token");
    })
    .await;
}

#[tokio::test]
async fn sessions_in_memory_end_with_the_process_and_those_in_redis_outlive_it() {
    let redis = Redis::start().await;
    let mut stores = vec![(Settings::new(), 401)];
    stores.extend(
        redis
            .as_ref()
            .map(|redis| (Settings::new().redis(redis), 200)),
    );
    for (settings, status) in stores {
        let file = Sqlite::new();
        let settings = settings.database(&file.url());
        let aura = settings.start().await;
        let session = aura.client().newcomer().await;
        drop(aura);
        let aura = settings.start().await;
        aura.client().me(&session.access).await.is(status);
        aura.client().refresh(&session.refresh).await.is(status);
        aura.client().signed_in(&session.email).await;
    }
}

#[tokio::test]
async fn a_header_that_is_not_text_does_not_hide_the_client_address() {
    let settings = Settings::new().set("SERVER_TRUSTED_PROXIES", "127.0.0.0/8");
    let aura = settings.start().await;
    let client = aura.client();
    let email = client.newcomer().await.email;
    let body = serde_json::json!({"email": email, "password": PASSWORD});
    // What the client made up, and what the proxy added to the same line.
    let forwarded = b"192.0.2.66\xff, 198.51.100.7".as_slice();
    let pair = client
        .call(Method::POST, "/auth/login", |request| {
            request.header("x-forwarded-for", forwarded).json(&body)
        })
        .await;
    let sessions = list(&client, &pair.is(200).text_of("access_token")).await;
    let current = sessions.iter().find(|session| session["current"] == true);
    assert_eq!(current.expect("this one")["ip"], "198.51.100.7");
}
