//! Two processes share one cache.

use super::{Upstream, ask, before, chat, question};
use crate::support::{Postgres, Redis};

#[tokio::test]
async fn an_answer_of_one_process_is_a_hit_in_the_other() {
    let upstream = Upstream::start(chat).await;
    let (Some(redis), Some(postgres)) = (Redis::start().await, Postgres::shared().await) else {
        return;
    };
    let settings = before(&upstream)
        .redis(&redis)
        .database(&postgres.database().await);
    let (one, two) = (settings.start().await, settings.start().await);
    let session = one.client().newcomer().await;
    let first = ask(&one.client(), &session.access, &question("?")).await;
    assert_eq!(first.is(200).header("x-cache"), "MISS");
    let second = ask(&two.client(), &session.access, &question("?")).await;
    assert_eq!(second.is(200).header("x-cache"), "HIT");
    assert_eq!(first.text, second.text);
    assert_eq!(upstream.calls(), 1);

    // What the purge of one forgets, both have forgotten.
    settings.done(&["cache", "purge", "--yes"]).await;
    let third = ask(&two.client(), &session.access, &question("?")).await;
    assert_eq!(third.header("x-cache"), "MISS");
    let fourth = ask(&one.client(), &session.access, &question("?")).await;
    assert_eq!(fourth.header("x-cache"), "HIT");
}
