//! Proves the script of `docs/spa.md` in Chromium: a page of another origin registers, signs in, calls,
//! renews its tokens in two tabs at once, and signs out of both.

use serde_json::{Value, json};

use crate::support::{Aura, Browser, Driver, Look, PASSWORD, Settings, Site};

const PAGE: &str = include_str!("../../docs/spa.md");

/// The script of the page.
fn script() -> &'static str {
    let (_, rest) = PAGE.split_once("\n```js\n").expect("a script");
    rest.split_once("\n```\n").expect("its end").0
}

/// A page with the script, whose functions the test can call; aura's address stands in the query.
fn page(_head: &str) -> String {
    let script = script().replace(
        "\"https://auth.example.com\"",
        "new URLSearchParams(location.search).get(\"aura\")",
    );
    format!(
        "<!DOCTYPE html><html lang=\"en\"><title>spa</title><link rel=\"icon\" href=\"data:,\">\
         <script type=\"module\">{script}
         on.signedOut = () => {{ document.title = 'signed out'; }};
         Object.assign(window, {{ register, login, call, logout, isSignedIn, AURA }});
         document.title = 'ready';</script></html>"
    )
}

/// Runs an expression with `await` in it, and gives its value, or what it failed with.
async fn run(browser: &Browser, expression: &str) -> Value {
    let script = format!(
        "const done = arguments[arguments.length - 1];
         (async () => {expression})().then(done, error => done(
             {{ failed: error.message, status: error.status, code: error.code }}));"
    );
    let done = browser.execute_async(&script, Vec::new()).await;
    done.unwrap_or_else(|error| panic!("{expression}: {error}"))
}

async fn opened(browser: &Browser, site: &Site, aura: &Aura) {
    let (site, aura) = (site.address(), aura.address());
    browser
        .open(&format!("http://{site}/?aura=http://{aura}"))
        .await;
    titled(browser, "ready").await;
}

async fn titled(browser: &Browser, title: &str) {
    let limit = crate::support::PATIENCE;
    crate::support::eventually(limit, title, async || {
        (browser.title().await.ok()? == title).then_some(())
    })
    .await;
}

const ME: &str = "(await (await call(AURA + '/auth/me')).json()).email";

#[tokio::test]
async fn a_page_of_another_origin_signs_in_calls_renews_in_two_tabs_and_signs_out() {
    let Some(driver) = Driver::start().await else {
        return;
    };
    let site = Site::start(page).await;
    let origin = format!("http://{}", site.address());
    let settings = Settings::new().set("SERVER_CORS_ALLOWED_ORIGINS", origin.as_str());
    let aura = settings.start().await;
    let browser = driver.browser(&Look::light()).await;
    opened(&browser, &site, &aura).await;
    let (email, secret) = (json!("spa@example.com"), json!(PASSWORD));

    assert_eq!(run(&browser, "isSignedIn()").await, false);
    let refused = run(&browser, ME).await;
    assert_eq!(refused["status"], 401, "{refused}");
    let made = run(&browser, &format!("await register({email}, {secret})")).await;
    assert_eq!(made["email"], email, "{made}");
    let again = run(&browser, &format!("await register({email}, {secret})")).await;
    assert_eq!(again["code"], "email_taken", "{again}");
    let wrong = run(&browser, &format!("await login({email}, 'wrong')")).await;
    assert_eq!(wrong["code"], "invalid_credentials", "{wrong}");
    run(&browser, &format!("await login({email}, {secret})")).await;
    assert_eq!(run(&browser, ME).await, email);

    // Headers of tracing libraries go out, and those of the answer come in.
    let traced = "(await call(AURA + '/auth/me', { headers: { \
        traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', \
        baggage: 'a=b', 'sentry-trace': 'x', 'x-stainless-lang': 'js' } }))\
        .headers.get('X-Request-Id')";
    let id = run(&browser, traced).await;
    assert!(id.as_str().is_some_and(|id| !id.is_empty()), "{id}");

    // Two tabs that have both lost their access tokens renew at once.
    let first = browser.window().await.expect("a tab");
    let second = browser.new_window(true).await.expect("a tab").handle;
    browser
        .switch_to_window(second.clone())
        .await
        .expect("a tab");
    opened(&browser, &site, &aura).await;
    let start = format!("void (window.found = (async () => {ME})())");
    for _ in 0..3 {
        for tab in [&first, &second] {
            browser.switch_to_window(tab.clone()).await.expect("a tab");
            opened(&browser, &site, &aura).await;
            browser.run(&start).await;
        }
        for tab in [&first, &second] {
            browser.switch_to_window(tab.clone()).await.expect("a tab");
            assert_eq!(run(&browser, "await window.found").await, email);
        }
    }
    // A token that the server refuses is renewed, once.
    let session = aura.client().signed_in("spa@example.com").await;
    assert_eq!(run(&browser, ME).await, email);
    aura.client().logout(&session.access).await.is(204);

    let out = run(&browser, "await logout()").await;
    assert_eq!(out, Value::Null, "{out}");
    for tab in [&first, &second] {
        browser.switch_to_window(tab.clone()).await.expect("a tab");
        titled(&browser, "signed out").await;
        let refused = run(&browser, ME).await;
        assert_eq!(refused["status"], 401, "{refused}");
        assert_eq!(run(&browser, "isSignedIn()").await, false);
    }
}

#[tokio::test]
async fn a_page_of_an_origin_that_is_not_listed_gets_nowhere() {
    let Some(driver) = Driver::start().await else {
        return;
    };
    let site = Site::start(page).await;
    let settings = Settings::new().set("SERVER_CORS_ALLOWED_ORIGINS", "https://app.example.com");
    let aura = settings.start().await;
    let browser = driver.browser(&Look::light()).await;
    opened(&browser, &site, &aura).await;
    let failed = run(&browser, "await login('a@example.com', 'x')").await;
    assert!(
        failed["failed"].is_string() && failed["status"].is_null(),
        "{failed}"
    );
    let origin = format!("http://{}", site.address());
    let log = aura.log();
    assert!(
        log.contains("preflight is refused") && log.contains(&origin),
        "{log}"
    );
}

#[test]
fn the_script_has_sixty_lines() {
    let lines = script().lines().filter(|line| !line.trim().is_empty());
    let lines = lines.count();
    assert!(lines <= 60, "{lines} lines");
}
