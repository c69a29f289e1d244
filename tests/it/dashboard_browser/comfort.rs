//! Usability: the height of the header on a phone, word breaks, visible passwords, filters, and the
//! warning on plain HTTP.

use super::{ANN, ROOT, World, page_of};
use crate::support::{Axe, Browser, Look, PASSWORD};

/// Rows of the header: elements whose boxes overlap in height stand in one.
const HEADER_ROWS: &str = "
    const parts = [...document.querySelectorAll('.brand, .top nav li, .leave')];
    const boxes = parts.map(part => part.getBoundingClientRect()).sort((a, b) => a.top - b.top);
    let rows = 0, bottom = -1;
    for (const box of boxes) {
        if (box.top >= bottom - 1) { rows += 1; bottom = box.bottom; }
        else bottom = Math.max(bottom, box.bottom);
    }
    return rows;";

/// Words that stand on two lines. E-mails, addresses, ids and values may: they have no better place.
const BROKEN_WORDS: &str = "
    const broken = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const node = walker.currentNode;
        if (node.parentElement.closest('code, .mail, .long, .whoami, h1, title, script')) continue;
        for (const word of node.data.matchAll(/[\\p{L}]{2,30}/gu)) {
            const range = document.createRange();
            range.setStart(node, word.index);
            range.setEnd(node, word.index + word[0].length);
            const tops = new Set([...range.getClientRects()].map(box => Math.round(box.top)));
            if (tops.size > 1) broken.push(word[0]);
        }
    }
    return broken;";

async fn narrow(browser: &Browser, width: u32) {
    let look = Look {
        size: (width, 900),
        ..Look::phone()
    };
    browser.wear(&look).await;
}

#[tokio::test]
async fn header_has_two_rows_on_a_phone_and_no_word_breaks_at_any_width() {
    let Some(world) = World::start().await else {
        return;
    };
    let root = world.signed_in(&Look::light(), ROOT).await;
    world.aura.client().login(ANN, "wrong").await.is(401);
    let user = page_of(&world, &root, ANN).await;
    let mut faults = Vec::new();
    for path in ["/", "/users", &user, "/audit", "/configuration", "/account"] {
        for width in [320, 390, 600, 768, 900, 1100, 1300] {
            narrow(&root, width).await;
            world.open(&root, path).await;
            let broken = root.run(BROKEN_WORDS).await;
            let wide = "return document.documentElement.scrollWidth - innerWidth";
            let wide = root.run(wide).await.as_i64().unwrap();
            let rows = root.run(HEADER_ROWS).await.as_i64().unwrap();
            if broken != serde_json::json!([]) || wide > 0 || width == 390 && rows > 2 {
                faults.push(format!(
                    "{path} at {width}: {rows} rows, {wide} too wide, broken: {broken}"
                ));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    world.at_ease(&root).await;
}

#[tokio::test]
async fn password_can_be_shown_and_is_hidden_before_it_is_sent() {
    let (Some(world), Some(axe)) = (World::start().await, Axe::installed()) else {
        return;
    };
    let browser = world.browser(&Look::light()).await;
    world.open(&browser, "/sign-in").await;
    let kind = "return document.querySelector('#password').type";
    assert_eq!(browser.run(kind).await, "password");
    browser.fill("#email", ANN).await;
    browser.fill("#password", PASSWORD).await;
    assert_eq!(browser.text("button.reveal").await, "Show password");
    browser.click("button.reveal").await;
    assert_eq!(browser.run(kind).await, "text");
    assert_eq!(browser.text("button.reveal").await, "Hide password");
    axe.is_content(&browser, "a password that is shown").await;
    browser
        .run(
            "document.querySelector('main form').addEventListener('submit', event => {
                event.preventDefault();
                window.sent = document.querySelector('#password').type;
            })",
        )
        .await;
    browser.click("main form button[type=submit]").await;
    assert_eq!(browser.run("return window.sent").await, "password");
    // Two passwords, two buttons that say which.
    world.open(&browser, "/sign-in").await;
    super::fill_in(&browser, ANN, PASSWORD).await;
    browser.is_at("/account").await;
    let said = "return [...document.querySelectorAll('.reveal')].map(one => one.textContent)";
    let said = browser.run(said).await;
    assert_eq!(
        said,
        serde_json::json!(["Show current password", "Show new password"])
    );
    world.at_ease(&browser).await;
}

#[tokio::test]
async fn filters_work_without_scripts() {
    let Some(world) = World::start().await else {
        return;
    };
    let root = world.signed_in(&Look::without_scripts(), ROOT).await;
    world.open(&root, "/users").await;
    root.says("2 users").await;
    root.fill("#role", "editor").await;
    let order = root.element("#order").await;
    order
        .select_by_value("last_sign_in")
        .await
        .expect("an order");
    root.click("form.filter button").await;
    root.says("1 user").await;
    assert!(root.place().await.contains("order=last_sign_in"));
    assert_eq!(root.text("tbody th a").await, ANN);

    world.open(&root, "/configuration").await;
    root.fill("#q", "bcrypt cost").await;
    root.click("form.filter button").await;
    root.element("#PASSWORD_BCRYPT_COST").await;
    let shown = "return document.querySelectorAll('.setting').length";
    world.open(&root, "/configuration?q=zebra+crossing").await;
    root.says("No setting contains all of these words.").await;
    // Without scripts the browser still runs ours.
    root.wear(&Look::light()).await;
    assert_eq!(root.run(shown).await, 0);
}

#[tokio::test]
async fn a_browser_on_plain_http_is_warned_before_it_asks_for_a_password() {
    let Some(world) = World::start().await else {
        return;
    };
    let look = Look::light().hosts("MAP auth.example.com 127.0.0.1");
    let browser = world.browser(&look).await;
    let port = world.aura.address().port();
    for path in ["/sign-in", "/register"] {
        browser
            .open(&format!("http://auth.example.com:{port}{path}"))
            .await;
        browser.says("This page requires https").await;
        let fields = browser
            .run("return document.querySelectorAll('input').length")
            .await;
        assert_eq!(fields, 0, "{path}");
    }
    // This machine is trusted without TLS.
    world.open(&browser, "/sign-in").await;
    browser.element("#password").await;
}
