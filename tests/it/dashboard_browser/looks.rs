//! Every page, for every kind of user, in light, dark and on a phone: axe-core and html-validate find
//! nothing, the console is silent, no other host is asked, and nothing scrolls sideways.

use aura::dashboard::{Access, ROUTES};

use super::{ANN, ROOT, World, fill_in, page_of};
use crate::support::{Axe, Browser, Look, Pages};

/// Addresses that take GET and show no page of their own: a part, a download, a redirect.
const NOT_PAGES: [&str; 3] = ["/live", "/audit/export", "/.well-known/change-password"];

/// The pages of the route table with an access that `is_listed`, but for those with an id.
fn pages(is_listed: impl Fn(Access) -> bool) -> Vec<&'static str> {
    let routes = ROUTES.iter().filter(|route| {
        is_listed(route.access)
            && route.methods().any(|method| method == "GET")
            && !route.path.contains('{')
            && !NOT_PAGES.contains(&route.path)
    });
    routes.map(|route| route.path).collect()
}

const fn is_of_administrators(access: Access) -> bool {
    matches!(access, Access::Administrator | Access::AdministratorOr(_))
}

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
async fn public_pages_pass_accessibility_and_html_checks() {
    let (Some(world), Some(axe)) = (World::start().await, Axe::installed()) else {
        return;
    };
    let browser = world.browser(&Look::light()).await;
    let mut html = Pages::default();
    let paths = [
        "/sign-in",
        "/sign-in?next=%2Fusers",
        "/register",
        "/reset?token=rubbish",
        "/reset",
        "/no/such/page",
    ];
    look_at_all(&world, &browser, &mut html, &paths).await;
    // Pages that need one lead to the sign-in page, and know the way back.
    let closed = |access| is_of_administrators(access) || access == Access::SignedIn;
    for path in pages(closed) {
        world.open(&browser, path).await;
        assert!(browser.place().await.starts_with("/sign-in"), "{path}");
    }
    world.at_ease(&browser).await;
    // Forms that were not filled in well.
    world.open(&browser, "/sign-in").await;
    browser.click("main form button[type=submit]").await;
    browser.element("[aria-invalid=true]").await;
    look_at(&world, &browser, &axe, &mut html, "an empty sign-in").await;
    fill_in(&browser, ANN, "wrong").await;
    browser.says("wrong").await;
    look_at(&world, &browser, &axe, &mut html, "a wrong password").await;
    world.open(&browser, "/register").await;
    fill_in(&browser, "no address", "short").await;
    browser.element("#password[aria-invalid=true]").await;
    look_at(&world, &browser, &axe, &mut html, "a bad registration").await;
    assert_valid(&html);
}

#[tokio::test]
async fn pages_of_a_user_pass_accessibility_and_html_checks() {
    let Some(world) = World::start().await else {
        return;
    };
    let browser = world.signed_in(&Look::light(), ANN).await;
    browser.is_at("/account").await;
    // Another session, for the list.
    world.aura.client().signed_in(ANN).await;
    let mut html = Pages::default();
    let paths = ["/account", "/sign-out", "/users", "/no/such/page"];
    look_at_all(&world, &browser, &mut html, &paths).await;
    let closed = pages(|access| access == Access::Administrator);
    for path in closed.into_iter().chain(["/live"]) {
        world.open(&browser, path).await;
        browser.says("This page is for administrators").await;
    }
    world.at_ease(&browser).await;
    assert_valid(&html);
}

#[tokio::test]
async fn pages_of_an_administrator_pass_accessibility_and_html_checks() {
    let Some(world) = World::start().await else {
        return;
    };
    let browser = world.signed_in(&Look::light(), ROOT).await;
    browser.is_at("/").await;
    world.aura.client().signed_in(ANN).await;
    world.aura.client().login(ANN, "wrong").await.is(401);
    let user = page_of(&world, &browser, ANN).await;
    let no_user = "/users/0d9f5c57-8a3c-4a86-b5f1-59d8a9e8e8aa";
    let mut html = Pages::default();
    let paths = [
        "/users?q=nobody",
        &user,
        no_user,
        "/audit?actor=nobody%40example.com",
        "/audit?from=yesterday",
    ];
    let own = |access| is_of_administrators(access) || access == Access::SignedIn;
    let paths: Vec<&str> = paths.into_iter().chain(pages(own)).collect();
    look_at_all(&world, &browser, &mut html, &paths).await;
    assert_valid(&html);
}
