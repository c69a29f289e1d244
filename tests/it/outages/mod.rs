//! Proves what holds while Redis or the database is away, hung, mute or swallowing: an honest 503
//! in time, never a 401 that would sign people out, health that answers, and recovery by itself.

mod causes;
mod database;
mod failover;
mod limits;
mod redis;
mod switch_over;

use std::time::Duration;

use crate::support::{Answer, Client, Session, eventually};

/// Health answers come within this time whatever hangs.
const HEALTH: Duration = Duration::from_secs(1);

/// Recovery comes within this time of the server's return.
const RECOVERY: Duration = Duration::from_secs(5);

/// Asks every health route and checks that it answers in time, with a status of its own kind.
#[track_caller]
fn in_time(answers: &[Answer]) {
    for answer in answers {
        answer.within(HEALTH).reveals_nothing();
        assert!([200, 503].contains(&answer.status), "{answer:#?}");
    }
}

async fn health(client: &Client) -> [Answer; 5] {
    let answers = tokio::join!(
        client.get("/health"),
        client.get("/health/live"),
        client.get("/health/ready"),
        client.get("/health/startup"),
        client.get("/health/redis"),
    );
    let answers: [Answer; 5] = answers.into();
    in_time(&answers);
    assert_eq!(answers[1].status, 200, "the process itself is alive");
    answers
}

/// Waits until a person can sign in and ask who they are, all the way through; meanwhile the only
/// other answer is a 503.
async fn recovers(client: &Client, email: &str) -> Session {
    let session = eventually(RECOVERY, "a sign-in after the return", async || {
        let pair = client.login(email, crate::support::PASSWORD).await;
        assert!([200, 503].contains(&pair.status), "{pair:#?}");
        (pair.status == 200).then(|| Session {
            email: email.to_owned(),
            access: pair.text_of("access_token"),
            refresh: pair.text_of("refresh_token"),
        })
    })
    .await;
    eventually(RECOVERY, "the account after the return", async || {
        let me = client.me(&session.access).await;
        assert!([200, 503].contains(&me.status), "{me:#?}");
        (me.status == 200).then_some(())
    })
    .await;
    session
}
