//! The page of the audit trail: its events, its filters and its export.

use serde_json::Value;
use tokio::task::JoinSet;

use super::{ANN, ROOT, World, is_page};
use crate::support::PASSWORD;

/// The rows of the table, but for those of exports.
fn rows(html: &str) -> usize {
    let cell = "<th scope=\"row\" data-label=\"Action\">";
    html.matches(cell).count() - html.matches(&format!("{cell}exported the")).count()
}

#[tokio::test]
async fn an_action_in_the_browser_is_found_by_every_filter() {
    let world = World::start().await;
    let mut root = world.signed_in(ROOT).await;
    let page = world.page_of(&mut root, ANN).await;
    root.submit(&page, &format!("{page}/disable"), &[])
        .await
        .is(303);
    world.visitor().sign_in(ANN, PASSWORD).await.is(422);
    for (query, count) in [
        ("action=user.disabled", 1),
        ("actor=ROOT%40example.com", 2),
        ("subject=ann%40example.com&ip=127.0.0.1", 2),
        ("action=session.refused&subject=ann%40example.com", 1),
        ("from=2020-01-01&until=2099-12-31", 5),
        ("until=2020-01-01", 0),
        ("from=2099-01-01", 0),
        ("action=nothing.such", 0),
    ] {
        let found = root.get(&format!("/audit?{query}")).await;
        assert_eq!(rows(&found.is(200).text), count, "{query}: {found:#?}");
        let exported = root.get(&format!("/audit/export?{query}")).await;
        assert_eq!(exported.header("content-type"), "application/x-ndjson");
        assert!(
            exported
                .header("content-disposition")
                .contains("attachment")
        );
        let lines: Vec<Value> = exported
            .is(200)
            .text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        // The export itself is an event, by the administrator.
        let others = lines
            .iter()
            .filter(|line| line["action"] != "audit.exported");
        assert_eq!(others.count(), count, "{query}: {lines:#?}");
    }
    is_page(
        &root.get("/audit?action=nothing.such").await,
        200,
        "No events match these filters.",
    );
    for query in ["from=x", "until=2026-02-30"] {
        let refused = root.get(&format!("/audit?{query}")).await;
        is_page(&refused, 422, "Write a date like 2026-01-31.");
        root.get(&format!("/audit/export?{query}")).await.is(422);
    }
}

#[tokio::test]
async fn link_to_older_events_keeps_the_filters() {
    let world = World::start().await;
    let mut tries = JoinSet::new();
    for _ in 0..55 {
        let client = world.client();
        tries.spawn(async move { client.login(ANN, PASSWORD).await.is(200).status });
    }
    tries.join_all().await;
    let mut root = world.signed_in(ROOT).await;
    let first = root
        .get("/audit?action=session.began&subject=ann%40example.com")
        .await;
    assert_eq!(rows(&first.is(200).text), 50);
    let next = first.text.split("<a href=\"/audit?").find_map(|rest| {
        let address = rest.split('"').next()?;
        address
            .contains("before=")
            .then(|| address.replace("&#38;", "&"))
    });
    let next = next.expect("a link to older events");
    let second = root.get(&format!("/audit?{next}")).await;
    assert_eq!(rows(&second.is(200).text), 5);
    assert!(second.text.contains("First page"));
    assert!(!second.text.contains("Older events"));
}

#[tokio::test]
async fn a_failed_sign_in_records_the_account_and_no_actor() {
    let world = World::start().await;
    let failed = world.client().login("nobody@example.com", PASSWORD).await;
    let mut root = world.signed_in(ROOT).await;
    let page = root.get("/audit?action=session.refused").await;
    let text = &page.is(200).text;
    let cell = |name: &str| {
        let rest = text.split(&format!("data-label=\"{name}\">")).nth(1);
        rest.and_then(|rest| rest.split("</td>").next())
            .unwrap()
            .to_owned()
    };
    assert!(cell("Actor").contains("not signed in"), "{text}");
    assert!(!cell("Actor").contains("nobody@example.com"), "{text}");
    assert!(cell("Account").contains("nobody@example.com"), "{text}");
    // To the second, and under the id that the answer had.
    assert!(cell("Time").matches(':').count() == 4, "{text}");
    assert!(
        cell("Details").contains(failed.header("x-request-id")),
        "{text}"
    );
}
