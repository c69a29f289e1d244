//! Every page, as everybody, in every look: axe-core and html-validate find nothing, the console is
//! silent, nothing is asked of anybody else, and a phone shows it without scrolling sideways.

use super::{ANN, ROOT, World, fill_in, page_of};
use crate::support::{Axe, Browser, Look, Pages};

/// Looks at the page in all looks, and keeps its HTML.
async fn look_at(world: &World, browser: &Browser, axe: &Axe, pages: &mut Pages, name: &str) {
    for (look, words) in [
        (Look::light(), "light"),
        (Look::dark(), "dark"),
        (Look::phone(), "phone"),
    ] {
        browser.wear(&look).await;
        let name = format!("{name}, {words}");
        axe.is_content(browser, &name).await;
        let wide = browser
            .run("return document.documentElement.scrollWidth - innerWidth")
            .await;
        assert!(
            wide.as_i64().is_some_and(|wide| wide <= 0),
            "{name}: {wide}"
        );
    }
    browser.wear(&Look::light()).await;
    pages.add(name, &browser.html().await);
    world.at_ease(browser).await;
}

/// Opens each address and looks at it.
async fn look_at_all(world: &World, browser: &Browser, pages: &mut Pages, paths: &[&str]) {
    let Some(axe) = Axe::installed() else {
        return;
    };
    for path in paths {
        world.open(browser, path).await;
        look_at(world, browser, &axe, pages, path).await;
    }
}

fn assert_valid(pages: &Pages) {
    if let Some(faults) = pages.faults() {
        assert!(faults.is_empty(), "{}", faults.join("\n"));
    }
}

#[tokio::test]
async fn pages_that_nobody_needs_a_session_for() {
    let (Some(world), Some(axe)) = (World::start().await, Axe::installed()) else {
        return;
    };
    let browser = world.browser(&Look::light()).await;
    let mut pages = Pages::default();
    let paths = [
        "/sign-in",
        "/sign-in?next=%2Fusers",
        "/register",
        "/reset?token=rubbish",
        "/reset",
        "/no/such/page",
    ];
    look_at_all(&world, &browser, &mut pages, &paths).await;
    // Pages that need one lead to the sign-in page, and know the way back.
    for path in ["/", "/account", "/users", "/audit", "/configuration"] {
        world.open(&browser, path).await;
        assert!(browser.place().await.starts_with("/sign-in"), "{path}");
    }
    world.at_ease(&browser).await;
    // Forms that were not filled in well.
    world.open(&browser, "/sign-in").await;
    browser.click("main form button[type=submit]").await;
    browser.element("[aria-invalid=true]").await;
    look_at(&world, &browser, &axe, &mut pages, "an empty sign-in").await;
    fill_in(&browser, ANN, "wrong").await;
    browser.says("wrong").await;
    look_at(&world, &browser, &axe, &mut pages, "a wrong password").await;
    world.open(&browser, "/register").await;
    fill_in(&browser, "no address", "short").await;
    browser.element("#password[aria-invalid=true]").await;
    look_at(&world, &browser, &axe, &mut pages, "a bad registration").await;
    assert_valid(&pages);
}

#[tokio::test]
async fn pages_of_a_user() {
    let Some(world) = World::start().await else {
        return;
    };
    let browser = world.signed_in(&Look::light(), ANN).await;
    browser.is_at("/account").await;
    // Another session, for the list.
    world.aura.client().signed_in(ANN).await;
    let mut pages = Pages::default();
    let paths = ["/account", "/sign-out", "/users", "/no/such/page"];
    look_at_all(&world, &browser, &mut pages, &paths).await;
    for path in ["/users", "/users/new", "/audit", "/configuration", "/live"] {
        world.open(&browser, path).await;
        browser.says("This page is for administrators").await;
    }
    world.at_ease(&browser).await;
    assert_valid(&pages);
}

#[tokio::test]
async fn pages_of_an_administrator() {
    let Some(world) = World::start().await else {
        return;
    };
    let browser = world.signed_in(&Look::light(), ROOT).await;
    browser.is_at("/").await;
    world.aura.client().signed_in(ANN).await;
    world.aura.client().login(ANN, "wrong").await.is(401);
    let user = page_of(&world, &browser, ANN).await;
    let no_user = "/users/0d9f5c57-8a3c-4a86-b5f1-59d8a9e8e8aa";
    let mut pages = Pages::default();
    let paths = [
        "/",
        "/users",
        "/users?q=nobody",
        "/users/new",
        &user,
        no_user,
        "/audit",
        "/audit?actor=nobody%40example.com",
        "/audit?from=yesterday",
        "/configuration",
        "/account",
    ];
    look_at_all(&world, &browser, &mut pages, &paths).await;
    assert_valid(&pages);
}
