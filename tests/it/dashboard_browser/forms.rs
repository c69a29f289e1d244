//! Every form, sent from a real browser: its message and its effect.

use fantoccini::Locator;
use fantoccini::key::Key;
use serde_json::json;

use super::{ANN, ROOT, World, fill_in, open, page_of};
use crate::support::{Browser, Look, PASSWORD, PATIENCE, Settings, eventually};

/// A second password that the rules accept.
const OTHER: &str = "quartz-Meadow-73-lichen";

/// Presses `key` where the focus is.
async fn press(browser: &Browser, key: Key) {
    let focused = browser.active_element().await.expect("a focus");
    focused.send_keys(&key.to_string()).await.expect("a key");
}

/// Moves the focus by Tab until it is on `css`.
async fn tab_to(browser: &Browser, css: &str) {
    let there = format!("return document.activeElement.matches({css:?})");
    for _ in 0..40 {
        if browser.run(&there).await == true {
            return;
        }
        press(browser, Key::Tab).await;
    }
    panic!("Tab does not reach {css}");
}

#[tokio::test]
async fn keyboard_alone_signs_in_and_out() {
    let Some(world) = World::start().await else {
        return;
    };
    let browser = world.browser(&Look::light()).await;
    // The first stop leads past the header, and is seen.
    world.open(&browser, "/no/such/page").await;
    press(&browser, Key::Tab).await;
    assert_eq!(
        browser
            .run("return document.activeElement.getAttribute('href')")
            .await,
        "#main"
    );
    press(&browser, Key::Enter).await;
    // Typing begins in the first field.
    world.open(&browser, "/sign-in").await;
    assert_eq!(
        browser.run("return document.activeElement.id").await,
        "email"
    );
    for (css, text) in [("#email", ANN), ("#password", PASSWORD)] {
        tab_to(&browser, css).await;
        let outline = browser
            .run("return getComputedStyle(document.activeElement).outlineStyle")
            .await;
        assert_ne!(outline, "none", "the focus on {css} is not to be seen");
        let field = browser.active_element().await.unwrap();
        field.send_keys(text).await.unwrap();
    }
    press(&browser, Key::Enter).await;
    browser.is_at("/account").await;
    tab_to(&browser, "form.leave button").await;
    press(&browser, Key::Enter).await;
    browser.says("You are signed out.").await;
    world.at_ease(&browser).await;
}

#[tokio::test]
async fn new_user_registers_changes_the_password_and_ends_sessions() {
    let Some(world) = World::start().await else {
        return;
    };
    let browser = world.browser(&Look::phone()).await;
    let email = "new@example.com";
    world.open(&browser, "/register?next=%2Faccount").await;
    fill_in(&browser, ANN, PASSWORD).await;
    browser.element("#email[aria-invalid=true]").await;
    assert_eq!(
        browser
            .run("return document.querySelector('#email').value")
            .await,
        ANN
    );
    assert_eq!(
        browser
            .run("return document.querySelector('#password').value")
            .await,
        ""
    );
    fill_in(&browser, email, PASSWORD).await;
    browser.is_at("/account").await;
    browser.says(email).await;

    let client = world.aura.client();
    let session = client.signed_in(email).await;
    browser.fill("#current_password", "wrong").await;
    browser.fill("#new_password", OTHER).await;
    browser
        .click("form[action='/account/password'] button[type=submit]")
        .await;
    browser
        .element("#current_password[aria-invalid=true]")
        .await;
    client.me(&session.access).await.is(200);
    browser.fill("#current_password", PASSWORD).await;
    browser.fill("#new_password", OTHER).await;
    browser
        .click("form[action='/account/password'] button[type=submit]")
        .await;
    browser.says("Your password has been changed.").await;
    client.me(&session.access).await.is(401);
    client.login(email, PASSWORD).await.is(401);

    let login = async || client.login(email, OTHER).await.text_of("access_token");
    let (one, two, three) = (login().await, login().await, login().await);
    world.open(&browser, "/account").await;
    browser.click("form[action$='/end'] button").await;
    browser.says("The session has ended.").await;
    let mut ended = 0;
    for token in [&one, &two, &three] {
        ended += usize::from(client.me(token).await.status == 401);
    }
    assert_eq!(ended, 1, "one of three");
    browser.click("#end-others summary").await;
    browser
        .click("form[action='/account/sessions/end-others'] button")
        .await;
    browser.says("All other sessions have ended.").await;
    for token in [&one, &two, &three] {
        client.me(token).await.is(401);
    }
    browser.says("You have no other sessions.").await;
    world.at_ease(&browser).await;
}

const BOB: &str = "bob@example.com";

/// Creates Bob's account on the page for it; gives the address of its own page.
async fn create_bob(world: &World, root: &Browser) -> String {
    world.open(root, "/users/new").await;
    root.fill("#email", BOB).await;
    root.fill("#password", PASSWORD).await;
    root.fill("#roles", "editor, staff").await;
    root.click("form[action='/users/new'] button[type=submit]")
        .await;
    root.says("The account has been created.").await;
    root.says(BOB).await;
    page_of(world, root, BOB).await
}

/// Signs Bob in, in a browser of its own, which shows the next page.
async fn bob_signs_in(world: &World, password: &str) -> Browser {
    let bob = world.browser(&Look::light()).await;
    world.open(&bob, "/sign-in").await;
    fill_in(&bob, BOB, password).await;
    bob
}

/// Checks that the page of the audit trail shows at least so many events of Bob's account.
async fn trail_has(world: &World, root: &Browser, events: usize) {
    world.open(root, "/audit?subject=bob%40example.com").await;
    let rows = root.find_all(Locator::Css("tbody tr")).await.unwrap();
    assert!(
        rows.len() >= events,
        "{} events: {}",
        rows.len(),
        root.text("main").await
    );
}

#[tokio::test]
async fn administrator_creates_changes_and_disables_a_user() {
    let Some(world) = World::start().await else {
        return;
    };
    let client = world.aura.client();
    let root = world.signed_in(&Look::light(), ROOT).await;
    let page = create_bob(&world, &root).await;
    let bob = client.signed_in(BOB).await;
    assert_eq!(bob.claims()["roles"], json!(["editor", "staff"]));

    world.open(&root, &page).await;
    root.fill("#roles", "support").await;
    root.click("form[action$='/roles'] button").await;
    root.says("The roles have been set.").await;
    let me = client.me(&bob.access).await;
    assert_eq!(me.json["roles"], json!(["support"]));

    root.click("#end-sessions summary").await;
    root.click("form[action$='/end-sessions'] button").await;
    root.says("All sessions of the account have ended.").await;
    client.me(&bob.access).await.is(401);

    root.click("#disable summary").await;
    root.click("form[action$='/disable'] button").await;
    root.says("The account has been disabled").await;
    client.login(BOB, PASSWORD).await.is(401);
    root.click("form[action$='/enable'] button").await;
    root.says("The account has been enabled.").await;
    client.signed_in(BOB).await;
    // Created, roles, sessions ended, disabled, enabled, two sign-ins and one that was refused.
    trail_has(&world, &root, 8).await;
    world.at_ease(&root).await;
}

#[tokio::test]
async fn administrator_resets_a_password_and_deletes_the_user() {
    let Some(world) = World::start().await else {
        return;
    };
    let client = world.aura.client();
    let root = world.signed_in(&Look::light(), ROOT).await;
    let page = create_bob(&world, &root).await;
    world.open(&root, &page).await;
    // The old password leads to the form for a new one, until the password is reset: then the link
    // that is shown once does.
    root.click("#require summary").await;
    root.click("form[action$='/require-password-change'] button")
        .await;
    root.says("must choose a new password at the next sign-in")
        .await;
    let asked = bob_signs_in(&world, PASSWORD).await;
    asked
        .says("An administrator requires you to choose a new password")
        .await;
    root.click("#reset summary").await;
    root.click("form[action$='/reset'] button").await;
    root.says("/reset?token=").await;
    let text = root.text("main").await;
    let token = text.split("/reset?token=").nth(1).unwrap();
    let token = token.split_whitespace().next().unwrap();
    let bob = bob_signs_in(&world, PASSWORD).await;
    bob.says("The e-mail or the password is wrong.").await;
    world.open(&bob, &format!("/reset?token={token}")).await;
    bob.fill("#new_password", OTHER).await;
    bob.click("form[action='/reset'] button[type=submit]").await;
    bob.says("Your new password has been set.").await;
    fill_in(&bob, BOB, OTHER).await;
    bob.is_at("/account").await;

    world.open(&root, &page).await;
    root.click("#delete summary").await;
    root.click("form[action$='/delete'] button").await;
    root.says("The account has been deleted.").await;
    client.login(BOB, OTHER).await.is(401);
    world.open(&bob, "/account").await;
    bob.says("Sign in").await;

    // Created, change required, reset required, reset, signed in, deleted, and refused sign-ins.
    trail_has(&world, &root, 7).await;
    world.at_ease(&root).await;
}

#[tokio::test]
async fn last_administrator_cannot_give_up_the_role() {
    let Some(world) = World::start().await else {
        return;
    };
    let root = world.signed_in(&Look::light(), ROOT).await;
    let own = page_of(&world, &root, ROOT).await;
    world.open(&root, &own).await;
    root.fill("#roles", "").await;
    root.click("form[action$='/roles'] button").await;
    root.says("This would remove all roles.").await;
    root.click("#no-roles summary").await;
    root.click("#no-roles button").await;
    root.says("This is the last administrator").await;
    world.open(&root, "/users").await;
    root.says(ROOT).await;
    world.at_ease(&root).await;
}

#[tokio::test]
async fn everything_but_live_charts_works_without_scripts() {
    let Some(world) = World::start().await else {
        return;
    };
    let look = Look::without_scripts();
    let root = world.signed_in(&look, ROOT).await;
    root.says("Overview").await;
    root.element("svg").await;
    let page = page_of(&world, &root, ANN).await;
    world.open(&root, &page).await;
    root.click("#disable summary").await;
    root.click("form[action$='/disable'] button").await;
    root.says("The account has been disabled").await;
    world.open(&root, "/audit").await;
    let action = root.element("#action").await;
    action.select_by_label("account disabled").await.ok();
    root.click("form.filter button").await;
    root.says(ANN).await;
    root.click("form.leave button").await;
    root.says("You are signed out.").await;
}

#[tokio::test]
async fn new_server_lets_its_first_visitor_create_the_administrator() {
    let Some(driver) = crate::support::Driver::start().await else {
        return;
    };
    let aura = Settings::embedded()
        .set("SERVER_HOST", "127.0.0.1")
        .start()
        .await;
    let browser = driver.browser(&Look::light()).await;
    open(&browser, &aura, "/").await;
    browser.click("a[href='/setup']").await;
    browser.fill("#code", &aura.setup_code()).await;
    fill_in(&browser, ROOT, PASSWORD).await;
    browser.says("Overview").await;
    let late = driver.browser(&Look::light()).await;
    open(&late, &aura, "/setup").await;
    late.element("main a.button").await;
    assert!(late.find(Locator::Css("#password")).await.is_err());
}

#[tokio::test]
async fn charts_update_without_a_reload() {
    let Some(world) = World::start().await else {
        return;
    };
    let root = world.signed_in(&Look::light(), ROOT).await;
    root.says("Live").await;
    root.run("window.untouched = true").await;
    let before = root.text("#live").await;
    for _ in 0..5 {
        world.aura.client().login(ANN, "wrong").await.is(401);
    }
    let _: String = eventually(PATIENCE, "newer numbers", async || {
        let now = root.text("#live").await;
        (now != before).then_some(now)
    })
    .await;
    assert_eq!(root.run("return window.untouched").await, true);
    world.at_ease(&root).await;
    // When the server is gone the page says so, and keeps what it showed.
    let World { aura, .. } = world;
    drop(aura);
    root.says("Not live").await;
    root.element("#live svg").await;
}

#[tokio::test]
async fn change_password_address_leads_through_sign_in_to_the_form() {
    let Some(world) = World::start().await else {
        return;
    };
    let browser = world.browser(&Look::light()).await;
    world.open(&browser, "/.well-known/change-password").await;
    browser.says("Sign in").await;
    fill_in(&browser, ANN, PASSWORD).await;
    browser.is_at("/account").await;
    assert_eq!(browser.run("return location.hash").await, "#password");
    let seen = "const box = document.querySelector('#new_password').getBoundingClientRect();
                return box.top >= 0 && box.bottom <= innerHeight";
    assert_eq!(browser.run(seen).await, true, "the form is in sight");
    // What a manager goes by: one user name before the passwords, in the form that it fills in.
    let named = "const form = document.querySelector('#new_password').form;
                 return [...form.querySelectorAll('[autocomplete]')]
                     .map(field => field.autocomplete + ' ' + field.value).join('|')";
    assert_eq!(
        browser.run(named).await,
        format!("username {ANN}|current-password |new-password ")
    );
    // The proof of the device is out of reach of scripts, and stays.
    assert_eq!(browser.run("return document.cookie").await, "");
    browser.fill("#current_password", PASSWORD).await;
    browser.fill("#new_password", OTHER).await;
    browser
        .click("form[action='/account/password'] button[type='submit']")
        .await;
    browser.says("Your password has been changed.").await;
    browser.click("form.leave button").await;
    browser.says("You are signed out.").await;
    let jar = browser.cdp("Network.getAllCookies", json!({})).await;
    let cookies = jar["cookies"].as_array().expect("a list");
    let device = cookies
        .iter()
        .find(|cookie| cookie["name"] == "aura_device");
    let device = device.unwrap_or_else(|| panic!("{jar}"));
    assert_eq!(device["httpOnly"], true, "{device}");
    assert_eq!(device["sameSite"], "Lax", "{device}");
    world.at_ease(&browser).await;
}
