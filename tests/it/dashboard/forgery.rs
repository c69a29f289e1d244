//! Requests forged by other sites, stolen tokens and planted cookies have no effect.

use reqwest::Method;

use super::{ANN, OTHER, ROOT, Visitor, World, asking, is_page};
use crate::support::{PASSWORD, Settings};

/// Every form of the dashboard with fields that would be accepted.
fn forms(page: &str) -> Vec<(String, Vec<(&'static str, &'static str)>)> {
    let own = [
        ("/sign-out", vec![]),
        (
            "/account/password",
            vec![("current_password", PASSWORD), ("new_password", OTHER)],
        ),
        ("/account/sessions/end-others", vec![]),
        (
            "/users/new",
            vec![("email", "eve@example.com"), ("password", PASSWORD)],
        ),
    ];
    let acts = [
        "roles",
        "disable",
        "enable",
        "end-sessions",
        "require-password-change",
        "reset",
        "delete",
        "erase",
    ];
    let acts = acts
        .iter()
        .map(|act| (format!("{page}/{act}"), vec![("roles", "x")]));
    let own = own.map(|(path, fields)| (path.to_owned(), fields));
    own.into_iter().chain(acts).collect()
}

/// Checks that nothing has changed.
async fn nothing_happened(world: &World, root: &mut Visitor, ann: &mut Visitor) {
    root.get("/users").await.is(200);
    ann.get("/account").await.is(200);
    let client = world.client();
    client.login("eve@example.com", PASSWORD).await.is(401);
    let ann = client.signed_in(ANN).await;
    assert_eq!(ann.claims()["roles"], serde_json::json!(["editor"]));
    client.signed_in(ROOT).await;
}

#[tokio::test]
async fn form_without_a_valid_token_has_no_effect() {
    let world = World::start().await;
    let mut root = world.signed_in(ROOT).await;
    let mut ann = world.signed_in(ANN).await;
    let page = world.page_of(&mut root, ANN).await;
    let good = root.token("/account").await;
    let mut flipped = good.clone();
    let last = if flipped.pop() == Some('A') { 'B' } else { 'A' };
    flipped.insert(0, last);
    let tokens = [
        String::new(),
        "x".to_owned(),
        flipped,
        // Of another session, of a browser that is not signed in, of the same account elsewhere.
        ann.token("/account").await,
        world.visitor().token("/sign-in").await,
        world.signed_in(ROOT).await.token("/account").await,
    ];
    for (path, fields) in forms(&page) {
        for token in &tokens {
            let mut fields = fields.clone();
            fields.push(("form", token));
            is_page(
                &root.post(&path, &fields).await,
                403,
                "This form is out of date",
            );
        }
        is_page(
            &root.post(&path, &fields).await,
            403,
            "This form is out of date",
        );
    }
    nothing_happened(&world, &mut root, &mut ann).await;
}

#[tokio::test]
async fn form_of_another_site_has_no_effect_even_with_a_stolen_token() {
    let world = World::start().await;
    let mut root = world.signed_in(ROOT).await;
    let mut ann = world.signed_in(ANN).await;
    let page = world.page_of(&mut root, ANN).await;
    let token = root.token("/account").await;
    let host = world.aura.address();
    let wrong_port = format!("http://127.0.0.1:{}", host.port() ^ 1);
    for (path, mut fields) in forms(&page) {
        fields.push(("form", &token));
        for (name, value) in [
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
            ("sec-fetch-site", "nonsense"),
            ("origin", "https://evil.example"),
            ("origin", &wrong_port),
            ("origin", "null"),
        ] {
            let sent = root
                .call(Method::POST, &path, |request| {
                    request.header(name, value).form(&fields)
                })
                .await;
            is_page(&sent, 403, "This form was sent from another site");
        }
        // What a page elsewhere can send without asking first is no form of ours either.
        let plain = root
            .call(Method::POST, &path, |request| {
                request.header("content-type", "text/plain").body("x=y")
            })
            .await;
        is_page(&plain, 415, "This request is not a form");
        // And no address does anything by being opened.
        let opened = root.get(&path).await;
        assert!([200, 405].contains(&opened.status), "{opened:#?}");
    }
    nothing_happened(&world, &mut root, &mut ann).await;
}

#[tokio::test]
async fn a_foreign_form_signs_no_one_in() {
    let world = World::start().await;
    let mut victim = world.visitor();
    let stolen = world.visitor().token("/sign-in").await;
    let fields = [("email", ANN), ("password", PASSWORD), ("form", &stolen)];
    is_page(
        &victim.post("/sign-in", &fields).await,
        403,
        "Your browser sent no cookie",
    );
    victim.get("/sign-in").await.is(200);
    is_page(
        &victim.post("/sign-in", &fields).await,
        403,
        "This form is out of date",
    );
    assert_eq!(victim.session(), "");
}

#[tokio::test]
async fn planted_cookie_does_not_become_the_session() {
    let world = World::start().await;
    // One that has ended, one that was made up, and one of the right form.
    let mut old = world.signed_in(ANN).await;
    let ended = old.session();
    old.submit("/account", "/sign-out", &[]).await.is(303);
    let (id, tag) = ended.split_once('.').unwrap();
    for planted in [
        ended.clone(),
        "x".to_owned(),
        format!("{id}."),
        tag.to_owned(),
    ] {
        let mut victim = world.visitor();
        victim
            .cookies
            .insert("aura_session".to_owned(), planted.clone());
        victim.sign_in(ANN, PASSWORD).await.is(303);
        let session = victim.session();
        assert!(session != planted && !session.starts_with(id), "{session}");
        victim.get("/account").await.is(200);
        // Whoever planted it has nothing.
        let mut thief = world.visitor();
        thief.cookies.insert("aura_session".to_owned(), planted);
        thief.get("/account").await.is(303);
    }
    // Each sign-in is a session of its own.
    let (one, two) = (world.signed_in(ANN).await, world.signed_in(ANN).await);
    assert_ne!(one.session(), two.session());
}

#[tokio::test]
async fn stolen_cookie_is_refused_after_the_session_ends() {
    let world = World::start().await;
    for end in ["sign-out", "password", "cli", "others"] {
        let mut ann = world.signed_in(ANN).await;
        let mut thief = ann.clone();
        thief.get("/account").await.is(200);
        match end {
            "sign-out" => {
                ann.submit("/account", "/sign-out", &[]).await.is(303);
            }
            "password" => {
                let fields = [("current_password", PASSWORD), ("new_password", PASSWORD)];
                let mut other = world.signed_in(ANN).await;
                other
                    .submit("/account", "/account/password", &fields)
                    .await
                    .is(303);
            }
            "cli" => {
                world
                    .settings
                    .done(&["user", "revoke-sessions", ANN, "--yes"])
                    .await;
            }
            _ => {
                let mut other = world.signed_in(ANN).await;
                other
                    .submit("/account", "/account/sessions/end-others", &[])
                    .await
                    .is(303);
            }
        }
        let refused = thief.get("/account").await;
        assert_eq!(
            refused.is(303).header("location"),
            "/sign-in?next=%2Faccount",
            "{end}"
        );
        assert_eq!(thief.session(), "", "the browser is told to forget it");
    }
}

#[tokio::test]
async fn cookies_and_tokens_are_not_interchangeable() {
    let world = World::start().await;
    let ann = world.signed_in(ANN).await;
    let tokens = world.client().signed_in(ANN).await;
    world.client().me(&ann.session()).await.is(401);
    for value in [&tokens.access, &tokens.refresh] {
        let mut visitor = world.visitor();
        visitor
            .cookies
            .insert("aura_session".to_owned(), value.clone());
        visitor.get("/account").await.is(303);
    }
}

#[tokio::test]
async fn sign_in_leads_to_this_site_or_a_listed_host_only() {
    let settings = Settings::new().set("AUTH_FORWARD_HOSTS", "app.example.com");
    let world = World::with(settings).await;
    for (next, location) in [
        ("/account", "/account"),
        (
            "https://app.example.com/x?y=z",
            "https://app.example.com/x?y=z",
        ),
        ("https://evil.example", "/"),
        ("https://app.example.com.evil.example/", "/"),
        ("https://app.example.com@evil.example/", "/"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("/\t/evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("/sign-in?next=/", "/"),
        ("/x\r\nset-cookie: a=b", "/"),
    ] {
        let mut ann = world.visitor();
        let fields = [("email", ANN), ("password", PASSWORD), ("next", next)];
        let sent = ann.submit("/sign-in", "/sign-in", &fields).await;
        assert_eq!(sent.is(303).header("location"), location, "{next:?}");
        let shown = world
            .visitor()
            .get(&asking("/sign-in", &[("next", next)]))
            .await;
        assert_eq!(
            super::hidden(&shown.text, "next").as_deref(),
            Some(location),
            "{next:?}"
        );
    }
}

#[tokio::test]
async fn a_foreign_link_cannot_make_a_page_report_success() {
    let world = World::start().await;
    let mut ann = world.signed_in(ANN).await;
    let fields = [("current_password", PASSWORD), ("new_password", PASSWORD)];
    let changed = ann.submit("/account", "/account/password", &fields).await;
    let said = changed.header("location").to_owned();
    is_page(
        &ann.get(&said).await,
        200,
        "Your password has been changed.",
    );
    let (code, rest) = said.split_once('.').unwrap();
    let mut root = world.signed_in(ROOT).await;
    let other = said.replace("password-changed", "others-ended");
    let moved = format!("{code}.1{rest}");
    for (is_ann, path) in [
        (false, said.as_str()),
        (true, other.as_str()),
        (true, moved.as_str()),
        (true, code),
    ] {
        let visitor = if is_ann { &mut ann } else { &mut root };
        let page = visitor.get(path).await;
        assert!(
            !page.is(200).text.contains("id=\"done\""),
            "{path}: {page:#?}"
        );
    }
}
