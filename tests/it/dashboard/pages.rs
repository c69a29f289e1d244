//! The content of pages: user input is escaped, files are cached, sizes are small, and unknown
//! addresses are answered to browsers and to programs in their own formats.

use std::io::Read as _;

use reqwest::Method;

use super::{ANN, ROOT, Visitor, World, asking, is_page};
use crate::support::PASSWORD;

/// Closes an attribute and a tag, and opens others.
const HOSTILE: &str = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>";

/// Largest page in bytes, compressed.
const MOST: usize = 30 * 1024;

/// Checks that there is no script on the page but ours, and nothing inline.
#[track_caller]
fn is_harmless(html: &str) {
    let html = html.replace("<script src=\"/assets/aura.js\" defer></script>", "");
    for part in [
        "<script",
        "<img src=x",
        "onerror=alert(2)>",
        "style=\"",
        " onclick",
    ] {
        assert!(!html.contains(part), "{part} in {html}");
    }
}

#[tokio::test]
async fn input_of_users_is_shown_as_text() {
    let world = World::start().await;
    // An e-mail may hold what is a sign of HTML elsewhere.
    let email = "a'b&c`{x}@example.com";
    let mut eve = world.visitor();
    eve.user_agent = HOSTILE.to_owned();
    for (page, fields) in [
        ("/sign-in", [("email", HOSTILE), ("password", HOSTILE)]),
        ("/register", [("email", HOSTILE), ("password", HOSTILE)]),
    ] {
        let refused = eve.submit(page, page, &fields).await;
        refused.is(422);
        is_harmless(&refused.text);
        assert!(refused.text.contains("&#60;script&#62;"), "{refused:#?}");
    }
    let fields = [("email", email), ("password", PASSWORD)];
    eve.submit("/register", "/register", &fields).await.is(303);
    is_harmless(&eve.get("/account").await.is(200).text);

    let mut root = world.signed_in(ROOT).await;
    let users = root.get("/users?q=c%60").await;
    is_harmless(&users.is(200).text);
    assert!(users.text.contains("a&#39;b&#38;c`{x}@example.com"));
    let id = users.text.split("<a href=\"/users/").find_map(|rest| {
        let id = rest.split('"').next()?;
        (id.len() == 36).then_some(id)
    });
    let user = format!("/users/{}", id.expect("a row"));
    let page = root.get(&user).await;
    is_harmless(&page.is(200).text);
    assert!(page.text.contains("&#60;script&#62;"), "the user agent");
    let fields = [("roles", HOSTILE)];
    let refused = root.submit(&user, &format!("{user}/roles"), &fields).await;
    is_harmless(&refused.is(422).text);

    for path in [
        "/users",
        "/audit",
        "/sign-in",
        "/register",
        "/reset",
        "/account",
        "/configuration",
        "/",
        "/nowhere",
    ] {
        let names = [
            "q", "after", "action", "actor", "subject", "ip", "from", "until", "before", "next",
            "token", "done",
        ];
        let query: Vec<(&str, &str)> = names.map(|name| (name, HOSTILE)).into();
        for visitor in [&mut root, &mut eve, &mut world.visitor()] {
            let answer = visitor.get(&asking(path, &query)).await;
            is_harmless(&answer.text);
            let location = answer.header("location");
            assert!(!location.contains('<'), "{location}");
        }
    }
    is_harmless(&root.get("/audit").await.is(200).text);
}

#[tokio::test]
async fn pages_are_small_when_compressed() {
    let world = World::start().await;
    // As many sessions as a page shows.
    for _ in 0..50 {
        world.client().signed_in(ROOT).await;
    }
    let mut root = world.signed_in(ROOT).await;
    let own = world.page_of(&mut root, ROOT).await;
    let raw = reqwest::Client::builder()
        .no_proxy()
        .no_gzip()
        .build()
        .unwrap();
    for path in [
        "/",
        "/users",
        &own,
        "/audit",
        "/configuration",
        "/account",
        "/sign-in",
    ] {
        let url = format!("http://{}{path}", world.aura.address());
        let request = raw.get(url).header("accept-encoding", "gzip");
        let session = format!("aura_session={}", root.session());
        let answer = request.header("cookie", session).send().await.unwrap();
        let packed = answer.bytes().await.unwrap();
        assert!(packed.len() < MOST, "{path}: {} bytes", packed.len());
        if path == "/sign-in" {
            continue;
        }
        let mut text = String::new();
        let mut decoder = flate2::read::GzDecoder::new(&packed[..]);
        decoder.read_to_string(&mut text).unwrap();
        assert!(
            text.ends_with("</html>\n") || text.ends_with("</html>"),
            "{path}: {text}"
        );
    }
}

#[tokio::test]
async fn files_are_cached_until_they_change() {
    let world = World::start().await;
    let mut visitor = world.visitor();
    for (path, kind) in [
        ("/assets/aura.css", "text/css; charset=utf-8"),
        ("/assets/aura.js", "text/javascript; charset=utf-8"),
        ("/assets/icon.svg", "image/svg+xml"),
        ("/favicon.ico", "image/svg+xml"),
    ] {
        let answer = visitor.get(path).await;
        assert_eq!(answer.is(200).header("content-type"), kind, "{path}");
        let etag = answer.header("etag").to_owned();
        let again = visitor
            .call(Method::GET, path, |request| {
                request.header("if-none-match", &etag)
            })
            .await;
        again.is(304);
        assert!(answer.header("set-cookie").is_empty());
    }
    visitor.get("/assets/other.css").await.is(404);
}

#[tokio::test]
async fn an_unknown_address_is_a_page_for_browsers_and_a_problem_for_programs() {
    let world = World::start().await;
    let mut visitor = world.visitor();
    for path in ["/nowhere", "/auth/nowhere", "/users/x/y/z", "/account/x"] {
        let page = visitor.get(path).await;
        is_page(&page, 404, "Not found");
        assert!(page.text.contains(page.header("x-request-id")), "{page:#?}");
    }
    for path in ["/nowhere", "/auth/nowhere", "/admin/nowhere"] {
        world.client().get(path).await.problem(404, "not_found");
    }
    // What exists is answered as ever, whoever asks.
    visitor.get("/auth/me").await.problem(401, "missing_token");
    visitor.get("/health").await.is(200);
    let signed_in = world.signed_in(ANN).await;
    let mut signed_in: Visitor = signed_in;
    is_page(&signed_in.get("/nowhere").await, 404, "Sign out");
}

#[tokio::test]
async fn an_oversized_body_or_a_body_that_is_no_form_is_explained() {
    let world = World::start().await;
    let mut visitor = world.visitor();
    let token = visitor.token("/sign-in").await;
    let large = "x".repeat(70_000);
    let fields = [("form", token.as_str()), ("email", &large)];
    is_page(
        &visitor.post("/sign-in", &fields).await,
        413,
        "What you sent is too large",
    );
    for body in ["email=a&email=b", "email=%00", "email=%ff"] {
        let sent = visitor
            .call(Method::POST, "/sign-in", |request| {
                request
                    .header("content-type", "application/x-www-form-urlencoded")
                    .body(body)
            })
            .await;
        assert_eq!(sent.status, 400, "{body}: {sent:#?}");
        is_page(&sent, 400, "Nothing was changed.");
    }
}
