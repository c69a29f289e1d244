//! Pages during an outage of Redis: they name what is unavailable, and never sign a user out.

use super::{ANN, ROOT, World, is_page};
use crate::support::{PASSWORD, PATIENCE, Redis, Settings, eventually};

#[tokio::test]
async fn session_survives_an_outage_of_redis() {
    let Some(mut redis) = Redis::start().await else {
        return;
    };
    let world = World::with(Settings::new().redis(&redis)).await;
    let mut ann = world.signed_in(ANN).await;
    let mut root = world.signed_in(ROOT).await;
    is_page(&root.get("/").await, 200, "Redis: rate limit");
    let session = ann.session();
    let mut nobody = world.visitor();
    redis.stop().await;

    let away = ann.get("/account").await;
    is_page(&away, 503, "The session store is unavailable");
    assert!(
        away.text.contains("href=\"/account\">Try again"),
        "{away:#?}"
    );
    assert!(!away.header("retry-after").is_empty());
    let form = [("form", "x")];
    ann.post("/sign-out", &form).await.is(503);
    assert_eq!(ann.session(), session, "the cookie stays");
    nobody.get("/sign-in").await.is(200);
    let refused = nobody.sign_in(ANN, PASSWORD).await;
    is_page(&refused, 503, "The session store is unavailable");
    assert!(refused.text.contains(&format!("value=\"{ANN}\"")));

    redis.restart().await;
    eventually(PATIENCE, "the page again", async || {
        let answer = nobody.get("/sign-in").await;
        (answer.status == 200).then_some(())
    })
    .await;
    eventually(PATIENCE, "a sign-in again", async || {
        let answer = nobody.sign_in(ANN, PASSWORD).await;
        (answer.status == 303).then_some(())
    })
    .await;
}
