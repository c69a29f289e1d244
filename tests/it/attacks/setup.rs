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
    assert_ne!(Settings::embedded().start().await.setup_code(), code);
    // However many they send, the page stays open for its owner.
    let aura = Settings::embedded()
        .set("RATE_LIMIT_ENABLED", false)
        .start()
        .await;
    let stranger = Visitor::new(aura.client());
    for _ in 0..20 {
        send(&stranger, "x").await.is(422);
    }
    send(&stranger, &aura.setup_code()).await.is(303);
}

#[tokio::test]
async fn guesses_are_limited_with_all_calls_of_their_address() {
    let limit = Settings::embedded().set("RATE_LIMIT_ADDRESS_PER_MINUTE", 5);
    let aura = limit.start().await;
    let stranger = Visitor::new(aura.client());
    for _ in 0..5 {
        send(&stranger, "x").await.is(422);
    }
    send(&stranger, "x").await.is(429);
}

#[tokio::test]
async fn the_code_holds_until_there_is_an_administrator() {
    let aura = Settings::embedded().start().await;
    aura.client().register("ann@example.com").await.is(201);
    let code = aura.setup_code();
    let owner = Visitor::new(aura.client());
    for page in ["/sign-in", "/register"] {
        let text = owner.open(page).await.is(200).text.clone();
        let other = if page == "/sign-in" {
            "/register"
        } else {
            "/sign-in"
        };
        let links = text.rsplit("</form>").next().unwrap_or_default();
        let at = |path: &str| links.find(&format!("href=\"{path}")).expect(path);
        assert!(at("/setup") < at(other), "{text}");
    }
    // The page adds an account, and takes none over.
    let page = owner.open(&format!("/setup?code={code}")).await;
    let fields = |email| {
        [
            ("code", code.as_str()),
            ("email", email),
            ("password", PASSWORD),
        ]
    };
    let taken = owner
        .send(&page, "/setup", &fields("ann@example.com"))
        .await;
    let words = "aura user set-roles --dev EMAIL admin";
    assert!(taken.is(422).text.contains(words), "{taken:#?}");
    let roles = aura.client().signed_in("ann@example.com").await.claims()["roles"].clone();
    assert!(roles.is_null(), "{roles}");
    owner
        .send(&page, "/setup", &fields("root@example.com"))
        .await
        .is(303);
    assert!(
        owner
            .open("/")
            .await
            .is(200)
            .text
            .contains("<h1>Overview</h1>")
    );
    Visitor::new(aura.client()).open("/setup").await.is(404);
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
async fn a_start_with_an_administrator_shows_no_code() {
    let folder = tempfile::TempDir::new().unwrap();
    let url = format!("sqlite://{}", folder.path().join("aura.db").display());
    let settings = Settings::embedded().database(&url);
    let create = |email| ["user", "create", email, "--password-stdin", "--dev"];
    let ann = create("ann@example.com");
    settings.done_with(&ann, PASSWORD).await;
    assert!(!settings.start().await.setup_code().is_empty());
    let root = [&create("root@example.com")[..], &["--role", "admin"]].concat();
    settings.done_with(&root, PASSWORD).await;
    let aura = settings.start().await;
    assert!(aura.log().contains("aura is ready"), "{}", aura.log());
    assert!(!aura.log().contains("/setup"), "{}", aura.log());
}
