//! Two replicas on one Postgres and one Redis: a session of one is valid at the other, and ends at
//! both.

use super::{ANN, ROOT, accounts, open, sign_in};
use crate::support::{Driver, Look, Postgres, Redis, Settings};

#[tokio::test]
async fn session_holds_and_ends_at_both_replicas() {
    let (Some(driver), Some(postgres), Some(redis)) = (
        Driver::start().await,
        Postgres::shared().await,
        Redis::start().await,
    ) else {
        return;
    };
    let url = postgres.database().await;
    let settings = Settings::new().database(&url).redis(&redis);
    accounts(&settings).await;
    let (one, two) = (settings.start().await, settings.start().await);
    // Cookies know no ports: the browser shows both the same.
    let ann = driver.browser(&Look::light()).await;
    sign_in(&ann, &one, ANN).await;
    open(&ann, &two, "/account").await;
    ann.says(ANN).await;
    // A form of one is good at the other.
    ann.says("this session").await;

    let elsewhere = driver.browser(&Look::phone()).await;
    sign_in(&elsewhere, &two, ANN).await;
    open(&elsewhere, &one, "/account").await;
    elsewhere.says(ANN).await;
    elsewhere.click("#end-others summary").await;
    elsewhere
        .click("form[action='/account/sessions/end-others'] button")
        .await;
    elsewhere.says("All other sessions have ended.").await;
    for aura in [&one, &two] {
        open(&ann, aura, "/account").await;
        assert_eq!(ann.place().await, "/sign-in?next=%2Faccount");
    }

    // Signed out there, signed out here.
    elsewhere.click("form.leave button").await;
    elsewhere.says("You are signed out.").await;
    open(&elsewhere, &two, "/account").await;
    elsewhere.is_at("/sign-in?next=%2Faccount").await;

    // An administrator sees both processes, and what happened at either.
    let root = driver.browser(&Look::light()).await;
    sign_in(&root, &one, ROOT).await;
    crate::support::eventually(crate::support::PATIENCE, "two replicas", async || {
        open(&root, &two, "/").await;
        let rows = root
            .find_all(fantoccini::Locator::Css("#live tbody tr"))
            .await;
        (rows.ok()?.len() == 2).then_some(())
    })
    .await;
    open(&root, &two, "/audit?actor=ann%40example.com").await;
    let text = root.text("main").await;
    assert!(text.contains("signed in"), "{text}");
}
