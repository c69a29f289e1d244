//! Limits on the texts that a stranger without an account can write into the audit trail and the log:
//! no names, and little.

use reqwest::Method;
use serde_json::Value;

use crate::support::{Settings, Sqlite};

async fn failures(settings: &Settings, filters: &[&str]) -> Vec<Value> {
    let list = ["audit", "list", "--json", "--limit", "500"];
    let action = ["--action", "session.refused"];
    let arguments = [list.as_slice(), &action, filters].concat();
    let listed = settings.done(&arguments).await;
    let events = listed
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    events.collect()
}

fn count(events: &[Value]) -> i64 {
    let counts = events.iter().map(|event| event["count"].as_i64().unwrap());
    counts.sum()
}

#[tokio::test]
async fn a_failed_sign_in_names_the_victim_as_subject_and_not_as_actor() {
    let file = Sqlite::new();
    let settings = Settings::new().database(&file.url());
    let aura = settings.start().await;
    let client = aura.client();
    let ann = client.newcomer().await.email;
    for email in [ann.as_str(), "nobody@example.com", "not an address"] {
        client.login(email, "wrong-Password-1").await.is(401);
    }
    let events = failures(&settings, &[]).await;
    let names: Vec<_> = events
        .iter()
        .map(|event| {
            (
                event["actor"].as_str().unwrap(),
                event["subject"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(names, [("", ""), ("", "nobody@example.com"), ("", &ann)]);
    assert!(failures(&settings, &["--actor", &ann]).await.is_empty());
}

#[tokio::test]
async fn failures_of_one_address_take_few_rows_and_none_is_lost() {
    let file = Sqlite::new();
    let settings = Settings::new().database(&file.url());
    let aura = settings.start().await;
    let client = aura.client();
    let ann = client.newcomer().await.email;
    for _ in 0..12 {
        client.login(&ann, "wrong-Password-1").await.is(401);
    }
    let one = failures(&settings, &["--subject", &ann]).await;
    assert!(one.len() <= 2, "a window may have ended: {one:#?}");
    assert_eq!(count(&one), 12);
    for n in 0..40 {
        let email = format!("guess{n}@example.com");
        client.login(&email, "wrong-Password-1").await.is(401);
    }
    let all = failures(&settings, &["--ip", "127.0.0.1"]).await;
    assert_eq!(count(&all), 52, "every failure is counted");
    assert!(all.len() <= 2 * 21, "{} rows", all.len());
    // A process that is killed loses nothing; the next one counts in rows of its own.
    drop(aura);
    let aura = settings.start().await;
    aura.client().login(&ann, "wrong-Password-1").await.is(401);
    let again = failures(&settings, &["--subject", &ann]).await;
    assert_eq!(count(&again), 13);
}

#[tokio::test]
async fn a_made_up_method_is_cut_in_the_log() {
    let aura = Settings::new().start().await;
    let method = Method::from_bytes("MADEUP".repeat(1000).as_bytes()).unwrap();
    let answer = aura
        .client()
        .call(method, "/auth/me", |request| request)
        .await;
    assert!(answer.status >= 400, "{answer:#?}");
    let log = aura.log();
    assert!(log.contains("method=MADEUPMADEUPMADE"), "{log}");
    assert!(!log.contains("MADEUPMADEUPMADEUP"), "{log}");
}
