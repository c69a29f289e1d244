//! The address to continue to after a sign-in and a sign-out, from `next` or `rd`, also when the user
//! has signed in or out in another tab meanwhile.

use super::{ANN, ROOT, World, asking, hidden, is_page};
use crate::support::{PASSWORD, Settings};

const APP: &str = "https://app.example.com/x?y=z&a=b#part";

async fn world() -> World {
    World::with(Settings::new().set("AUTH_FORWARD_HOSTS", "app.example.com")).await
}

#[tokio::test]
async fn rd_is_read_in_place_of_next() {
    let world = world().await;
    let mut ann = world.signed_in(ANN).await;
    for path in ["/sign-in", "/register"] {
        let page = world.visitor().get(&asking(path, &[("rd", APP)])).await;
        let next = hidden(&page.is(200).text, "next").unwrap_or_default();
        assert_eq!(next.replace("&#38;", "&"), APP, "{path}");
        for (query, location) in [
            (&[("rd", APP)][..], APP),
            (&[("next", ""), ("rd", APP)], APP),
            (&[("rd", APP), ("next", "/users")], "/users"),
            (&[("next", "//evil.example"), ("rd", APP)], "/"),
            (&[("rd", "https://evil.example/")], "/"),
        ] {
            let answer = ann.get(&asking(path, query)).await;
            assert_eq!(
                answer.is(303).header("location"),
                location,
                "{path} {query:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_form_from_before_a_sign_in_in_another_tab_continues() {
    let world = world().await;
    for path in ["/sign-in", "/register"] {
        let mut ann = world.visitor();
        // The second tab, opened first.
        let token = ann.token(&asking(path, &[("next", APP)])).await;
        ann.sign_in(ANN, PASSWORD).await.is(303);
        let session = ann.session();
        for (next, location) in [
            (APP, APP),
            ("/account", "/account"),
            ("https://evil.example/", "/"),
            ("//evil.example/", "/"),
            ("", "/"),
        ] {
            let fields = [
                ("email", ROOT),
                ("password", PASSWORD),
                ("next", next),
                ("form", token.as_str()),
            ];
            let sent = ann.post(path, &fields).await;
            assert_eq!(sent.is(303).header("location"), location, "{path} {next}");
            assert_eq!(ann.session(), session, "nobody else is signed in");
        }
        // A page of somebody else's leads nowhere.
        let sent = ann.call(reqwest::Method::POST, path, |request| {
            let request = request.header("sec-fetch-site", "cross-site");
            request.form(&[("next", APP)])
        });
        assert_eq!(sent.await.is(303).header("location"), "/");
    }
}

#[tokio::test]
async fn sign_out_returns_the_visitor_to_the_application() {
    let world = world().await;
    for name in ["next", "rd"] {
        let mut ann = world.signed_in(ANN).await;
        let address = asking("/sign-out", &[(name, APP)]);
        let page = ann.get(&address).await;
        is_page(&page, 200, "You are signed in as ann@example.com.");
        assert_eq!(page.text.matches("<button").count(), 1, "{page:#?}");
        assert_eq!(page.text.matches("<form").count(), 1, "{page:#?}");
        // Looking at it does nothing.
        is_page(&ann.get("/account").await, 200, ANN);
        let sent = ann.submit(&address, "/sign-out", &[("next", APP)]).await;
        assert_eq!(sent.is(303).header("location"), APP);
        assert_eq!(ann.session(), "");
        // Again, and from a tab that has not heard of it.
        let answer = ann.get(&address).await;
        assert_eq!(answer.is(303).header("location"), APP);
        let sent = ann.post("/sign-out", &[("next", APP)]).await;
        assert_eq!(sent.is(303).header("location"), APP);
    }
}

#[tokio::test]
async fn sign_out_leads_to_this_site_or_a_listed_host_only() {
    let world = world().await;
    for next in [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "https://app.example.com@evil.example/",
        "javascript:alert(1)",
        "/sign-out",
        "/sign-in?next=/",
        "",
    ] {
        let mut ann = world.signed_in(ANN).await;
        let address = asking("/sign-out", &[("next", next)]);
        let page = ann.get(&address).await;
        is_page(&page, 200, "Stay signed in");
        assert!(
            !page.text.contains("evil") && !page.text.contains("javascript"),
            "{page:#?}"
        );
        let sent = ann.submit(&address, "/sign-out", &[("next", next)]).await;
        let location = sent.is(303).header("location").to_owned();
        assert!(
            location.starts_with("/sign-in?done=signed-out."),
            "{location}"
        );
        is_page(&ann.follow(&sent).await, 200, "You are signed out.");
        let answer = ann.get(&address).await;
        assert_eq!(answer.is(303).header("location"), "/sign-in", "{next}");
    }
    let mut ann = world.signed_in(ANN).await;
    let sent = ann.call(reqwest::Method::POST, "/sign-out", |request| {
        let request = request.header("sec-fetch-site", "cross-site");
        request.form(&[("next", APP)])
    });
    sent.await.is(403);
    is_page(&ann.get("/account").await, 200, ANN);
}

#[tokio::test]
async fn an_overlong_own_address_leads_to_sign_in_without_a_return_address() {
    let world = world().await;
    let mut visitor = world.visitor();
    for (length, returns) in [(1_000, true), (7_000, false), (12_000, false)] {
        let address = format!("/users?q={}", "/".repeat(length));
        let answer = visitor.get(&address).await;
        let location = answer.is(303).header("location").to_owned();
        assert_eq!(location.starts_with("/sign-in?next="), returns, "{length}");
        visitor.get(&location).await.is(200);
    }
}
