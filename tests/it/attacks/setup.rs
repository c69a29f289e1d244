//! Strangers who reach the set-up page of `serve --dev`: behind a plain `proxy_pass` all of them
//! come from 127.0.0.1, with `Host: 127.0.0.1`, as the client of these tests does.

use crate::support::{Answer, Aura, PASSWORD, Settings, Visitor};

/// Sends the form of the set-up page.
async fn send(visitor: &Visitor, code: &str) -> Answer {
    let page = visitor.open("/setup").await;
    let fields = [
        ("code", code),
        ("email", "eve@example.com"),
        ("password", PASSWORD),
    ];
    visitor.send(page.is(200), "/setup", &fields).await
}

async fn has_no_account(aura: &Aura) {
    let login = aura.client().login("eve@example.com", PASSWORD).await;
    login.is(401);
}

#[tokio::test]
async fn a_stranger_behind_a_proxy_cannot_make_the_first_administrator() {
    let aura = Settings::embedded().start().await;
    let code = aura.setup_code();
    let stranger = Visitor::new(aura.client());
    let page = stranger.open("/setup").await;
    assert!(!page.is(200).text.contains(&code), "{page:#?}");
    for wrong in ["", "x", &code[1..], &code.to_lowercase()] {
        send(&stranger, wrong).await.is(422);
    }
    has_no_account(&aura).await;
    // Ten wrong codes end it for everybody, until the next start shows another code.
    for _ in 0..10 {
        send(&stranger, "x").await.is(422);
    }
    let answer = send(&stranger, &code).await;
    assert!(answer.is(422).text.contains("Too many wrong codes"));
    has_no_account(&aura).await;
    assert_ne!(Settings::embedded().start().await.setup_code(), code);
}

#[tokio::test]
async fn the_code_of_the_terminal_works_once_and_leaks_nowhere() {
    let aura = Settings::embedded().start().await;
    let code = aura.setup_code();
    let owner = Visitor::new(aura.client());
    let page = owner.open(&format!("/setup?code={code}")).await;
    assert!(page.is(200).text.contains(&format!("value=\"{code}\"")));
    // Other sites learn nothing; without any, browsers would not tell where a form comes from.
    assert_eq!(page.header("referrer-policy"), "same-origin");
    assert_eq!(page.header("cache-control"), "no-store");
    let fields = [
        ("code", code.as_str()),
        ("email", "root@example.com"),
        ("password", PASSWORD),
    ];
    owner.send(&page, "/setup", &fields).await.is(303);
    let second = Visitor::new(aura.client());
    second.open("/setup").await.is(404);
    assert_eq!(aura.log().matches(&code).count(), 1, "{}", aura.log());
}

#[tokio::test]
async fn a_start_with_accounts_shows_no_code() {
    let folder = tempfile::TempDir::new().unwrap();
    let url = format!("sqlite://{}", folder.path().join("aura.db").display());
    let settings = Settings::embedded().database(&url);
    let create = [
        "user",
        "--dev",
        "create",
        "root@example.com",
        "--password-stdin",
    ];
    settings.done_with(&create, PASSWORD).await;
    let aura = settings.start().await;
    assert!(aura.log().contains("aura is ready"), "{}", aura.log());
    assert!(!aura.log().contains("/setup"), "{}", aura.log());
}
