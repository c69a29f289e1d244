//! A thief with an old token pair: it does not tell when the owner refreshes, and it does not buy the
//! owner's new pair.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Client, Session, Settings, Sqlite, on_both_stores};

/// Refreshes from an address, with a user agent.
async fn refresh(client: &Client, token: &str, address: &str, agent: &str) -> Answer {
    let call = client.call(Method::POST, "/auth/refresh", |request| {
        request
            .header("x-forwarded-for", address)
            .header("user-agent", agent)
            .json(&json!({"refresh_token": token}))
    });
    call.await
}

async fn list(client: &Client, access: &str) -> String {
    let mut seen = String::new();
    // Short pages too: the place of a session in the order must tell no more than its times.
    for path in [
        "/auth/sessions",
        "/auth/sessions?limit=1",
        "/auth/sessions?limit=1&offset=1",
    ] {
        let answer = client.bearer(Method::GET, path, access).await;
        seen.push_str(&answer.is(200).text);
    }
    seen
}

fn next(answer: &Answer, like: &Session) -> Session {
    answer.is(200);
    Session {
        email: like.email.clone(),
        access: answer.text_of("access_token"),
        refresh: answer.text_of("refresh_token"),
    }
}

/// The events of one action in the trail of `settings`.
async fn events(settings: &Settings, action: &str) -> Vec<Value> {
    let arguments = ["audit", "list", "--json", "--action", action];
    let listed = settings.done(&arguments).await;
    let lines = listed.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Behind a proxy that tells addresses, with a trail to read.
fn behind_a_proxy(settings: Settings, file: &Sqlite) -> Settings {
    settings
        .database(&file.url())
        .set("SERVER_TRUSTED_PROXIES", "127.0.0.0/8")
}

const OWNER: (&str, &str) = ("2001:db8:1:1::1", "Browser/1");

#[tokio::test]
async fn an_old_pair_sees_nothing_of_the_owners_refreshes() {
    on_both_stores(async |settings| {
        let aura = settings.start().await;
        let client = aura.client();
        let stolen = client.newcomer().await;
        let neighbour = client.signed_in(&stolen.email).await;
        let seen = list(&client, &stolen.access).await;
        let seen_by_neighbour = list(&client, &neighbour.access).await;
        let mut owner = stolen.clone();
        for _ in 0..3 {
            tokio::time::sleep(Duration::from_millis(5)).await; // so that times differ
            owner = next(&client.refresh(&owner.refresh).await, &owner);
            assert_eq!(list(&client, &stolen.access).await, seen);
            // Nor does the pair of another session tell, while there is something to race for.
            assert_eq!(list(&client, &neighbour.access).await, seen_by_neighbour);
        }
        // The owner's own list has moved on.
        assert_ne!(list(&client, &owner.access).await, seen);
    })
    .await;
}

#[tokio::test]
async fn a_second_client_within_the_grace_ends_the_session_and_is_recorded() {
    on_both_stores(async |settings| {
        let file = Sqlite::new();
        let settings = behind_a_proxy(settings, &file);
        let aura = settings.start().await;
        let client = aura.client();
        for (address, agent, difference) in [
            ("2001:db8:1:2::1", OWNER.1, "another address"),
            (OWNER.0, "Thief/1", "another device"),
            ("192.0.2.66", "Thief/1", "another address and device"),
        ] {
            let session = client.newcomer().await;
            let first = refresh(&client, &session.refresh, OWNER.0, OWNER.1).await;
            let owner = next(&first, &session);
            let thief = refresh(&client, &session.refresh, address, agent).await;
            thief.problem(401, "refresh_token_reused");
            let ended = client.me(&owner.access).await;
            ended.problem(401, "invalid_token");
            let event = events(&settings, "session.refreshed_elsewhere")
                .await
                .remove(0);
            assert_eq!(event["subject"], session.email);
            assert_eq!(event["actor"], "", "it may be either of them");
            assert_eq!(
                (&event["ip"], &event["user_agent"]),
                (&address.into(), &agent.into())
            );
            assert_eq!(event["detail"], format!("{difference}; the session ended"));
            let reused = events(&settings, "session.reused").await.remove(0);
            assert_eq!(reused["subject"], session.email);
        }
    })
    .await;
}

#[tokio::test]
async fn one_client_may_race_with_itself_from_any_address_of_its_network() {
    on_both_stores(async |settings| {
        let file = Sqlite::new();
        let settings = behind_a_proxy(settings, &file);
        let aura = settings.start().await;
        let client = aura.client();
        let session = client.newcomer().await;
        let first = refresh(&client, &session.refresh, OWNER.0, OWNER.1).await;
        let again = refresh(&client, &session.refresh, "2001:db8:1:1:ffff::9", OWNER.1).await;
        assert_eq!(again.is(200).text, first.is(200).text);
        assert!(
            events(&settings, "session.refreshed_elsewhere")
                .await
                .is_empty()
        );
    })
    .await;
}

#[tokio::test]
async fn a_shared_pair_is_recorded_and_counted_where_any_client_may_share_it() {
    on_both_stores(async |settings| {
        let file = Sqlite::new();
        let settings = behind_a_proxy(settings, &file).set("JWT_REFRESH_GRACE_SCOPE", "anyone");
        let aura = settings.start().await;
        let client = aura.client();
        let session = client.newcomer().await;
        let first = refresh(&client, &session.refresh, OWNER.0, OWNER.1).await;
        for _ in 0..5 {
            let again = refresh(&client, &session.refresh, "192.0.2.7", OWNER.1).await;
            assert_eq!(again.is(200).text, first.is(200).text);
        }
        client.me(&first.text_of("access_token")).await.is(200);
        let events = events(&settings, "session.refreshed_elsewhere").await;
        let counts = events.iter().map(|event| event["count"].as_i64().unwrap());
        assert_eq!(counts.sum::<i64>(), 5);
        assert!(events.len() <= 2, "a window may have ended: {events:#?}");
        assert_eq!(events[0]["detail"], "another address; the session went on");
    })
    .await;
}
